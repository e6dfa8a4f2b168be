//! `Codec`: how the type of a kind's field is read from and written to a document.
//!
//! `#[derive(Kind)]` calls these, so that it writes only names and marks itself. Errors of a
//! part carry the path inside that part; the container puts its own step before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::kind::{DecodeError, Object};
use crate::schema::{Attribute, Presence, Schema, Shape};
use crate::value::{Name, Number, Path, Step, Value};

/// A type that a field of a kind may have.
pub trait Codec: Sized {
    /// The shape of its values.
    const SHAPE: &'static Shape;
    /// Whether `null` has a meaning for it: nothing, or an empty container.
    const OPTIONAL: bool = false;

    /// What `null` is, where it is anything.
    fn absent() -> Option<Self> {
        None
    }

    /// Reads it from a value that is neither null nor unknown nor marked.
    ///
    /// # Errors
    /// Where the value has another shape.
    fn decode(value: &Value) -> Result<Self, DecodeError>;

    /// Writes it.
    fn encode(&self) -> Value;
}

impl DecodeError {
    /// An error at the root of what is decoded.
    pub fn here(message: impl Into<String>) -> Self {
        Self { path: Path::root(), message: message.into() }
    }

    /// The same error seen from the container of the part that it is about.
    #[must_use]
    pub fn under(mut self, step: Step) -> Self {
        self.path.0.insert(0, step);
        self
    }
}

/// Reads a part of a container.
fn part<T: Codec>(value: &Value) -> Result<T, DecodeError> {
    match value.bare() {
        Value::Unknown(_) => Err(DecodeError::here("a known value is needed here")),
        Value::Null(_) => {
            T::absent().ok_or_else(|| DecodeError::here(format!("{}, not null", wanted::<T>())))
        }
        known => T::decode(known),
    }
}

fn wanted<T: Codec>() -> String {
    format!("expected {}", T::SHAPE.ty().friendly())
}

fn wrong<T: Codec>(value: &Value) -> DecodeError {
    DecodeError::here(format!("{}, found {}", wanted::<T>(), value.ty().friendly()))
}

fn parts<T: Codec>(items: &[Value]) -> Result<Vec<T>, DecodeError> {
    let item = |(i, value)| part(value).map_err(|e: DecodeError| e.under(Step::Index(i)));
    items.iter().enumerate().map(item).collect()
}

impl Codec for bool {
    const SHAPE: &'static Shape = &Shape::Bool;
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        value.as_bool().ok_or_else(|| wrong::<Self>(value))
    }
    fn encode(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Codec for String {
    const SHAPE: &'static Shape = &Shape::String;
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        value.as_str().map(str::to_owned).ok_or_else(|| wrong::<Self>(value))
    }
    fn encode(&self) -> Value {
        Value::nfc(self)
    }
}

impl Codec for Number {
    const SHAPE: &'static Shape = &Shape::Number;
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        value.as_number().cloned().ok_or_else(|| wrong::<Self>(value))
    }
    fn encode(&self) -> Value {
        Value::Number(self.clone())
    }
}

impl Codec for f64 {
    const SHAPE: &'static Shape = &Shape::Number;
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        value.as_number().map(Number::to_f64).ok_or_else(|| wrong::<Self>(value))
    }
    fn encode(&self) -> Value {
        Number::from_f64(*self).map_or_else(|| Value::Null(Self::SHAPE.ty()), Value::Number)
    }
}

fn whole<T: Codec>(value: &Value, limits: &str) -> DecodeError {
    match value.as_number() {
        Some(n) => DecodeError::here(format!("expected a whole number {limits}, found {n}")),
        None => wrong::<T>(value),
    }
}

impl Codec for i64 {
    const SHAPE: &'static Shape = &Shape::Number;
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        value.as_i64().ok_or_else(|| whole::<Self>(value, "of at most 64 bits"))
    }
    fn encode(&self) -> Value {
        Value::int(*self)
    }
}

impl Codec for u32 {
    const SHAPE: &'static Shape = &Shape::Number;
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        let n = value.as_i64().and_then(|n| Self::try_from(n).ok());
        n.ok_or_else(|| whole::<Self>(value, "from 0 to 4294967295"))
    }
    fn encode(&self) -> Value {
        Value::int((*self).into())
    }
}

impl Codec for Value {
    const SHAPE: &'static Shape = &Shape::Dynamic;
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        let mut unknown = None;
        value.walk(&Path::root(), &mut |path, v| {
            if v.is_unknown() && unknown.is_none() {
                unknown = Some(path.clone());
            }
        });
        match unknown {
            Some(path) => Err(DecodeError { path, message: "a known value is needed here".into() }),
            None => Ok(value.unmark_deep()),
        }
    }
    fn encode(&self) -> Value {
        self.clone()
    }
}

impl<T: Codec> Codec for Option<T> {
    const SHAPE: &'static Shape = T::SHAPE;
    const OPTIONAL: bool = true;
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        T::decode(value).map(Some)
    }
    fn encode(&self) -> Value {
        self.as_ref().map_or_else(|| Value::Null(T::SHAPE.ty()), T::encode)
    }
}

impl<T: Codec> Codec for Vec<T> {
    const SHAPE: &'static Shape = &Shape::List(T::SHAPE);
    const OPTIONAL: bool = true;
    fn absent() -> Option<Self> {
        Some(Self::new())
    }
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        match value {
            Value::List(list) => parts(&list.items),
            other => Err(wrong::<Self>(other)),
        }
    }
    fn encode(&self) -> Value {
        Value::list(T::SHAPE.ty(), self.iter().map(T::encode).collect())
    }
}

impl<T: Codec + Ord> Codec for BTreeSet<T> {
    const SHAPE: &'static Shape = &Shape::Set(T::SHAPE);
    const OPTIONAL: bool = true;
    fn absent() -> Option<Self> {
        Some(Self::new())
    }
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        match value {
            Value::Set(set) => Ok(parts(&set.items)?.into_iter().collect()),
            other => Err(wrong::<Self>(other)),
        }
    }
    fn encode(&self) -> Value {
        Value::set(T::SHAPE.ty(), self.iter().map(T::encode).collect())
    }
}

impl<T: Codec> Codec for BTreeMap<String, T> {
    const SHAPE: &'static Shape = &Shape::Map(T::SHAPE);
    const OPTIONAL: bool = true;
    fn absent() -> Option<Self> {
        Some(Self::new())
    }
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        let Value::Map(map) = value else { return Err(wrong::<Self>(value)) };
        let entry = |(key, value): &(Name, Value)| match part(value) {
            Ok(item) => Ok((key.to_string(), item)),
            Err(e) => Err(DecodeError::under(e, Step::Key(key.clone()))),
        };
        map.entries.iter().map(entry).collect()
    }
    fn encode(&self) -> Value {
        let entries = self.iter().map(|(key, item)| (key.as_str().into(), item.encode()));
        Value::map(T::SHAPE.ty(), entries)
    }
}

impl<T: Object> Codec for T {
    const SHAPE: &'static Shape = &Shape::Object(T::SCHEMA.attributes);
    fn decode(value: &Value) -> Result<Self, DecodeError> {
        <T as Object>::decode(value)
    }
    fn encode(&self) -> Value {
        <T as Object>::encode(self)
    }
}

/// The shape of a list that is written as a set: for `#[kind(set)]`.
pub const fn set_shape(shape: &'static Shape) -> Shape {
    match shape {
        Shape::List(element) => Shape::Set(element),
        other => *other,
    }
}

/// Writes what encodes to a list as a set: for `#[kind(set)]`.
pub fn encode_set<T: Codec>(field: &T) -> Value {
    match field.encode() {
        Value::List(list) => Value::set(list.element.clone(), list.items.clone()),
        Value::Null(_) => Value::Null(set_shape(T::SHAPE).ty()),
        other => other,
    }
}

/// A document while its attributes are read in the order of its schema.
#[derive(Debug)]
pub struct Fields<'a> {
    document: &'a Value,
    schema: &'static Schema,
}

impl<'a> Fields<'a> {
    /// Checks that the document is an object with attributes of the schema only.
    ///
    /// # Errors
    /// Where it is not.
    pub fn open(document: &'a Value, schema: &'static Schema) -> Result<Self, DecodeError> {
        let document = document.bare();
        let Value::Object(entries) = document else {
            let text = format!("expected object, found {}", document.ty().friendly());
            return Err(DecodeError::here(text));
        };
        match entries.iter().find(|(name, _)| schema.attribute(name).is_none()) {
            Some((name, _)) => {
                Err(DecodeError::here("there is no such attribute").under(Step::Attr(name.clone())))
            }
            None => Ok(Self { document, schema }),
        }
    }

    /// Reads the `n`-th attribute of the schema.
    ///
    /// # Errors
    /// Where it has another shape, is unknown, or is missing and required.
    pub fn take<T: Codec>(&self, n: usize) -> Result<T, DecodeError> {
        self.with(n, part)
    }

    /// Reads the `n`-th attribute, a list in Rust and a set in documents.
    ///
    /// # Errors
    /// See [`Self::take`].
    pub fn take_set<T: Codec>(&self, n: usize) -> Result<T, DecodeError> {
        self.with(n, |value| match value.bare() {
            Value::Set(set) => part(&Value::list(set.element.clone(), set.items.clone())),
            Value::List(list) => {
                let text = format!("expected set, found list of {}", list.element.friendly());
                Err(DecodeError::here(text))
            }
            other => part(other),
        })
    }

    fn with<T: Codec>(
        &self,
        n: usize,
        read: impl FnOnce(&Value) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let Some(attribute) = self.schema.attributes.get(n) else {
            return Err(DecodeError::here("the schema has fewer attributes than the struct"));
        };
        let value = self.document.get(attribute.name).filter(|value| !value.is_null());
        let result = match (value, missing(attribute)) {
            (Some(value), _) => read(value),
            (None, Some(absent)) => Ok(absent),
            (None, None) => Err(DecodeError::here("it is required and has no value")),
        };
        result.map_err(|e| e.under(Step::Attr(attribute.name.into())))
    }
}

/// What a missing attribute decodes to; an `Option` may always be missing.
fn missing<T: Codec>(attribute: &Attribute) -> Option<T> {
    let container = matches!(attribute.shape, Shape::List(_) | Shape::Set(_) | Shape::Map(_));
    let needed = attribute.presence == Presence::Required && container;
    if needed { None } else { T::absent() }
}

/// The names of a schema's attributes, made once, so that all its documents share them.
#[derive(Debug)]
pub struct Layout(OnceLock<Vec<(Name, usize)>>);

impl Default for Layout {
    fn default() -> Self {
        Self::new()
    }
}

impl Layout {
    /// Nothing made yet.
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The object with these values of the schema's attributes, in the schema's order.
    pub fn object(&self, schema: &'static Schema, values: Vec<Value>) -> Value {
        let names = self.0.get_or_init(|| {
            let attributes = schema.attributes.iter().enumerate();
            let mut names: Vec<(Name, usize)> =
                attributes.map(|(i, a)| (a.name.into(), i)).collect();
            names.sort();
            names
        });
        let value = |i: usize| values.get(i).cloned().unwrap_or_else(Value::null);
        Value::Object(Arc::new(names.iter().map(|(name, i)| (name.clone(), value(*i))).collect()))
    }
}
