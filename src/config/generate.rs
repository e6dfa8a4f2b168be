//! Documents -> blocks: the configuration that a live object would have, as text.
//!
//! The reverse of [`super::decode()`]. References are not found again: what was one is a value here.

use std::fmt::Write as _;

use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{Attribute, Marks, Name, Presence, Syntax, Value};

/// A `resource` block in no particular layout; the formatter gives it its own.
pub fn resource(kind: &str, name: &str, meta: &str, schema: &[Attribute], of: &Value) -> String {
    let mut out = format!("resource {} {} {{\n{meta}", text(kind), text(name));
    body(schema, of, &mut out);
    out.push_str("}\n");
    out
}

/// The arguments and blocks of a document, in the order of the schema, arguments first, with a blank
/// line between what is there and a block.
fn body(schema: &[Attribute], of: &Value, out: &mut String) {
    let written = |a: &&Attribute| a.presence.configurable();
    for attribute in schema.iter().filter(written) {
        let Some(value) = of.get(attribute.name) else { continue };
        if attribute.syntax == Syntax::Attribute {
            argument(attribute, value, out);
        }
    }
    for attribute in schema.iter().filter(written) {
        let blocks = of.get(attribute.name).and_then(Value::items).unwrap_or_default();
        let inner = attribute.shape.attributes().unwrap_or_default();
        if let Syntax::Block { .. } = attribute.syntax {
            for block in blocks {
                let gap = if out.ends_with("{\n") { "" } else { "\n" };
                let _ok = writeln!(out, "{gap}{} {{", attribute.name);
                body(inner, block, out);
                out.push_str("}\n");
            }
        }
    }
}

fn argument(attribute: &Attribute, value: &Value, out: &mut String) {
    let name = attribute.name;
    let marked = value.marks_deep().contains(Marks::SENSITIVE);
    let secret = marked || attribute.sensitive;
    // What was not set is not written, unless the block would be wrong without it.
    if value.is_null() && !marked && attribute.presence != Presence::Required {
        return;
    }
    let _ok = match value.as_str().filter(|_| attribute.json).and_then(document) {
        _ if secret => writeln!(out, "{name} = null # sensitive"),
        Some(json) => writeln!(out, "{name} = jsonencode({})", expression(&json)),
        None => writeln!(out, "{name} = {}", expression(value)),
    };
}

/// The document in a text of JSON.
fn document(json: &str) -> Option<Value> {
    from_json(json, None).ok().filter(|value| value.entries().is_some())
}

/// A known value as an expression.
pub fn expression(value: &Value) -> String {
    let lines = |open: char, parts: Vec<String>, close: char| match parts.is_empty() {
        true => format!("{open}{close}"),
        false => format!("{open}\n{}{close}", parts.concat()),
    };
    match value.bare() {
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => text(string),
        other => match (other.items(), other.entries()) {
            (Some(items), _) if items.iter().all(|item| item.ty().is_primitive()) => {
                let items: Vec<String> = items.iter().map(expression).collect();
                format!("[{}]", items.join(", "))
            }
            (Some(items), _) => {
                let item = |item: &Value| format!("{},\n", expression(item));
                lines('[', items.iter().map(item).collect(), ']')
            }
            (_, Some(entries)) => {
                let entry = |(k, v): &(Name, Value)| format!("{} = {}\n", key(k), expression(v));
                lines('{', entries.iter().map(entry).collect(), '}')
            }
            _ => "null".to_owned(),
        },
    }
}

/// A key, without quotes where it is a name.
fn key(name: &str) -> String {
    let mut letters = name.chars();
    let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let plain = starts && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    // `{for …}` begins an expression.
    if plain && name != "for" { name.to_owned() } else { text(name) }
}

/// A text in quotes, of which nothing is taken for a template.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if letters.peek() == Some(&'{') => out.extend([c, c]),
            c if hidden(c) => {
                let _ok = match u32::from(c) {
                    wide @ 0x1_0000.. => write!(out, "\\U{wide:08x}"),
                    narrow => write!(out, "\\u{narrow:04x}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What cannot be seen in a file, or turns what is seen around.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::{Diagnostics, Type};

    use super::*;
    use crate::config::format::format;
    use crate::config::source::SourceMap;

    #[test]
    fn a_text_is_read_back_as_it_was() {
        for (written, value) in [
            ("\"plain\"", "plain"),
            (r#""a \"b\" \\ c""#, "a \"b\" \\ c"),
            (r#""$${x} %%{if} $x 5% $$${y}""#, "${x} %{if} $x 5% $${y}"),
            (r#""a\nb\tc\r""#, "a\nb\tc\r"),
            (r#""\u202e\u0007é🚤""#, "\u{202e}\u{7}é🚤"),
        ] {
            assert_eq!(text(value), written);
        }
    }

    #[test]
    fn keys_are_quoted_where_they_are_no_names() {
        let map = |name: &str| Value::map(Type::String, [(name.into(), Value::string("v"))]);
        assert_eq!(expression(&map("team-1")), "{\nteam-1 = \"v\"\n}");
        assert_eq!(expression(&map("a:b")), "{\n\"a:b\" = \"v\"\n}");
        assert_eq!(expression(&map("for")), "{\n\"for\" = \"v\"\n}");
        assert_eq!(expression(&map("1")), "{\n\"1\" = \"v\"\n}");
        assert_eq!(expression(&Value::map(Type::String, [])), "{}");
    }

    #[test]
    fn blocks_follow_arguments_and_secrets_stay_away() {
        const INNER: &[Attribute] = &[Attribute { name: "days", ..Attribute::PLAIN }];
        const SCHEMA: &[Attribute] = &[
            Attribute {
                name: "rule",
                shape: lifeboat_sdk::Shape::List(&lifeboat_sdk::Shape::Object(INNER)),
                syntax: Syntax::Block { min: 0, max: 0 },
                ..Attribute::PLAIN
            },
            Attribute { name: "id", presence: Presence::Computed, ..Attribute::PLAIN },
            Attribute { name: "name", presence: Presence::Required, ..Attribute::PLAIN },
            Attribute { name: "password", sensitive: true, ..Attribute::PLAIN },
            Attribute { name: "policy", json: true, ..Attribute::PLAIN },
            Attribute { name: "unset", ..Attribute::PLAIN },
        ];
        let rule = Value::object([("days".into(), Value::string("30"))]);
        let of = Value::object([
            ("rule".into(), Value::list(rule.ty(), vec![rule.clone(), rule])),
            ("id".into(), Value::string("i-1")),
            ("name".into(), Value::string("web")),
            ("password".into(), Value::string("hunter2")),
            ("policy".into(), Value::string(r#"{"Statement":[],"Version":1.50}"#)),
            ("unset".into(), Value::null()),
        ]);
        let raw = resource("x_y", "z", "provider = x.west\n", SCHEMA, &of);
        let form = format("g.dr.hcl", raw.as_bytes(), &mut SourceMap::default());
        let expected = r#"resource "x_y" "z" {
  provider = x.west
  name     = "web"
  password = null # sensitive
  policy = jsonencode({
    Statement = []
    Version   = 1.5
  })

  rule {
    days = "30"
  }

  rule {
    days = "30"
  }
}
"#;
        assert_eq!(form.unwrap_or_else(|found: Diagnostics| panic!("{found:?}")), expected);
    }
}
