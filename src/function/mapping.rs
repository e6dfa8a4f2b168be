//! Functions on maps and objects.

use std::collections::BTreeMap;

use lifeboat_sdk::value::Name;
use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Marks, Type, Value};

use super::call::{items, texts, unknown};
use super::{Call, Form, Function, FunctionError, Outcome, Parameter, any, string};

const MAPPING: Parameter = any("map").unknown().marked();

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("keys", &[MAPPING], Form::Any, keys, "The keys of a map or object, in order."),
    Function::new(
        "lookup",
        &[any("map").unknown().marked(), string("key").unknown().marked()],
        Form::Any,
        lookup,
        "The element with that key, or the default.",
    )
    .rest(any("default").null().unknown().marked()),
    Function::new(
        "merge",
        &[],
        Form::Any,
        merge,
        "All elements of maps or objects; later ones win.",
    )
    .rest(any("maps").null().unknown().marked()),
    Function::new(
        "transpose",
        &[Parameter::new("values", Form::MapOfLists)],
        Form::MapOfLists,
        transpose,
        "Swaps keys and values of a map of lists of texts.",
    ),
    Function::new(
        "values",
        &[MAPPING],
        Form::Any,
        values,
        "The values of a map or object, by key.",
    ),
    Function::new(
        "zipmap",
        &[
            Parameter::new("keys", Form::ListOfString).unknown().marked(),
            any("values").unknown().marked(),
        ],
        Form::Any,
        zipmap,
        "A map of keys to values from two lists.",
    ),
];

fn keys(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (value, marks) = args[0].unmark();
    let keys = match (value, value.ty()) {
        (_, Type::Object(fields)) => {
            Value::tuple(fields.iter().map(|f| Value::String(f.name.clone())).collect())
        }
        (Value::Map(m), _) => texts(m.entries.iter().map(|(key, _)| key)),
        (_, Type::Map(_)) => unknown(args, Type::list(Type::String)),
        (Value::Unknown(_), Type::Dynamic) => unknown(args, Type::Dynamic),
        _ => return Err(FunctionError::at(0, "a map or object is required")),
    };
    Ok(keys.mark(marks))
}

fn values(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (value, marks) = args[0].unmark();
    let values = match value {
        Value::Object(entries) => Value::tuple(entries.iter().map(|(_, v)| v.clone()).collect()),
        Value::Map(m) => {
            Value::list(m.element.clone(), m.entries.iter().map(|(_, v)| v.clone()).collect())
        }
        Value::Unknown(u) => unknown(
            args,
            match &u.ty {
                Type::Map(element) => Type::List(element.clone()),
                Type::Object(fields) => Type::tuple(fields.iter().map(|f| f.ty.clone()).collect()),
                Type::Dynamic => Type::Dynamic,
                _ => return Err(FunctionError::new("a map or object is required")),
            },
        ),
        _ => return Err(FunctionError::new("a map or object is required")),
    };
    Ok(values.mark(marks))
}

fn lookup(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (map, map_marks) = args[0].unmark();
    let (key, key_marks) = args[1].unmark();
    let marks = map_marks | key_marks;
    let default = match args {
        [_, _] => None,
        [_, _, default] => Some(default),
        _ => return Err(FunctionError::new("two or three arguments are required")),
    };
    let ty = match (map.ty(), key.as_str()) {
        (Type::Map(element), _) => {
            if default.is_some_and(|default| convert(default, &element).is_err()) {
                let message = "the default must have the type of the map's elements";
                return Err(FunctionError::at(2, message));
            }
            (*element).clone()
        }
        (Type::Dynamic, _) | (Type::Object(_), None) => Type::Dynamic,
        (ty @ Type::Object(_), Some(key)) => match (ty.field(key), default) {
            (Some(field), _) => field.ty.clone(),
            (None, Some(default)) => default.ty(),
            (None, None) => {
                let message = format!("the object has no attribute {}", call.quote(key));
                return Err(FunctionError::at(0, message));
            }
        },
        _ => return Err(FunctionError::at(0, "a map or object is required")),
    };
    let (false, Some(key)) = (map.is_unknown(), key.as_str()) else {
        return Ok(unknown(&args[..2], ty).mark(marks));
    };
    let found = match (map.get(key), default) {
        (Some(found), _) => found.clone(),
        (None, Some(default)) => {
            convert(default, &ty).map_err(|e| FunctionError::at(2, e.message))?
        }
        (None, None) => {
            let message = format!("the map has no element {}", call.quote(key));
            return Err(FunctionError::new(message));
        }
    };
    Ok(found.mark(marks))
}

fn merge(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let mut marks = Marks::NONE;
    let mut entries: Vec<(Name, Value)> = Vec::new();
    let mut open = false;
    let mut names_known = true;
    for arg in args {
        let (value, own) = arg.unmark();
        marks = marks | own;
        match (value, value.ty()) {
            (Value::Null(_), Type::Map(_) | Type::Object(_) | Type::Dynamic) => {}
            (Value::Map(m), _) => entries.extend(m.entries.iter().cloned()),
            (Value::Object(object), _) => entries.extend(object.iter().cloned()),
            (Value::Unknown(u), Type::Object(fields)) => {
                open = true;
                entries.extend(fields.iter().map(|f| {
                    (f.name.clone(), Value::unknown_because(f.ty.clone(), u.why.clone()))
                }));
            }
            (Value::Unknown(_), Type::Map(_) | Type::Dynamic) => {
                open = true;
                names_known = false;
            }
            (_, ty) => {
                let message = format!("maps or objects are required, not a {}", ty.friendly());
                return Err(FunctionError::new(message));
            }
        }
    }
    let types: Vec<Type> = args.iter().map(Value::ty).collect();
    let first = types.first().filter(|first| types.iter().all(|ty| ty == *first));
    let merged = match first {
        Some(first) if open => unknown(args, first.clone()),
        Some(Type::Map(element)) => Value::map((**element).clone(), entries),
        _ if open && !names_known => unknown(args, Type::Dynamic),
        _ if open => unknown(args, Value::object(entries).ty()),
        _ => Value::object(entries),
    };
    Ok(merged.mark(marks))
}

fn transpose(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if !args[0].is_wholly_known() {
        return Ok(unknown(args, Form::MapOfLists.ty()));
    }
    let mut lists: BTreeMap<Name, Vec<Value>> = BTreeMap::new();
    for (key, list) in args[0].entries().unwrap_or_default() {
        let texts = list.items();
        for text in
            texts.ok_or_else(|| FunctionError::new(format!("the list of {key:?} is null")))?
        {
            let Value::String(text) = text else {
                return Err(FunctionError::new(format!("the list of {key:?} has a null element")));
            };
            lists.entry(text.clone()).or_default().push(Value::String(key.clone()));
        }
    }
    let lists = lists.into_iter().map(|(key, list)| (key, Value::list(Type::String, list)));
    Ok(Value::map(Type::list(Type::String), lists))
}

fn zipmap(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (keys, mut marks) = args[0].unmark();
    marks = marks | args[0].marks_deep();
    let (values, own) = args[1].unmark();
    marks = marks | own;
    let keys = keys.unmark_deep();
    let (element, count) = match (values, values.ty()) {
        (_, Type::List(element)) => (Some((*element).clone()), items(values).len()),
        (_, Type::Tuple(types)) => (None, types.len()),
        (Value::Unknown(_), Type::Dynamic) => return Ok(unknown(args, Type::Dynamic).mark(marks)),
        _ => return Err(FunctionError::new("the values must be a list or tuple")),
    };
    if !keys.is_wholly_known() || (values.is_unknown() && element.is_some()) {
        let ty = element.map_or(Type::Dynamic, Type::map);
        return Ok(unknown(args, ty).mark(marks));
    }
    let names = items(&keys);
    if names.len() != count {
        let message = format!("there are {} keys, but {count} values", names.len());
        return Err(FunctionError::new(message));
    }
    let mut entries: Vec<(Name, Value)> = Vec::with_capacity(count);
    let types = if let Type::Tuple(types) = values.ty() { types.to_vec() } else { Vec::new() };
    for (i, key) in names.iter().enumerate() {
        let Value::String(key) = key else {
            return Err(FunctionError::new(format!("key {i} is null")));
        };
        let value = items(values).get(i).cloned();
        let value = value.or_else(|| Some(unknown(args, types.get(i)?.clone())));
        entries.extend(value.map(|value| (key.clone(), value)));
    }
    Ok(match element {
        Some(element) => Value::map(element, entries),
        None => Value::object(entries),
    }
    .mark(marks))
}
