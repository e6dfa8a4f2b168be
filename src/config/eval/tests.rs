//! Tests of what the corpus cannot show: unknown values, their reasons, marks, explanations.

use lifeboat_sdk::value::{Unknown, Why};
use lifeboat_sdk::{Diagnostics, FileId, Marks, Type, Value};

use crate::config::eval::{evaluate, evaluate_with};
use crate::config::syntax::{Interner, parse_expression};
use crate::config::testing::{Fixed, value};

fn unknown(ty: Type) -> Value {
    Value::unknown(ty)
}

fn deferred(ty: Type) -> Value {
    Value::unknown_because(ty, Why::Deferred("x".into()))
}

fn scope() -> Fixed {
    Fixed::of(&[
        ("var.text", unknown(Type::String)),
        ("var.number", unknown(Type::Number)),
        ("var.bool", unknown(Type::Bool)),
        ("var.list", unknown(Type::list(Type::String))),
        ("var.any", unknown(Type::Dynamic)),
        ("var.late", deferred(Type::String)),
        ("var.secret", Value::string("s").sensitive()),
        ("var.once", Value::string("o").mark(Marks::EPHEMERAL)),
        ("var.object", Value::object([("a".into(), Value::int(1)), ("b".into(), Value::int(2))])),
        ("var.set", Value::set(Type::String, vec![Value::string("x"), Value::string("y")])),
        (
            "var.half",
            Value::object([
                ("known".into(), Value::int(1)),
                ("late".into(), deferred(Type::Number)),
            ]),
        ),
    ])
}

fn get(text: &str) -> Value {
    value(text, &scope()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn unknown_of(text: &str) -> Unknown {
    match get(text).bare() {
        Value::Unknown(u) => (**u).clone(),
        other => panic!("{text} is {other:?}"),
    }
}

#[test]
fn unknown_operands_make_unknown_results_of_the_right_type() {
    for (text, ty) in [
        ("var.number + 1", Type::Number),
        ("var.number > 1", Type::Bool),
        ("!var.bool", Type::Bool),
        ("-var.number", Type::Number),
        ("false && var.bool", Type::Bool),
        ("var.text == \"a\"", Type::Bool),
        ("\"a-${var.text}\"", Type::String),
        ("\"%{ if var.bool }a%{ endif }\"", Type::String),
        ("\"%{ for x in var.list }a%{ endfor }\"", Type::String),
        ("var.bool ? 1 : 2", Type::Number),
        ("var.bool ? var.any : 2", Type::Number),
        ("var.list[0]", Type::String),
        ("var.list[*]", Type::list(Type::String)),
        ("[for x in var.list : x]", Type::Dynamic),
        ("{ for x in [1] : var.text => x }", Type::Dynamic),
        ("{ (var.text) = 1 }", Type::Dynamic),
        ("var.any.a.b", Type::Dynamic),
        ("upper(var.text)", Type::String),
        ("max(var.list...)", Type::Dynamic),
        ("can(var.text)", Type::Bool),
        ("try(var.text, 1)", Type::Dynamic),
    ] {
        assert_eq!(unknown_of(text).ty, ty, "{text}");
    }
}

#[test]
fn the_worst_reason_wins() {
    for text in [
        "\"${var.text}${var.late}\"",
        "var.late == var.text",
        "var.bool ? var.late : var.late",
        "[var.late, var.text][var.number]",
        "upper(var.late)",
        "try(var.late, 1)",
        "{ for x in [1] : var.late => x }",
        "var.half.late + 1",
    ] {
        assert_eq!(unknown_of(text).why, Why::Deferred("x".into()), "{text}");
    }
    assert!(get("var.half.known + 1").is_wholly_known());
}

#[test]
fn what_is_known_of_a_template_is_kept() {
    let u = unknown_of("\"arn:${var.text}:x\"");
    assert_eq!((u.prefix.as_deref(), u.not_null), (Some("arn:"), true));
}

#[test]
fn problems_of_the_side_not_taken_do_not_count() {
    assert_eq!(get("true ? 1 : nope()"), Value::int(1));
    assert!(value("var.bool ? 1 : nope()", &scope()).is_ok());
    assert_eq!(value("false ? 1 : nope()", &scope()).err(), Some("unknown_function:13".into()));
}

#[test]
fn marks_follow_values() {
    let marks = |text: &str| get(text).unmark().1;
    for text in [
        "var.secret",
        "\"a${var.secret}\"",
        "var.secret == \"s\"",
        "var.secret == \"s\" ? 1 : 2",
        "[for x in sensitive([1]) : x]",
        "{ for x in [1] : var.secret => x }",
        "{ (var.secret) = 1 }",
        "sensitive({ a = 1 }).a",
        "[1][sensitive(0)]",
        "{ s = 1 }[var.secret]",
        "sensitive([1])[*]",
        "\"%{ if var.secret == \"s\" }a%{ endif }\"",
        "[for x in [1] : x if var.secret == \"s\"]",
        "upper(var.secret)",
    ] {
        assert!(marks(text).contains(Marks::SENSITIVE), "{text}");
    }
    for text in ["[var.secret]", "{ a = var.secret }", "can(var.secret)", "[1, var.secret][0]"] {
        assert!(marks(text).is_empty(), "{text}");
    }
    assert_eq!(marks("\"${var.once}${var.secret}\""), Marks::SENSITIVE | Marks::EPHEMERAL);
}

#[test]
fn no_secret_is_told() {
    for text in [
        "{ s = 1, t = 2 }[\"${var.secret}x\"]",
        "tonumber(var.secret)",
        "[var.secret][1] + var.secret",
        "{ for x in [1, 2] : var.secret => x }",
        "jsondecode(var.secret)",
        "var.secret + 1",
    ] {
        let mut found = Diagnostics::new();
        let expr = parse_expression(FileId(0), text, &mut Interner::default(), &mut found);
        evaluate(
            &expr,
            &Fixed::of(&[("var.secret", Value::string("hunter2").sensitive())]),
            &mut found,
        );
        assert!(!found.is_empty(), "{text}");
        assert!(!format!("{found:?}").contains("hunter2"), "{text}: {found:?}");
    }
}

#[test]
fn diagnostics_tell_the_values_used() {
    let mut found = Diagnostics::new();
    let expr = parse_expression(FileId(0), "var.object.c", &mut Interner::default(), &mut found);
    evaluate(&expr, &scope(), &mut found);
    let first = &found.0[0];
    assert_eq!(first.values, [("var.object".into(), "is an object with 2 attributes".into())]);
    assert_eq!(first.help.as_deref(), Some("Did you mean \"a\"?"));
    let text = "var.object.a + tonumber(var.set)";
    let expr = parse_expression(FileId(0), text, &mut Interner::default(), &mut found);
    evaluate(&expr, &scope(), &mut found);
    let last = &found.0[1];
    assert_eq!(last.values, [("var.set".into(), "is a set of string with 2 elements".into())]);
}

#[test]
fn a_problem_in_a_loop_is_told_once() {
    let mut found = Diagnostics::new();
    let text = "[for i in range(1000) : tonumber(\"x${i}\")]";
    let expr = parse_expression(FileId(0), text, &mut Interner::default(), &mut found);
    let value = evaluate(&expr, &scope(), &mut found);
    assert_eq!((found.0.len(), value.items().map(<[Value]>::len)), (1, Some(1000)));
}

#[test]
fn given_names_hide_references() {
    let mut found = Diagnostics::new();
    let text = "[for x in [1] : \"${x}${it.key}\"][0]";
    let expr = parse_expression(FileId(0), text, &mut Interner::default(), &mut found);
    let it = Value::object([("key".into(), Value::string("k"))]);
    let value = evaluate_with(&expr, &scope(), &[("it".into(), it)], &mut found);
    assert_eq!((value.as_str(), found.is_empty()), (Some("1k"), true));
}

#[test]
fn null_is_told_where_it_stands() {
    for (text, want) in [
        ("null.a", "null_access:5"),
        ("[null][0][0]", "null_access:10"),
        ("null + 1", "operation_failed:1"),
        ("1 + null + 2", "operation_failed:1"),
        ("\"a${null}\"", "template_value:5"),
        ("null ? 1 : 2", "condition:1"),
        ("[for x in null : x]", "not_iterable:11"),
        ("{ (null) = 1 }", "invalid_key:3"),
        ("upper(null)", "invalid_argument:7"),
        ("max(null...)", "invalid_argument:5"),
        ("tolist(null)[*]", "null_access:1"),
    ] {
        assert_eq!(value(text, &scope()).err().as_deref(), Some(want), "{text}");
    }
}
