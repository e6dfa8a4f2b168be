//! Which parts of a value are unknown or sensitive, in the shape of Terraform's JSON plan.

use serde_json::{Map, Value as Json};

use crate::value::{Marks, Type, Value};

/// `true` where the value is unknown; objects without what is known, lists in full.
pub fn unknown_shape(value: &Value) -> Json {
    shape(value, &|value| match value.bare() {
        Value::Unknown(_) => Some(Json::Bool(true)),
        _ => None,
    })
}

/// `true` where the value is sensitive; objects without what is not, lists in full.
pub fn sensitive_shape(value: &Value) -> Json {
    shape(value, &|value| {
        let (bare, marks) = value.unmark();
        let Value::Unknown(unknown) = bare else {
            return marks.contains(Marks::SENSITIVE).then_some(Json::Bool(true));
        };
        Some(match unknown.ty {
            _ if marks.contains(Marks::SENSITIVE) => Json::Bool(true),
            Type::List(_) | Type::Set(_) | Type::Tuple(_) => Json::Array(Vec::new()),
            Type::Map(_) | Type::Object(_) => Json::Object(Map::new()),
            Type::Dynamic | Type::Bool | Type::Number | Type::String => Json::Bool(false),
        })
    })
}

fn shape(value: &Value, decide: &dyn Fn(&Value) -> Option<Json>) -> Json {
    if let Some(json) = decide(value) {
        return json;
    }
    if let Some(items) = value.items() {
        return Json::Array(items.iter().map(|item| shape(item, decide)).collect());
    }
    let Some(entries) = value.entries() else { return Json::Bool(false) };
    let parts = entries.iter().map(|(name, item)| (name.to_string(), shape(item, decide)));
    Json::Object(parts.filter(|(_, part)| *part != Json::Bool(false)).collect())
}
