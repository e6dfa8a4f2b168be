//! `Wire`: the stored form of a value, without loss; frozen as version 1.
//!
//! `value` is plain JSON with `null` for what is unknown; `type` is its type in cty's notation;
//! the lists say at which paths something is unknown or sensitive. A machine integer is a JSON
//! number; any other number is text, its precision behind a slash unless that is 512 bits:
//! `"0.5"`, `"0.1/53"`. A form has no `RawValue`, so it may stand in tagged and flattened types.
//! Ephemeral values are refused: nothing of them may be stored.

mod read;
mod write;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Path, Value};

/// A value as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// Its type in cty's notation.
    #[serde(rename = "type")]
    pub ty: Json,
    /// Its content.
    pub value: Json,
    /// The types of parts of collections that have another type than their collection says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<WireType>,
    /// What is unknown; `null` in `value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<WireUnknown>,
    /// What is sensitive. The content is in `value` all the same: encrypt it before storing it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<WirePath>,
}

/// The type of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireType {
    /// Where.
    pub path: WirePath,
    /// Its type in cty's notation.
    #[serde(rename = "type")]
    pub ty: Json,
}

/// One unknown part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireUnknown {
    /// Where.
    pub path: WirePath,
    /// Whether it is known not to be null.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_null: bool,
    /// A known prefix of a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Why it is unknown.
    pub why: WireWhy,
}

/// Why a part is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WireWhy {
    /// The provider tells it after the change.
    AfterApply,
    /// It belongs to a deferred change; the address.
    Deferred(String),
    /// Its object could not be read.
    Unreachable(WireScope),
}

/// A scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireScope {
    /// The provider's name and alias.
    pub provider: String,
    /// The account id, or a cluster's name.
    pub account: String,
    /// Where its endpoint is.
    pub location: WireLocation,
    /// The service.
    pub service: String,
}

/// A location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WireLocation {
    /// A region.
    Region(String),
    /// The home region of a global plane.
    Global(String),
}

/// Names of attributes and keys of maps as text, places in lists, sets and tuples as numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WirePath(pub Vec<WireStep>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WireStep {
    /// An attribute or a key.
    Name(String),
    /// A place.
    Place(u32),
}

/// Why a value has no stored form, or a stored form is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Nothing of it may be stored.
    #[error("the ephemeral value at `{0}` cannot be stored")]
    Ephemeral(Path),
    /// Readers of JSON give up at 128 levels; a type takes two for each of the value.
    #[error("the value is nested more than {} levels deep", MAX_DEPTH)]
    TooDeep,
    /// The content does not fit the type, or a path leads nowhere.
    #[error("the stored value is damaged at `{path}`: {message}")]
    Damaged {
        /// Where.
        path: String,
        /// What was expected.
        message: String,
    },
}

/// The deepest nesting of a value or a type that is stored.
pub const MAX_DEPTH: usize = 48;

impl Wire {
    /// The stored form of a value.
    ///
    /// # Errors
    /// When a part is ephemeral or the value is nested too deeply.
    pub fn from_value(value: &Value) -> Result<Self, WireError> {
        write::wire(value)
    }

    /// The value.
    ///
    /// # Errors
    /// When the stored form is damaged.
    pub fn to_value(&self) -> Result<Value, WireError> {
        read::value(self)
    }

    /// The content at a path, to encrypt what is sensitive before it is stored.
    pub fn part_mut(&mut self, path: &WirePath) -> Option<&mut Json> {
        path.0.iter().try_fold(&mut self.value, |json, step| match step {
            WireStep::Name(name) => json.get_mut(name),
            WireStep::Place(n) => json.get_mut(usize::try_from(*n).ok()?),
        })
    }
}

/// The content may be secret, so it is never shown.
impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("type", &self.ty).finish_non_exhaustive()
    }
}

/// As in a path of a value, names of attributes and keys alike: `rule[0].status`.
impl std::fmt::Display for WirePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                WireStep::Name(name) if i == 0 => f.write_str(name)?,
                WireStep::Name(name) => write!(f, ".{name}")?,
                WireStep::Place(n) => write!(f, "[{n}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
