//! Values to JSON text.

use std::fmt::Write;

use super::{JsonError, type_to_json};
use crate::value::{Marks, Name, Path, Step, Type, Value};

/// What to do with sensitive parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// `null` in their place.
    Hide,
    /// As if they were not sensitive.
    Reveal,
}

/// A value in which everything is known and nothing is marked.
///
/// # Errors
/// With the part that is unknown or marked.
pub fn to_json(value: &Value) -> Result<String, JsonError> {
    write(value, None, false)
}

/// Like [`to_json`] with `<`, `>` and `&` escaped, as `jsonencode` does.
///
/// # Errors
/// With the part that is unknown or marked.
pub fn to_json_escaped(value: &Value) -> Result<String, JsonError> {
    write(value, None, true)
}

/// A value of the type `ty`; where that says `Dynamic`, the value stands beside its type as
/// `{"value": …, "type": …}`. [`super::from_json`] with the same type reads it back.
///
/// # Errors
/// With the part that is unknown or marked.
pub fn to_json_as(value: &Value, ty: &Type) -> Result<String, JsonError> {
    write(value, Some(ty), false)
}

fn write(value: &Value, ty: Option<&Type>, escape: bool) -> Result<String, JsonError> {
    let mut writer = Writer { out: String::new(), escape };
    writer.value(value, ty, &mut Vec::new())?;
    Ok(writer.out)
}

struct Writer {
    out: String,
    /// Whether `<`, `>` and `&` are escaped.
    escape: bool,
}

impl Writer {
    fn value(
        &mut self,
        value: &Value,
        ty: Option<&Type>,
        path: &mut Vec<Step>,
    ) -> Result<(), JsonError> {
        let null = || matches!(value, Value::Null(Type::Dynamic));
        if ty == Some(&Type::Dynamic) && !null() {
            let own = value.ty();
            self.out.push_str("{\"value\":");
            self.value(value, Some(&own), path)?;
            let _infallible = write!(self.out, ",\"type\":{}}}", type_to_json(&own));
            return Ok(());
        }
        match value {
            Value::Null(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.leaf(value);
                Ok(())
            }
            Value::List(s) | Value::Set(s) => self.items(&s.items, ty, path),
            Value::Tuple(items) => self.items(items, ty, path),
            Value::Map(m) => self.entries(&m.entries, ty, path),
            Value::Object(entries) => self.entries(entries, ty, path),
            Value::Unknown(_) => Err(error(path, "the value is not known yet")),
            Value::Marked(m) if m.marks.contains(Marks::SENSITIVE) => {
                Err(error(path, "the value is sensitive"))
            }
            Value::Marked(_) => Err(error(path, "the value is ephemeral")),
        }
    }

    fn leaf(&mut self, value: &Value) {
        let _infallible = match value {
            Value::Bool(b) => write!(self.out, "{b}"),
            Value::Number(n) => write!(self.out, "{n}"),
            Value::String(text) => {
                self.string(text);
                Ok(())
            }
            _ => write!(self.out, "null"),
        };
    }

    fn items(
        &mut self,
        items: &[Value],
        ty: Option<&Type>,
        path: &mut Vec<Step>,
    ) -> Result<(), JsonError> {
        self.out.push('[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            let ty = match ty {
                Some(Type::List(t) | Type::Set(t)) => Some(&**t),
                Some(Type::Tuple(ts)) => ts.get(i),
                _ => None,
            };
            path.push(Step::Index(i));
            self.value(item, ty, path)?;
            path.pop();
        }
        self.out.push(']');
        Ok(())
    }

    fn entries(
        &mut self,
        entries: &[(Name, Value)],
        ty: Option<&Type>,
        path: &mut Vec<Step>,
    ) -> Result<(), JsonError> {
        self.out.push('{');
        for (i, (name, item)) in entries.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            self.string(name);
            self.out.push(':');
            let (ty, step) = match ty {
                Some(Type::Map(t)) => (Some(&**t), Step::Key(name.clone())),
                Some(ty) => (ty.field(name).map(|f| &f.ty), Step::Attr(name.clone())),
                None => (None, Step::Attr(name.clone())),
            };
            path.push(step);
            self.value(item, ty, path)?;
            path.pop();
        }
        self.out.push('}');
        Ok(())
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => self.code(c),
                '<' | '>' | '&' if self.escape => self.code(c),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn code(&mut self, c: char) {
        let _infallible = write!(self.out, "\\u{:04x}", u32::from(c));
    }

    /// Without what is unknown; `false` if nothing was written.
    fn shown(&mut self, value: &Value, secrets: Secrets) -> bool {
        let (bare, marks) = value.unmark();
        match bare {
            Value::Unknown(_) => return false,
            _ if secrets == Secrets::Hide && !marks.is_empty() => self.out.push_str("null"),
            Value::List(_) | Value::Set(_) | Value::Tuple(_) => {
                self.out.push('[');
                for (i, item) in bare.items().unwrap_or_default().iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    if !self.shown(item, secrets) {
                        self.out.push_str("null");
                    }
                }
                self.out.push(']');
            }
            Value::Map(_) | Value::Object(_) => {
                self.out.push('{');
                let mut first = true;
                for (name, item) in bare.entries().unwrap_or_default() {
                    let start = self.out.len();
                    if !first {
                        self.out.push(',');
                    }
                    self.string(name);
                    self.out.push(':');
                    if self.shown(item, secrets) {
                        first = false;
                    } else {
                        self.out.truncate(start);
                    }
                }
                self.out.push('}');
            }
            leaf => self.leaf(leaf),
        }
        true
    }
}

/// A value as Terraform's JSON plan shows it: unknown parts are left out of objects and maps and
/// are null elsewhere; sensitive ones are null too where they are hidden. `None` if the value
/// itself is unknown. [`super::unknown_shape`] and [`super::sensitive_shape`] tell which.
pub fn shown(value: &Value, secrets: Secrets) -> Option<String> {
    let mut writer = Writer { out: String::new(), escape: false };
    writer.shown(value, secrets).then_some(writer.out)
}

fn error(path: &[Step], message: &str) -> JsonError {
    JsonError::new(&Path(path.to_vec()), message)
}
