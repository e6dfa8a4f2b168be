//! Pure hooks of records: one form for one meaning, and what a document alone can get wrong.
//!
//! Rules are Route 53's: Developer Guide, "Values that you specify when you create or edit Amazon
//! Route 53 records" and "Configuring DNS failover"; API reference, `ResourceRecordSet`.

use std::net::{Ipv4Addr, Ipv6Addr};

use lifeboat_aws_core::normalise;
use lifeboat_sdk::{Finding, Name, Object as _, Type, Value};

use super::name::{self, RecordId, TYPES};
use super::{Record, text};
use crate::hook::{
    Findings, default_value, edit_blocks, edit_text, edit_texts, has, lacks, number,
    text as text_of, truth,
};

/// The zone of all CloudFront distributions.
const CLOUDFRONT: &str = "Z2FDTNDATAQYW2";
/// The time to live where none is configured.
const TTL: i64 = 60;
/// The routing policies that are blocks.
const POLICIES: [&str; 4] = [
    "failover_routing_policy",
    "weighted_routing_policy",
    "latency_routing_policy",
    "geolocation_routing_policy",
];

/// The form in which equal meaning is equal content.
pub(super) fn normalise(document: &Value) -> Value {
    let mut doc = normalise::containers(Record::SCHEMA.attributes, document);
    doc = edit_text(&doc, "zone_id", |id| name::zone_id(id).to_owned());
    doc = edit_text(&doc, "name", name::canonical);
    doc = edit_text(&doc, "type", str::to_ascii_uppercase);
    if let Some(kind) = text_of(&doc, "type").map(str::to_owned) {
        doc = edit_texts(&doc, "records", |value| text::canonical(&kind, value));
    }
    doc = edit_blocks(&doc, "alias", |alias| {
        let alias = edit_text(alias, "name", name::canonical);
        edit_text(&alias, "zone_id", |id| name::zone_id(id).to_owned())
    });
    doc = edit_blocks(&doc, "failover_routing_policy", |policy| {
        edit_text(policy, "type", str::to_ascii_uppercase)
    });
    for attribute in ["set_identifier", "health_check_id"] {
        if text_of(&doc, attribute) == Some("") {
            doc = doc.with(attribute, Value::Null(Type::String));
        }
    }
    let multivalue = doc.get("multivalue_answer_routing_policy").and_then(Value::as_bool);
    if multivalue == Some(false) {
        doc = doc.with("multivalue_answer_routing_policy", Value::Null(Type::Bool));
    }
    if lacks(&doc, "alias") {
        doc = default_value(&doc, "ttl", Value::int(TTL));
    }
    // Another type or identifier is another id of the same object.
    match id_of(&doc) {
        Some(id) => doc.with("id", Value::String(id)),
        None => doc,
    }
}

/// The id of a record of this configuration, once all that decides it is known.
pub(super) fn id_of(desired: &Value) -> Option<Name> {
    let set = match desired.get("set_identifier") {
        Some(value) if value.is_unknown() => return None,
        value => value.and_then(Value::as_str).filter(|set| !set.is_empty()),
    };
    let id = RecordId {
        zone: name::zone_id(text_of(desired, "zone_id")?).to_owned(),
        name: name::canonical(text_of(desired, "name")?),
        kind: text_of(desired, "type")?.to_ascii_uppercase(),
        set: set.map(str::to_owned),
    };
    Some(id.to_string().into())
}

/// What a document alone gets wrong.
pub(super) fn validate(document: &Value) -> Vec<Finding> {
    let mut findings = Findings::default();
    check_type(document, &mut findings);
    check_values(document, &mut findings);
    check_alias(document, &mut findings);
    check_policies(document, &mut findings);
    check_failover(document, &mut findings);
    check_ttl(document, &mut findings);
    findings.0
}

fn check_type(document: &Value, findings: &mut Findings) {
    let Some(kind) = text_of(document, "type") else { return };
    if !TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        findings.error(
            "type",
            "unknown record type",
            &format!("Route 53 has no records of the type {kind:?}."),
            &format!("Write one of {}.", TYPES.join(", ")),
        );
    }
}

fn check_values(document: &Value, findings: &mut Findings) {
    let kind = text_of(document, "type").unwrap_or_default().to_ascii_uppercase();
    let values = document.get("records").and_then(Value::items).unwrap_or_default();
    if kind == "CNAME" && values.len() > 1 {
        findings.error(
            "records",
            "several values of a CNAME record",
            "A name can be an alias of one other name only.",
            "Keep one value, or use a routing policy with one record for each.",
        );
    }
    for value in values.iter().filter_map(Value::as_str) {
        let canonical = text::canonical(&kind, value);
        let wrong = match &*kind {
            "A" => canonical.parse::<Ipv4Addr>().is_err().then_some("an IPv4 address"),
            "AAAA" => canonical.parse::<Ipv6Addr>().is_err().then_some("an IPv6 address"),
            "TXT" | "SPF" => text::text_strings(&canonical)
                .is_none_or(|strings| strings.iter().any(|s| s.len() > 255))
                .then_some("strings of at most 255 bytes, joined by \\\" \\\""),
            _ => None,
        };
        if let Some(expected) = wrong {
            findings.error(
                "records",
                "not a value of this record type",
                &format!("A record of the type {kind} takes {expected}, not {value:?}."),
                "Correct the value or the type.",
            );
        }
    }
}

fn check_alias(document: &Value, findings: &mut Findings) {
    if lacks(document, "alias") {
        if lacks(document, "records") {
            findings.error(
                "records",
                "a record without values",
                "A record needs values or an alias.",
                "Set records or add an alias block.",
            );
        }
        return;
    }
    if !has(document, "alias") {
        return;
    }
    for other in ["records", "ttl"] {
        if has(document, other) {
            findings.error(
                other,
                "an alias with values of its own",
                &format!("An alias answers with its target's values and time to live, so it cannot have {other}."),
                &format!("Remove {other} or the alias block."),
            );
        }
    }
    for alias in document.get("alias").and_then(Value::items).unwrap_or_default() {
        if text_of(alias, "zone_id") == Some(CLOUDFRONT) && truth(alias, "evaluate_target_health") {
            findings.error(
                "alias",
                "the health of a CloudFront distribution cannot be evaluated",
                "Route 53 refuses evaluate_target_health = true for CloudFront targets.",
                "Set it to false and give the record a health_check_id.",
            );
        }
    }
    if truth(document, "multivalue_answer_routing_policy") {
        findings.error(
            "multivalue_answer_routing_policy",
            "an alias with multivalue answers",
            "Route 53 does not support aliases in multivalue answer groups.",
            "Use records, or another routing policy.",
        );
    }
}

fn check_policies(document: &Value, findings: &mut Findings) {
    let mut used: Vec<&str> = POLICIES.into_iter().filter(|name| has(document, name)).collect();
    if truth(document, "multivalue_answer_routing_policy") {
        used.push("multivalue_answer_routing_policy");
    }
    match used.as_slice() {
        [] if has(document, "set_identifier")
            && POLICIES.iter().all(|name| lacks(document, name))
            && document
                .get("multivalue_answer_routing_policy")
                .is_none_or(|value| !value.is_unknown()) =>
        {
            findings.error(
                "set_identifier",
                "an identifier without a routing policy",
                "An identifier tells the members of a group apart; a simple record has no group.",
                "Remove set_identifier or add a routing policy.",
            );
        }
        [policy] if lacks(document, "set_identifier") => findings.error(
            policy,
            "a routing policy without an identifier",
            &format!("The members of a group with {policy} are told apart by set_identifier."),
            "Set set_identifier, to a value that no other record of this name and type has.",
        ),
        [_, second, ..] => findings.error(
            second,
            "several routing policies",
            &format!("A record has one routing policy; this one has {}.", used.join(" and ")),
            "Keep one of them.",
        ),
        _ => {}
    }
    for policy in document.get("weighted_routing_policy").and_then(Value::items).unwrap_or_default()
    {
        if number(policy, "weight").is_some_and(|w| !(0..=255).contains(&w)) {
            findings.error(
                "weighted_routing_policy",
                "a weight out of range",
                "Route 53 takes weights from 0 to 255.",
                "Write a whole number from 0 to 255.",
            );
        }
    }
}

fn check_failover(document: &Value, findings: &mut Findings) {
    let policies = document.get("failover_routing_policy").and_then(Value::items);
    let Some(policy) = policies.and_then(<[Value]>::first) else { return };
    let Some(part) = text_of(policy, "type").map(str::to_ascii_uppercase) else { return };
    if part != "PRIMARY" && part != "SECONDARY" {
        findings.error(
            "failover_routing_policy",
            "unknown part of a failover pair",
            &format!("A record is PRIMARY or SECONDARY, not {part:?}."),
            "Write PRIMARY or SECONDARY.",
        );
    }
    if part != "PRIMARY" || !lacks(document, "health_check_id") {
        return;
    }
    let alias = document.get("alias").and_then(Value::items).and_then(<[Value]>::first);
    match alias.map(|a| a.get("evaluate_target_health").and_then(Value::as_bool)) {
        Some(Some(false)) => findings.error(
            "alias",
            "a primary alias that never fails over",
            "Without evaluate_target_health and without a health check, Route 53 takes this record \
             as healthy for ever, so the secondary one is never answered.",
            "Set evaluate_target_health = true, or health_check_id.",
        ),
        None if lacks(document, "alias") => findings.warning(
            "health_check_id",
            "a primary record without a health check",
            "Route 53 takes it as healthy for ever, so the secondary one is never answered.",
            "Set health_check_id.",
        ),
        _ => {}
    }
}

fn check_ttl(document: &Value, findings: &mut Findings) {
    let Some(ttl) = number(document, "ttl") else { return };
    if !(0..=2_147_483_647).contains(&ttl) {
        findings.error(
            "ttl",
            "a time to live out of range",
            "Route 53 takes times from 0 to 2147483647 seconds.",
            "Write a number of seconds in that range.",
        );
    }
    let check = document.get("health_check_id").map(Value::bare);
    let checked = match check {
        Some(Value::Unknown(unknown)) => unknown.not_null,
        _ => has(document, "health_check_id"),
    };
    if checked && ttl > 60 {
        findings.warning(
            "ttl",
            "a long time to live with a health check",
            &format!(
                "Resolvers keep the answer for {ttl} s, so clients follow a failed health check \
                 that much later. AWS recommends at most 60 s."
            ),
            "Write 60 or less.",
        );
    }
}
