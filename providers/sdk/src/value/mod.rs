//! `Value`: what expressions yield and documents hold, with unknown and sensitive parts.
//!
//! A node takes at most 24 bytes; containers are shared slices, so that previous, prior and
//! planned documents share what they have in common. A `Value` has no `Serialize` on purpose:
//! its wire form is [`wire::Wire`].

pub mod convert;
pub mod json;
pub mod known;
pub mod mark;
pub mod number;
mod order;
pub mod path;
pub mod types;
pub mod wire;

use std::fmt;
use std::sync::Arc;

pub use known::KnownDoc;
pub use mark::Marks;
pub use number::Number;
pub use path::{Path, Step};
pub use types::{Field, Type};

use crate::scope::Scope;

/// A shared name: attribute, key, label.
pub type Name = Arc<str>;

/// A value of the language.
#[derive(Clone)]
pub enum Value {
    /// `null` of a type.
    Null(Type),
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, in Unicode NFC as in Terraform.
    String(Arc<str>),
    /// `list(T)`
    List(Arc<Sequence>),
    /// `set(T)`: sorted by [`Value::total_cmp`], without duplicates.
    Set(Arc<Sequence>),
    /// `tuple([…])`
    Tuple(Arc<Vec<Value>>),
    /// `map(T)`
    Map(Arc<Mapping>),
    /// `object({…})`: sorted by name.
    Object(Arc<Vec<(Name, Value)>>),
    /// Not known yet.
    Unknown(Arc<Unknown>),
    /// A value with marks; the inner value is never itself `Marked`.
    Marked(Arc<Marked>),
}

/// The elements of a list or set, with their type.
#[derive(Clone)]
pub struct Sequence {
    /// The element type.
    pub element: Type,
    /// The elements.
    pub items: Vec<Value>,
}

/// The entries of a map, sorted by key, with their type.
#[derive(Clone)]
pub struct Mapping {
    /// The element type.
    pub element: Type,
    /// The entries.
    pub entries: Vec<(Name, Value)>,
}

/// A value that is not known, and what is known of it all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its type, `Dynamic` if that is unknown too.
    pub ty: Type,
    /// Whether it is known not to be null.
    pub not_null: bool,
    /// A known prefix of a string.
    pub prefix: Option<Arc<str>>,
    /// Why it is unknown.
    pub why: Why,
}

/// Why a value is unknown. Merging keeps the worst; whatever is not `AfterApply` defers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The provider tells it when the change has been made.
    AfterApply,
    /// It belongs to a change that is itself deferred; the address.
    Deferred(Name),
    /// Its object could not be read.
    Unreachable(Arc<Scope>),
}

/// A value and its marks.
#[derive(Clone)]
pub struct Marked {
    /// The marks of this node.
    pub marks: Marks,
    /// The value itself, not `Marked`.
    pub value: Value,
}

impl Value {
    /// A string.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A string from outside, brought to Unicode NFC.
    pub fn nfc(text: &str) -> Self {
        Self::String(nfc(text))
    }

    /// An integer.
    pub fn int(n: i64) -> Self {
        Self::Number(Number::from(n))
    }

    /// `null` of unknown type.
    pub fn null() -> Self {
        Self::Null(Type::Dynamic)
    }

    /// A list; the elements have the type `element` already.
    pub fn list(element: Type, items: Vec<Self>) -> Self {
        Self::List(Arc::new(Sequence { element, items }))
    }

    /// A set: sorts and removes duplicates.
    pub fn set(element: Type, mut items: Vec<Self>) -> Self {
        items.sort_by(Self::total_cmp);
        // Two that are not known yet may turn out to be different.
        items.dedup_by(|a, b| a.total_cmp(b).is_eq() && a.is_wholly_known());
        Self::Set(Arc::new(Sequence { element, items }))
    }

    /// A tuple.
    pub fn tuple(items: Vec<Self>) -> Self {
        Self::Tuple(Arc::new(items))
    }

    /// A map; the last of equal keys wins.
    pub fn map(element: Type, entries: impl IntoIterator<Item = (Name, Self)>) -> Self {
        let entries = sorted(entries);
        Self::Map(Arc::new(Mapping { element, entries }))
    }

    /// An object; the last of equal names wins.
    pub fn object(entries: impl IntoIterator<Item = (Name, Self)>) -> Self {
        Self::Object(Arc::new(sorted(entries)))
    }

    /// A value that the provider will tell after the change.
    pub fn unknown(ty: Type) -> Self {
        Self::unknown_because(ty, Why::AfterApply)
    }

    /// An unknown value with its reason.
    pub fn unknown_because(ty: Type, why: Why) -> Self {
        Self::Unknown(Arc::new(Unknown { ty, not_null: false, prefix: None, why }))
    }

    /// The value with `marks` added.
    #[must_use]
    pub fn mark(self, marks: Marks) -> Self {
        if marks.is_empty() {
            return self;
        }
        match self {
            Self::Marked(m) => {
                Self::Marked(Arc::new(Marked { marks: m.marks | marks, value: m.value.clone() }))
            }
            value => Self::Marked(Arc::new(Marked { marks, value })),
        }
    }

    /// The value marked as sensitive.
    #[must_use]
    pub fn sensitive(self) -> Self {
        self.mark(Marks::SENSITIVE)
    }

    /// This node without its marks, and the marks. Inner nodes keep theirs.
    pub fn unmark(&self) -> (&Self, Marks) {
        match self {
            Self::Marked(m) => (&m.value, m.marks),
            value => (value, Marks::NONE),
        }
    }

    /// This node without its marks.
    pub fn bare(&self) -> &Self {
        self.unmark().0
    }

    /// The marks of this node and of all nodes inside.
    pub fn marks_deep(&self) -> Marks {
        let (value, marks) = self.unmark();
        value.children().fold(marks, |all, child| all | child.marks_deep())
    }

    /// The value and everything inside without marks.
    #[must_use]
    pub fn unmark_deep(&self) -> Self {
        if self.marks_deep().is_empty() {
            return self.clone();
        }
        self.bare().map_children(&mut |_, child| child.unmark_deep())
    }

    /// Its type.
    pub fn ty(&self) -> Type {
        match self {
            Self::Null(ty) => ty.clone(),
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::List(s) => Type::list(s.element.clone()),
            Self::Set(s) => Type::set(s.element.clone()),
            Self::Map(m) => Type::map(m.element.clone()),
            Self::Tuple(items) => Type::tuple(items.iter().map(Self::ty).collect()),
            Self::Object(entries) => {
                Type::object(entries.iter().map(|(name, v)| (name.clone(), v.ty())))
            }
            Self::Unknown(u) => u.ty.clone(),
            Self::Marked(m) => m.value.ty(),
        }
    }

    /// Whether this node is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.bare(), Self::Null(_))
    }

    /// Whether this node is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self.bare(), Self::Unknown(_))
    }

    /// Whether nothing inside is unknown.
    pub fn is_wholly_known(&self) -> bool {
        !self.is_unknown() && self.bare().children().all(Self::is_wholly_known)
    }

    /// The worst reason why something inside is unknown.
    pub fn why_unknown(&self) -> Option<Why> {
        match self.bare() {
            Self::Unknown(u) => Some(u.why.clone()),
            value => value.children().filter_map(Self::why_unknown).max(),
        }
    }

    /// The attribute of an object or element of a map, marks of the container dropped.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let entries = match self.bare() {
            Self::Object(entries) => &**entries,
            Self::Map(m) => &m.entries,
            _ => return None,
        };
        entries.binary_search_by(|(key, _)| (**key).cmp(name)).ok().map(|i| &entries[i].1)
    }

    /// The elements of a list, set or tuple, marks of the container dropped.
    pub fn items(&self) -> Option<&[Self]> {
        match self.bare() {
            Self::List(s) | Self::Set(s) => Some(&s.items),
            Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of an object or map, marks of the container dropped.
    pub fn entries(&self) -> Option<&[(Name, Self)]> {
        match self.bare() {
            Self::Object(entries) => Some(entries),
            Self::Map(m) => Some(&m.entries),
            _ => None,
        }
    }

    /// The text of a known string.
    pub fn as_str(&self) -> Option<&str> {
        match self.bare() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A known bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self.bare() {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// A known number.
    pub fn as_number(&self) -> Option<&Number> {
        match self.bare() {
            Self::Number(n) => Some(n),
            _ => None,
        }
    }

    /// A known integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The part at `path`.
    pub fn at(&self, path: &Path) -> Option<&Self> {
        path.0.iter().try_fold(self, |value, step| match step {
            Step::Attr(name) | Step::Key(name) => value.get(name),
            Step::Index(n) => value.items()?.get(*n),
        })
    }

    /// The same object with the attribute `name` set.
    #[must_use]
    pub fn with(&self, name: &str, value: Self) -> Self {
        match self {
            Self::Object(entries) => {
                let mut entries = (**entries).clone();
                match entries.binary_search_by(|(key, _)| (**key).cmp(name)) {
                    Ok(i) => entries[i].1 = value,
                    Err(i) => entries.insert(i, (name.into(), value)),
                }
                Self::Object(Arc::new(entries))
            }
            Self::Marked(m) => m.value.with(name, value).mark(m.marks),
            _ => Self::object([(name.into(), value)]),
        }
    }

    /// The direct parts of a container; nothing for anything else.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        let (items, entries): (&[Self], &[(Name, Self)]) = match self {
            Self::List(s) | Self::Set(s) => (&s.items, &[]),
            Self::Tuple(items) => (items, &[]),
            Self::Map(m) => (&[], &m.entries),
            Self::Object(entries) => (&[], entries),
            Self::Marked(m) => (std::slice::from_ref(&m.value), &[]),
            Self::Null(_)
            | Self::Bool(_)
            | Self::Number(_)
            | Self::String(_)
            | Self::Unknown(_) => (&[], &[]),
        };
        items.iter().chain(entries.iter().map(|(_, v)| v))
    }

    /// The same container with every direct part replaced; the element type stays.
    #[must_use]
    pub fn map_children(&self, f: &mut dyn FnMut(Step, &Self) -> Self) -> Self {
        fn items(items: &[Value], f: &mut dyn FnMut(Step, &Value) -> Value) -> Vec<Value> {
            items.iter().enumerate().map(|(i, v)| f(Step::Index(i), v)).collect()
        }
        match self {
            Self::List(s) => Self::list(s.element.clone(), items(&s.items, f)),
            Self::Set(s) => Self::set(s.element.clone(), items(&s.items, f)),
            Self::Tuple(parts) => Self::tuple(items(parts, f)),
            Self::Map(m) => Self::Map(Arc::new(Mapping {
                element: m.element.clone(),
                entries: m
                    .entries
                    .iter()
                    .map(|(k, v)| (k.clone(), f(Step::Key(k.clone()), v)))
                    .collect(),
            })),
            Self::Object(entries) => Self::Object(Arc::new(
                entries.iter().map(|(k, v)| (k.clone(), f(Step::Attr(k.clone()), v))).collect(),
            )),
            Self::Marked(m) => m.value.map_children(f).mark(m.marks),
            other => other.clone(),
        }
    }

    /// Replaces every node, parents before children, for which `f` answers a value.
    #[must_use]
    pub fn transform(&self, path: &Path, f: &mut dyn FnMut(&Path, &Self) -> Option<Self>) -> Self {
        if let Some(value) = f(path, self) {
            return value;
        }
        self.map_children(&mut |step, child| child.transform(&path.join(step), f))
    }

    /// Visits every node with its path, parents before children.
    pub fn walk(&self, path: &Path, f: &mut dyn FnMut(&Path, &Self)) {
        f(path, self);
        match self.bare() {
            Self::List(_) | Self::Set(_) | Self::Tuple(_) => {
                for (i, item) in self.items().unwrap_or_default().iter().enumerate() {
                    item.walk(&path.join(Step::Index(i)), f);
                }
            }
            Self::Map(m) => {
                for (key, item) in &m.entries {
                    item.walk(&path.join(Step::Key(key.clone())), f);
                }
            }
            Self::Object(entries) => {
                for (name, item) in &**entries {
                    item.walk(&path.join(Step::Attr(name.clone())), f);
                }
            }
            _ => {}
        }
    }
}

/// A text in Unicode NFC, in which strings and keys are compared.
pub fn nfc(text: &str) -> Name {
    match unicode_normalization::is_nfc_quick(text.chars()) {
        unicode_normalization::IsNormalized::Yes => text.into(),
        _ => unicode_normalization::UnicodeNormalization::nfc(text).collect::<String>().into(),
    }
}

fn sorted(entries: impl IntoIterator<Item = (Name, Value)>) -> Vec<(Name, Value)> {
    let map: std::collections::BTreeMap<Name, Value> = entries.into_iter().collect();
    map.into_iter().collect()
}

/// For logs and test failures: never shows what is marked.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null(_) => f.write_str("null"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Number(n) => write!(f, "{n}"),
            Self::String(text) => write!(f, "{text:?}"),
            Self::List(s) | Self::Set(s) => f.debug_list().entries(&s.items).finish(),
            Self::Tuple(items) => f.debug_list().entries(items.iter()).finish(),
            Self::Map(m) => f.debug_map().entries(m.entries.iter().map(|(k, v)| (k, v))).finish(),
            Self::Object(e) => f.debug_map().entries(e.iter().map(|(k, v)| (k, v))).finish(),
            Self::Unknown(_) => f.write_str("(known after apply)"),
            Self::Marked(_) => f.write_str("(sensitive value)"),
        }
    }
}
