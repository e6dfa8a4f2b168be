//! Cases: configurations of a kind to walk through, and what must exist before.

use std::sync::Arc;

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::schema::{Attribute, Shape};
use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::value::json::{JsonError, from_json};
use lifeboat_sdk::{Location, Name, RegionName, Scope, Value};

/// Where the objects of a run live.
#[derive(Clone, Debug)]
pub struct Place {
    /// The provider's name.
    pub provider: Name,
    /// The account.
    pub account: Name,
    /// The region of what names none.
    pub region: Name,
}

/// A kind and the cases that it is tried with.
#[derive(Clone)]
pub struct Subject {
    /// The kind, able to make calls.
    pub kind: Arc<dyn DynKind>,
    /// Where.
    pub place: Place,
    /// The cases.
    pub cases: Vec<Case>,
}

/// Configurations to walk through: 1 → 2 → 3 → 1.
#[derive(Clone)]
pub struct Case {
    /// Its name in messages.
    pub name: String,
    /// Documents as they are configured. A string may hold `${NEED.attribute}`.
    pub steps: Vec<Value>,
    /// What is made before, in this order.
    pub needs: Vec<Need>,
}

/// An object that a case needs.
#[derive(Clone)]
pub struct Need {
    /// Its name in `${NEED.attribute}`.
    pub name: String,
    /// Its kind, able to make calls.
    pub kind: Arc<dyn DynKind>,
    /// Its configuration; may name the needs before it.
    pub config: Value,
}

impl Case {
    /// A case from JSON texts.
    ///
    /// # Errors
    /// Where a text is not JSON.
    pub fn parse(name: &str, steps: &[&str]) -> Result<Self, JsonError> {
        let steps = steps.iter().map(|text| from_json(text, None)).collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), steps, needs: Vec::new() })
    }

    /// The case with one more thing that it needs, configured by a JSON text.
    ///
    /// # Errors
    /// Where the text is not JSON.
    pub fn needing(
        mut self,
        name: &str,
        kind: &Arc<dyn DynKind>,
        config: &str,
    ) -> Result<Self, JsonError> {
        let config = from_json(config, None)?;
        self.needs.push(Need { name: name.to_owned(), kind: kind.clone(), config });
        Ok(self)
    }
}

impl Place {
    /// The scope of an object.
    pub fn scope(&self, kind: &dyn DynKind, document: &Value) -> Scope {
        let service = kind.service();
        let location = match service.home {
            Some(home) => Location::Global { home: home.into() },
            None => {
                let region = document.get("region").and_then(Value::as_str);
                Location::Region(RegionName(region.map_or_else(|| self.region.clone(), Name::from)))
            }
        };
        Scope {
            provider: self.provider.clone(),
            account: self.account.clone(),
            location,
            service: service.name.into(),
        }
    }
}

/// Replaces `${NEED.attribute}` by the attribute of what was made.
pub(crate) fn resolve(config: &Value, made: &[(String, Value)]) -> Value {
    match config {
        Value::String(text) if text.contains("${") => {
            let mut text = text.to_string();
            for (need, document) in made {
                for (name, value) in document.entries().unwrap_or_default() {
                    if let Some(value) = value.as_str() {
                        text = text.replace(&format!("${{{need}.{name}}}"), value);
                    }
                }
            }
            Value::string(text)
        }
        other => other.map_children(&mut |_, child| resolve(child, made)),
    }
}

/// A configuration as a whole document: every attribute there and of its type.
///
/// # Errors
/// Where the configuration does not fit.
pub fn document(attributes: &[Attribute], config: &Value) -> Result<Value, String> {
    let entries = config.entries().ok_or("an object is needed")?;
    if let Some((name, _)) =
        entries.iter().find(|(n, _)| !attributes.iter().any(|a| *a.name == **n))
    {
        return Err(format!("there is no attribute `{name}`"));
    }
    let attribute = |a: &Attribute| {
        let value = match config.get(a.name) {
            Some(value) if !value.is_null() => {
                typed(&a.shape, value).map_err(|why| format!("{}: {why}", a.name))?
            }
            _ => match &a.shape {
                // Blocks and collections that are not configured.
                Shape::List(inner) if is_block(a) => Value::list(inner.ty(), Vec::new()),
                Shape::Set(inner) if is_block(a) => Value::set(inner.ty(), Vec::new()),
                shape => Value::Null(shape.ty()),
            },
        };
        Ok((a.name.into(), value))
    };
    Ok(Value::object(attributes.iter().map(attribute).collect::<Result<Vec<_>, String>>()?))
}

fn is_block(a: &Attribute) -> bool {
    matches!(a.syntax, lifeboat_sdk::Syntax::Block { .. })
}

fn typed(shape: &Shape, value: &Value) -> Result<Value, String> {
    let items = || -> Result<&[Value], String> {
        value.items().ok_or_else(|| format!("{} is needed", shape.ty().friendly()))
    };
    match shape {
        Shape::Object(attributes) => document(attributes, value),
        Shape::List(inner) if inner.attributes().is_some() => {
            let items = items()?.iter().map(|item| typed(inner, item));
            Ok(Value::list(inner.ty(), items.collect::<Result<_, _>>()?))
        }
        Shape::Set(inner) if inner.attributes().is_some() => {
            let items = items()?.iter().map(|item| typed(inner, item));
            Ok(Value::set(inner.ty(), items.collect::<Result<_, _>>()?))
        }
        Shape::Map(inner) if inner.attributes().is_some() => {
            let entries = value.entries().ok_or("a map is needed")?;
            let entries = entries.iter().map(|(key, item)| Ok((key.clone(), typed(inner, item)?)));
            Ok(Value::map(inner.ty(), entries.collect::<Result<Vec<_>, String>>()?))
        }
        leaf => convert(value, &leaf.ty()).map_err(|e| e.to_string()),
    }
}
