//! Whether one type converts to another, and the words for why not.

use super::super::{Field, Type};
use super::unify::unify_as;

/// Whether values of a type convert to another, text that must be readable included.
pub fn possible(from: &Type, to: &Type) -> bool {
    converts(from, to, false)
}

/// Whether there is a conversion; only one that cannot fail if `safe`.
pub(super) fn converts(from: &Type, to: &Type, safe: bool) -> bool {
    let part = |from: &Type, to: &Type| from == to || converts(from, to, safe);
    match (from, to) {
        (_, Type::Dynamic) => true,
        (Type::Dynamic, _) => !safe,
        (Type::Bool, Type::Bool) | (Type::Number, Type::Number) => true,
        (Type::Bool | Type::Number | Type::String, Type::String) => true,
        (Type::String, Type::Bool | Type::Number) => !safe,
        (Type::Object(from), Type::Object(to)) => {
            to.iter().all(|field| match from.binary_search_by(|f| f.name.cmp(&field.name)) {
                Ok(i) => part(&from[i].ty, &field.ty),
                Err(_) => field.optional,
            })
        }
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len() && from.iter().zip(&**to).all(|(from, to)| part(from, to))
        }
        (Type::List(from) | Type::Set(from), Type::List(to)) | (Type::Map(from), Type::Map(to)) => {
            part(from, to)
        }
        (Type::List(_), Type::Set(_)) if safe => false,
        (Type::List(from) | Type::Set(from), Type::Set(to)) => part(from, to),
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) => {
            from.is_empty() || collects(from, to, safe, true)
        }
        (Type::Object(from), Type::Map(to)) => {
            let types: Vec<Type> = from.iter().map(|f| f.ty.clone()).collect();
            types.is_empty() || collects(&types, to, safe, false)
        }
        (Type::Map(_), Type::Object(_)) if safe => false,
        (Type::Map(from), Type::Object(to)) => {
            to.iter().all(|field| field.optional || part(from, &field.ty))
        }
        _ => false,
    }
}

/// Whether the parts of a tuple or object can be the elements of a collection.
fn collects(types: &[Type], to: &Type, safe: bool, strict: bool) -> bool {
    let unified;
    let mut element = to;
    if *to == Type::Dynamic {
        match unify_as(types, safe) {
            // Some part is unknown in type while another is not: they may not agree.
            Some(Type::Dynamic) if strict => return types.iter().all(|ty| *ty == Type::Dynamic),
            Some(ty) => unified = ty,
            None => return false,
        }
        element = &unified;
    }
    types.iter().all(|ty| ty == element || converts(ty, element, safe))
}

/// Why a type does not convert to another: `a number is required`.
pub fn mismatch(from: &Type, to: &Type) -> String {
    match (from, to) {
        (Type::Object(from), Type::Object(to)) => mismatch_of_objects(from, to),
        (Type::Tuple(_), Type::List(element)) if **element == Type::Dynamic => {
            "all list elements must have the same type".into()
        }
        (Type::Tuple(_), Type::Set(element)) if **element == Type::Dynamic => {
            "all set elements must have the same type".into()
        }
        (Type::Object(_), Type::Map(element)) if **element == Type::Dynamic => {
            "all map elements must have the same type".into()
        }
        (Type::Tuple(parts), Type::List(element) | Type::Set(element)) => {
            let mut bad = parts.iter().enumerate().filter(|(_, part)| !possible(part, element));
            bad.next().map_or_else(
                || format!("all elements must be {}", article(element)),
                |(i, part)| format!("element {i}: {}", mismatch(part, element)),
            )
        }
        (Type::Object(parts), Type::Map(element)) => {
            let bad = parts.iter().find(|part| !possible(&part.ty, element));
            bad.map_or_else(
                || format!("all elements must be {}", article(element)),
                |part| format!("element {:?}: {}", &*part.name, mismatch(&part.ty, element)),
            )
        }
        (Type::List(from) | Type::Set(from), Type::List(to) | Type::Set(to))
        | (Type::Map(from), Type::Map(to)) => {
            format!("the elements have the wrong type: {}", mismatch(from, to))
        }
        (Type::Map(element), Type::Object(fields)) => {
            let bad = fields.iter().find(|f| !f.optional && !possible(element, &f.ty));
            bad.map_or_else(
                || format!("{} is required", article(to)),
                |f| format!("attribute {:?}: {}", &*f.name, mismatch(element, &f.ty)),
            )
        }
        (Type::Tuple(from), Type::Tuple(to)) if from.len() == to.len() => {
            let mut pairs = from.iter().zip(&**to).enumerate();
            pairs.find(|(_, (from, to))| !possible(from, to)).map_or_else(
                || "the elements have the wrong types".into(),
                |(i, (from, to))| format!("element {i}: {}", mismatch(from, to)),
            )
        }
        (Type::Tuple(_), Type::Tuple(to)) => {
            format!("a tuple of {} elements is required", to.len())
        }
        _ => format!("{} is required", article(to)),
    }
}

fn mismatch_of_objects(from: &[Field], to: &[Field]) -> String {
    let find = |name: &str| from.iter().find(|f| &*f.name == name);
    let missing: Vec<String> = to
        .iter()
        .filter(|field| !field.optional && find(&field.name).is_none())
        .map(|field| format!("{:?}", &*field.name))
        .collect();
    match &missing[..] {
        [] => {}
        [one] => return format!("attribute {one} is required"),
        [first @ .., last] => {
            return format!("attributes {} and {last} are required", first.join(", "));
        }
    }
    for field in to {
        if let Some(part) = find(&field.name)
            && !possible(&part.ty, &field.ty)
        {
            return format!("attribute {:?}: {}", &*field.name, mismatch(&part.ty, &field.ty));
        }
    }
    "the attributes have the wrong types".into()
}

/// The type in words, with an article.
fn article(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "a value".into(),
        Type::Object(_) => "an object".into(),
        Type::List(t) if **t == Type::Dynamic => "a list".into(),
        Type::Set(t) if **t == Type::Dynamic => "a set".into(),
        Type::Map(t) if **t == Type::Dynamic => "a map".into(),
        ty => format!("a {}", ty.friendly()),
    }
}
