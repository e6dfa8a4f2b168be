//! Planning one object: merge, normalise, compare, decide between update and replacement.

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::schema::{Attribute, Presence, Schema, Shape};
use lifeboat_sdk::value::Step;
use lifeboat_sdk::{Marks, Path, Value};

use super::Action;
use super::merge::{Ignore, ignore, merge, partner};

/// What planning one object came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Create, update, replace or nothing.
    pub action: Action,
    /// The planned document.
    pub after: Value,
    /// What differs.
    pub changed: Vec<Path>,
    /// What forces a replacement.
    pub replace_paths: Vec<Path>,
}

/// Plans a new object.
pub fn create(kind: &dyn DynKind, config: &Value) -> Proposal {
    let merged = merge(kind.schema().attributes, None, config);
    let after = with_id(kind, keep_marks(kind.normalise(&merged), config));
    Proposal { action: Action::Create, after, changed: Vec::new(), replace_paths: Vec::new() }
}

/// Plans an object that exists as `prior`.
pub fn update(kind: &dyn DynKind, prior: &Value, config: &Value, ignored: &Ignore) -> Proposal {
    let schema = kind.schema();
    let config = &ignore(config, prior, ignored);
    let merged = merge(schema.attributes, Some(prior), config);
    let proposed = keep_marks(kind.normalise(&merged), &merged);
    let known = kind.normalise(prior);
    let mut differ = Differ::default();
    let after = differ.object(schema.attributes, &known, prior, &proposed, &Path::root());
    if differ.changed.is_empty() {
        let action = if same_marks(prior, &after) { Action::NoOp } else { Action::Update };
        return Proposal { action, after, changed: Vec::new(), replace_paths: Vec::new() };
    }
    if !differ.replace.is_empty() {
        let fresh = create(kind, config).after;
        return Proposal {
            action: Action::Replace,
            after: fresh,
            changed: differ.changed,
            replace_paths: differ.replace,
        };
    }
    let after = forget_volatile(schema, after);
    Proposal { action: Action::Update, after, changed: differ.changed, replace_paths: Vec::new() }
}

/// The id where the configuration decides it: what refers to it is known before apply.
fn with_id(kind: &dyn DynKind, after: Value) -> Value {
    let computed = kind.schema().attribute("id").is_some_and(|a| a.presence == Presence::Computed);
    let unknown = after.get("id").is_some_and(Value::is_unknown);
    match kind.id_of(&after).filter(|_| computed && unknown) {
        Some(id) => after.with("id", Value::String(id)),
        None => after,
    }
}

/// The same object made anew: `-replace`, a tainted object, `replace_triggered_by`.
pub fn replace(kind: &dyn DynKind, config: &Value) -> Proposal {
    Proposal { action: Action::Replace, ..create(kind, config) }
}

/// Computed attributes that any update may change are unknown until it is done.
fn forget_volatile(schema: &Schema, after: Value) -> Value {
    schema
        .attributes
        .iter()
        .filter(|a| a.volatile && !a.kept)
        .fold(after, |doc, a| doc.with(a.name, Value::unknown(a.shape.ty())))
}

/// Puts the marks of `from` onto the same places of `value`; `normalise` may have dropped them.
fn keep_marks(value: Value, from: &Value) -> Value {
    if from.marks_deep().is_empty() {
        return value;
    }
    let marks = from.unmark().1 | value.unmark().1;
    let inner = value.bare().map_children(&mut |step, child| {
        match from.at(&Path(vec![step])) {
            Some(origin) => keep_marks(child.clone(), origin),
            // No counterpart: what was inside may be anywhere, so it inherits all of it.
            None => child.clone().mark(from.marks_deep()),
        }
    });
    inner.mark(marks)
}

/// Whether sensitive parts are at the same places.
fn same_marks(a: &Value, b: &Value) -> bool {
    fn places(value: &Value) -> Vec<Path> {
        let mut out = Vec::new();
        value.walk(&Path::root(), &mut |path, v| {
            // Where nothing is there is nothing to hide.
            if v.unmark().1.contains(Marks::SENSITIVE) && !v.is_null() {
                out.push(path.clone());
            }
        });
        out
    }
    places(a) == places(b)
}

#[derive(Default)]
struct Differ {
    changed: Vec<Path>,
    replace: Vec<Path>,
}

impl Differ {
    /// Compares attribute by attribute; what means the same is taken as the API spells it.
    fn object(
        &mut self,
        attributes: &[Attribute],
        known: &Value,
        prior: &Value,
        proposed: &Value,
        path: &Path,
    ) -> Value {
        Value::object(attributes.iter().map(|a| {
            let null = Value::Null(a.shape.ty());
            let at = path.join(Step::Attr(a.name.into()));
            let old = known.get(a.name).unwrap_or(&null);
            let raw = prior.get(a.name).unwrap_or(&null);
            let new = proposed.get(a.name).unwrap_or(&null);
            if a.role {
                return (a.name.into(), raw.clone());
            }
            let value = self.attribute(a, old, raw, new, &at);
            (a.name.into(), value)
        }))
    }

    fn attribute(
        &mut self,
        a: &Attribute,
        old: &Value,
        raw: &Value,
        new: &Value,
        at: &Path,
    ) -> Value {
        if a.presence == Presence::Computed {
            return new.clone();
        }
        if old == new && new.is_wholly_known() {
            // Equal in meaning: the API's own spelling stays, with the configuration's marks.
            return if raw == new { new.clone() } else { raw.clone().mark(new.marks_deep()) };
        }
        if a.forces_replacement {
            self.changed.push(at.clone());
            self.replace.push(at.clone());
            return new.clone();
        }
        let before = self.changed.len();
        self.inside(&a.shape, old, new, at);
        if self.changed.len() == before {
            self.changed.push(at.clone());
        }
        new.clone()
    }

    /// Looks for attributes inside blocks that force a replacement.
    fn inside(&mut self, shape: &Shape, old: &Value, new: &Value, at: &Path) {
        let Some(attributes) = shape.attributes() else { return };
        match shape {
            Shape::Object(_) => self.nested(attributes, Some(old), new, at),
            Shape::List(_) => {
                let olds = old.items().unwrap_or_default();
                for (i, item) in new.items().unwrap_or_default().iter().enumerate() {
                    self.nested(attributes, olds.get(i), item, &at.join(Step::Index(i)));
                }
            }
            Shape::Set(_) => {
                let olds = old.items().unwrap_or_default();
                for (i, item) in new.items().unwrap_or_default().iter().enumerate() {
                    let old = partner(attributes, olds, item);
                    self.nested(attributes, old, item, &at.join(Step::Index(i)));
                }
            }
            _ => {}
        }
    }

    fn nested(&mut self, attributes: &[Attribute], old: Option<&Value>, new: &Value, at: &Path) {
        if old == Some(new) {
            return;
        }
        for a in attributes {
            let null = Value::Null(a.shape.ty());
            let before = old.and_then(|o| o.get(a.name)).unwrap_or(&null);
            let after = new.get(a.name).unwrap_or(&null);
            let path = at.join(Step::Attr(a.name.into()));
            if a.presence == Presence::Computed || (before == after && after.is_wholly_known()) {
                continue;
            }
            if a.forces_replacement {
                self.changed.push(path.clone());
                self.replace.push(path);
            } else {
                self.inside(&a.shape, before, after, &path);
            }
        }
    }
}
