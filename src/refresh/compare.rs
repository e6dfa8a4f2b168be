//! Comparison of two whole documents by their schema: what differs in meaning, and where.

use lifeboat_sdk::schema::{Attribute, Presence, Shape};
use lifeboat_sdk::value::Step;
use lifeboat_sdk::{Path, Value};

/// Where `found` does not agree with `wanted`. What is unknown in `wanted` agrees with anything;
/// the text of a JSON document is compared by meaning; null and empty containers are equal.
pub fn disagreements(attributes: &[Attribute], wanted: &Value, found: &Value) -> Vec<Path> {
    let mut out = Vec::new();
    object(attributes, wanted, found, &Path::root(), &mut out);
    out
}

fn object(
    attributes: &[Attribute],
    wanted: &Value,
    found: &Value,
    path: &Path,
    out: &mut Vec<Path>,
) {
    for a in attributes {
        let null = Value::Null(a.shape.ty());
        let wanted = wanted.get(a.name).unwrap_or(&null);
        let found = found.get(a.name).unwrap_or(&null);
        attribute(a, wanted, found, &path.join(Step::Attr(a.name.into())), out);
    }
}

fn attribute(a: &Attribute, wanted: &Value, found: &Value, path: &Path, out: &mut Vec<Path>) {
    if a.json && json_equal(wanted, found) {
        return;
    }
    value(&a.shape, wanted, found, path, out);
}

fn value(shape: &Shape, wanted: &Value, found: &Value, path: &Path, out: &mut Vec<Path>) {
    if wanted.is_unknown() || wanted == found || (nothing(wanted) && nothing(found)) {
        return;
    }
    match (shape, wanted.bare(), found.bare()) {
        (Shape::Object(attributes), Value::Object(_), Value::Object(_)) => {
            object(attributes, wanted, found, path, out);
        }
        (Shape::List(inner), Value::List(w), Value::List(f)) if w.items.len() == f.items.len() => {
            for (i, (w, f)) in w.items.iter().zip(&f.items).enumerate() {
                value(inner, w, f, &path.join(Step::Index(i)), out);
            }
        }
        (Shape::Set(inner), Value::Set(w), Value::Set(f)) => {
            if !set_agrees(inner, &w.items, &f.items) {
                out.push(path.clone());
            }
        }
        (Shape::Map(inner), Value::Map(w), Value::Map(f)) => {
            let keys = |m: &lifeboat_sdk::value::Mapping| -> Vec<_> {
                m.entries.iter().map(|(key, _)| key.clone()).collect()
            };
            if keys(w) != keys(f) {
                out.push(path.clone());
                return;
            }
            for ((key, w), (_, f)) in w.entries.iter().zip(&f.entries) {
                value(inner, w, f, &path.join(Step::Key(key.clone())), out);
            }
        }
        (Shape::Dynamic, _, _) if !wanted.is_wholly_known() => dynamic(wanted, found, path, out),
        _ => out.push(path.clone()),
    }
}

/// A value without a schema, with unknown parts.
fn dynamic(wanted: &Value, found: &Value, path: &Path, out: &mut Vec<Path>) {
    if wanted.is_unknown() || wanted == found {
        return;
    }
    match (wanted.entries(), found.entries(), wanted.items(), found.items()) {
        (Some(w), Some(f), ..) if w.iter().map(|(k, _)| k).eq(f.iter().map(|(k, _)| k)) => {
            for ((name, w), (_, f)) in w.iter().zip(f) {
                dynamic(w, f, &path.join(Step::Attr(name.clone())), out);
            }
        }
        (_, _, Some(w), Some(f)) if w.len() == f.len() => {
            for (i, (w, f)) in w.iter().zip(f).enumerate() {
                dynamic(w, f, &path.join(Step::Index(i)), out);
            }
        }
        _ => out.push(path.clone()),
    }
}

/// Whether each wanted element has a found one that agrees with it, and the reverse. Elements
/// without unknowns choose first, so that one with unknowns does not take theirs; those with
/// unknowns may turn out to be the same as others.
fn set_agrees(shape: &Shape, wanted: &[Value], found: &[Value]) -> bool {
    let fits = |wanted: &Value, found: &Value| {
        let mut out = Vec::new();
        value(shape, wanted, found, &Path::root(), &mut out);
        out.is_empty()
    };
    let mut free: Vec<&Value> = found.iter().collect();
    let (known, unknown): (Vec<_>, Vec<_>) = wanted.iter().partition(|w| w.is_wholly_known());
    let mut all =
        known.into_iter().map(|w| (w, true)).chain(unknown.into_iter().map(|w| (w, false)));
    all.all(|(wanted, known)| match free.iter().position(|found| fits(wanted, found)) {
        Some(at) => {
            free.swap_remove(at);
            true
        }
        None => !known && found.iter().any(|found| fits(wanted, found)),
    }) && free.is_empty()
}

/// Null, or a container without anything in it: what APIs do not tell apart.
fn nothing(value: &Value) -> bool {
    match value.bare() {
        Value::Null(_) => true,
        Value::List(s) | Value::Set(s) => s.items.is_empty(),
        Value::Map(m) => m.entries.is_empty(),
        Value::Tuple(items) => items.is_empty(),
        Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)
        | Value::Unknown(_)
        | Value::Marked(_) => false,
    }
}

fn json_equal(a: &Value, b: &Value) -> bool {
    let parse = |v: &Value| {
        v.as_str().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
    };
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// The attribute that a path leads to; the innermost that the schema describes.
pub fn attribute_at<'s>(attributes: &'s [Attribute], path: &Path) -> Option<&'s Attribute> {
    let mut attributes = attributes;
    let mut last = None;
    for step in &path.0 {
        let Step::Attr(name) = step else { continue };
        let Some(next) = attributes.iter().find(|a| *a.name == **name) else { break };
        last = Some(next);
        attributes = next.shape.attributes().unwrap_or_default();
    }
    last
}

/// Whether the provider may set what the path leads to.
pub fn computed_at(attributes: &[Attribute], path: &Path) -> bool {
    attribute_at(attributes, path).is_some_and(|a| match a.presence {
        Presence::Computed | Presence::OptionalComputed => true,
        Presence::Required | Presence::Optional => false,
    })
}
