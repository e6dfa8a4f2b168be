//! What the pure hooks of this crate share: editing known parts of documents, and findings.

use lifeboat_sdk::{Finding, Path, Value};

/// The document with the known text of an attribute replaced; marks stay.
pub(crate) fn edit_text(document: &Value, name: &str, edit: impl Fn(&str) -> String) -> Value {
    match document.get(name).map(Value::unmark) {
        Some((Value::String(text), marks)) => {
            document.with(name, Value::string(edit(text)).mark(marks))
        }
        _ => document.clone(),
    }
}

/// The document with the known texts of a set or list replaced; marks stay.
pub(crate) fn edit_texts(document: &Value, name: &str, edit: impl Fn(&str) -> String) -> Value {
    let Some(value) = document.get(name) else { return document.clone() };
    if value.items().is_none() {
        return document.clone();
    }
    let edited = value.map_children(&mut |_, item| match item.unmark() {
        (Value::String(text), marks) => Value::string(edit(text)).mark(marks),
        _ => item.clone(),
    });
    document.with(name, edited)
}

/// The document with the blocks of a name replaced.
pub(crate) fn edit_blocks(document: &Value, name: &str, edit: impl Fn(&Value) -> Value) -> Value {
    match document.get(name) {
        Some(blocks) if blocks.items().is_some() => {
            document.with(name, blocks.map_children(&mut |_, block| edit(block)))
        }
        _ => document.clone(),
    }
}

/// The document with an attribute set, if it is there and null.
pub(crate) fn default_value(document: &Value, name: &str, value: Value) -> Value {
    match document.get(name) {
        Some(Value::Null(_)) => document.with(name, value),
        _ => document.clone(),
    }
}

/// The known text of an attribute.
pub(crate) fn text<'a>(document: &'a Value, name: &str) -> Option<&'a str> {
    document.get(name).and_then(Value::as_str)
}

/// A known whole number.
pub(crate) fn number(document: &Value, name: &str) -> Option<i64> {
    document.get(name).and_then(Value::as_i64)
}

/// Whether an attribute is known to be true.
pub(crate) fn truth(document: &Value, name: &str) -> bool {
    document.get(name).and_then(Value::as_bool) == Some(true)
}

/// Whether an attribute is known to say nothing: missing, null or empty.
pub(crate) fn lacks(document: &Value, name: &str) -> bool {
    match document.get(name) {
        None => true,
        Some(value) => value.is_null() || value.items().is_some_and(<[Value]>::is_empty),
    }
}

/// Whether an attribute is known to say something.
pub(crate) fn has(document: &Value, name: &str) -> bool {
    !lacks(document, name) && document.get(name).is_some_and(|value| !value.is_unknown())
}

/// Tags that an object may have besides the two of its owner: Route 53 takes ten (API reference,
/// `ChangeTagsForResource`).
const TAGS: usize = 8;

/// More tags than Route 53 takes.
pub(crate) fn check_tags(document: &Value, findings: &mut Findings) {
    if document.get("tags").and_then(Value::entries).is_some_and(|tags| tags.len() > TAGS) {
        findings.error(
            "tags",
            "too many tags",
            "Route 53 takes ten tags; two of them name the owner, so that eight are left.",
            "Remove some, also from the provider's default_tags.",
        );
    }
}

/// Findings while they are collected.
#[derive(Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    /// An error.
    pub(crate) fn error(&mut self, at: &str, summary: &'static str, detail: &str, help: &str) {
        self.add(at, summary, detail, help, false);
    }

    /// A warning.
    pub(crate) fn warning(&mut self, at: &str, summary: &'static str, detail: &str, help: &str) {
        self.add(at, summary, detail, help, true);
    }

    fn add(&mut self, at: &str, summary: &'static str, detail: &str, help: &str, warning: bool) {
        let (detail, help) = (detail.to_owned(), help.to_owned());
        self.0.push(Finding { path: Path::attr(at), summary, detail, help, warning });
    }
}
