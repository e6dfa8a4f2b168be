//! `Document`: an object's value in wire form, kept as the text that it was read or made as.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// A text that is no JSON, or not the type that was asked for.
#[derive(Debug, thiserror::Error)]
#[error("a document is not in the form that was expected: this is a defect of lifeboat")]
pub struct DocumentError {
    /// What the parser said.
    #[from]
    source: serde_json::Error,
}

/// A value in wire form: `{ type, value, unknown: [path], sensitive: [path] }`.
///
/// State does not look inside, except to seal what `sensitive` lists. The text is kept byte for
/// byte; clones share it. `Debug` does not print it, since it may hold secrets.
#[derive(Clone)]
pub struct Document(Arc<RawValue>);

impl Document {
    /// From a JSON text.
    ///
    /// # Errors
    /// The text is not JSON.
    pub fn from_text(text: &str) -> Result<Self, DocumentError> {
        let raw: Box<RawValue> = serde_json::from_str(text)?;
        Ok(Self::from(raw))
    }

    /// From a wire type.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    pub fn from_wire(wire: &impl Serialize) -> Result<Self, DocumentError> {
        Ok(Self::from(serde_json::value::to_raw_value(wire)?))
    }

    /// As a wire type.
    ///
    /// # Errors
    /// The document has another form.
    pub fn to_wire<T: DeserializeOwned>(&self) -> Result<T, DocumentError> {
        Ok(serde_json::from_str(self.text())?)
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    pub(crate) fn raw(&self) -> &RawValue {
        &self.0
    }
}

impl From<Box<RawValue>> for Document {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw.into())
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.text() == other.text()
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.text().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_keeps_its_text_and_does_not_print_it() {
        let text = r#"{ "value": {"n": 12345678901234567890.000000000000000000001} }"#;
        let document = Document::from_text(text).unwrap();
        assert_eq!(document.text(), text);
        assert_eq!(format!("{document:?}"), format!("Document({} bytes)", text.len()));
        assert!(Document::from_text("{").is_err());
    }
}
