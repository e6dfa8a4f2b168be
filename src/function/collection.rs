//! Functions that pick elements of collections, and questions to collections.

use lifeboat_sdk::value::convert::{convert, unify};
use lifeboat_sdk::{Number, Type, Value};

use super::call::{items, truth, unknown};
use super::equal::equals;
use super::text::grapheme_count;
use super::{Call, Form, Function, FunctionError, Outcome, Parameter, any, number};

const BOOLS: Parameter = Parameter::new("list", Form::ListOfBool);
const ANY_LIST: Parameter = Parameter::new("list", Form::ListOfAny);

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("alltrue", &[BOOLS], Form::Bool, alltrue, "Whether all elements are true."),
    Function::new("anytrue", &[BOOLS], Form::Bool, anytrue, "Whether any element is true."),
    Function::new(
        "coalesce",
        &[],
        Form::Any,
        coalesce,
        "The first that is neither null nor an empty text.",
    )
    .rest(any("vals").null().unknown()),
    Function::new(
        "coalescelist",
        &[],
        Form::Any,
        coalescelist,
        "The first list that is not empty.",
    )
    .rest(any("vals").null().unknown()),
    Function::new(
        "contains",
        &[any("list"), any("value")],
        Form::Bool,
        contains,
        "Whether a list or set has an element of that value.",
    ),
    Function::new(
        "element",
        &[any("list").unknown().marked(), number("index").unknown()],
        Form::Any,
        element,
        "The element with that index, counted round and round.",
    ),
    Function::new(
        "index",
        &[any("list"), any("value")],
        Form::Number,
        index,
        "The index of the first element of that value.",
    ),
    Function::new(
        "length",
        &[any("value").unknown().marked()],
        Form::Number,
        length,
        "The number of elements, or of characters of a text.",
    ),
    Function::new(
        "matchkeys",
        &[
            Parameter::new("values", Form::ListOfAny),
            Parameter::new("keys", Form::ListOfAny),
            Parameter::new("searchset", Form::ListOfAny),
        ],
        Form::Any,
        matchkeys,
        "The values whose keys are in the search set.",
    ),
    Function::new(
        "one",
        &[any("list").unknown()],
        Form::Any,
        one,
        "The only element of a list or set, or null if it is empty.",
    ),
    Function::new("distinct", &[ANY_LIST], Form::Any, distinct, "Each value of a list once."),
];

fn alltrue(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    for item in items(&args[0]) {
        match item {
            Value::Bool(true) => {}
            Value::Unknown(_) => return Ok(unknown(args, Type::Bool)),
            _ => return truth(false),
        }
    }
    truth(true)
}

fn anytrue(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let items = items(&args[0]);
    if items.iter().any(|item| item.as_bool() == Some(true)) {
        return truth(true);
    }
    if items.iter().any(Value::is_unknown) {
        return Ok(unknown(args, Type::Bool));
    }
    truth(false)
}

fn coalesce(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let types: Vec<Type> = args.iter().map(Value::ty).collect();
    let ty =
        unify(&types).ok_or_else(|| FunctionError::new("all arguments must have the same type"))?;
    for (i, arg) in args.iter().enumerate() {
        let value = convert(arg, &ty).map_err(|e| FunctionError::at(i, e.message))?;
        match value {
            Value::Unknown(_) => return Ok(unknown(args, ty)),
            Value::Null(_) => {}
            Value::String(text) if text.is_empty() => {}
            value => return Ok(value),
        }
    }
    Err(FunctionError::new("there is no argument that is neither null nor an empty text"))
}

fn coalescelist(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if args.is_empty() {
        return Err(FunctionError::new("at least one list is required"));
    }
    for (i, arg) in args.iter().enumerate() {
        match arg {
            Value::Unknown(_) => {
                let first = args[0].ty();
                let same = args.iter().all(|arg| arg.ty() == first);
                return Ok(unknown(args, if same { first } else { Type::Dynamic }));
            }
            Value::List(_) | Value::Tuple(_) => {}
            Value::Null(Type::List(_) | Type::Tuple(_)) => {}
            _ => return Err(FunctionError::new(format!("argument {} is not a list", i + 1))),
        }
    }
    if let Some(found) = args.iter().find(|arg| !items(arg).is_empty()) {
        return Ok(found.clone());
    }
    Err(FunctionError::new("all lists are null or empty"))
}

fn contains(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let elements = args[0].items();
    let elements =
        elements.ok_or_else(|| FunctionError::new("a list, tuple or set is required"))?;
    let mut open = false;
    for item in elements {
        match equals(&args[1], item) {
            Some(true) => return truth(true),
            Some(false) => {}
            None => open = true,
        }
    }
    if open { Ok(unknown(args, Type::Bool)) } else { truth(false) }
}

fn index(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let elements = match &args[0] {
        list @ (Value::List(_) | Value::Tuple(_)) => items(list),
        _ => return Err(FunctionError::new("a list or tuple is required")),
    };
    for (i, item) in elements.iter().enumerate() {
        match equals(item, &args[1]) {
            Some(true) => return Ok(Value::Number(Number::from(i))),
            Some(false) => {}
            None => return Ok(unknown(args, Type::Number)),
        }
    }
    Err(FunctionError::new("the list has no such element"))
}

fn element(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (list, marks) = args[0].unmark();
    let index = match &args[1] {
        Value::Unknown(_) => None,
        n => {
            Some(n.as_i64().ok_or_else(|| FunctionError::new("the index must be a whole number"))?)
        }
    };
    let length = match list.ty() {
        Type::List(element) if list.is_unknown() || index.is_none() => {
            return Ok(unknown(args, (*element).clone()).mark(marks));
        }
        Type::Dynamic => return Ok(unknown(args, Type::Dynamic).mark(marks)),
        Type::Tuple(types) => types.len(),
        Type::List(_) => items(list).len(),
        ty => return Err(FunctionError::new(format!("a {} has no indices", ty.friendly()))),
    };
    let Some(index) = index else { return Ok(unknown(args, Type::Dynamic).mark(marks)) };
    if length == 0 {
        return Err(FunctionError::new("an empty list has no elements"));
    }
    // As in Terraform a negative index counts from the end of a list, but not of a tuple.
    let count = i64::try_from(length).unwrap_or(i64::MAX);
    let from_end = matches!(list, Value::List(_));
    let place = if from_end { index.rem_euclid(count) } else { index % count };
    let place = usize::try_from(place)
        .map_err(|_| FunctionError::new("the index of a tuple must not be negative"))?;
    if let (true, Type::Tuple(types)) = (list.is_unknown(), list.ty()) {
        return Ok(unknown(args, types[place].clone()).mark(marks));
    }
    let found = items(list).get(place).cloned();
    found.map(|item| item.mark(marks)).ok_or_else(|| FunctionError::new("there is no such element"))
}

fn length(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (value, marks) = args[0].unmark();
    let count = match (value, value.ty()) {
        (_, Type::Tuple(types)) => types.len(),
        (_, Type::Object(fields)) => fields.len(),
        (Value::Set(set), _) if set.items.len() > 1 && !value.is_wholly_known() => {
            return Ok(unknown(args, Type::Number).mark(marks));
        }
        (Value::List(s) | Value::Set(s), _) => s.items.len(),
        (Value::Map(m), _) => m.entries.len(),
        (Value::String(text), _) => grapheme_count(text),
        (
            Value::Unknown(_),
            Type::Dynamic | Type::String | Type::List(_) | Type::Set(_) | Type::Map(_),
        ) => return Ok(unknown(args, Type::Number).mark(marks)),
        _ => return Err(FunctionError::new("a text, list, set, map or object is required")),
    };
    Ok(Value::Number(Number::from(count)).mark(marks))
}

fn one(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let wrong = || FunctionError::at(0, "a list, set or tuple of at most one element is required");
    match (&args[0], args[0].ty()) {
        (Value::Unknown(_), Type::List(t) | Type::Set(t)) => Ok(unknown(args, (*t).clone())),
        (Value::Unknown(_), Type::Dynamic) => Ok(unknown(args, Type::Dynamic)),
        (Value::Unknown(_), Type::Tuple(types)) => match &types[..] {
            [] => Ok(Value::null()),
            [one] => Ok(unknown(args, one.clone())),
            _ => Err(wrong()),
        },
        (Value::List(s) | Value::Set(s), _) => match &s.items[..] {
            [] => Ok(Value::Null(s.element.clone())),
            [one] => Ok(one.clone()),
            _ => Err(wrong()),
        },
        (Value::Tuple(items), _) => match &items[..] {
            [] => Ok(Value::null()),
            [one] => Ok(one.clone()),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn distinct(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if !args[0].is_wholly_known() {
        return Ok(unknown(args, args[0].ty()));
    }
    let Value::List(list) = &args[0] else {
        return Err(FunctionError::at(0, "a list is required"));
    };
    let mut order: Vec<usize> = (0..list.items.len()).collect();
    let same = |a: &usize, b: &usize| list.items[*a].total_cmp(&list.items[*b]);
    order.sort_by(same);
    order.dedup_by(|later, first| same(later, first).is_eq());
    order.sort_unstable();
    let kept = order.into_iter().map(|i| list.items[i].clone()).collect();
    Ok(Value::list(list.element.clone(), kept))
}

fn matchkeys(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let Value::List(values) = &args[0] else {
        return Err(FunctionError::at(0, "a list is required"));
    };
    let ty = unify(&[args[1].ty(), args[2].ty()]);
    let ty = ty.ok_or_else(|| FunctionError::new("keys and search set must have the same type"))?;
    let as_keys = |i: usize| convert(&args[i], &ty).map_err(|e| FunctionError::at(i, e.message));
    let (keys, search) = (as_keys(1)?, as_keys(2)?);
    if values.items.len() != items(&keys).len() {
        return Err(FunctionError::new("there must be as many keys as values"));
    }
    if items(&search).is_empty() {
        return Ok(Value::list(values.element.clone(), Vec::new()));
    }
    if !args.iter().all(Value::is_wholly_known) {
        return Ok(unknown(args, args[0].ty()));
    }
    let mut wanted: Vec<&Value> = items(&search).iter().collect();
    wanted.sort_by(|a, b| a.total_cmp(b));
    let matches = |key: &Value| wanted.binary_search_by(|w| w.total_cmp(key)).is_ok();
    let pairs = values.items.iter().zip(items(&keys));
    let kept = pairs.filter(|(_, key)| matches(key)).map(|(value, _)| value.clone()).collect();
    Ok(Value::list(values.element.clone(), kept))
}
