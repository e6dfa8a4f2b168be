//! JSON text to values.
//!
//! A reader of our own, because a generic one gives numbers as doubles.

use std::borrow::Cow;

use super::{JsonError, type_from_json};
use crate::value::convert::without_optional;
use crate::value::{Name, Number, Path, Step, Type, Value, nfc};

/// Deeper nesting is refused, so that nothing that walks a value can overflow the stack.
const MAX_DEPTH: usize = 256;

/// Reads a value. Without a type it has the type that the text implies: objects and tuples.
/// With one, the text is in cty's notation for it; what is `Dynamic` stands beside its type.
///
/// # Errors
/// When the text is not JSON or not of that type.
pub fn from_json(text: &str, ty: Option<&Type>) -> Result<Value, JsonError> {
    let mut reader = Reader { text, at: 0 };
    let json = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.error("there is text after the value"));
    }
    match ty {
        Some(ty) => json.typed(ty, &Path::root()),
        None => json.implied(&Path::root()),
    }
}

/// What a text says, numbers still as text.
enum Json<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, message: &str) -> JsonError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let message = format!("{message} (line {line}, column {column})");
        JsonError::new(&Path::root(), message)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Skips white space and `byte`, if that follows.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        self.space();
        if depth > MAX_DEPTH {
            return Err(self.error("the value is nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => {
                let words = [
                    ("null", Json::Null),
                    ("true", Json::Bool(true)),
                    ("false", Json::Bool(false)),
                ];
                for (word, json) in words {
                    if self.text[self.at..].starts_with(word) {
                        self.at += word.len();
                        return Ok(json);
                    }
                }
                Err(self.error("a value is expected"))
            }
            None => Err(self.error("the text ends too early")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.error("a comma or ] is expected"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.take(b'}') {
            return Ok(Json::Object(entries));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a name in quotes is expected"));
            }
            let name = self.string()?;
            if !self.take(b':') {
                return Err(self.error("a colon is expected"));
            }
            entries.push((name, self.value(depth + 1)?));
            if self.take(b'}') {
                return Ok(Json::Object(entries));
            }
            if !self.take(b',') {
                return Err(self.error("a comma or } is expected"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.error("a digit is expected")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Json<'a>, JsonError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Json::Number(&self.text[start..self.at]))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c| matches!(c, '"' | '\\' | '\0'..='\u{1f}'));
            let Some(plain) = plain else {
                return Err(self.error("a closing quote is missing"));
            };
            if text.is_empty() {
                text = Cow::Borrowed(&rest[..plain]);
            } else {
                text.to_mut().push_str(&rest[..plain]);
            }
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.to_mut().push(self.escape()?),
                _ => return Err(self.error("a control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let c = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.error("an unknown escape in a string")),
        };
        self.at += 1;
        Ok(c)
    }

    /// `uXXXX`, perhaps with the other half of a pair; half a pair alone is U+FFFD, as in Go.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.hex()?;
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        let back = self.at;
        if first < 0xdc00 && self.text[self.at..].starts_with("\\u") {
            self.at += 1;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    /// `u` and four hexadecimal digits.
    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at + 1..self.at + 5);
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.error("four hexadecimal digits are expected"))?;
        self.at += 5;
        Ok(code)
    }
}

impl Json<'_> {
    fn implied(&self, path: &Path) -> Result<Value, JsonError> {
        Ok(match self {
            Self::Null => Value::null(),
            Self::Bool(b) => Value::Bool(*b),
            Self::Number(text) => number(text, path)?,
            Self::String(text) => Value::nfc(text),
            Self::Array(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(i, item)| item.implied(&path.join(Step::Index(i))));
                Value::tuple(items.collect::<Result<_, _>>()?)
            }
            Self::Object(entries) => {
                let entry = |(name, json): &(Cow<'_, str>, Self)| {
                    let name = nfc(name);
                    let value = json.implied(&path.join(Step::Attr(name.clone())))?;
                    Ok((name, value))
                };
                Value::object(entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?)
            }
        })
    }

    fn typed(&self, ty: &Type, path: &Path) -> Result<Value, JsonError> {
        Ok(match (self, ty) {
            (Self::Null, ty) => Value::Null(without_optional(ty)),
            (Self::Bool(b), Type::Bool) => Value::Bool(*b),
            (Self::Bool(b), Type::String) => Value::string(b.to_string()),
            (Self::String(text), Type::Bool) => match text.as_ref() {
                "true" | "1" => Value::Bool(true),
                "false" | "0" => Value::Bool(false),
                _ => return Err(JsonError::new(path, "a bool is required")),
            },
            (Self::Number(text), Type::Number) => number(text, path)?,
            (Self::String(text), Type::Number) => number(text, path)?,
            (Self::String(text), Type::String) => Value::nfc(text),
            (Self::Number(text), Type::String) => Value::string(*text),
            (Self::Array(items), Type::List(t)) => {
                let items = sequence(items, |_| Some(&**t), path)?;
                Value::list(element(t, items.iter()), items)
            }
            (Self::Array(items), Type::Set(t)) => {
                let items = sequence(items, |_| Some(&**t), path)?;
                Value::set(element(t, items.iter()), items)
            }
            (Self::Array(items), Type::Tuple(ts)) if items.len() == ts.len() => {
                Value::tuple(sequence(items, |i| ts.get(i), path)?)
            }
            (Self::Array(_), Type::Tuple(ts)) => {
                let message = format!("a tuple of {} elements is required", ts.len());
                return Err(JsonError::new(path, message));
            }
            (Self::Object(entries), Type::Map(t)) => {
                let entry = |(key, json): &(Cow<'_, str>, Self)| {
                    let key = nfc(key);
                    Ok((key.clone(), json.typed(t, &path.join(Step::Key(key)))?))
                };
                let entries = entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
                Value::map(element(t, entries.iter().map(|(_, v)| v)), entries)
            }
            (Self::Object(entries), Type::Object(_)) => object(entries, ty, path)?,
            (Self::Object(entries), Type::Dynamic) => wrapped(entries, path)?,
            (_, ty) => {
                return Err(JsonError::new(path, format!("{} is required", ty.friendly())));
            }
        })
    }
}

fn number(text: &str, path: &Path) -> Result<Value, JsonError> {
    let number = Number::parse(text).map(Value::Number);
    number.ok_or_else(|| JsonError::new(path, "a number is required"))
}

/// The type of the elements; what is `Dynamic` in it is told by the first that knows.
fn element<'v>(ty: &Type, items: impl Iterator<Item = &'v Value>) -> Type {
    let own =
        if ty.has_dynamic() { items.map(Value::ty).find(|ty| !ty.has_dynamic()) } else { None };
    own.unwrap_or_else(|| without_optional(ty))
}

fn sequence<'t>(
    items: &[Json<'_>],
    ty: impl Fn(usize) -> Option<&'t Type>,
    path: &Path,
) -> Result<Vec<Value>, JsonError> {
    let item = |(i, item): (usize, &Json<'_>)| {
        item.typed(ty(i).unwrap_or(&Type::Dynamic), &path.join(Step::Index(i)))
    };
    items.iter().enumerate().map(item).collect()
}

fn object(
    entries: &[(Cow<'_, str>, Json<'_>)],
    ty: &Type,
    path: &Path,
) -> Result<Value, JsonError> {
    let mut values: Vec<(Name, Value)> = Vec::with_capacity(entries.len());
    if let Type::Object(fields) = ty {
        values
            .extend(fields.iter().map(|f| (f.name.clone(), Value::Null(without_optional(&f.ty)))));
    }
    for (name, json) in entries {
        let Some(field) = ty.field(name) else {
            return Err(JsonError::new(path, format!("there is no attribute {name:?}")));
        };
        let path = path.join(Step::Attr(field.name.clone()));
        values.push((field.name.clone(), json.typed(&field.ty, &path)?));
    }
    Ok(Value::object(values))
}

/// `{"value": …, "type": …}`
fn wrapped(entries: &[(Cow<'_, str>, Json<'_>)], path: &Path) -> Result<Value, JsonError> {
    let find = |key: &str| entries.iter().find(|(name, _)| name == key).map(|(_, json)| json);
    let (Some(value), Some(ty), 2) = (find("value"), find("type"), entries.len()) else {
        return Err(JsonError::new(path, "an object of value and type is required"));
    };
    value.typed(&type_from_json(&ty.plain())?, path)
}

impl Json<'_> {
    /// For types: there are no numbers in them.
    fn plain(&self) -> serde_json::Value {
        match self {
            Self::Null | Self::Number(_) => serde_json::Value::Null,
            Self::Bool(b) => (*b).into(),
            Self::String(text) => text.as_ref().into(),
            Self::Array(items) => items.iter().map(Self::plain).collect(),
            Self::Object(entries) => {
                entries.iter().map(|(name, json)| (name.to_string(), json.plain())).collect()
            }
        }
    }
}
