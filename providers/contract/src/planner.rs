//! A planner just large enough for the contract: merge, normalise, compare, decide.

use lifeboat_sdk::kind::{DynKind, RolePlan};
use lifeboat_sdk::schema::{Attribute, Presence, Shape};
use lifeboat_sdk::value::Step;
use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{Path, RoleContext, Value};

/// What a plan does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Makes it.
    Create,
    /// Changes it in place.
    Update,
    /// Removes it and makes it anew.
    Replace,
}

/// A plan for one object.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to do.
    pub action: Action,
    /// The document with unknowns where the provider decides.
    pub after: Value,
    /// What differs.
    pub changed: Vec<Path>,
}

/// Plans a configuration (a whole document) for a new object or against the prior one. `None`
/// where the kind wants no such object in the primary region.
pub fn plan(kind: &dyn DynKind, config: &Value, prior: Option<&Value>) -> Option<Plan> {
    let attributes = kind.schema().attributes;
    let fresh = || {
        let merged = kind.normalise(&merge(attributes, config, None));
        let role = RoleContext { region: "us-east-1".into(), primary: true, epoch: 1 };
        match kind.plan_role(&role, &merged) {
            RolePlan::Document(document) => Some(document),
            RolePlan::AbsentByRole => None,
        }
    };
    let Some(prior) = prior else {
        return Some(Plan { action: Action::Create, after: fresh()?, changed: Vec::new() });
    };
    let merged = kind.normalise(&merge(attributes, config, Some(prior)));
    let known = kind.normalise(prior);
    let mut changes = Changes::default();
    let after = Value::object(attributes.iter().map(|a| {
        let null = Value::Null(a.shape.ty());
        let of = |document: &Value| document.get(a.name).unwrap_or(&null).clone();
        let path = Path::attr(a.name);
        if a.presence == Presence::Computed {
            return (a.name.into(), of(&merged));
        }
        let same = a.role || !changes.attribute(a, &of(&known), &of(&merged), &path);
        (a.name.into(), if same { of(prior) } else { of(&merged) })
    }));
    let Changes { changed, replace } = changes;
    if changed.is_empty() {
        return Some(Plan { action: Action::NoOp, after: prior.clone(), changed });
    }
    if replace {
        return Some(Plan { action: Action::Replace, after: fresh()?, changed });
    }
    let volatile = attributes.iter().filter(|a| a.volatile);
    let after = volatile.fold(after, |doc, a| doc.with(a.name, Value::unknown(a.shape.ty())));
    Some(Plan { action: Action::Update, after, changed })
}

/// The configuration with what is computed: as it was, or unknown.
fn merge(attributes: &[Attribute], config: &Value, prior: Option<&Value>) -> Value {
    Value::object(attributes.iter().map(|a| {
        let prior = prior.and_then(|p| p.get(a.name));
        let config = config.get(a.name).filter(|v| !v.is_null());
        (a.name.into(), merge_one(a, config, prior))
    }))
}

fn merge_one(a: &Attribute, config: Option<&Value>, prior: Option<&Value>) -> Value {
    let computed = || prior.cloned().unwrap_or_else(|| Value::unknown(a.shape.ty()));
    let empty = config.is_some_and(|c| c.items().is_some_and(<[_]>::is_empty));
    let is_block = matches!(a.syntax, lifeboat_sdk::Syntax::Block { .. });
    match (a.presence, config) {
        (Presence::Computed, _) | (Presence::OptionalComputed, None) => computed(),
        (Presence::OptionalComputed, Some(_)) if empty && is_block => computed(),
        (_, Some(config)) => merge_shape(&a.shape, config, prior),
        (Presence::Required | Presence::Optional, None) => {
            let ty = a.shape.ty();
            let default = a.default.and_then(|text| from_json(text, Some(&ty)).ok());
            default.unwrap_or(Value::Null(ty))
        }
    }
}

fn merge_shape(shape: &Shape, config: &Value, prior: Option<&Value>) -> Value {
    let old = prior.and_then(Value::items).unwrap_or_default();
    match (shape, config) {
        (Shape::Object(attributes), Value::Object(_)) => merge(attributes, config, prior),
        (Shape::List(inner), Value::List(list)) if inner.attributes().is_some() => {
            let items = list.items.iter().enumerate();
            let items = items.map(|(i, item)| merge_shape(inner, item, old.get(i)));
            Value::list(inner.ty(), items.collect())
        }
        (Shape::Set(inner), Value::Set(set)) if inner.attributes().is_some() => {
            let attributes = inner.attributes().unwrap_or_default();
            let items = set.items.iter();
            let items = items.map(|item| merge_shape(inner, item, partner(attributes, old, item)));
            Value::set(inner.ty(), items.collect())
        }
        (Shape::Map(inner), Value::Map(map)) if inner.attributes().is_some() => {
            let entries = map.entries.iter().map(|(key, item)| {
                (key.clone(), merge_shape(inner, item, prior.and_then(|p| p.get(key))))
            });
            Value::map(inner.ty(), entries)
        }
        (_, config) => config.clone(),
    }
}

/// The element of `old` that a configured element was: by its keys, else by all it says.
fn partner<'v>(attributes: &[Attribute], old: &'v [Value], item: &Value) -> Option<&'v Value> {
    let keyed = attributes.iter().any(|a| a.set_key);
    old.iter().find(|candidate| {
        let mut telling =
            attributes.iter().filter(|a| if keyed { a.set_key } else { !a.presence.computed() });
        telling.all(|a| item.get(a.name) == candidate.get(a.name))
    })
}

#[derive(Default)]
struct Changes {
    changed: Vec<Path>,
    replace: bool,
}

impl Changes {
    /// Whether an attribute differs; enters what does.
    fn attribute(&mut self, a: &Attribute, old: &Value, new: &Value, path: &Path) -> bool {
        if a.role || same(a, old, new) {
            return false;
        }
        let before = self.changed.len();
        if !self.inside(&a.shape, old, new, path) {
            self.changed.push(path.clone());
        }
        self.replace |= a.forces_replacement;
        self.changed.len() > before
    }

    /// Compares the parts of what has the same parts; `false` where it has not.
    fn inside(&mut self, shape: &Shape, old: &Value, new: &Value, path: &Path) -> bool {
        match (shape, old.items(), new.items()) {
            (Shape::Object(attributes), _, _) if !old.is_null() && !new.is_null() => {
                for a in *attributes {
                    let null = Value::Null(a.shape.ty());
                    let (old, new) = (old.get(a.name), new.get(a.name));
                    let path = path.join(Step::Attr(a.name.into()));
                    self.attribute(a, old.unwrap_or(&null), new.unwrap_or(&null), &path);
                }
                true
            }
            (Shape::List(inner), Some(old), Some(new))
                if inner.attributes().is_some() && old.len() == new.len() =>
            {
                for (i, (old, new)) in old.iter().zip(new).enumerate() {
                    self.inside(inner, old, new, &path.join(Step::Index(i)));
                }
                true
            }
            _ => false,
        }
    }
}

/// Whether two values of an attribute mean the same.
fn same(a: &Attribute, old: &Value, new: &Value) -> bool {
    old == new || (a.json && same_json(old, new))
}

fn same_json(old: &Value, new: &Value) -> bool {
    let read = |value: &Value| value.as_str().and_then(|text| from_json(text, None).ok());
    read(old).is_some_and(|old| read(new).is_some_and(|new| old == new))
}

/// Whether every known part of `planned` is so in `returned`; the first part that is not.
///
/// # Errors
/// The path and both values.
pub fn within(
    attributes: &[Attribute],
    planned: &Value,
    returned: &Value,
    path: &Path,
) -> Result<(), String> {
    for a in attributes {
        let at = path.join(Step::Attr(a.name.into()));
        let null = Value::Null(a.shape.ty());
        let (planned, returned) =
            (planned.get(a.name).unwrap_or(&null), returned.get(a.name).unwrap_or(&null));
        if !(a.json && same_json(planned, returned)) {
            within_shape(&a.shape, planned, returned, &at)?;
        }
    }
    Ok(())
}

fn within_shape(
    shape: &Shape,
    planned: &Value,
    returned: &Value,
    path: &Path,
) -> Result<(), String> {
    let differ = || Err(format!("`{path}` was planned as {planned:?}, but is {returned:?}"));
    if planned.is_unknown() || planned == returned {
        return Ok(());
    }
    if planned.is_null() || returned.is_null() {
        return differ();
    }
    match (shape, planned.items(), returned.items()) {
        (Shape::Object(attributes), _, _) => within(attributes, planned, returned, path),
        (Shape::List(inner), Some(planned), Some(returned)) if planned.len() == returned.len() => {
            let mut items = planned.iter().zip(returned).enumerate();
            items.try_for_each(|(i, (p, r))| within_shape(inner, p, r, &path.join(Step::Index(i))))
        }
        (Shape::Set(inner), Some(planned), Some(returned)) if planned.len() == returned.len() => {
            let inside =
                |p: &Value| returned.iter().any(|r| within_shape(inner, p, r, path).is_ok());
            if planned.iter().all(inside) { Ok(()) } else { differ() }
        }
        (Shape::Map(inner), _, _) => {
            let (Some(p), Some(r)) = (planned.entries(), returned.entries()) else {
                return differ();
            };
            if p.len() != r.len() {
                return differ();
            }
            p.iter().try_for_each(|(key, p)| match returned.get(key) {
                Some(r) => within_shape(inner, p, r, &path.join(Step::Key(key.clone()))),
                None => differ(),
            })
        }
        _ => differ(),
    }
}
