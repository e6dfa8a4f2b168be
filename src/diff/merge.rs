//! Merging a configuration with what the provider computed: the proposed document.

use lifeboat_sdk::schema::{Attribute, Presence, Shape, Syntax};
use lifeboat_sdk::value::{Step, Unknown, Why};
use lifeboat_sdk::{Path, Value};

/// Paths of `lifecycle.ignore_changes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ignore {
    /// None.
    #[default]
    Nothing,
    /// `all`
    All,
    /// These.
    Paths(Vec<Path>),
}

/// The configuration with the prior's values at the ignored paths.
pub fn ignore(config: &Value, prior: &Value, ignored: &Ignore) -> Value {
    match ignored {
        Ignore::Nothing => config.clone(),
        Ignore::All => prior.clone(),
        Ignore::Paths(paths) => {
            paths.iter().fold(config.clone(), |doc, path| put(&doc, prior, &path.0))
        }
    }
}

/// `doc` with the part at `path` as in `from`; where `from` has none, `doc` stays as it is.
fn put(doc: &Value, from: &Value, path: &[Step]) -> Value {
    let Some((step, rest)) = path.split_first() else { return from.clone() };
    let at = lifeboat_sdk::Path(vec![step.clone()]);
    let (Some(old), Some(new)) = (from.at(&at), doc.at(&at)) else {
        return match (step, from.at(&at), doc.bare()) {
            // A map element that only the prior has comes back.
            (Step::Key(key) | Step::Attr(key), Some(old), Value::Map(m)) => Value::map(
                m.element.clone(),
                m.entries.iter().cloned().chain([(key.clone(), old.clone())]),
            ),
            // One that only the configuration has is left out.
            (Step::Key(key) | Step::Attr(key), None, Value::Map(m)) => {
                Value::map(m.element.clone(), m.entries.iter().filter(|(k, _)| k != key).cloned())
            }
            _ => doc.clone(),
        };
    };
    let replaced = put(new, old, rest);
    doc.map_children(&mut |s, child| {
        let same = match (&s, step) {
            (Step::Index(a), Step::Index(b)) => a == b,
            (Step::Attr(a) | Step::Key(a), Step::Attr(b) | Step::Key(b)) => a == b,
            _ => false,
        };
        if same { replaced.clone() } else { child.clone() }
    })
}

/// The proposed document: the configuration, and what the provider computes as it was, or
/// unknown where the object is new. `prior` is `None` for a new object.
pub fn merge(attributes: &[Attribute], prior: Option<&Value>, config: &Value) -> Value {
    Value::object(attributes.iter().map(|attribute| {
        let prior = prior.and_then(|p| p.get(attribute.name));
        let config = config.get(attribute.name);
        let merged = merge_attribute(attribute, prior, config);
        let merged = if attribute.sensitive { merged.sensitive() } else { merged };
        (attribute.name.into(), merged)
    }))
}

fn merge_attribute(a: &Attribute, prior: Option<&Value>, config: Option<&Value>) -> Value {
    let null = || Value::Null(a.shape.ty());
    let computed = || prior.cloned().unwrap_or_else(|| to_come(a));
    let Some(config) = config.filter(|c| !c.is_null()) else {
        return match a.presence {
            Presence::Computed | Presence::OptionalComputed => computed(),
            Presence::Required | Presence::Optional => default(a).unwrap_or_else(null),
        };
    };
    if a.presence == Presence::Computed {
        return computed();
    }
    // A block that is both written and computed and was not written keeps what is there.
    let unwritten =
        matches!(a.syntax, Syntax::Block { .. }) && config.items().is_some_and(<[Value]>::is_empty);
    if unwritten && a.presence == Presence::OptionalComputed {
        return computed();
    }
    merge_shape(&a.shape, prior, config)
}

/// What the provider tells when the object is made; every object has an id.
fn to_come(a: &Attribute) -> Value {
    let not_null = a.identity && a.name == "id";
    let (ty, why) = (a.shape.ty(), Why::AfterApply);
    Value::Unknown(Unknown { ty, not_null, prefix: None, why }.into())
}

/// The default of an attribute, where the schema has one.
fn default(a: &Attribute) -> Option<Value> {
    let text = a.default?;
    lifeboat_sdk::value::json::from_json(text, Some(&a.shape.ty())).ok()
}

fn merge_shape(shape: &Shape, prior: Option<&Value>, config: &Value) -> Value {
    if config.is_unknown() || config.is_null() {
        return config.clone();
    }
    let (bare, marks) = config.unmark();
    let prior = prior.filter(|p| !p.is_unknown() && !p.is_null());
    let merged = match shape {
        Shape::Object(attributes) => merge(attributes, prior, bare),
        Shape::List(inner) if inner.attributes().is_some() => {
            let old = prior.and_then(Value::items).unwrap_or_default();
            let items = bare.items().unwrap_or_default().iter().enumerate();
            let items = items.map(|(i, item)| merge_shape(inner, old.get(i), item)).collect();
            Value::list(inner.ty(), items)
        }
        Shape::Set(inner) if inner.attributes().is_some() => {
            let attributes = inner.attributes().unwrap_or_default();
            let old = prior.and_then(Value::items).unwrap_or_default();
            let items = bare.items().unwrap_or_default().iter();
            let items = items.map(|item| merge_shape(inner, partner(attributes, old, item), item));
            Value::set(inner.ty(), items.collect())
        }
        Shape::Map(inner) if inner.attributes().is_some() => {
            let entries = bare.entries().unwrap_or_default().iter().map(|(key, item)| {
                (key.clone(), merge_shape(inner, prior.and_then(|p| p.get(key)), item))
            });
            Value::map(inner.ty(), entries)
        }
        _ => bare.clone(),
    };
    merged.mark(marks)
}

/// The element of `old` that `item` was: by its set keys, else by all that is configured.
pub fn partner<'v>(attributes: &[Attribute], old: &'v [Value], item: &Value) -> Option<&'v Value> {
    let keys: Vec<&Attribute> = attributes.iter().filter(|a| a.set_key).collect();
    old.iter().find(|candidate| {
        if keys.is_empty() {
            attributes.iter().filter(|a| a.presence != Presence::Computed).all(|a| {
                let wanted = item.get(a.name);
                wanted.is_none_or(|w| w.is_null() && a.presence == Presence::OptionalComputed)
                    || wanted == candidate.get(a.name)
            })
        } else {
            keys.iter().all(|a| item.get(a.name) == candidate.get(a.name))
        }
    })
}
