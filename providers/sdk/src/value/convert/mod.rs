//! Conversion between types, as cty does it.
//!
//! Whether there is a conversion is decided from the types alone ([`possible`]); a value can
//! fail only where text must be read as a number or bool, or a map lacks a required attribute.

mod possible;
mod unify;

use std::sync::Arc;

use super::{Field, Mapping, Marks, Name, Path, Step, Type, Unknown, Value};

pub use possible::{mismatch, possible};
pub use unify::{unify, unify_safe};

/// Why a value has no such form, and at which part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConvertError {
    /// The part of the value, from its root.
    pub path: Path,
    /// What is required; a sentence without capital and full stop.
    pub message: String,
}

impl ConvertError {
    fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.clone(), message: message.into() }
    }
}

/// The value in the form of a type constraint.
///
/// `Dynamic` takes the value's own type, inside collections the type that all elements have in
/// common. Left out optional attributes become null; defaults are the caller's. Unknowns keep
/// their reason and marks stay at their node, except that a set takes over its elements' marks.
///
/// # Errors
/// When there is no conversion, or a text cannot be read.
pub fn convert(value: &Value, to: &Type) -> Result<Value, ConvertError> {
    if fits(value, to) {
        return Ok(value.clone());
    }
    let from = value.ty();
    if !possible(&from, to) {
        return Err(ConvertError::new(&Path::root(), mismatch(&from, to)));
    }
    apply(value, to, &Path::root())
}

/// Whether the value has exactly this type already.
pub fn fits(value: &Value, to: &Type) -> bool {
    match (value.bare(), to) {
        (_, Type::Dynamic)
        | (Value::Bool(_), Type::Bool)
        | (Value::Number(_), Type::Number)
        | (Value::String(_), Type::String) => true,
        (Value::Null(ty), to) => same(ty, to),
        (Value::Unknown(u), to) => same(&u.ty, to),
        (Value::List(s), Type::List(to)) | (Value::Set(s), Type::Set(to)) => same(&s.element, to),
        (Value::Map(m), Type::Map(to)) => same(&m.element, to),
        (Value::Tuple(items), Type::Tuple(to)) => {
            items.len() == to.len() && items.iter().zip(&**to).all(|(item, to)| fits(item, to))
        }
        (Value::Object(entries), Type::Object(to)) => {
            let mut pairs = entries.iter().zip(&**to);
            entries.len() == to.len()
                && pairs.all(|((name, v), field)| *name == field.name && fits(v, &field.ty))
        }
        _ => false,
    }
}

/// Whether the types are equal but for optional attributes.
fn same(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::List(from), Type::List(to))
        | (Type::Set(from), Type::Set(to))
        | (Type::Map(from), Type::Map(to)) => same(from, to),
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len() && from.iter().zip(&**to).all(|(from, to)| same(from, to))
        }
        (Type::Object(from), Type::Object(to)) => {
            let mut pairs = from.iter().zip(&**to);
            from.len() == to.len()
                && pairs.all(|(from, to)| from.name == to.name && same(&from.ty, &to.ty))
        }
        (from, to) => from == to,
    }
}

/// The type with all attributes required; the types of values are such.
#[must_use]
pub fn without_optional(ty: &Type) -> Type {
    match ty {
        Type::Dynamic | Type::Bool | Type::Number | Type::String => ty.clone(),
        Type::List(t) => Type::list(without_optional(t)),
        Type::Set(t) => Type::set(without_optional(t)),
        Type::Map(t) => Type::map(without_optional(t)),
        Type::Tuple(ts) => Type::tuple(ts.iter().map(without_optional).collect()),
        Type::Object(fields) => {
            Type::object(fields.iter().map(|f| (f.name.clone(), without_optional(&f.ty))))
        }
    }
}

/// A set that takes over the marks of its elements, whole.
///
/// Equal elements with different marks would otherwise lose some.
pub fn set_of(element: Type, items: Vec<Value>) -> Value {
    let marks = items.iter().fold(Marks::NONE, |all, item| all | item.marks_deep());
    let items = items.iter().map(Value::unmark_deep).collect();
    Value::set(element, items).mark(marks)
}

/// Converts where [`possible`] has said that it can be done.
fn apply(value: &Value, to: &Type, path: &Path) -> Result<Value, ConvertError> {
    if fits(value, to) {
        return Ok(value.clone());
    }
    match (value, to) {
        (Value::Marked(m), _) => Ok(apply(&m.value, to, path)?.mark(m.marks)),
        (Value::Null(ty), _) => Ok(Value::Null(fill(ty, &without_optional(to)))),
        (Value::Unknown(u), _) => Ok(Value::Unknown(Arc::new(Unknown {
            ty: fill(&u.ty, &without_optional(to)),
            not_null: u.not_null,
            prefix: None,
            why: u.why.clone(),
        }))),
        (Value::Bool(b), Type::String) => Ok(Value::string(b.to_string())),
        (Value::Number(n), Type::String) => Ok(Value::string(n.to_string())),
        (Value::String(text), Type::Number) => super::Number::parse(text)
            .map(Value::Number)
            .ok_or_else(|| ConvertError::new(path, "a number is required")),
        (Value::String(text), Type::Bool) => read_bool(text, path),
        (_, Type::List(to)) => {
            sequence(value, to, path).map(|(element, items)| Value::list(element, items))
        }
        (_, Type::Set(to)) => {
            sequence(value, to, path).map(|(element, items)| set_of(element, items))
        }
        (_, Type::Map(to)) => mapping(value, to, path),
        (_, Type::Object(to)) => object(value, to, path),
        (_, Type::Tuple(to)) => {
            let items = value.items().unwrap_or_default().iter().zip(&**to).enumerate();
            let items = items.map(|(i, (item, to))| apply(item, to, &path.join(Step::Index(i))));
            Ok(Value::tuple(items.collect::<Result<_, _>>()?))
        }
        _ => Err(ConvertError::new(path, mismatch(&value.ty(), to))),
    }
}

fn read_bool(text: &str, path: &Path) -> Result<Value, ConvertError> {
    let message = match text {
        "true" | "1" => return Ok(Value::Bool(true)),
        "false" | "0" => return Ok(Value::Bool(false)),
        _ if text.eq_ignore_ascii_case("true") => "a bool is required; write \"true\" in lowercase",
        _ if text.eq_ignore_ascii_case("false") => {
            "a bool is required; write \"false\" in lowercase"
        }
        _ => "a bool is required",
    };
    Err(ConvertError::new(path, message))
}

/// The elements for a list or set of `to`, and the type that they have.
fn sequence(value: &Value, to: &Type, path: &Path) -> Result<(Type, Vec<Value>), ConvertError> {
    let items = value.items().unwrap_or_default();
    let (from, wanted) = match value {
        Value::List(s) | Value::Set(s) => (Some(&s.element), to.clone()),
        _ => (None, wanted(items.iter(), to)),
    };
    let items = items.iter().enumerate();
    let items = items.map(|(i, item)| apply(item, &wanted, &path.join(Step::Index(i))));
    settle(items.collect::<Result<_, _>>()?, &wanted, from, path)
}

fn mapping(value: &Value, to: &Type, path: &Path) -> Result<Value, ConvertError> {
    let entries = value.entries().unwrap_or_default();
    let (from, wanted) = match value {
        Value::Map(m) => (Some(&m.element), to.clone()),
        _ => (None, wanted(entries.iter().map(|(_, item)| item), to)),
    };
    let items = entries.iter();
    let items = items.map(|(key, v)| apply(v, &wanted, &path.join(Step::Key(key.clone()))));
    let (element, items) = settle(items.collect::<Result<_, _>>()?, &wanted, from, path)?;
    let names = entries.iter().map(|(key, _)| key.clone());
    let entries = names.zip(items).collect();
    Ok(Value::Map(Arc::new(Mapping { element, entries })))
}

/// What the parts of a tuple or object become in a collection of `to`.
fn wanted<'a>(parts: impl Iterator<Item = &'a Value>, to: &Type) -> Type {
    match to {
        Type::Dynamic => unify(&parts.map(Value::ty).collect::<Vec<_>>()).unwrap_or(Type::Dynamic),
        to => to.clone(),
    }
}

/// Gives converted elements one type.
fn settle(
    items: Vec<Value>,
    wanted: &Type,
    from: Option<&Type>,
    path: &Path,
) -> Result<(Type, Vec<Value>), ConvertError> {
    if !wanted.has_dynamic() {
        return Ok((without_optional(wanted), items));
    }
    if items.is_empty() {
        let element = if *wanted == Type::Dynamic { from } else { None };
        return Ok((element.cloned().unwrap_or_else(|| without_optional(wanted)), items));
    }
    let mut types: Vec<Type> = items.iter().map(Value::ty).collect();
    types.retain(|ty| *ty != Type::Dynamic);
    types.dedup();
    let element = match &types[..] {
        [] => Type::Dynamic,
        [one] => one.clone(),
        _ => unify(&types)
            .filter(|ty| !ty.has_dynamic())
            .ok_or_else(|| ConvertError::new(path, "all elements must have the same type"))?,
    };
    let items = items.iter().map(|item| apply(item, &element, path)).collect::<Result<_, _>>()?;
    Ok((element, items))
}

fn object(value: &Value, to: &[Field], path: &Path) -> Result<Value, ConvertError> {
    let is_map = matches!(value, Value::Map(_));
    let attribute = |field: &Field| -> Result<(Name, Value), ConvertError> {
        let name = field.name.clone();
        let Some(part) = value.get(&name) else {
            if field.optional {
                return Ok((name, Value::Null(without_optional(&field.ty))));
            }
            return Err(ConvertError::new(path, format!("attribute {name:?} is required")));
        };
        let step = if is_map { Step::Key(name.clone()) } else { Step::Attr(name.clone()) };
        let path = path.join(step);
        if is_map && field.optional && !possible(&part.ty(), &field.ty) {
            return Err(ConvertError::new(&path, mismatch(&part.ty(), &field.ty)));
        }
        Ok((name, apply(part, &field.ty, &path)?))
    };
    Ok(Value::object(to.iter().map(attribute).collect::<Result<Vec<_>, _>>()?))
}

/// The constraint `out` with its `Dynamic` parts filled from the type `from`.
fn fill(from: &Type, out: &Type) -> Type {
    let unified = |types: Vec<Type>| unify(&types).unwrap_or(Type::Dynamic);
    match (from, out) {
        (Type::Dynamic, _) => out.clone(),
        (_, Type::Dynamic) => from.clone(),
        (Type::Map(from), Type::Map(out)) => Type::map(fill(from, out)),
        (Type::Object(fields), Type::Map(out)) => {
            let from = unified(fields.iter().map(|f| f.ty.clone()).collect());
            Type::map(fill(&from, out))
        }
        (_, Type::Object(fields)) => Type::object(fields.iter().map(|field| {
            let part = match from {
                Type::Map(element) => Some(&**element),
                from => from.field(&field.name).map(|f| &f.ty),
            };
            let ty = part.map_or_else(|| field.ty.clone(), |part| fill(part, &field.ty));
            (field.name.clone(), ty)
        })),
        (Type::List(from) | Type::Set(from), Type::Set(out)) => Type::set(fill(from, out)),
        (Type::List(from) | Type::Set(from), Type::List(out)) => Type::list(fill(from, out)),
        (Type::Tuple(from), Type::Set(out)) => Type::set(fill(&unified(from.to_vec()), out)),
        (Type::Tuple(from), Type::List(out)) => Type::list(fill(&unified(from.to_vec()), out)),
        (Type::Tuple(from), Type::Tuple(out)) if from.len() == out.len() => {
            Type::tuple(from.iter().zip(&**out).map(|(from, out)| fill(from, out)).collect())
        }
        _ => out.clone(),
    }
}

#[cfg(test)]
mod tests;
