//! Variables: their blocks, their values and where those come from.

use lifeboat_sdk::{Name, Span, Type, Value};

use super::module::Condition;

/// A `variable` block.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: Name,
    /// Its type; optional attributes are marked in it.
    pub ty: Type,
    /// The defaults of optional attributes.
    pub defaults: Defaults,
    /// Its default, converted.
    pub default: Option<Value>,
    /// Text for people.
    pub description: Option<String>,
    /// Never shown.
    pub sensitive: bool,
    /// Never stored.
    pub ephemeral: bool,
    /// Whether `null` may be given.
    pub nullable: bool,
    /// `validation` blocks.
    pub validations: Vec<Condition>,
    /// The block's header.
    pub span: Span,
}

/// The defaults that `optional(T, default)` gives, in the shape of the type.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// Those of this object, by attribute.
    pub values: Vec<(Name, Value)>,
    /// Those inside: by attribute, by position, or under the empty name for every element.
    pub children: Vec<(Name, Defaults)>,
}
