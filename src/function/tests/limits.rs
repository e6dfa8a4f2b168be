//! Nothing panics, and nothing takes unbounded time or memory.

use lifeboat_sdk::{Number, Type, Value};

use super::super::text::{grapheme_count, graphemes, title, upper};
use super::super::{equal::equals, from_yaml, lookup, names, to_yaml};
use super::world::{call, json};

#[test]
fn large_results_are_refused_before_they_are_made() {
    let long = Value::string("x".repeat(1 << 20));
    let breaks = Value::string("\n".repeat(1 << 20));
    for (name, args) in [
        ("replace", vec![long.clone(), Value::string("x"), long.clone()]),
        ("replace", vec![long.clone(), Value::string("/x/"), long.clone()]),
        ("replace", vec![long.clone(), Value::string(""), long.clone()]),
        ("indent", vec![Value::int(1 << 20), breaks]),
        ("join", vec![long.clone(), json(&format!("[{}\"\"]", "\"\",".repeat(100)))]),
        ("format", vec![Value::string("%99999999d"), Value::int(1)]),
        ("format", vec![Value::string("%.99999999f"), Value::int(1)]),
        ("format", vec![Value::string("%[1]s".repeat(100)), long]),
        ("range", vec![Value::int(1), Value::int(10), Value::Number(n("1e-9"))]),
        ("bcrypt", vec![Value::string("x"), Value::int(31)]),
        ("pow", vec![Value::int(10), Value::int(1_000_000)]),
    ] {
        assert!(call(name, &args).is_err(), "{name}");
    }
    let set = Value::list(Type::Number, (0..100).map(Value::int).collect());
    assert!(call("setproduct", &vec![set; 5]).is_err());
    assert!(call("regex", &[Value::string("((((a{100}){100}){100}){100}"), json("\"\"")]).is_err());
}

fn n(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn aliases_of_yaml_do_not_explode() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..20 {
        let last = i - 1;
        let row = vec![format!("*a{last}"); 10].join(",");
        bomb.push_str(&format!("a{i}: &a{i} [{row}]\n"));
    }
    assert!(from_yaml(&bomb).unwrap_err().contains("too many"));
    assert!(from_yaml(&"[".repeat(10_000)).is_err());
    assert!(from_yaml(&"- ".repeat(5_000)).is_err());
    assert!(from_yaml(&"{a: ".repeat(5_000)).is_err());
}

#[test]
fn no_function_panics_on_odd_arguments() {
    let odd = [
        Value::null(),
        Value::Null(Type::list(Type::String)),
        Value::int(-1),
        Value::int(i64::MIN),
        Value::Number(n("1e300")),
        Value::Number(n("0.5")),
        Value::string(""),
        Value::string("é%"),
        Value::string("%[1]*d/[(\\{'"),
        Value::string("0.0.0.0/0"),
        json("[]"),
        json("[null,[],{}]"),
        json(r#"{"":null,"a":[1]}"#),
        Value::set(Type::Number, vec![Value::unknown(Type::Number), Value::int(1)]),
        Value::map(Type::Dynamic, []),
        Value::unknown(Type::Dynamic),
        Value::unknown(Type::tuple(vec![Type::Number])).sensitive(),
    ];
    for name in names() {
        let Some(function) = lookup(name) else { continue };
        let count = function.parameters.len() + 2 * usize::from(function.rest.is_some());
        for first in &odd {
            for second in &odd {
                for third in if count > 2 { &odd[..] } else { &odd[..1] } {
                    let args = [first, second, third].map(Clone::clone);
                    let _answered = call(name, &args[..count.min(3)]).is_ok();
                }
            }
        }
    }
}

#[test]
fn characters_are_grapheme_clusters_of_unicode_15() {
    for (text, count) in
        [("नमस्ते", 4), ("👨‍👩‍👧‍👦", 1), ("🇫🇷🇩🇪", 2), ("\r\n", 1), ("한국어", 3), ("क्‍ष", 2), ("", 0)]
    {
        assert_eq!(grapheme_count(text), count, "{text}");
        assert_eq!(graphemes(text).collect::<String>(), text);
    }
    assert_eq!(upper("ßıǆᾳŉ"), "ßIǄᾼŉ");
    assert_eq!(title("ǆa they're a_b"), "ǅa They'Re A_b");
}

#[test]
fn equality_is_unknown_only_where_it_must_be() {
    let unknown = Value::unknown;
    for (a, b, expected) in [
        (json("1"), json("1.0"), Some(true)),
        (json("1"), json("\"1\""), Some(false)),
        (Value::null(), Value::Null(Type::String), Some(true)),
        (Value::null(), json("1"), Some(false)),
        (unknown(Type::String), json("\"a\""), None),
        (unknown(Type::String), json("1"), Some(false)),
        (unknown(Type::String), Value::null(), None),
        (Value::tuple(vec![unknown(Type::Bool), json("1")]), json("[true,2]"), Some(false)),
        (Value::tuple(vec![unknown(Type::Bool), json("1")]), json("[true,1]"), None),
        (json("{\"a\":1}"), json("{\"b\":1}"), Some(false)),
        (Value::list(Type::String, vec![]), json("[]"), Some(false)),
    ] {
        assert_eq!(equals(&a, &b), expected, "{a:?} {b:?}");
        assert_eq!(equals(&b, &a), expected, "{b:?} {a:?}");
    }
}

#[test]
fn yaml_is_written_as_terraform_does() {
    let words = |count: usize| (0..count).map(|i| format!("word{i}")).collect::<Vec<_>>().join(" ");
    let long_key = "k".repeat(129);
    let value = json(&format!(
        r#"{{"k":"{}","{long_key}":1,"l":[[],{{}},[{{}}],{{"x":[]}}],"multi\nline":{{"a":1}},
        "m":{{"n":[1,[2,[3]]],"o":"a\n\nb\n\n","q":" x\n","r":"\n x","s":"a \nb"}},
        "z":[{{"a":[{{"b":1}},2]}},"x\ny"]}}"#,
        words(15)
    ));
    let expected = "\
\"k\": \"word0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11 word12
  word13 word14\"
? \"KEY\"
: 1
\"l\":
- []
- {}
- - {}
- \"x\": []
\"m\":
  \"n\":
  - 1
  - - 2
    - - 3
  \"o\": |+
    a

    b

  \"q\": |2
     x
  \"r\": |2-

     x
  \"s\": \"a \\nb\"
? |-
  multi
  line
: \"a\": 1
\"z\":
- \"a\":
  - \"b\": 1
  - 2
- |-
  x
  y
";
    assert_eq!(to_yaml(&value), expected.replace("KEY", &long_key));
    for (text, yaml) in [
        ("null", "null\n...\n"),
        ("1", "1\n...\n"),
        ("[]", "[]\n"),
        ("\"x\\n\\n\"", "|+\n  x\n\n"),
        ("\"a\\r\\nb\"", "\"a\\r\\nb\"\n"),
        (
            "\"\\ud83d\\ude00\\u00a0\\ufeff\\u2028\\u0085\\u007f\"",
            "\"\\U0001F600\u{a0}\\uFEFF\\L\\N\\x7F\"\n",
        ),
    ] {
        assert_eq!(to_yaml(&json(text)), yaml, "{text}");
        assert_eq!(from_yaml(yaml).unwrap(), json(text), "{text}");
    }
    assert_eq!(from_yaml(&to_yaml(&value)).unwrap(), value);
}

#[test]
fn yaml_is_read_as_terraform_does() {
    for (yaml, expected) in [
        ("2020-1-2", "\"2020-01-02T00:00:00Z\""),
        ("2020-01-02 03:04:05", "\"2020-01-02T03:04:05Z\""),
        ("2020-01-01t10:00:00+01:00", "\"2020-01-01T10:00:00+01:00\""),
        ("!!int \"5\"", "\"5\""),
        ("!!float 5", "5"),
        ("!!bool yes", "true"),
        ("!!null x", "null"),
        ("{a: 1, b}", "{\"a\":1,\"b\":null}"),
        ("<<: {a: 1}\na: 2", "{\"a\":2}"),
        ("a: 1\n<<: {a: 2}", "{\"a\":2}"),
        ("<<: [{a: 1}, {b: 2}]", "{\"a\":1,\"b\":2}"),
        ("1__0", "\"1__0\""),
        ("0o8", "\"0o8\""),
        ("1:30", "\"1:30\""),
        ("x: \t y", "{\"x\":true}"),
        ("a: >+\n  x\n\n", "{\"a\":\"x\\n\\n\"}"),
        ("\"\\x41\\u00e9\\U0001F600\"", "\"Aé😀\""),
        ("- - 1\n  - 2\n- 3", "[[1,2],3]"),
        ("true: x", "{\"true\":\"x\"}"),
    ] {
        assert_eq!(from_yaml(yaml).unwrap(), json(expected), "{yaml}");
    }
    for bad in [
        "",
        " ",
        "# c",
        "!!binary x",
        "!!bool x",
        "!!set {a}",
        "!foo [1]",
        "%x",
        "*a",
        "-.INF",
        "--- 1\n--- 2",
        "1\n...\n2",
        "@x",
        "`x",
        "[1,2",
        "[a, , b]",
        "a: b\n c: d",
        "- a\n-b",
        "key: [a, b]: c",
    ] {
        assert!(from_yaml(bad).is_err(), "{bad}");
    }
}
