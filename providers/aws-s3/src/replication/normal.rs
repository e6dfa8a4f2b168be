//! The canonical form of replication documents, and what is wrong with some.

use lifeboat_aws_core::{normalise, validate};
use lifeboat_sdk::codec::Codec as _;
use lifeboat_sdk::value::Step;
use lifeboat_sdk::{Finding, Object as _, Path, Value};

use super::{And, Filter, OnOff, Replication};
use crate::filter::{self, Conditions};

/// The classes of copies (API reference, `Destination`).
const CLASSES: [&str; 11] = [
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
    "REDUCED_REDUNDANCY",
    "OUTPOSTS",
    "SNOW",
    "EXPRESS_ONEZONE",
];

const SWITCH: &[&str] = &["Enabled", "Disabled"];

/// The document in the form in which equal meaning is equal content.
pub(super) fn document(document: &Value) -> Value {
    let document = normalise::containers(Replication::SCHEMA.attributes, document);
    normalise::blocks(&document, "rule", &|rule| {
        let rule = filter::normalise::<Filter>(rule);
        let rule = named(&rule);
        let markers = rule.get("delete_marker_replication").and_then(Value::items);
        if markers.is_some_and(<[_]>::is_empty) {
            // Required with a filter, and `Disabled` where Terraform says nothing.
            let off = vec![OnOff { status: "Disabled".to_owned() }].encode();
            return rule.with("delete_marker_replication", off);
        }
        rule
    })
}

/// A rule without a name is named after its priority: S3 would make a random name up, and rules
/// are told apart by it.
fn named(rule: &Value) -> Value {
    let nameless = rule.get("id").is_some_and(|id| id.is_null() || id.as_str() == Some(""));
    match rule.get("priority").and_then(Value::as_i64) {
        Some(priority) if nameless => rule.with("id", Value::string(format!("rule-{priority}"))),
        _ => rule.clone(),
    }
}

impl filter::Filter for Filter {
    fn conditions(&self) -> Conditions {
        let Self { prefix, tag, and } = self;
        let mut all = Conditions::default();
        all.add_prefix(prefix.as_ref());
        all.add_tags(tag.iter().map(|tag| (tag.key.clone(), tag.value.clone())));
        for and in and {
            all.add_prefix(and.prefix.as_ref());
            all.add_tags(and.tags.clone());
        }
        all
    }

    fn canonical(all: Conditions) -> Self {
        if all.several() {
            let and = And { prefix: all.prefix, tags: all.tags };
            return Self { and: vec![and], ..Self::default() };
        }
        Self { prefix: all.prefix.clone(), tag: all.tag(), and: Vec::new() }
    }
}

/// What S3 refuses only when the document is sent (API reference, "PutBucketReplication").
pub(super) fn findings(document: &Value) -> Vec<Finding> {
    let switches: [&[&str]; 6] = [
        &["rule", "status"],
        &["rule", "delete_marker_replication", "status"],
        &["rule", "source_selection_criteria", "replica_modifications", "status"],
        &["rule", "source_selection_criteria", "sse_kms_encrypted_objects", "status"],
        &["rule", "destination", "metrics", "status"],
        &["rule", "destination", "replication_time", "status"],
    ];
    let mut findings: Vec<_> =
        switches.iter().flat_map(|path| validate::one_of(document, path, SWITCH)).collect();
    let owner = ["rule", "destination", "access_control_translation", "owner"];
    findings.extend(validate::one_of(document, &owner, &["Destination"]));
    findings.extend(validate::one_of(
        document,
        &["rule", "destination", "storage_class"],
        &CLASSES,
    ));
    for (path, rules) in validate::at(document, &["rule"]) {
        for (i, rule) in rules.items().unwrap_or_default().iter().enumerate() {
            findings.extend(rule_findings(&path.join(Step::Index(i)), rule));
        }
    }
    findings
}

fn rule_findings(path: &Path, rule: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |names: &[&str], summary, detail: &str, help: &str| {
        let at = names.iter().fold(path.clone(), |p, name| p.join(Step::Attr((*name).into())));
        let (detail, help) = (detail.to_owned(), help.to_owned());
        findings.push(Finding { path: at, summary, detail, help, warning: false });
    };
    let tagged = full(rule, &["filter", "tag"])
        || validate::at(rule, &["filter", "and", "tags"])
            .iter()
            .any(|(_, tags)| tags.entries().is_some_and(|entries| !entries.is_empty()));
    if tagged && switched_on(rule, &["delete_marker_replication", "status"]) {
        add(
            &["delete_marker_replication"],
            "Delete markers have no tags",
            "A rule whose filter has tags cannot copy delete markers.",
            "Write status = \"Disabled\", or filter by prefix.",
        );
    }
    let timed = switched_on(rule, &["destination", "replication_time", "status"]);
    if timed && known(rule, "metrics") && !full(rule, &["destination", "metrics"]) {
        add(
            &["destination"],
            "Replication time needs metrics",
            "Replication Time Control works only with metrics.",
            "Add metrics { status = \"Enabled\" event_threshold { minutes = 15 } }.",
        );
    }
    let translated = full(rule, &["destination", "access_control_translation"]);
    let account = validate::at(rule, &["destination"]).first().is_some_and(|(_, d)| {
        d.items().is_some_and(|d| d.iter().any(|d| d.get("account").is_some_and(|a| !a.is_null())))
    });
    if translated && !account {
        add(
            &["destination"],
            "Owner of copies needs the account",
            "access_control_translation names the destination's owner.",
            "Write account = … beside it.",
        );
    }
    let times = [
        ["destination", "replication_time", "time", "minutes"],
        ["destination", "metrics", "event_threshold", "minutes"],
    ];
    for names in times {
        if validate::at(rule, &names).iter().any(|(_, n)| n.as_i64() != Some(15)) {
            add(
                &["destination"],
                "Replication time is 15 minutes",
                "S3 takes no other number of minutes.",
                "Write minutes = 15.",
            );
        }
    }
    findings
}

/// Whether there is a block at the path.
fn full(rule: &Value, names: &[&str]) -> bool {
    validate::at(rule, names)
        .iter()
        .any(|(_, blocks)| blocks.items().is_some_and(|items| !items.is_empty()))
}

fn known(rule: &Value, name: &str) -> bool {
    let destinations = rule.get("destination").and_then(Value::items).unwrap_or_default();
    destinations.iter().all(|d| d.get(name).is_some_and(|v| !v.is_unknown()))
}

fn switched_on(rule: &Value, names: &[&str]) -> bool {
    validate::at(rule, names).iter().any(|(_, status)| status.as_str() == Some("Enabled"))
}
