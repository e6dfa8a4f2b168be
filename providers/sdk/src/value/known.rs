//! `KnownDoc`: a document that cannot hold an unknown; what a kind is given to decode.

use super::{Path, Value};

/// An object value in which everything is known, without marks.
#[derive(Clone, PartialEq, Eq)]
pub struct KnownDoc(Value);

impl KnownDoc {
    /// Checks that everything is known.
    ///
    /// # Errors
    /// The paths of what is unknown.
    pub fn new(value: &Value) -> Result<Self, Vec<Path>> {
        let mut unknown = Vec::new();
        value.walk(&Path::root(), &mut |path, v| {
            if v.is_unknown() {
                unknown.push(path.clone());
            }
        });
        if unknown.is_empty() { Ok(Self(value.unmark_deep())) } else { Err(unknown) }
    }

    /// The document; it may hold secrets, so it is not for showing.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// An attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The text of an attribute.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

impl std::fmt::Debug for KnownDoc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KnownDoc")
    }
}
