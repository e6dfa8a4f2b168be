//! The stored form: frozen texts, refusals, and the round trip of any value.

use std::sync::Arc;

use proptest::prelude::*;

use super::{MAX_DEPTH, Wire, WireError, WirePath, WireStep};
use crate::scope::{Location, Scope};
use crate::value::{Marks, Number, Type, Unknown, Value, Why};

/// Everything of a value that its `Debug` does not show.
fn whole(value: &Value) -> String {
    let mut text = String::new();
    if let Value::Marked(m) = value {
        text += &format!("{:?} ", m.marks);
    }
    text += &format!("{} ", value.ty());
    let children: Vec<String> = value.bare().children().map(whole).collect();
    match value.bare() {
        Value::Unknown(u) => text += &format!("{u:?}"),
        Value::Number(n) => text += &format!("{n}/{}", n.precision()),
        Value::Map(_) | Value::Object(_) => {
            for ((name, _), child) in value.entries().unwrap().iter().zip(children) {
                text += &format!("{{{name:?} {child}}}");
            }
        }
        Value::List(_) | Value::Set(_) | Value::Tuple(_) => {
            text += &format!("[{}]", children.join(", "));
        }
        leaf => text += &format!("{leaf:?}"),
    }
    text
}

#[track_caller]
fn survives(value: &Value) {
    let wire = Wire::from_value(value).unwrap();
    let text = serde_json::to_string(&wire).unwrap();
    let read: Wire = serde_json::from_str(&text).unwrap();
    let back = read.to_value().unwrap();
    assert_eq!(whole(&back), whole(value), "{text}");
    assert_eq!(Wire::from_value(&back).unwrap(), wire);
}

#[track_caller]
fn stored(value: &Value, expected: &str) {
    assert_eq!(serde_json::to_string(&Wire::from_value(value).unwrap()).unwrap(), expected);
    survives(value);
}

fn object(entries: &[(&str, Value)]) -> Value {
    Value::object(entries.iter().map(|(name, v)| ((*name).into(), v.clone())))
}

fn scope() -> Scope {
    Scope {
        provider: "aws".into(),
        account: "123456789012".into(),
        location: Location::Global { home: "us-east-1".into() },
        service: "route53".into(),
    }
}

#[test]
fn the_form_of_version_1_is_frozen() {
    stored(
        &object(&[
            ("bucket", Value::string("b")),
            ("password", Value::string("hunter2").sensitive()),
            ("id", Value::unknown(Type::String)),
        ]),
        r#"{"type":["object",{"bucket":"string","id":"string","password":"string"}],"value":{"bucket":"b","id":null,"password":"hunter2"},"unknown":[{"path":["id"],"why":"after_apply"}],"sensitive":[["password"]]}"#,
    );
    let unreachable = Value::Unknown(Arc::new(Unknown {
        ty: Type::String,
        not_null: true,
        prefix: Some("arn:".into()),
        why: Why::Unreachable(Arc::new(scope())),
    }));
    stored(
        &Value::tuple(vec![
            unreachable,
            Value::unknown_because(Type::Dynamic, Why::Deferred("a.b".into())),
        ]),
        r#"{"type":["tuple",["string","dynamic"]],"value":[null,null],"unknown":[{"path":[0],"not_null":true,"prefix":"arn:","why":{"unreachable":{"provider":"aws","account":"123456789012","location":{"global":"us-east-1"},"service":"route53"}}},{"path":[1],"why":{"deferred":"a.b"}}]}"#,
    );
    stored(
        &Value::list(Type::Dynamic, vec![Value::Bool(true), Value::null()]),
        r#"{"type":["list","dynamic"],"value":[true,null],"types":[{"path":[0],"type":"bool"}]}"#,
    );
}

#[test]
fn numbers_keep_their_value_and_their_precision() {
    let text = |text: &str| Value::Number(Number::parse(text).unwrap());
    let double = |x: f64| Value::Number(Number::from_f64(x).unwrap());
    stored(&Value::int(-7), r#"{"type":"number","value":-7}"#);
    stored(&Value::int(i64::MAX), r#"{"type":"number","value":9223372036854775807}"#);
    stored(&text("7"), r#"{"type":"number","value":"7"}"#);
    stored(&text("0.1"), r#"{"type":"number","value":"0.1"}"#);
    stored(&double(0.1), r#"{"type":"number","value":"0.1/53"}"#);
    stored(&double(3.0), r#"{"type":"number","value":"3/53"}"#);
    stored(&double(0.0), r#"{"type":"number","value":"0/53"}"#);
    stored(
        &Value::Number(Number::from(u64::MAX)),
        r#"{"type":"number","value":"18446744073709551615/64"}"#,
    );
    assert_ne!(text("0.1"), double(0.1));
    for n in ["1e9000", "-1e-9000", "123456789012345678901234567890.5", "0"] {
        survives(&text(n));
    }
    for x in [f64::MAX, f64::MIN_POSITIVE, 5e-324, 1.0 / 3.0] {
        survives(&double(x));
    }
}

#[test]
fn a_set_with_unknown_and_sensitive_parts_keeps_its_places() {
    let items = vec![
        Value::unknown(Type::String),
        Value::string("b").sensitive(),
        Value::string("a"),
        Value::Null(Type::String),
    ];
    survives(&Value::set(Type::String, items).sensitive());
}

#[test]
fn ephemeral_and_deep_values_are_refused() {
    let value = object(&[("token", Value::string("t").mark(Marks::EPHEMERAL))]);
    let error = Wire::from_value(&value).unwrap_err();
    assert_eq!(error.to_string(), "the ephemeral value at `token` cannot be stored");
    let nested = |depth| (1..depth).fold(Value::Bool(true), |v, _| object(&[("k", v)]));
    survives(&nested(MAX_DEPTH));
    assert_eq!(Wire::from_value(&nested(MAX_DEPTH + 1)), Err(WireError::TooDeep));
    let deep = (0..MAX_DEPTH).fold(Type::Bool, |ty, _| Type::tuple(vec![ty]));
    assert_eq!(Wire::from_value(&Value::Null(deep)), Err(WireError::TooDeep));
}

#[test]
fn damaged_forms_are_refused_with_the_path() {
    let refused = |text: &str, expected: &str| {
        let wire: Wire = serde_json::from_str(text).unwrap();
        assert_eq!(wire.to_value().unwrap_err().to_string(), expected, "{text}");
    };
    for (text, expected) in [
        (r#"{"type":"int","value":1}"#, "``: not a type"),
        (r#"{"type":"number","value":1.5}"#, "``: a number"),
        (r#"{"type":"number","value":"x"}"#, "``: a number"),
        (r#"{"type":"string","value":1}"#, "``: string"),
        (r#"{"type":["object",{"a":"bool"}],"value":{"a":1}}"#, "`a`: bool"),
        (r#"{"type":["object",{"a":"bool"}],"value":{}}"#, "``: object"),
        (r#"{"type":["object",{"a":"bool"}],"value":{"b":true}}"#, "`b`: no such attribute"),
        (r#"{"type":["tuple",["bool"]],"value":[]}"#, "``: tuple"),
        (r#"{"type":"bool","value":true,"sensitive":[["a",0]]}"#, "`a[0]`: nothing is there"),
        (
            r#"{"type":"bool","value":true,"unknown":[{"path":[],"why":"after_apply"}]}"#,
            "``: null, because it is unknown",
        ),
    ] {
        refused(text, &format!("the stored value is damaged at {expected}"));
    }
    assert!(serde_json::from_str::<Wire>(r#"{"type":"bool","value":true,"more":1}"#).is_err());
}

#[test]
fn a_form_does_not_show_its_content_and_lets_it_be_replaced() {
    let value = object(&[("list", Value::tuple(vec![Value::string("hunter2").sensitive()]))]);
    let mut wire = Wire::from_value(&value).unwrap();
    assert!(!format!("{wire:?}").contains("hunter2"));
    let path = WirePath(vec![WireStep::Name("list".into()), WireStep::Place(0)]);
    assert_eq!(wire.sensitive, std::slice::from_ref(&path));
    *wire.part_mut(&path).unwrap() = "cipher".into();
    let back = wire.to_value().unwrap();
    assert_eq!(back.get("list").unwrap().items().unwrap()[0], Value::string("cipher"));
}

fn name() -> BoxedStrategy<crate::value::Name> {
    "[a-z\u{e9} /0-9]{0,4}".prop_map(|text| text.into()).boxed()
}

fn any_type() -> impl Strategy<Value = Type> {
    let leaf =
        prop_oneof![Just(Type::Dynamic), Just(Type::Bool), Just(Type::Number), Just(Type::String)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Type::tuple),
            prop::collection::btree_map(name(), inner, 0..3).prop_map(Type::object),
        ]
    })
}

fn any_unknown() -> impl Strategy<Value = Value> {
    let why = prop_oneof![
        Just(Why::AfterApply),
        name().prop_map(Why::Deferred),
        Just(Why::Unreachable(Arc::new(scope())))
    ];
    (any_type(), any::<bool>(), prop::option::of(name()), why).prop_map(
        |(ty, not_null, prefix, why)| {
            Value::Unknown(Arc::new(Unknown { ty, not_null, prefix, why }))
        },
    )
}

fn any_value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<i32>().prop_map(|n| Number::parse(&n.to_string()).unwrap()),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
        "-?[0-9]{1,40}\\.[0-9]{1,40}e-?[0-9]{1,2}"
            .prop_filter_map("in range", |t| { Number::parse(&t) }),
    ];
    let leaf = prop_oneof![
        any_type().prop_map(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(Value::Number),
        any::<String>().prop_map(|text| Value::nfc(&text)),
        any_unknown(),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..4);
        let entries = prop::collection::vec((name(), inner.clone()), 0..4);
        prop_oneof![
            (any_type(), items.clone()).prop_map(|(ty, items)| Value::list(ty, items)),
            (any_type(), items.clone()).prop_map(|(ty, items)| Value::set(ty, items)),
            items.prop_map(Value::tuple),
            (any_type(), entries.clone()).prop_map(|(ty, entries)| Value::map(ty, entries)),
            entries.prop_map(Value::object),
            inner.prop_map(Value::sensitive),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_survives(value in any_value()) {
        survives(&value);
    }
}
