//! Functions that make lists of lists.

use lifeboat_sdk::value::convert::{convert, unify};
use lifeboat_sdk::{Marks, Type, Value};

use super::call::{items, unknown};
use super::{Call, Form, Function, FunctionError, Outcome, Parameter, any, number};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "chunklist",
        &[Parameter::new("list", Form::ListOfAny).unknown().marked(), number("size").unknown()],
        Form::Any,
        chunklist,
        "Splits a list into lists of a size.",
    ),
    Function::new(
        "compact",
        &[Parameter::new("list", Form::ListOfString)],
        Form::ListOfString,
        compact,
        "Without empty and null elements.",
    ),
    Function::new("concat", &[], Form::Any, concat, "The elements of all lists as one list.")
        .rest(any("seqs").unknown().marked()),
    Function::new(
        "flatten",
        &[any("list").unknown().marked()],
        Form::Any,
        flatten,
        "Replaces lists inside of a list by their elements.",
    ),
    Function::new(
        "reverse",
        &[any("list").unknown().marked()],
        Form::Any,
        reverse,
        "The elements in reverse order.",
    ),
    Function::new(
        "slice",
        &[
            any("list").unknown().marked(),
            number("start_index").unknown(),
            number("end_index").unknown(),
        ],
        Form::Any,
        slice,
        "The elements from a start index to before an end index.",
    ),
];

fn chunklist(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (list, marks) = args[0].unmark();
    let ty = list.ty();
    let (Value::List(sequence), false) = (list, args[1].is_unknown()) else {
        return Ok(unknown(args, Type::list(ty)).mark(marks));
    };
    let size = args[1].as_i64();
    let size = size.ok_or_else(|| FunctionError::new("the size must be a whole number"))?;
    let size = usize::try_from(size);
    let size = size.map_err(|_| FunctionError::new("the size must not be negative"))?;
    let chunk = |items: &[Value]| Value::list(sequence.element.clone(), items.to_vec());
    let chunks = match size {
        _ if sequence.items.is_empty() => Vec::new(),
        0 => vec![list.clone()],
        size => sequence.items.chunks(size).map(chunk).collect(),
    };
    Ok(Value::list(ty, chunks).mark(marks))
}

fn compact(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if !args[0].is_wholly_known() {
        return Ok(unknown(args, Type::list(Type::String)));
    }
    let kept = items(&args[0]).iter().filter(|item| item.as_str().is_some_and(|t| !t.is_empty()));
    Ok(Value::list(Type::String, kept.cloned().collect()))
}

fn concat(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if args.is_empty() {
        return Err(FunctionError::new("at least one list is required"));
    }
    let marks = args.iter().fold(Marks::NONE, |all, arg| all | arg.unmark().1);
    let types: Vec<Type> = args.iter().map(Value::ty).collect();
    let all_lists = types.iter().all(|ty| matches!(ty, Type::List(_)));
    let common = if all_lists { unify(&types) } else { None };
    if let Some(Type::List(element)) = common {
        let ty = Type::List(element.clone());
        let mut all = Vec::new();
        for (i, arg) in args.iter().enumerate() {
            let list = convert(arg, &ty).map_err(|e| FunctionError::at(i, e.message))?;
            if list.is_unknown() {
                return Ok(unknown(args, ty).mark(marks));
            }
            all.extend_from_slice(items(&list));
        }
        return Ok(Value::list((*element).clone(), all).mark(marks));
    }
    let mut open = false;
    let mut all = Vec::new();
    for (i, arg) in args.iter().enumerate() {
        match (arg.bare(), &types[i]) {
            (Value::Unknown(_), Type::Dynamic | Type::List(_)) => {
                return Ok(unknown(args, Type::Dynamic).mark(marks));
            }
            (Value::Unknown(u), Type::Tuple(parts)) => {
                open = true;
                let part = |ty: &Type| Value::unknown_because(ty.clone(), u.why.clone());
                all.extend(parts.iter().map(part));
            }
            (list @ (Value::List(_) | Value::Tuple(_)), _) => all.extend_from_slice(items(list)),
            (_, ty) => {
                let message = format!("a list or tuple is required, not a {}", ty.friendly());
                return Err(FunctionError::at(i, message));
            }
        }
    }
    let joined = Value::tuple(all);
    Ok(if open { unknown(args, joined.ty()) } else { joined }.mark(marks))
}

fn flatten(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let mut marks = Marks::NONE;
    let (list, own) = args[0].unmark();
    match list.ty() {
        Type::List(_) | Type::Set(_) | Type::Tuple(_) | Type::Dynamic => {}
        _ => return Err(FunctionError::new("a list, set or tuple is required")),
    }
    let mut flat = Vec::new();
    if list.is_unknown() || !flatten_into(list, &mut flat, &mut marks) {
        return Ok(unknown(args, Type::Dynamic).mark(own | marks));
    }
    Ok(Value::tuple(flat).mark(own | marks))
}

/// Appends the elements; `false` if it is not known how many there are.
fn flatten_into(list: &Value, flat: &mut Vec<Value>, marks: &mut Marks) -> bool {
    if matches!(list, Value::Set(_)) && !list.is_wholly_known() {
        return false;
    }
    items(list).iter().all(|item| {
        let (value, own) = item.unmark();
        let list_type = matches!(value.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_));
        match value {
            Value::List(_) | Value::Set(_) | Value::Tuple(_) => {
                *marks = *marks | own;
                flatten_into(value, flat, marks)
            }
            Value::Unknown(u) if list_type || u.ty == Type::Dynamic => {
                *marks = *marks | own;
                false
            }
            _ => {
                flat.push(item.clone());
                true
            }
        }
    })
}

fn reverse(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (list, marks) = args[0].unmark();
    let reversed = || items(list).iter().rev().cloned().collect();
    let result = match list {
        Value::List(s) | Value::Set(s) => Value::list(s.element.clone(), reversed()),
        Value::Tuple(_) => Value::tuple(reversed()),
        Value::Unknown(u) => unknown(
            args,
            match &u.ty {
                Type::List(t) | Type::Set(t) => Type::List(t.clone()),
                Type::Tuple(ts) => Type::tuple(ts.iter().rev().cloned().collect()),
                Type::Dynamic => Type::Dynamic,
                ty => return Err(not_a_list(ty)),
            },
        ),
        other => return Err(not_a_list(&other.ty())),
    };
    Ok(result.mark(marks))
}

fn not_a_list(ty: &Type) -> FunctionError {
    FunctionError::at(0, format!("a list or tuple is required, not a {}", ty.friendly()))
}

fn slice(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (list, marks) = args[0].unmark();
    let ty = list.ty();
    let length = match (list, &ty) {
        (_, Type::Tuple(types)) => Some(types.len()),
        (Value::List(s), _) => Some(s.items.len()),
        (_, Type::List(_) | Type::Dynamic) => None,
        (_, Type::Set(_)) => {
            let message = "the elements of a set have no order; convert it with tolist first";
            return Err(FunctionError::at(0, message));
        }
        (_, ty) => return Err(not_a_list(ty)),
    };
    let (start, end) = (bound(args, 1, length)?, bound(args, 2, length)?);
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(FunctionError::at(1, "the start must not be above the end"));
    }
    let result = match (list, start, end, &ty) {
        (Value::List(s), Some(start), Some(end), _) => {
            Value::list(s.element.clone(), s.items[start..end].to_vec())
        }
        (Value::Tuple(items), Some(start), Some(end), _) => {
            Value::tuple(items[start..end].to_vec())
        }
        (_, Some(start), Some(end), Type::Tuple(types)) => {
            unknown(args, Type::tuple(types[start..end].to_vec()))
        }
        (_, _, _, Type::List(_)) => unknown(args, ty.clone()),
        _ => unknown(args, Type::Dynamic),
    };
    Ok(result.mark(marks))
}

/// A bound of a slice, if it is known.
fn bound(args: &[Value], i: usize, length: Option<usize>) -> Result<Option<usize>, FunctionError> {
    if args[i].is_unknown() {
        return Ok(None);
    }
    let index = args[i].as_i64().and_then(|n| usize::try_from(n).ok());
    let wrong = |message| FunctionError::at(i, message);
    let index = index.ok_or_else(|| wrong("a whole number that is not negative is required"))?;
    if length.is_some_and(|length| index > length) {
        return Err(wrong("the index must not be above the length of the list"));
    }
    Ok(Some(index))
}
