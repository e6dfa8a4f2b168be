//! Values and types in JSON, in cty's notation, with exact numbers.

mod read;
mod shape;
mod types;
mod write;

pub use read::from_json;
pub use shape::{sensitive_shape, unknown_shape};
pub use types::{type_from_json, type_to_json};
pub use write::{Secrets, shown, to_json, to_json_as, to_json_escaped};

use super::Path;

/// Why a text is not such a value, or a value cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    /// The part of the value, from its root.
    pub path: Path,
    /// What is wrong; a sentence without capital and full stop.
    pub message: String,
}

impl JsonError {
    fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.clone(), message: message.into() }
    }
}

#[cfg(test)]
mod tests;
