//! Lifecycle documents: equal meaning, conversion, findings.

use lifeboat_sdk::{Object as _, Type, Value};

use super::*;

fn rule() -> Rule {
    Rule {
        id: "r".into(),
        status: "Enabled".into(),
        prefix: None,
        filter: Vec::new(),
        expiration: Vec::new(),
        noncurrent_version_expiration: Vec::new(),
        noncurrent_version_transition: Vec::new(),
        transition: Vec::new(),
        abort_incomplete_multipart_upload: Vec::new(),
    }
}

fn document(rule: Vec<Rule>) -> Value {
    Lifecycle { rule, ..Lifecycle::default() }.encode()
}

fn normal(rule: Rule) -> Value {
    Lifecycle::normalise(&document(vec![rule]))
}

fn filtered(filter: Filter) -> Rule {
    Rule { filter: vec![filter], ..rule() }
}

#[test]
fn spellings_of_one_filter() {
    let prefix = |p: &str| Filter { prefix: Some(p.into()), ..Filter::default() };
    let and = |and: And| Filter { and: vec![and], ..Filter::default() };
    let tag = Tag { key: "k".into(), value: "v".into() };
    let tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let everything = [
        rule(),
        filtered(Filter::default()),
        filtered(prefix("")),
        filtered(and(And::default())),
        Rule { prefix: Some(String::new()), ..rule() },
    ];
    for other in &everything {
        assert_eq!(normal(other.clone()), normal(rule()));
    }
    let logs = [
        Rule { prefix: Some("logs/".into()), ..rule() },
        filtered(and(And { prefix: Some("logs/".into()), ..And::default() })),
    ];
    for other in logs {
        assert_eq!(normal(other), normal(filtered(prefix("logs/"))));
    }
    let one_tag = filtered(Filter { tag: vec![tag.clone()], ..Filter::default() });
    assert_eq!(
        normal(filtered(and(And { tags: tags.clone(), ..And::default() }))),
        normal(one_tag)
    );
    let both = And { prefix: Some("logs/".into()), tags, ..And::default() };
    let mixed = Filter { tag: vec![tag], ..prefix("logs/") };
    assert_eq!(normal(filtered(mixed)), normal(filtered(and(both))));
    assert_ne!(normal(filtered(prefix("logs/"))), normal(rule()));
}

#[test]
fn spellings_of_dates_and_nothing() {
    let expiring = |expiration| Rule { expiration: vec![expiration], ..rule() };
    let at = |date: &str| Expiration { date: Some(date.into()), ..Expiration::default() };
    assert_eq!(
        normal(expiring(at("2030-01-01T00:00:00.000Z"))),
        normal(expiring(at("2030-01-01T01:00:00+01:00")))
    );
    let blank = Expiration {
        days: Some(0),
        expired_object_delete_marker: Some(false),
        ..Expiration::default()
    };
    assert_eq!(normal(expiring(blank)), normal(rule()));
    let marker = Expiration {
        days: Some(0),
        expired_object_delete_marker: Some(true),
        ..Expiration::default()
    };
    assert_ne!(normal(expiring(marker)), normal(rule()));
}

#[test]
fn what_is_unknown_stays_unknown_and_the_rest_is_normalised() {
    let known = document(vec![rule()]);
    let item = known.get("rule").and_then(Value::items).unwrap()[0].clone();
    let item = item.with("status", Value::unknown(Type::String));
    let rules = Value::set(item.ty(), vec![item]);
    let normal = Lifecycle::normalise(&known.with("rule", rules));
    let rule = &normal.get("rule").and_then(Value::items).unwrap()[0];
    assert!(rule.get("status").is_some_and(Value::is_unknown));
    assert_eq!(rule.get("filter").and_then(Value::items).map(<[_]>::len), Some(1));
    let all = Lifecycle::normalise(&known.with("rule", Value::unknown(Type::Dynamic)));
    assert!(all.get("rule").is_some_and(Value::is_unknown));
}

#[test]
fn rules_survive_the_api() {
    let full = Rule {
        expiration: vec![Expiration { days: Some(400), ..Expiration::default() }],
        noncurrent_version_expiration: vec![NoncurrentExpiration {
            newer_noncurrent_versions: Some(3),
            noncurrent_days: 90,
        }],
        noncurrent_version_transition: vec![NoncurrentTransition {
            newer_noncurrent_versions: None,
            noncurrent_days: 30,
            storage_class: "GLACIER".into(),
        }],
        transition: vec![Transition {
            date: Some("2030-01-01T00:00:00Z".into()),
            days: None,
            storage_class: "DEEP_ARCHIVE".into(),
        }],
        abort_incomplete_multipart_upload: vec![AbortUpload { days_after_initiation: Some(7) }],
        ..filtered(Filter { object_size_greater_than: Some(1024), ..Filter::default() })
    };
    for rule in [full, rule(), Rule { prefix: Some("a/".into()), ..rule() }] {
        let live = convert::from_api(&convert::to_api(&rule).unwrap());
        assert_eq!(normal(live), normal(rule));
    }
}

#[test]
fn what_s3_refuses_is_found_before() {
    let early = Transition { date: None, days: Some(5), storage_class: "STANDARD_IA".into() };
    let bad = Rule { transition: vec![early], status: "on".into(), ..rule() };
    let findings = Lifecycle::validate(&document(vec![bad]));
    let found: Vec<_> = findings.iter().map(|f| (f.summary, f.path.to_string())).collect();
    assert_eq!(
        found,
        [
            ("Value not allowed", "rule[0].status".to_owned()),
            ("Transition comes too early", "rule[0].transition[0].days".to_owned()),
        ]
    );
    let other = Rule { status: "Disabled".into(), ..rule() };
    let findings = Lifecycle::validate(&document(vec![rule(), other]));
    assert_eq!(findings.iter().map(|f| f.summary).collect::<Vec<_>>(), ["Rule id used twice"]);
}

#[test]
fn the_order_of_moves_and_ends_is_checked() {
    let to = |days, class: &str| Transition {
        date: None,
        days: Some(days),
        storage_class: class.into(),
    };
    let former = |noncurrent_days, class: &str| NoncurrentTransition {
        newer_noncurrent_versions: None,
        noncurrent_days,
        storage_class: class.into(),
    };
    let summaries = |rule: Rule| -> Vec<&'static str> {
        Lifecycle::validate(&document(vec![rule])).iter().map(|f| f.summary).collect()
    };
    let moving = |transition: Vec<Transition>| Rule { transition, ..rule() };
    assert!(summaries(moving(vec![to(90, "GLACIER"), to(30, "STANDARD_IA")])).is_empty());
    let up = vec![to(30, "GLACIER"), to(90, "STANDARD_IA")];
    assert_eq!(summaries(moving(up)), ["Transition leads up"]);
    assert_eq!(summaries(moving(vec![to(30, "FROZEN")])), ["Value not allowed"]);
    let days = |days| vec![Expiration { days: Some(days), ..Expiration::default() }];
    let ended = |end| Rule { expiration: days(end), ..moving(vec![to(60, "GLACIER")]) };
    assert!(summaries(ended(61)).is_empty());
    assert_eq!(summaries(ended(60)), ["Transition comes after the end"]);
    let gone = NoncurrentExpiration { newer_noncurrent_versions: None, noncurrent_days: 7 };
    let former = Rule {
        noncurrent_version_transition: vec![former(10, "GLACIER")],
        noncurrent_version_expiration: vec![gone],
        ..rule()
    };
    assert_eq!(summaries(former), ["Transition comes after the end"]);
    let markers = |days| {
        let expired_object_delete_marker = Some(true);
        let end = Expiration { days, expired_object_delete_marker, ..Expiration::default() };
        Rule { expiration: vec![end], ..rule() }
    };
    assert!(summaries(markers(None)).is_empty());
    assert_eq!(summaries(markers(Some(30))), ["Delete markers have no time"]);
}
