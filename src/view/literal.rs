//! Values and types as Terraform's console and `output` write them, over several lines.

use lifeboat_sdk::{Marks, Type, Value};

use super::escape::{line, quoted};
use super::value::short;

/// How far what is inside of a value is indented.
const STEP: usize = 2;

/// The same of a type.
const TYPE_STEP: usize = 4;

/// A value; what comes after its first line is indented so far.
pub fn value(value: &Value, indent: usize) -> String {
    if value.unmark().1.contains(Marks::SENSITIVE) {
        return "(sensitive value)".to_owned();
    }
    let bare = value.bare();
    match bare {
        Value::Null(ty) => null(ty),
        Value::String(text) => heredoc(text, indent).unwrap_or_else(|| quoted(text)),
        Value::List(_) => format!("tolist({})", items(bare, indent)),
        Value::Set(_) => format!("toset({})", items(bare, indent)),
        Value::Map(_) => format!("tomap({})", entries(bare, indent)),
        Value::Tuple(_) => items(bare, indent),
        Value::Object(_) => entries(bare, indent),
        _ => short(value),
    }
}

/// A null says of which type it is.
fn null(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "null".to_owned(),
        Type::Bool => "tobool(null)".to_owned(),
        Type::Number => "tonumber(null)".to_owned(),
        Type::String => "tostring(null)".to_owned(),
        Type::List(of) => format!("tolist(null) /* of {of} */"),
        Type::Set(of) => format!("toset(null) /* of {of} */"),
        Type::Map(of) => format!("tomap(null) /* of {of} */"),
        Type::Tuple(_) | Type::Object(_) => format!("null /* {ty} */"),
    }
}

/// A text of several lines; its end is marked by what none of them says.
fn heredoc(text: &str, indent: usize) -> Option<String> {
    if !text.contains('\n') {
        return None;
    }
    let mut end = "EOT".to_owned();
    while text.lines().any(|line| line.trim() == end) {
        end.push('_');
    }
    let pad = " ".repeat(indent);
    let open = if indent > 0 { "<<-" } else { "<<" };
    let inside: String = text.split('\n').map(|part| format!("{pad}{}\n", line(part))).collect();
    Some(format!("{open}{end}\n{inside}{pad}{end}"))
}

fn items(of: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent + STEP);
    let all = of.items().unwrap_or_default().iter();
    let lines: String = all.map(|v| format!("{pad}{},\n", value(v, indent + STEP))).collect();
    around('[', &lines, indent, ']')
}

fn entries(of: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent + STEP);
    let all = of.entries().unwrap_or_default().iter();
    let lines: String =
        all.map(|(k, v)| format!("{pad}{} = {}\n", quoted(k), value(v, indent + STEP))).collect();
    around('{', &lines, indent, '}')
}

fn around(open: char, lines: &str, indent: usize, close: char) -> String {
    if lines.is_empty() {
        return format!("{open}{close}");
    }
    format!("{open}\n{lines}{}{close}", " ".repeat(indent))
}

/// A type, as `type(…)` of the console tells it; what comes after its first line is indented so far.
pub fn ty(of: &Type, indent: usize) -> String {
    let inner = indent + TYPE_STEP;
    let pad = " ".repeat(inner);
    match of {
        Type::Dynamic => "dynamic".to_owned(),
        Type::Bool | Type::Number | Type::String => of.to_string(),
        Type::List(element) => format!("list({})", element_ty(element, indent)),
        Type::Set(element) => format!("set({})", element_ty(element, indent)),
        Type::Map(element) => format!("map({})", element_ty(element, indent)),
        Type::Tuple(types) => {
            let lines: String = types.iter().map(|t| format!("{pad}{},\n", ty(t, inner))).collect();
            format!("tuple({})", around('[', &lines, indent, ']'))
        }
        Type::Object(fields) => {
            let field = |f: &lifeboat_sdk::value::Field| {
                format!("{pad}{}: {},\n", line(&f.name), ty(&f.ty, inner))
            };
            let lines: String = fields.iter().map(field).collect();
            format!("object({})", around('{', &lines, indent, '}'))
        }
    }
}

/// The type of elements: one of several lines stands on lines of its own.
fn element_ty(of: &Type, indent: usize) -> String {
    if !matches!(of, Type::Tuple(_) | Type::Object(_)) {
        return ty(of, indent);
    }
    let inner = indent + TYPE_STEP;
    format!("\n{}{},\n{}", " ".repeat(inner), ty(of, inner), " ".repeat(indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_say_of_which_type_they_are() {
        let said = |ty: Type| value(&Value::Null(ty), 0);
        assert_eq!(said(Type::Dynamic), "null");
        assert_eq!(said(Type::Bool), "tobool(null)");
        assert_eq!(said(Type::list(Type::String)), "tolist(null) /* of string */");
    }

    #[test]
    fn the_end_of_a_text_is_none_of_its_lines() {
        let text = value(&Value::string("a\n EOT \nEOT_"), 2);
        assert_eq!(text, "<<-EOT__\n  a\n   EOT \n  EOT_\n  EOT__");
    }

    #[test]
    fn nothing_in_a_value_moves_the_cursor() {
        let text = value(&Value::string("a\u{1b}[2J\nb"), 0);
        assert_eq!(text, "<<EOT\na\\u{1b}[2J\nb\nEOT");
    }
}
