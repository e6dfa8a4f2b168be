//! Schemas as constants: one description for decoding, diffing, documentation and JSON.
//!
//! `#[derive(Kind)]` of `sdk-derive` writes them from a kind's struct, so that a mark cannot
//! disagree with decoding.

use crate::value::{Field, Type};

/// The schema of a kind or of a provider's configuration.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Counts incompatible changes of the stored form.
    pub version: u32,
    /// What the kind is, in Markdown.
    pub doc: &'static str,
    /// Attributes and blocks in declared order.
    pub attributes: &'static [Attribute],
}

/// One attribute or nested block.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// Its name, Terraform's where Terraform has the kind.
    pub name: &'static str,
    /// What it means, units, source of a rule.
    pub doc: &'static str,
    /// The shape of its value.
    pub shape: Shape,
    /// Who sets it.
    pub presence: Presence,
    /// Written as `name = …` or as `name { … }`.
    pub syntax: Syntax,
    /// A change replaces the object.
    pub forces_replacement: bool,
    /// Never shown.
    pub sensitive: bool,
    /// Names the object: stays known when it cannot be read (id, arn, name, region).
    pub identity: bool,
    /// Decided by the region's role; never part of the ordinary comparison.
    pub role: bool,
    /// In a set of objects: this attribute identifies the element.
    pub set_key: bool,
    /// The text of a JSON document, compared by meaning.
    pub json: bool,
    /// The value where the configuration says nothing, as JSON text.
    pub default: Option<&'static str>,
    /// Computed values of this attribute may change with any update of the object.
    pub volatile: bool,
    /// Of what is volatile: most updates leave it, so it is planned as it is, and what comes of it counts.
    pub kept: bool,
    /// Names the content: an object is written only while this is what was read, and made only
    /// where there is none.
    pub compared: bool,
}

/// The shape of an attribute's value.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// Any value: an open document.
    Dynamic,
    /// A list.
    List(&'static Shape),
    /// A set; elements with a `set_key` are compared by it.
    Set(&'static Shape),
    /// A map.
    Map(&'static Shape),
    /// An object with these attributes.
    Object(&'static [Attribute]),
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The configuration must.
    Required,
    /// The configuration may.
    Optional,
    /// Only the provider.
    Computed,
    /// The configuration may, else the provider.
    OptionalComputed,
}

/// How an attribute is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `name = value`
    Attribute,
    /// `name { … }`, at least `min` and at most `max` times (`max` 0: no limit). The shape is
    /// `List(Object)` or `Set(Object)`, as in Terraform also where `max` is 1.
    Block {
        /// At least.
        min: u32,
        /// At most; 0 is no limit.
        max: u32,
    },
}

impl Presence {
    /// Whether the configuration may set it.
    pub fn configurable(self) -> bool {
        !matches!(self, Self::Computed)
    }

    /// Whether the provider may set it.
    pub fn computed(self) -> bool {
        matches!(self, Self::Computed | Self::OptionalComputed)
    }
}

impl Shape {
    /// The type of values of this shape.
    pub fn ty(&self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::String => Type::String,
            Self::Dynamic => Type::Dynamic,
            Self::List(s) => Type::list(s.ty()),
            Self::Set(s) => Type::set(s.ty()),
            Self::Map(s) => Type::map(s.ty()),
            Self::Object(attributes) => object_type(attributes),
        }
    }

    /// The attributes of the object inside a list, set or map of objects, or of the object.
    pub fn attributes(&self) -> Option<&'static [Attribute]> {
        match self {
            Self::Object(attributes) => Some(attributes),
            Self::List(s) | Self::Set(s) | Self::Map(s) => s.attributes(),
            Self::Bool | Self::Number | Self::String | Self::Dynamic => None,
        }
    }
}

impl Schema {
    /// The type of a whole document.
    pub fn ty(&self) -> Type {
        object_type(self.attributes)
    }

    /// The attribute `name`.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }
}

/// The object type of `attributes`.
pub fn object_type(attributes: &[Attribute]) -> Type {
    Type::object_of(
        attributes
            .iter()
            .map(|a| Field { name: a.name.into(), ty: a.shape.ty(), optional: false })
            .collect(),
    )
}

impl Attribute {
    /// An optional attribute with no marks, for `..Attribute::PLAIN` in tables.
    pub const PLAIN: Self = Self {
        name: "",
        doc: "",
        shape: Shape::String,
        presence: Presence::Optional,
        syntax: Syntax::Attribute,
        forces_replacement: false,
        sensitive: false,
        identity: false,
        role: false,
        set_key: false,
        json: false,
        default: None,
        volatile: false,
        kept: false,
        compared: false,
    };
}
