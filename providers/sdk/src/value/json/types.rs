//! cty's notation of types: `"string"`, `["list","string"]`, `["object",{"a":"number"}]`.

use serde_json::{Map, Value as Json, json};

use super::JsonError;
use crate::value::{Field, Path, Type};

/// The type in cty's notation.
pub fn type_to_json(ty: &Type) -> Json {
    match ty {
        Type::Dynamic => json!("dynamic"),
        Type::Bool => json!("bool"),
        Type::Number => json!("number"),
        Type::String => json!("string"),
        Type::List(t) => json!(["list", type_to_json(t)]),
        Type::Set(t) => json!(["set", type_to_json(t)]),
        Type::Map(t) => json!(["map", type_to_json(t)]),
        Type::Tuple(ts) => json!(["tuple", ts.iter().map(type_to_json).collect::<Vec<_>>()]),
        Type::Object(fields) => {
            let attributes: Map<String, Json> =
                fields.iter().map(|f| (f.name.to_string(), type_to_json(&f.ty))).collect();
            let optional: Vec<&str> =
                fields.iter().filter(|f| f.optional).map(|f| &*f.name).collect();
            if optional.is_empty() {
                json!(["object", attributes])
            } else {
                json!(["object", attributes, optional])
            }
        }
    }
}

/// Reads a type in cty's notation.
///
/// # Errors
/// When it is none.
pub fn type_from_json(json: &Json) -> Result<Type, JsonError> {
    match json {
        Json::String(name) => match &**name {
            "dynamic" => Ok(Type::Dynamic),
            "bool" => Ok(Type::Bool),
            "number" => Ok(Type::Number),
            "string" => Ok(Type::String),
            _ => Err(invalid()),
        },
        Json::Array(parts) => match &parts[..] {
            [Json::String(kind), rest @ ..] => constructed(kind, rest),
            _ => Err(invalid()),
        },
        _ => Err(invalid()),
    }
}

fn constructed(kind: &str, rest: &[Json]) -> Result<Type, JsonError> {
    match (kind, rest) {
        ("list", [element]) => Ok(Type::list(type_from_json(element)?)),
        ("set", [element]) => Ok(Type::set(type_from_json(element)?)),
        ("map", [element]) => Ok(Type::map(type_from_json(element)?)),
        ("tuple", [Json::Array(parts)]) => {
            Ok(Type::tuple(parts.iter().map(type_from_json).collect::<Result<_, _>>()?))
        }
        ("object", [Json::Object(attributes)]) => object(attributes, &[]),
        ("object", [Json::Object(attributes), Json::Array(optional)]) => {
            object(attributes, optional)
        }
        _ => Err(invalid()),
    }
}

fn object(attributes: &Map<String, Json>, optional: &[Json]) -> Result<Type, JsonError> {
    if !optional.iter().all(|name| name.as_str().is_some_and(|n| attributes.contains_key(n))) {
        return Err(invalid());
    }
    let field = |(name, ty): (&String, &Json)| {
        let optional = optional.iter().any(|n| n.as_str() == Some(name));
        Ok(Field { name: name.as_str().into(), ty: type_from_json(ty)?, optional })
    };
    Ok(Type::object_of(attributes.iter().map(field).collect::<Result<_, _>>()?))
}

fn invalid() -> JsonError {
    JsonError::new(&Path::root(), "not a type")
}
