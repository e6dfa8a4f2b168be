//! Replication documents: equal meaning, conversion, findings.

use aws_sdk_s3::types as api;
use lifeboat_sdk::{Object as _, Type, Value};

use super::*;

fn on(status: &str) -> Vec<OnOff> {
    vec![OnOff { status: status.into() }]
}

fn rule() -> Rule {
    Rule {
        id: None,
        priority: Some(1),
        status: "Enabled".into(),
        prefix: None,
        filter: Vec::new(),
        delete_marker_replication: Vec::new(),
        source_selection_criteria: Vec::new(),
        destination: vec![Destination {
            bucket: "arn:aws:s3:::copy".into(),
            account: None,
            storage_class: None,
            access_control_translation: Vec::new(),
            encryption_configuration: Vec::new(),
            metrics: Vec::new(),
            replication_time: Vec::new(),
        }],
    }
}

fn timed() -> Rule {
    let mut rule = rule();
    let minutes = vec![Minutes { minutes: 15 }];
    rule.destination[0].metrics =
        vec![Metrics { status: "Enabled".into(), event_threshold: minutes.clone() }];
    rule.destination[0].replication_time =
        vec![ReplicationTime { status: "Enabled".into(), time: minutes }];
    rule
}

fn document(rule: Rule) -> Value {
    Replication {
        bucket: "b".into(),
        id: None,
        region: None,
        role: "arn:aws:iam::123456789012:role/r".into(),
        token: None,
        rule: vec![rule],
    }
    .encode()
}

fn normal(rule: Rule) -> Value {
    Replication::normalise(&document(rule))
}

#[test]
fn spellings_of_one_rule() {
    let plain = normal(rule());
    let spelled = Rule {
        id: Some("rule-1".into()),
        filter: vec![Filter { prefix: Some(String::new()), ..Filter::default() }],
        delete_marker_replication: on("Disabled"),
        ..rule()
    };
    assert_eq!(normal(spelled), plain);
    assert_ne!(normal(Rule { delete_marker_replication: on("Enabled"), ..rule() }), plain);
    assert_ne!(normal(Rule { priority: Some(2), ..rule() }), plain);
}

#[test]
fn what_is_unknown_does_not_hinder_the_rest() {
    let known = document(rule());
    let item = known.get("rule").and_then(Value::items).unwrap()[0].clone();
    let destination = item.get("destination").and_then(Value::items).unwrap()[0].clone();
    let destination = destination.with("bucket", Value::unknown(Type::String));
    let item = item.with("destination", Value::list(destination.ty(), vec![destination]));
    let normal = Replication::normalise(&known.with("rule", Value::set(item.ty(), vec![item])));
    let rule = &normal.get("rule").and_then(Value::items).unwrap()[0];
    assert_eq!(rule.get("id").and_then(Value::as_str), Some("rule-1"));
    assert_eq!(rule.get("filter").and_then(Value::items).map(<[_]>::len), Some(1));
    assert!(!rule.is_wholly_known());
}

#[test]
fn rules_survive_the_api() {
    let mut full = timed();
    full.source_selection_criteria = vec![Selection {
        replica_modifications: on("Enabled"),
        sse_kms_encrypted_objects: on("Enabled"),
    }];
    full.destination[0].account = Some("123456789012".into());
    full.destination[0].storage_class = Some("STANDARD_IA".into());
    full.destination[0].access_control_translation =
        vec![Translation { owner: "Destination".into() }];
    full.destination[0].encryption_configuration =
        vec![ReplicaKey { replica_kms_key_id: "arn:aws:kms:eu-west-1:1:key/k".into() }];
    let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    full.filter =
        vec![Filter { and: vec![And { prefix: Some("p/".into()), tags }], ..Filter::default() }];
    assert!(Replication::validate(&document(full.clone())).is_empty());
    for rule in [full, rule(), timed()] {
        let live = convert::from_api(&convert::to_api(&rule).unwrap());
        let named = Rule { id: live.id.clone().or_else(|| Some("rule-1".into())), ..rule };
        assert_eq!(normal(live), normal(named));
    }
}

#[test]
fn a_rule_of_the_first_version_copies_delete_markers() {
    #[allow(deprecated, reason = "that is the first version")]
    let live = api::ReplicationRule::builder()
        .prefix("")
        .status(api::ReplicationRuleStatus::Enabled)
        .destination(api::Destination::builder().bucket("arn:aws:s3:::copy").build().unwrap())
        .build()
        .unwrap();
    let found = Rule { priority: Some(1), ..convert::from_api(&live) };
    assert_eq!(normal(found), normal(Rule { delete_marker_replication: on("Enabled"), ..rule() }));
}

#[test]
fn what_s3_refuses_is_found_before() {
    let summaries = |rule: Rule| -> Vec<&'static str> {
        Replication::validate(&document(rule)).iter().map(|f| f.summary).collect()
    };
    assert!(summaries(timed()).is_empty());
    let tag = vec![Tag { key: "a".into(), value: "b".into() }];
    let tagged = Rule {
        filter: vec![Filter { tag, ..Filter::default() }],
        delete_marker_replication: on("Enabled"),
        ..rule()
    };
    assert_eq!(summaries(tagged), ["Delete markers have no tags"]);
    let mut silent = timed();
    silent.destination[0].metrics.clear();
    assert_eq!(summaries(silent), ["Replication time needs metrics"]);
    let mut slow = timed();
    slow.destination[0].replication_time[0].time[0].minutes = 30;
    assert_eq!(summaries(slow), ["Replication time is 15 minutes"]);
    let mut copied = rule();
    copied.destination[0].storage_class = Some("GLACIAL".into());
    assert_eq!(summaries(copied), ["Value not allowed"]);
    let mut owned = rule();
    owned.destination[0].access_control_translation =
        vec![Translation { owner: "Destination".into() }];
    assert_eq!(summaries(owned), ["Owner of copies needs the account"]);
}
