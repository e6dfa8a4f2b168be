//! Functions on maps and objects, and questions to collections.

use lifeboat_sdk::value::Name;
use lifeboat_sdk::value::convert::{convert, unify};
use lifeboat_sdk::{Marks, Number, Type, Value};

use super::call::{items, texts, truth, unknown};
use super::equal::equals;
use super::text::grapheme_count;
use super::{Call, Form, Function, FunctionError, Outcome, Parameter, any, number, string};

const BOOLS: Parameter = Parameter::new("list", Form::ListOfBool);
const MAPPING: Parameter = any("map").unknown().marked();
const ANY_LIST: Parameter = Parameter::new("list", Form::ListOfAny);

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("alltrue", &[BOOLS], Form::Bool, alltrue, "Whether all elements are true."),
    Function::new("anytrue", &[BOOLS], Form::Bool, anytrue, "Whether any element is true."),
    Function::new("coalesce", &[], Form::Any, coalesce, "The first that is neither null nor an empty text.")
        .rest(any("vals").null().unknown()),
    Function::new("coalescelist", &[], Form::Any, coalescelist, "The first list that is not empty.")
        .rest(any("vals").null().unknown()),
    Function::new(
        "contains",
        &[any("list"), any("value").null()],
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
    Function::new("keys", &[MAPPING], Form::Any, keys, "The keys of a map or object, in order."),
    Function::new(
        "length",
        &[any("value").unknown().marked()],
        Form::Number,
        length,
        "The number of elements, or of characters of a text.",
    ),
    Function::new(
        "lookup",
        &[any("map").unknown().marked(), string("key").unknown().marked()],
        Form::Any,
        lookup,
        "The element with that key, or the default.",
    )
    .rest(any("default").null().unknown().marked()),
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
    Function::new("merge", &[], Form::Any, merge, "All elements of maps or objects; later ones win.")
        .rest(any("maps").null().unknown().marked()),
    Function::new(
        "one",
        &[any("list").unknown()],
        Form::Any,
        one,
        "The only element of a list or set, or null if it is empty.",
    ),
    Function::new(
        "transpose",
        &[Parameter::new("values", Form::MapOfLists)],
        Form::MapOfLists,
        transpose,
        "Swaps keys and values of a map of lists of texts.",
    ),
    Function::new("values", &[MAPPING], Form::Any, values, "The values of a map or object, by key."),
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
    let ty = unify(&types)
        .ok_or_else(|| FunctionError::new("all arguments must have the same type"))?;
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
                let types = args.iter().map(Value::ty);
                let first = args[0].ty();
                let same = types.into_iter().all(|ty| ty == first);
                return Ok(unknown(args, if same { first } else { Type::Dynamic }));
            }
            Value::List(_) | Value::Tuple(_) => {}
            Value::Null(Type::List(_) | Type::Tuple(_)) => {}
            _ => return Err(FunctionError::new(format!("argument {} is not a list", i + 1))),
        }
        if !items(arg).is_empty() {
            return Ok(arg.clone());
        }
    }
    Err(FunctionError::new("all lists are null or empty"))
}

fn contains(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if args[1].is_null() {
        return Err(FunctionError::at(1, "the value must not be null"));
    }
    let elements = args[0].items();
    let elements = elements.ok_or_else(|| FunctionError::new("a list, tuple or set is required"))?;
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
        n => Some(n.as_i64().ok_or_else(|| FunctionError::new("the index must be a whole number"))?),
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
    let place = usize::try_from(index % i64::try_from(length).unwrap_or(i64::MAX));
    let place = place.map_err(|_| FunctionError::new("the index must not be negative"))?;
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

fn transpose(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if !args[0].is_wholly_known() {
        return Ok(unknown(args, Form::MapOfLists.ty()));
    }
    let mut lists: std::collections::BTreeMap<Name, Vec<Value>> = std::collections::BTreeMap::new();
    for (key, list) in args[0].entries().unwrap_or_default() {
        let texts = list.items();
        for text in texts.ok_or_else(|| FunctionError::new(format!("the list of {key:?} is null")))? {
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
    let as_keys = |i: usize| {
        convert(&args[i], &ty).map_err(|e| FunctionError::at(i, e.message))
    };
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
