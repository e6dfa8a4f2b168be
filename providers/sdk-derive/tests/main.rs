//! The derive: what it writes into schemas, how documents become structs and back.
#![allow(clippy::expect_used, reason = "clippy exempts test functions only, not their helpers")]

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Attribute, Object, Presence, Schema, Shape, Syntax, Type, Value};
use lifeboat_sdk_derive::Kind;

/// `aws_thing`: whether a thing
/// keeps what it had.
#[derive(Clone, Debug, PartialEq, Kind)]
#[kind(version = 3)]
struct Thing {
    /// Its bucket.
    ///
    /// A second paragraph.
    #[kind(required, forces_replacement, identity)]
    bucket: String,
    /// The rules.
    #[kind(block(min = 1, max = 1))]
    rule: Vec<Rule>,
    /// More rules.
    #[kind(block, set)]
    grant: Vec<Rule>,
    /// Its id.
    #[kind(computed, identity)]
    id: Option<String>,
    /// Its region.
    #[kind(optional_computed, identity, forces_replacement)]
    region: Option<String>,
    /// Names.
    #[kind(set)]
    names: Vec<String>,
    /// Aliases.
    aliases: BTreeSet<String>,
    /// How long.
    #[kind(default = "60")]
    ttl: Option<i64>,
    /// How often.
    #[kind(default = "3")]
    count: u32,
    /// Tags.
    tags: BTreeMap<String, String>,
    /// Tags with defaults.
    #[kind(computed)]
    tags_all: Option<BTreeMap<String, String>>,
    /// A password.
    #[kind(sensitive)]
    password: Option<String>,
    /// A policy.
    #[kind(json)]
    policy: Option<String>,
    /// Its type.
    #[kind(rename = "type")]
    kind: String,
    /// An open document.
    input: Option<Value>,
    /// An object.
    setting: Option<Rule>,
    /// A share.
    #[kind(role, volatile)]
    share: Option<f64>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Rule {
    /// Whether it counts.
    status: String,
    /// Which it is.
    #[kind(set_key)]
    priority: Option<i64>,
}

fn attribute(name: &str) -> &'static Attribute {
    Thing::SCHEMA.attribute(name).expect(name)
}

fn rule(status: &str, priority: Option<i64>) -> Rule {
    Rule { status: status.into(), priority }
}

fn thing() -> Thing {
    Thing {
        bucket: "b".into(),
        rule: vec![rule("Enabled", None)],
        grant: vec![rule("A", Some(2)), rule("B", Some(1))],
        id: Some("b".into()),
        region: None,
        names: vec!["x".into(), "y".into()],
        aliases: BTreeSet::from(["z".into()]),
        ttl: Some(60),
        count: 7,
        tags: BTreeMap::new(),
        tags_all: Some(BTreeMap::from([("k".into(), "v".into())])),
        password: Some("secret".into()),
        policy: None,
        kind: "A".into(),
        input: Some(Value::tuple(vec![Value::Bool(true)])),
        setting: Some(rule("Off", Some(9))),
        share: Some(0.5),
    }
}

#[track_caller]
fn refused(document: &Value, expected: &str) {
    assert_eq!(Thing::decode(document).expect_err("refused").to_string(), expected);
}

#[test]
fn the_schema_has_the_declared_order_the_docs_and_the_marks() {
    let Schema { version, doc, attributes } = Thing::SCHEMA;
    assert_eq!((*version, *doc), (3, "`aws_thing`: whether a thing\nkeeps what it had."));
    let names: Vec<_> = attributes.iter().map(|a| a.name).collect();
    assert_eq!(
        names,
        [
            "bucket", "rule", "grant", "id", "region", "names", "aliases", "ttl", "count", "tags",
            "tags_all", "password", "policy", "type", "input", "setting", "share"
        ]
    );
    let bucket = attribute("bucket");
    assert_eq!(bucket.doc, "Its bucket.\n\nA second paragraph.");
    assert!(bucket.forces_replacement && bucket.identity && !bucket.sensitive);
    assert!(attribute("password").sensitive && attribute("policy").json);
    assert!(attribute("share").role && attribute("share").volatile);
    assert_eq!(attribute("ttl").default, Some("60"));
    assert!(Rule::SCHEMA.attribute("priority").expect("it is there").set_key);
}

#[test]
fn presence_follows_the_type_unless_a_mark_says_otherwise() {
    let presence = |name| attribute(name).presence;
    for name in ["bucket", "type"] {
        assert_eq!(presence(name), Presence::Required, "{name}");
    }
    for name in ["rule", "names", "aliases", "ttl", "count", "tags", "input", "setting", "share"] {
        assert_eq!(presence(name), Presence::Optional, "{name}");
    }
    assert_eq!(presence("id"), Presence::Computed);
    assert_eq!(presence("region"), Presence::OptionalComputed);
}

#[test]
fn shapes_follow_the_types() {
    assert_eq!(attribute("rule").syntax, Syntax::Block { min: 1, max: 1 });
    assert_eq!(attribute("grant").syntax, Syntax::Block { min: 0, max: 0 });
    assert!(matches!(attribute("rule").shape, Shape::List(Shape::Object(_))));
    assert!(matches!(attribute("grant").shape, Shape::Set(Shape::Object(_))));
    assert!(matches!(attribute("names").shape, Shape::Set(Shape::String)));
    assert!(matches!(attribute("tags_all").shape, Shape::Map(Shape::String)));
    assert!(matches!(attribute("setting").shape, Shape::Object(_)));
    assert!(matches!(attribute("input").shape, Shape::Dynamic));
    assert_eq!(Rule::SCHEMA.ty().to_string(), "object({priority=number, status=string})");
}

#[test]
fn a_struct_survives_its_document() {
    let document = thing().encode();
    assert_eq!(document.entries().map(<[_]>::len), Some(Thing::SCHEMA.attributes.len()));
    let mut back = Thing::decode(&document).expect("it decodes");
    back.grant.reverse(); // A set has its own order: by content, so by priority here.
    assert_eq!(back, thing());
    assert_eq!(back.encode(), document);
}

#[test]
fn nothing_is_null_of_the_type_and_an_empty_container_is_empty() {
    let mut thing = thing();
    (thing.setting, thing.tags_all, thing.input, thing.ttl) = (None, None, None, None);
    thing.rule.clear();
    let document = thing.encode();
    let get = |name: &str| document.get(name).expect(name);
    assert!(matches!(get("setting"), Value::Null(ty) if *ty == Rule::SCHEMA.ty()));
    assert!(matches!(get("tags_all"), Value::Null(ty) if *ty == Type::map(Type::String)));
    assert!(matches!(get("input"), Value::Null(Type::Dynamic)));
    assert!(matches!(get("ttl"), Value::Null(Type::Number)));
    assert!(get("tags").entries().is_some_and(<[_]>::is_empty));
    assert!(get("rule").items().is_some_and(<[_]>::is_empty));
    assert_eq!(Thing::decode(&document).expect("it decodes").rule, []);
}

#[test]
fn missing_attributes_are_nothing_and_marks_are_looked_through() {
    let document = Value::object([
        ("bucket".into(), Value::string("b").sensitive()),
        ("type".into(), Value::string("A")),
        ("count".into(), Value::int(1)),
        ("input".into(), Value::tuple(vec![Value::string("s").sensitive()]).sensitive()),
    ])
    .sensitive();
    let thing = Thing::decode(&document).expect("it decodes");
    assert_eq!((&*thing.bucket, thing.rule.len(), thing.tags.len()), ("b", 0, 0));
    assert!(thing.tags_all.is_none() && thing.setting.is_none());
    assert!(thing.input.expect("it is there").marks_deep().is_empty());
}

#[test]
fn a_document_that_does_not_fit_is_refused_with_the_path() {
    let whole = thing().encode();
    refused(&Value::string("x"), ": expected object, found string");
    refused(&whole.with("bucket", Value::Bool(true)), "bucket: expected string, found bool");
    refused(&whole.with("bucket", Value::null()), "bucket: it is required and has no value");
    refused(&whole.with("bukcet", Value::null()), "bukcet: there is no such attribute");
    refused(&whole.with("id", Value::unknown(Type::String)), "id: a known value is needed here");
    refused(
        &whole.with("ttl", Value::Number(lifeboat_sdk::Number::parse("1.5").expect("a number"))),
        "ttl: expected a whole number of at most 64 bits, found 1.5",
    );
    refused(
        &whole.with("count", Value::int(-1)),
        "count: expected a whole number from 0 to 4294967295, found -1",
    );
    refused(
        &whole.with("names", Value::list(Type::String, vec![])),
        "names: expected set, found list of string",
    );
    let broken = rule("Off", None).encode().with("status", Value::int(1));
    refused(
        &whole.with("rule", Value::list(broken.ty(), vec![rule("On", None).encode(), broken])),
        "rule[1].status: expected string, found number",
    );
    let tags = Value::map(Type::String, [("a b".into(), Value::Null(Type::String))]);
    refused(&whole.with("tags", tags), "tags[\"a b\"]: expected string, not null");
    let input = Value::tuple(vec![Value::unknown(Type::Dynamic)]);
    refused(&whole.with("input", input), "input[0]: a known value is needed here");
}
