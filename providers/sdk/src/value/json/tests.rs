//! Reading and writing of values and types.

use super::{
    Secrets, from_json, sensitive_shape, shown, to_json, to_json_as, to_json_escaped,
    type_from_json, type_to_json, unknown_shape,
};
use crate::value::{Name, Type, Value};

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::object(entries.map(|(name, v)| (Name::from(name), v)))
}

#[test]
fn numbers_are_exact_both_ways() {
    for text in [
        "123456789012345678901234567890.123456789",
        "0.1",
        "-9223372036854775809",
        "[1,2.5,[]]",
        "{\"a\":null,\"b\":[true,false,\"x\"]}",
    ] {
        assert_eq!(to_json(&from_json(text, None).unwrap()).unwrap(), text);
    }
    assert_eq!(to_json(&from_json(" 1e3 ", None).unwrap()).unwrap(), "1000");
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for text in [
        "",
        "tru",
        "01",
        "1.",
        "-",
        "+1",
        ".5",
        "1e",
        "[1,]",
        "[1 2]",
        "{a:1}",
        "{\"a\"}",
        "{\"a\":1,}",
        "\"a",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12\"",
        "1 2",
        "nan",
        "'a'",
        "\u{feff}1",
        "1e1000000000",
        "\"\\u12é4\"",
    ] {
        assert!(from_json(text, None).is_err(), "{text}");
    }
    let error = from_json("{\n  \"a\": x\n}", None).unwrap_err();
    assert_eq!(error.message, "a value is expected (line 2, column 8)");
    let deep = "[".repeat(100_000);
    assert!(from_json(&deep, None).unwrap_err().message.contains("too deeply"));
}

#[test]
fn strings_are_unescaped_and_normalised() {
    let read = |text: &str| from_json(text, None).unwrap().as_str().unwrap().to_owned();
    assert_eq!(read(r#""a\"\\\/\b\f\n\r\tA\u00e9""#), "a\"\\/\u{8}\u{c}\n\r\tAé");
    assert_eq!(read(r#""\ud83d\ude00\ud83d!\ude00""#), "😀\u{fffd}!\u{fffd}");
    assert_eq!(read("\"e\u{301}\""), "é");
    assert_eq!(to_json(&Value::string("<a>\u{1}\u{2028}")).unwrap(), r#""<a>\u0001\u2028""#);
    assert_eq!(to_json_escaped(&Value::string("<&>")).unwrap(), r#""\u003c\u0026\u003e""#);
}

#[test]
fn types_have_ctys_notation() {
    for text in [
        r#""string""#,
        r#"["list","number"]"#,
        r#"["map",["set","bool"]]"#,
        r#"["tuple",["string",["list","dynamic"]]]"#,
        r#"["object",{"a":"number","b":["object",{}]}]"#,
        r#"["object",{"a":"number","b":"string"},["b"]]"#,
    ] {
        let json = serde_json::from_str(text).unwrap();
        assert_eq!(type_to_json(&type_from_json(&json).unwrap()).to_string(), text);
    }
    for text in ["1", "\"int\"", "[]", "[\"list\"]", "[\"object\",{},[\"x\"]]", "[\"tuple\",1]"] {
        assert!(type_from_json(&serde_json::from_str(text).unwrap()).is_err(), "{text}");
    }
}

#[test]
fn a_type_directs_the_reading() {
    let ty = Type::object([
        ("any".into(), Type::Dynamic),
        ("list".into(), Type::list(Type::Number)),
        ("set".into(), Type::set(Type::String)),
        ("map".into(), Type::map(Type::Dynamic)),
        ("missing".into(), Type::Bool),
    ]);
    let text = r#"{"any":{"value":["a",1],"type":["tuple",["string","number"]]},
        "list":[1,"2"],"set":["b","a","b"],"map":{"k":{"value":1,"type":"number"}}}"#;
    let value = from_json(text, Some(&ty)).unwrap();
    assert_eq!(value.get("missing"), Some(&Value::Null(Type::Bool)));
    assert_eq!(value.get("set").unwrap().items().unwrap().len(), 2);
    assert_eq!(value.get("map").unwrap().ty(), Type::map(Type::Number));
    assert_eq!(value.get("any").unwrap().ty(), Type::tuple(vec![Type::String, Type::Number]));
    let written = to_json_as(&value, &ty).unwrap();
    assert_eq!(from_json(&written, Some(&ty)).unwrap(), value);
    let error = from_json(r#"{"list":[1,true]}"#, Some(&ty)).unwrap_err();
    assert_eq!(error.path.to_string(), "list[1]");
    assert!(from_json(r#"{"other":1}"#, Some(&ty)).is_err());
}

#[test]
fn a_plan_shows_what_is_known() {
    let value = object([
        ("id", Value::unknown(Type::String)),
        ("tags", object([("a", Value::string("x")), ("b", Value::unknown(Type::String))])),
        ("list", Value::tuple(vec![Value::int(1), Value::unknown(Type::Number)])),
        ("secret", Value::string("hunter2").sensitive()),
        ("hidden", Value::unknown(Type::map(Type::String))),
    ]);
    assert_eq!(
        shown(&value, Secrets::Hide).unwrap(),
        r#"{"list":[1,null],"secret":null,"tags":{"a":"x"}}"#
    );
    assert!(shown(&value, Secrets::Reveal).unwrap().contains("hunter2"));
    assert_eq!(
        unknown_shape(&value).to_string(),
        r#"{"hidden":true,"id":true,"list":[false,true],"tags":{"b":true}}"#
    );
    assert_eq!(
        sensitive_shape(&value).to_string(),
        r#"{"hidden":{},"list":[false,false],"secret":true,"tags":{}}"#
    );
    assert_eq!(to_json(&value).unwrap_err().path.to_string(), "id".replace("id", "hidden"));
    assert_eq!(shown(&Value::unknown(Type::Bool), Secrets::Hide), None);
}
