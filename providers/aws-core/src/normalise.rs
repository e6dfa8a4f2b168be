//! Parts of `normalise` that AWS kinds share; all leave unknown parts alone.

use lifeboat_sdk::schema::{Attribute, Shape};
use lifeboat_sdk::value::{Path, Step};
use lifeboat_sdk::{Presence, Value};

use crate::policy;

/// Missing lists, sets and maps that only the configuration sets become empty ones: AWS cannot
/// tell them apart, and reads give empty ones.
pub fn containers(attributes: &[Attribute], document: &Value) -> Value {
    attributes.iter().fold(document.clone(), |doc, attribute| {
        let Some(value) = doc.get(attribute.name) else { return doc };
        let filled = container(attribute, value);
        doc.with(attribute.name, filled)
    })
}

fn container(attribute: &Attribute, value: &Value) -> Value {
    if value.is_null() && !attribute.presence.computed() {
        let empty = match attribute.shape {
            Shape::List(inner) => Value::list(inner.ty(), Vec::new()),
            Shape::Set(inner) => Value::set(inner.ty(), Vec::new()),
            Shape::Map(inner) => Value::map(inner.ty(), []),
            _ => return value.clone(),
        };
        return empty.mark(value.unmark().1);
    }
    match attribute.shape.attributes() {
        Some(inner) if attribute.presence != Presence::Computed => within(inner, value),
        _ => value.clone(),
    }
}

/// Goes into an object, or a list, set or map of objects.
fn within(attributes: &[Attribute], value: &Value) -> Value {
    match value.bare() {
        Value::Object(_) => containers(attributes, value),
        Value::Set(set) => {
            let items = set.items.iter().map(|item| within(attributes, item)).collect();
            Value::set(set.element.clone(), items).mark(value.unmark().1)
        }
        Value::List(_) | Value::Map(_) => {
            value.map_children(&mut |_, child| within(attributes, child))
        }
        _ => value.clone(),
    }
}

/// The policy at the attribute `name` in its canonical form; what is no policy stays as it is.
pub fn policy(document: &Value, name: &str) -> Value {
    let Some(value) = document.get(name) else { return document.clone() };
    match value.as_str().and_then(policy::canonical) {
        Some(text) => document.with(name, Value::string(text).mark(value.unmark().1)),
        None => document.clone(),
    }
}

/// The attribute `target` with the value of `source`, both maps: `tags_all` follows `tags`.
pub fn follow(document: &Value, source: &str, target: &str) -> Value {
    match document.get(source) {
        Some(value) => document.with(target, value.clone()),
        None => document.clone(),
    }
}

/// Applies `f` to each element of the list or set of blocks `name`, where it is known.
pub fn blocks(document: &Value, name: &str, f: &dyn Fn(&Value) -> Value) -> Value {
    let Some(value) = document.get(name) else { return document.clone() };
    let changed = match value.bare() {
        Value::Set(set) => Value::set(set.element.clone(), set.items.iter().map(f).collect()),
        Value::List(list) => Value::list(list.element.clone(), list.items.iter().map(f).collect()),
        _ => return document.clone(),
    };
    document.with(name, changed.mark(value.unmark().1))
}

/// Replaces the strings at `path` (attribute names; lists and sets are gone through).
pub fn strings(document: &Value, path: &[&str], f: &dyn Fn(&str) -> Option<String>) -> Value {
    document.transform(&Path::root(), &mut |at, value| {
        let names = at.0.iter().filter_map(|step| match step {
            Step::Attr(name) => Some(&**name),
            Step::Key(_) | Step::Index(_) => None,
        });
        let here = names.eq(path.iter().copied());
        let text = here.then(|| value.as_str().and_then(f)).flatten()?;
        Some(Value::string(text).mark(value.unmark().1))
    })
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::{Object as _, Type};

    use super::*;
    use crate::config::Config;

    #[test]
    fn missing_and_empty_are_one() {
        let config = Config::default().encode();
        let missing = config
            .with("assume_role", Value::null())
            .with("allowed_account_ids", Value::null())
            .with("region", Value::unknown(Type::String));
        let full = containers(Config::SCHEMA.attributes, &missing);
        assert_eq!(full.get("assume_role"), config.get("assume_role"));
        assert_eq!(full.get("allowed_account_ids"), config.get("allowed_account_ids"));
        assert!(full.get("region").is_some_and(Value::is_unknown));
    }
}
