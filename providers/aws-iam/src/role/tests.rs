//! Roles: conversion, comparison, validation.

use aws_smithy_types::DateTime;
use lifeboat_sdk::Owner;

use super::*;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"s3.amazonaws.com"}}}"#;

fn role() -> sdk::Role {
    let tag = |key: &str, value: &str| sdk::Tag::builder().key(key).value(value).build().unwrap();
    sdk::Role::builder()
        .role_name("copy")
        .path("/dr/")
        .role_id("AROA1")
        .arn("arn:aws:iam::123456789012:role/dr/copy")
        .create_date(DateTime::from_secs(1_700_000_000))
        .assume_role_policy_document(TRUST.replace('{', "%7B").replace('"', "%22"))
        .tags(tag("team", "dr"))
        .tags(tag("lifeboat:topology", "shop"))
        .tags(tag("lifeboat:address", "aws_iam_role.copy"))
        .build()
        .unwrap()
}

#[test]
fn a_role_is_read_as_it_is_compared() {
    let kind = RoleKind(Clients::unconfigured());
    let hint = Value::object([("force_detach_policies".into(), Value::Bool(true))]);
    let target = Target { address: "aws_iam_role.copy".into(), id: Some("copy".into()), hint };
    let read = present(&role(), &target);
    let owner = Owner { topology: "shop".into(), address: "aws_iam_role.copy".into() };
    assert_eq!(read.owner, Some(owner));
    assert_eq!(read.object.tags, BTreeMap::from([("team".to_owned(), "dr".to_owned())]));
    assert!(read.object.force_detach_policies);
    assert_eq!(read.object.create_date.as_deref(), Some("2023-11-14T22:13:20Z"));
    let document = read.object.encode();
    assert_eq!(kind.normalise(&document), document);
    let written = document.with("assume_role_policy", Value::string(TRUST));
    assert_eq!(kind.normalise(&written), document);
    assert!(kind.validate(&document).is_empty());
}

#[test]
fn what_iam_refuses_is_found_before() {
    let kind = RoleKind(Clients::unconfigured());
    let good = Role {
        path: "/".into(),
        assume_role_policy: TRUST.into(),
        max_session_duration: 3600,
        ..Role::default()
    };
    let cases: [(&str, Role); 5] = [
        ("assume_role_policy", Role { assume_role_policy: "s3".into(), ..good.clone() }),
        ("name", Role { name: Some("a b".into()), ..good.clone() }),
        ("path", Role { path: "dr".into(), ..good.clone() }),
        ("max_session_duration", Role { max_session_duration: 60, ..good.clone() }),
        (
            "name_prefix",
            Role { name: Some("a".into()), name_prefix: Some("a".into()), ..good.clone() },
        ),
    ];
    assert!(kind.validate(&good.encode()).is_empty());
    for (path, role) in cases {
        let findings = kind.validate(&role.encode());
        assert_eq!(findings.len(), 1, "{path}: {findings:?}");
        assert_eq!(findings[0].path.to_string(), path);
    }
    let unknown = good.encode().with("name", Value::unknown(Type::String));
    assert!(kind.validate(&unknown).is_empty() && kind.id_of(&unknown).is_none());
}
