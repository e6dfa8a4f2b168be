//! Whether a document fits its schema, as a strict server would ask.

use lifeboat_sdk::schema::{Attribute, Presence, Shape, Syntax};
use lifeboat_sdk::value::{Path, Step};
use lifeboat_sdk::{Class, Failure, Value};

/// Refuses a document that does not have exactly the schema's attributes with their types.
pub(crate) fn document(attributes: &[Attribute], document: &Value) -> Result<(), Failure> {
    object(attributes, document, &Path::root())
        .map_err(|text| Failure::new(Class::Invalid, text).code("InvalidDocument"))
}

fn object(attributes: &[Attribute], value: &Value, path: &Path) -> Result<(), String> {
    let Value::Object(entries) = value else {
        return Err(format!("an object is needed at `{path}`"));
    };
    if let Some((name, _)) =
        entries.iter().find(|(n, _)| !attributes.iter().any(|a| *a.name == **n))
    {
        return Err(format!("there is no attribute `{name}` at `{path}`"));
    }
    for a in attributes {
        let at = path.join(Step::Attr(a.name.into()));
        let value = value.get(a.name).ok_or_else(|| format!("the attribute `{at}` is missing"))?;
        attribute(a, value, &at)?;
    }
    Ok(())
}

fn attribute(a: &Attribute, value: &Value, path: &Path) -> Result<(), String> {
    if value.is_null() {
        return if a.presence == Presence::Required {
            Err(format!("the required attribute `{path}` has no value"))
        } else {
            Ok(())
        };
    }
    if let Syntax::Block { min, max } = a.syntax {
        let count = value.items().unwrap_or_default().len();
        let (min, max) = (min as usize, if max == 0 { usize::MAX } else { max as usize });
        if count < min || count > max {
            return Err(format!("there are {count} blocks `{path}`"));
        }
    }
    shape(&a.shape, value, path)
}

fn shape(shape: &Shape, value: &Value, path: &Path) -> Result<(), String> {
    let wrong = || Err(format!("`{path}` is {}, not {}", value.ty(), shape.ty()));
    match (shape, value) {
        (Shape::Dynamic, _)
        | (Shape::Bool, Value::Bool(_))
        | (Shape::Number, Value::Number(_))
        | (Shape::String, Value::String(_)) => Ok(()),
        (Shape::Object(attributes), Value::Object(_)) => object(attributes, value, path),
        (Shape::List(inner), Value::List(sequence)) | (Shape::Set(inner), Value::Set(sequence)) => {
            let mut items = sequence.items.iter().enumerate();
            items.try_for_each(|(i, item)| self::shape(inner, item, &path.join(Step::Index(i))))
        }
        (Shape::Map(inner), Value::Map(map)) => map.entries.iter().try_for_each(|(key, item)| {
            self::shape(inner, item, &path.join(Step::Key(key.clone())))
        }),
        _ => wrong(),
    }
}
