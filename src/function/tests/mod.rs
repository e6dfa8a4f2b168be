//! Tests of the functions; `facts.tsv` holds what Terraform 1.11.4 answers.

mod limits;
mod world;

use lifeboat_sdk::value::json::{from_json, to_json};
use lifeboat_sdk::value::{Name, Why};
use lifeboat_sdk::{Marks, Type, Value};

use super::{InvokeError, SPECIAL, lookup, names};
use world::{call, call_in, json, planning};

#[test]
fn functions_answer_as_terraform_does() {
    let mut wrong = Vec::new();
    for line in include_str!("facts.tsv").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, args, expected] = fields[..] else { panic!("{line}") };
        let args = json(args);
        let got = match call(name, args.items().unwrap()) {
            Ok(value) => to_json(&value).unwrap(),
            Err(InvokeError::Argument { .. }) => "!arg".into(),
            Err(InvokeError::Failed { .. }) => "!".into(),
            Err(error) => panic!("{line}: {error}"),
        };
        let same = match from_json(expected, None) {
            Ok(expected) => from_json(&got, None).is_ok_and(|got| got == expected),
            Err(_) => got == expected,
        };
        if !same {
            wrong.push(format!("{line} got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn results_have_the_types_of_terraform() {
    let strings = Type::list(Type::String);
    let tuple = |types: &[Type]| Type::tuple(types.to_vec());
    for (name, args, ty) in [
        ("concat", r#"[["a"],[1]]"#, tuple(&[Type::String, Type::Number])),
        ("keys", r#"[{"a":1}]"#, tuple(&[Type::String])),
        ("setproduct", r#"[["a"],[1]]"#, Type::list(tuple(&[Type::String, Type::Number]))),
        ("distinct", r#"[[1,"a"]]"#, strings.clone()),
        ("chunklist", "[[],2]", Type::list(Type::list(Type::Dynamic))),
        ("coalesce", r#"[1,"a"]"#, Type::String),
        ("merge", r#"[{"a":1},{"b":"x"}]"#, json(r#"{"a":1,"b":"x"}"#).ty()),
        ("regexall", r#"["(a)(n)?","banana"]"#, Type::list(tuple(&[Type::String, Type::String]))),
        ("range", "[2]", Type::list(Type::Number)),
        ("setunion", r#"[[1],["a"]]"#, Type::set(Type::String)),
        ("tomap", r#"[{"a":1,"b":"x"}]"#, Type::map(Type::String)),
        ("csvdecode", r#"["a\n1\n"]"#, Type::list(Type::object([("a".into(), Type::String)]))),
    ] {
        let value = call(name, json(args).items().unwrap()).unwrap();
        assert_eq!(value.ty(), ty, "{name} {args}");
    }
    let lists = [Value::list(Type::String, vec![]), Value::list(Type::Number, vec![Value::int(1)])];
    assert_eq!(call("concat", &lists).unwrap().ty(), strings);
}

#[test]
fn there_are_all_functions_of_terraform() {
    let all: Vec<&str> = names().collect();
    assert_eq!(all.len(), 118);
    assert!(all.is_sorted());
    assert!(all.iter().all(|name| SPECIAL.contains(name) || lookup(name).is_some()));
    assert_eq!(lookup("core::upper").unwrap().name, "upper");
    assert_eq!(lookup("join").unwrap().signature(), "join(separator, lists...)");
    assert!(lookup("base64gunzip").is_none());
    assert!(!all.contains(&"map") && !all.contains(&"type"));
}

#[test]
fn arguments_are_counted() {
    let error = call("upper", &[]).unwrap_err();
    assert!(matches!(error, InvokeError::TooFew { missing: "str", .. }), "{error}");
    let error = call("upper", &[Value::string("a"), Value::int(1)]).unwrap_err();
    assert!(matches!(error, InvokeError::TooMany { .. }), "{error}");
    assert!(matches!(call("uper", &[]).unwrap_err(), InvokeError::Unknown(_)));
}

#[test]
fn unknown_arguments_make_typed_unknown_results() {
    let unknown = Value::unknown;
    let any = || unknown(Type::Dynamic);
    let list = || unknown(Type::list(Type::Number));
    let strings = Type::list(Type::String);
    for (name, args, ty) in [
        ("upper", vec![any()], Type::String),
        ("length", vec![list()], Type::Number),
        ("keys", vec![unknown(Type::map(Type::Bool))], strings.clone()),
        ("values", vec![unknown(Type::map(Type::Bool))], Type::list(Type::Bool)),
        ("element", vec![list(), Value::int(1)], Type::Number),
        ("lookup", vec![unknown(Type::map(Type::Bool)), Value::string("a")], Type::Bool),
        ("reverse", vec![unknown(Type::set(Type::Bool))], Type::list(Type::Bool)),
        ("slice", vec![list(), Value::int(0), any()], Type::list(Type::Number)),
        ("concat", vec![list(), Value::list(Type::String, vec![])], strings.clone()),
        ("regex", vec![Value::string("a"), any()], Type::String),
        ("jsondecode", vec![any()], Type::Dynamic),
        ("jsonencode", vec![Value::tuple(vec![any()])], Type::String),
        ("sort", vec![Value::list(Type::String, vec![unknown(Type::String)])], strings.clone()),
        ("tolist", vec![unknown(Type::tuple(vec![Type::Number]))], Type::list(Type::Number)),
        ("merge", vec![unknown(Type::map(Type::Bool)), json("{}")], Type::Dynamic),
        ("coalesce", vec![unknown(Type::String), Value::string("a")], Type::String),
        ("formatlist", vec![Value::string("%d"), list()], strings),
        ("one", vec![list()], Type::Number),
        ("setunion", vec![unknown(Type::set(Type::Bool))], Type::set(Type::Bool)),
    ] {
        let value = call(name, &args).unwrap();
        assert!(value.is_unknown(), "{name}");
        assert_eq!(value.ty(), ty, "{name}");
    }
    assert_eq!(call("length", &[unknown(json("[1,2]").ty())]).unwrap(), Value::int(2));
    assert_eq!(call("keys", &[unknown(json(r#"{"a":1}"#).ty())]).unwrap(), json(r#"["a"]"#));
    let error = call("keys", &[list()]).unwrap_err();
    assert!(matches!(error, InvokeError::Argument { index: 0, .. }));
}

#[test]
fn the_worst_reason_for_not_knowing_wins() {
    let deferred = Why::Deferred("x.y".into());
    let args = [
        Value::unknown(Type::String),
        Value::unknown_because(Type::String, deferred.clone()).sensitive(),
    ];
    let value = call("format", &[&[Value::string("%s%s")], &args[..]].concat()).unwrap();
    assert_eq!(value.why_unknown(), Some(deferred));
    assert_eq!(value.unmark().1, Marks::SENSITIVE);
}

#[test]
fn marks_reach_the_result_but_only_what_they_touch() {
    let secret = || Value::string("s").sensitive();
    let of = |value: Value| (value.unmark().1, value.marks_deep());
    let tuple = |items: Vec<Value>| Value::tuple(items);
    let (own, all) = of(call("upper", &[secret()]).unwrap());
    assert_eq!((own, all), (Marks::SENSITIVE, Marks::SENSITIVE));
    assert_eq!(of(call("length", &[tuple(vec![secret()])]).unwrap()).1, Marks::NONE);
    assert_eq!(of(call("length", &[tuple(vec![]).sensitive()]).unwrap()).0, Marks::SENSITIVE);
    let (own, all) = of(call("concat", &[tuple(vec![secret()]), tuple(vec![])]).unwrap());
    assert_eq!((own, all), (Marks::NONE, Marks::SENSITIVE));
    assert_eq!(of(call("toset", &[tuple(vec![secret()])]).unwrap()).0, Marks::SENSITIVE);
    assert_eq!(of(call("jsonencode", &[tuple(vec![secret()])]).unwrap()).0, Marks::SENSITIVE);
    let map = Value::object([(Name::from("a"), secret()), (Name::from("b"), Value::int(1))]);
    let get = |key: &str| call("lookup", &[map.clone(), Value::string(key)]).unwrap();
    assert_eq!((of(get("a")).0, of(get("b")).0), (Marks::SENSITIVE, Marks::NONE));
    let shown = call("nonsensitive", &[secret()]).unwrap();
    assert_eq!(of(shown).1, Marks::NONE);
    let ephemeral = Value::string("e").mark(Marks::EPHEMERAL | Marks::SENSITIVE);
    let value = call("ephemeralasnull", &[tuple(vec![ephemeral])]).unwrap();
    assert!(value.items().unwrap()[0].is_null());
    assert_eq!(of(value).1, Marks::SENSITIVE);
}

#[test]
fn messages_show_no_secret() {
    let secret = Value::string("hunter2").sensitive();
    for (name, args) in [
        ("tonumber", vec![secret.clone()]),
        ("parseint", vec![secret.clone(), Value::int(10)]),
        ("cidrhost", vec![secret.clone(), Value::int(1)]),
        ("timeadd", vec![secret.clone(), Value::string("1h")]),
        ("base64decode", vec![secret.clone()]),
        ("file", vec![secret.clone()]),
        ("lookup", vec![json("{}"), secret.clone()]),
        ("uuidv5", vec![secret.clone(), Value::string("x")]),
        ("formatdate", vec![Value::string("YYYY"), secret.clone()]),
        ("templatefile", vec![secret, json("{}")]),
    ] {
        let error = call(name, &args).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{name}: {error}");
    }
}

#[test]
fn time_and_chance_are_unknown_while_planning() {
    for (name, args) in [("timestamp", "[]"), ("uuid", "[]"), ("bcrypt", r#"["x"]"#)] {
        let args = json(args);
        let value = call_in(&planning(), name, args.items().unwrap()).unwrap();
        assert!(value.is_unknown(), "{name}");
        assert!(!call(name, args.items().unwrap()).unwrap().is_unknown(), "{name}");
    }
    let now = call_in(&planning(), "plantimestamp", &[]).unwrap();
    assert_eq!(now, Value::string("2026-01-02T03:04:05Z"));
    assert_eq!(call("timestamp", &[]).unwrap(), now);
    let hash = call("bcrypt", &[Value::string("x"), Value::int(4)]).unwrap();
    assert!(hash.as_str().unwrap().starts_with("$2a$04$"));
}

#[test]
fn files_and_templates() {
    let text = |name: &str, args: &str| {
        call(name, json(args).items().unwrap()).map(|v| to_json(&v).unwrap())
    };
    assert_eq!(text("file", r#"["./a/../hello.txt"]"#).unwrap(), r#""hello\n""#);
    assert_eq!(text("filebase64", r#"["latin1"]"#).unwrap(), r#""6Q==""#);
    assert!(matches!(text("file", r#"["latin1"]"#), Err(InvokeError::Failed { .. })));
    assert!(matches!(text("file", r#"["none"]"#), Err(InvokeError::Argument { index: 0, .. })));
    assert_eq!(text("file", r#"["~/x"]"#).unwrap(), r#""home""#);
    assert_eq!(text("fileexists", r#"["hello.txt"]"#).unwrap(), "true");
    assert_eq!(text("fileexists", r#"["none"]"#).unwrap(), "false");
    assert!(text("fileexists", r#"["dir"]"#).is_err());
    assert_eq!(text("abspath", r#"["x/.."]"#).unwrap(), r#""/work""#);
    assert_eq!(text("pathexpand", r#"["~/a"]"#).unwrap(), r#""/home/me/a""#);
    for (pattern, found) in [
        ("*.txt", r#"["hello.txt"]"#),
        ("**", r#"["dir/deep/b.md","dir/x.txt","hello.txt","latin1"]"#),
        ("**/*.{md,txt}", r#"["dir/deep/b.md","dir/x.txt","hello.txt"]"#),
        ("dir/*", r#"["dir/x.txt"]"#),
        ("{dir,none}/?.t[a-x]t", r#"["dir/x.txt"]"#),
        ("[^h]*", r#"["latin1"]"#),
        ("\\*", "[]"),
    ] {
        let args = [Value::string("."), Value::string(pattern)];
        assert_eq!(to_json(&call("fileset", &args).unwrap()).unwrap(), found, "{pattern}");
    }
    for bad in ["[", "{a", "a\\", "[a-"] {
        assert!(call("fileset", &[Value::string("."), Value::string(bad)]).is_err(), "{bad}");
    }
    assert_eq!(text("templatefile", r#"["hello.txt",{"a":5}]"#).unwrap(), "5");
    assert_eq!(text("templatestring", r#"["t",{"a":5}]"#).unwrap(), r#""5""#);
    assert!(text("templatestring", r#"["t",{"a":[]}]"#).is_err());
    let missing = text("templatefile", r#"["hello.txt",{}]"#);
    assert!(matches!(missing, Err(InvokeError::Argument { index: 1, .. })));
    let odd = text("templatefile", r#"["hello.txt",{"1n":1}]"#);
    assert!(matches!(odd, Err(InvokeError::Argument { index: 1, .. })));
}
