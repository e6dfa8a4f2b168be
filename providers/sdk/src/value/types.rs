//! `Type`: the types of the language, in the sense of cty (Terraform's type system).

use std::fmt;
use std::sync::Arc;

use super::Name;

/// A type constraint or the type of a value; 16 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Any type: decided by the value (`any`, cty's DynamicPseudoType).
    Dynamic,
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `list(T)`
    List(Arc<Type>),
    /// `set(T)`
    Set(Arc<Type>),
    /// `map(T)`
    Map(Arc<Type>),
    /// `tuple([T, …])`
    Tuple(Arc<Vec<Type>>),
    /// `object({ name = T, … })`, attributes sorted by name
    Object(Arc<Vec<Field>>),
}

/// One attribute of an object type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field {
    /// The attribute's name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// Whether a value may leave it out (`optional(T)` in a variable's type).
    pub optional: bool,
}

impl Type {
    /// `list(element)`
    pub fn list(element: Self) -> Self {
        Self::List(Arc::new(element))
    }

    /// `set(element)`
    pub fn set(element: Self) -> Self {
        Self::Set(Arc::new(element))
    }

    /// `map(element)`
    pub fn map(element: Self) -> Self {
        Self::Map(Arc::new(element))
    }

    /// `tuple([…])`
    pub fn tuple(elements: Vec<Self>) -> Self {
        Self::Tuple(Arc::new(elements))
    }

    /// `object({…})`; sorts the attributes by name.
    pub fn object(fields: impl IntoIterator<Item = (Name, Self)>) -> Self {
        Self::object_of(
            fields.into_iter().map(|(name, ty)| Field { name, ty, optional: false }).collect(),
        )
    }

    /// `object({…})` with optional attributes; sorts the attributes by name.
    pub fn object_of(mut fields: Vec<Field>) -> Self {
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        Self::Object(Arc::new(fields))
    }

    /// Whether it is `bool`, `number` or `string`.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool | Self::Number | Self::String)
    }

    /// Whether `Dynamic` occurs anywhere inside.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(t) | Self::Set(t) | Self::Map(t) => t.has_dynamic(),
            Self::Tuple(ts) => ts.iter().any(Self::has_dynamic),
            Self::Object(fs) => fs.iter().any(|f| f.ty.has_dynamic()),
        }
    }

    /// The type of the attribute `name` of an object type.
    pub fn field(&self, name: &str) -> Option<&Field> {
        match self {
            Self::Object(fs) => fs.iter().find(|f| &*f.name == name),
            _ => None,
        }
    }

    /// Terraform's one-word description for messages: `list of string`, `object`, …
    pub fn friendly(&self) -> String {
        match self {
            Self::Dynamic => "dynamic".into(),
            Self::Bool => "bool".into(),
            Self::Number => "number".into(),
            Self::String => "string".into(),
            Self::List(t) => format!("list of {}", t.friendly()),
            Self::Set(t) => format!("set of {}", t.friendly()),
            Self::Map(t) => format!("map of {}", t.friendly()),
            Self::Tuple(_) => "tuple".into(),
            Self::Object(_) => "object".into(),
        }
    }
}

/// The type as it is written in a `type` argument.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dynamic => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(t) => write!(f, "list({t})"),
            Self::Set(t) => write!(f, "set({t})"),
            Self::Map(t) => write!(f, "map({t})"),
            Self::Tuple(ts) => {
                f.write_str("tuple([")?;
                for (i, t) in ts.iter().enumerate() {
                    write!(f, "{}{t}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("])")
            }
            Self::Object(fs) => {
                f.write_str("object({")?;
                for (i, field) in fs.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    if field.optional {
                        write!(f, "{comma}{}=optional({})", field.name, field.ty)?;
                    } else {
                        write!(f, "{comma}{}={}", field.name, field.ty)?;
                    }
                }
                f.write_str("})")
            }
        }
    }
}
