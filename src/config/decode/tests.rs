//! Tests of decoding.

use lifeboat_sdk::{Attribute, Diagnostics, FileId, Presence, Shape, Syntax, Type, Value};

use super::{check_static, decode};
use crate::config::ast::Body;
use crate::config::syntax::{Interner, parse_body};
use crate::config::testing::Fixed;

const RULE: &[Attribute] = &[
    Attribute { name: "id", presence: Presence::Required, ..Attribute::PLAIN },
    Attribute { name: "days", shape: Shape::Number, ..Attribute::PLAIN },
];

const SCHEMA: &[Attribute] = &[
    Attribute { name: "name", presence: Presence::Required, ..Attribute::PLAIN },
    Attribute { name: "arn", presence: Presence::Computed, ..Attribute::PLAIN },
    Attribute { name: "tags", shape: Shape::Map(&Shape::String), ..Attribute::PLAIN },
    Attribute { name: "input", shape: Shape::Dynamic, ..Attribute::PLAIN },
    Attribute { name: "password", sensitive: true, ..Attribute::PLAIN },
    Attribute {
        name: "rule",
        shape: Shape::List(&Shape::Object(RULE)),
        syntax: Syntax::Block { min: 0, max: 2 },
        ..Attribute::PLAIN
    },
    Attribute {
        name: "grant",
        shape: Shape::Set(&Shape::Object(RULE)),
        syntax: Syntax::Block { min: 0, max: 0 },
        ..Attribute::PLAIN
    },
];

fn body(text: &str) -> Body {
    let mut found = Diagnostics::new();
    let body = parse_body(FileId(0), text, &mut Interner::default(), &mut found);
    assert!(found.is_empty(), "{found:?}");
    body
}

fn scope() -> Fixed {
    Fixed::of(&[
        (
            "var.map",
            Value::map(Type::Number, [("a".into(), Value::int(1)), ("b".into(), Value::int(2))]),
        ),
        ("var.late", Value::unknown(Type::list(Type::String))),
        ("var.none", Value::null()),
    ])
}

fn decoded(text: &str) -> Result<Value, Vec<String>> {
    let mut found = Diagnostics::new();
    let value = decode(&body(text), SCHEMA, &scope(), &mut found);
    let problems = |d: &lifeboat_sdk::Diagnostic| {
        let span = d.span.map_or("", |s| text.get(s.start as usize..s.end as usize).unwrap_or(""));
        format!("{} {span}", d.code.trim_start_matches("config::"))
    };
    if found.is_empty() { Ok(value) } else { Err(found.0.iter().map(problems).collect()) }
}

fn good(text: &str) -> Value {
    decoded(text).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

#[test]
fn what_is_left_out_is_null_or_empty() {
    let value = good("name = 1\n");
    assert_eq!(value.get("name"), Some(&Value::string("1")));
    assert!(matches!(value.get("tags"), Some(Value::Null(Type::Map(_)))));
    assert!(matches!(value.get("arn"), Some(Value::Null(Type::String))));
    assert_eq!(value.get("rule").and_then(Value::items).map(<[Value]>::len), Some(0));
    assert!(matches!(value.get("grant"), Some(Value::Set(_))));
}

#[test]
fn blocks_are_gathered_in_order() {
    let text = "name = \"a\"\nrule {\n  id = \"x\"\n}\nrule {\n  id = \"y\"\n  days = \"3\"\n}\n";
    let rules = good(text).get("rule").cloned();
    let rules = rules.as_ref().and_then(Value::items).unwrap_or_default();
    let ids: Vec<_> = rules.iter().filter_map(|r| r.get("id")?.as_str()).collect();
    assert_eq!((ids, rules[1].get("days").and_then(Value::as_i64)), (vec!["x", "y"], Some(3)));
}

#[test]
fn dynamic_blocks_are_expanded() {
    let text = "name = \"a\"\ndynamic \"rule\" {\n  for_each = var.map\n  iterator = it\n  content {\n    \
                id   = it.key\n    days = it.value + length([for it in [1] : it])\n  }\n}\n";
    let rules = good(text).get("rule").cloned();
    let rules = rules.as_ref().and_then(Value::items).unwrap_or_default();
    let days: Vec<_> = rules.iter().filter_map(|r| r.get("days")?.as_i64()).collect();
    assert_eq!(days, [2, 3]);
    let late = "name = \"a\"\ndynamic \"grant\" {\n  for_each = var.late\n  content {\n    id = grant.value\n  }\n}\n";
    assert!(good(late).get("grant").is_some_and(Value::is_unknown));
    let each = |list: &str| {
        format!(
            "name = \"a\"\ndynamic \"rule\" {{\n for_each = {list}\n content {{\n id = rule.key\n }}\n}}\n"
        )
    };
    assert_eq!(decoded(&each("[1, 2, 3]")).err(), Some(vec!["too_many_blocks ".into()]));
    assert_eq!(decoded(&each("5")).err(), Some(vec!["invalid_dynamic 5".into()]));
    assert_eq!(decoded(&each("null")).err(), Some(vec!["invalid_dynamic null".into()]));
}

#[test]
fn wrong_names_are_reported_with_the_nearest() {
    let text = "naem = 1\narn = \"x\"\nrul {\n}\ntags {\n}\nrule = []\nrule {\n  dayz = 1\n}\npassword = \"x\"\n";
    let mut found = Diagnostics::new();
    check_static(&body(text), SCHEMA, &mut found);
    let got: Vec<_> = found
        .0
        .iter()
        .map(|d| (d.code.trim_start_matches("config::"), d.help.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(
        got,
        [
            ("unknown_argument", "Did you mean \"name\"?"),
            ("read_only", ""),
            ("unknown_argument", "It is a block: `rule { … }`, without an equals sign."),
            ("secret_literal", ""),
            ("unknown_block", "Did you mean \"rule\"?"),
            ("unknown_block", "It is an argument: `tags = …`."),
            ("unknown_argument", "Did you mean \"days\"?"),
            ("missing_argument", ""),
            ("missing_argument", ""),
        ]
    );
}

#[test]
fn wrong_values_are_reported_where_they_stand() {
    assert_eq!(decoded("name = []\n").err(), Some(vec!["wrong_type []".into()]));
    assert_eq!(decoded("name = var.none\n").err(), Some(vec!["missing_argument var.none".into()]));
    assert_eq!(
        decoded("name = 1\ntags = { a = [] }\n").err(),
        Some(vec!["wrong_type { a = [] }".into()])
    );
}
