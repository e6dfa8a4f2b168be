//! Pure hooks of health checks: one form for one meaning, and what a document alone can get wrong.
//!
//! Rules are those of the API reference, `HealthCheckConfig`, and of the Developer Guide, "How
//! Route 53 determines whether a health check is healthy".

use std::net::IpAddr;

use aws_sdk_route53::types::HealthCheckRegion;
use lifeboat_aws_core::normalise;
use lifeboat_sdk::{Finding, Object as _, Type, Value};

use super::HealthCheck;
use super::convert::{INTERVAL, THRESHOLD, default_port, is_endpoint};
use crate::hook::{
    Findings, check_tags, default_value, edit_text, has, lacks, number, text, truth,
};

/// The types of health checks.
const TYPES: [&str; 8] = [
    "CALCULATED",
    "CLOUDWATCH_METRIC",
    "HTTP",
    "HTTPS",
    "HTTPS_STR_MATCH",
    "HTTP_STR_MATCH",
    "RECOVERY_CONTROL",
    "TCP",
];
/// Attributes of endpoints only.
const ENDPOINT: [&str; 8] = [
    "fqdn",
    "ip_address",
    "port",
    "resource_path",
    "search_string",
    "regions",
    "request_interval",
    "failure_threshold",
];

/// The form in which equal meaning is equal content.
pub(super) fn normalise(document: &Value) -> Value {
    let mut doc = normalise::containers(HealthCheck::SCHEMA.attributes, document);
    doc = normalise::follow(&doc, "tags", "tags_all");
    doc = edit_text(&doc, "type", str::to_ascii_uppercase);
    doc = edit_text(&doc, "fqdn", |name| name.trim_end_matches('.').to_ascii_lowercase());
    doc = edit_text(&doc, "ip_address", |ip| {
        ip.parse::<IpAddr>().map_or_else(|_| ip.to_owned(), |ip| ip.to_string())
    });
    doc = edit_text(&doc, "resource_path", |path| {
        if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
    });
    for attribute in [
        "fqdn",
        "ip_address",
        "resource_path",
        "search_string",
        "reference_name",
        "routing_control_arn",
    ] {
        if text(&doc, attribute) == Some("") {
            doc = doc.with(attribute, Value::Null(Type::String));
        }
    }
    let kind = text(&doc, "type").unwrap_or_default().to_owned();
    if is_endpoint(&kind) {
        doc = default_value(&doc, "request_interval", Value::int(INTERVAL));
        doc = default_value(&doc, "failure_threshold", Value::int(THRESHOLD));
    }
    if let Some(port) = default_port(&kind) {
        doc = default_value(&doc, "port", Value::int(port));
    }
    doc
}

/// What a document alone gets wrong.
pub(super) fn validate(document: &Value) -> Vec<Finding> {
    let mut findings = Findings::default();
    check_tags(document, &mut findings);
    check_numbers(document, &mut findings);
    check_regions(document, &mut findings);
    check_always_healthy(document, &mut findings);
    if let Some(kind) = text(document, "type").map(str::to_ascii_uppercase) {
        check_kind(&kind, document, &mut findings);
    }
    findings.0
}

fn check_kind(kind: &str, document: &Value, findings: &mut Findings) {
    if !TYPES.contains(&kind) {
        findings.error(
            "type",
            "unknown type of health check",
            &format!("Route 53 has no health checks of the type {kind:?}."),
            &format!("Write one of {}.", TYPES.join(", ")),
        );
        return;
    }
    if is_endpoint(kind) {
        check_endpoint(kind, document, findings);
    } else {
        for attribute in ENDPOINT.into_iter().filter(|name| has(document, name)) {
            findings.error(
                attribute,
                "an attribute of endpoints",
                &format!(
                    "A check of the type {kind} asks no endpoint, so {attribute} has no effect."
                ),
                &format!("Remove {attribute}."),
            );
        }
    }
    let needed: &[&str] = match kind {
        "CALCULATED" => &["child_healthchecks", "child_health_threshold"],
        "CLOUDWATCH_METRIC" => &["cloudwatch_alarm_name", "cloudwatch_alarm_region"],
        "RECOVERY_CONTROL" => &["routing_control_arn"],
        _ => &[],
    };
    for attribute in needed.iter().filter(|name| lacks(document, name)) {
        findings.error(
            attribute,
            "an attribute is missing for this type",
            &format!("A check of the type {kind} needs {attribute}."),
            &format!("Set {attribute}."),
        );
    }
}

fn check_endpoint(kind: &str, document: &Value, findings: &mut Findings) {
    if lacks(document, "fqdn") && lacks(document, "ip_address") {
        findings.error(
            "fqdn",
            "a health check without an endpoint",
            &format!("A check of the type {kind} needs the domain name or the address to ask."),
            "Set fqdn or ip_address.",
        );
    }
    if kind == "TCP" && lacks(document, "port") {
        findings.error(
            "port",
            "a TCP check without a port",
            "A check of the type TCP has no default port.",
            "Set port.",
        );
    }
    let matches = kind.ends_with("_STR_MATCH");
    if matches && lacks(document, "search_string") {
        findings.error(
            "search_string",
            "nothing to search for",
            &format!("A check of the type {kind} needs the text that the answer must hold."),
            "Set search_string.",
        );
    }
    if !matches && has(document, "search_string") {
        findings.error(
            "search_string",
            "a text that is not searched for",
            &format!("A check of the type {kind} does not look at the answer's text."),
            &format!("Remove search_string, or write {kind}_STR_MATCH."),
        );
    }
    if text(document, "search_string").is_some_and(|text| text.len() > 255) {
        findings.error(
            "search_string",
            "a text that is too long",
            "Route 53 searches for at most 255 characters.",
            "Search for a shorter text.",
        );
    }
}

fn check_numbers(document: &Value, findings: &mut Findings) {
    if number(document, "request_interval").is_some_and(|n| n != 10 && n != 30) {
        findings.error(
            "request_interval",
            "an interval that Route 53 does not have",
            "Checkers ask every 10 or every 30 seconds.",
            "Write 10 or 30.",
        );
    }
    for (attribute, low, high) in
        [("failure_threshold", 1, 10), ("port", 1, 65_535), ("child_health_threshold", 0, 256)]
    {
        if number(document, attribute).is_some_and(|n| !(low..=high).contains(&n)) {
            findings.error(
                attribute,
                "a number out of range",
                &format!("Route 53 takes {attribute} from {low} to {high}."),
                &format!("Write a whole number from {low} to {high}."),
            );
        }
    }
    if text(document, "reference_name").is_some_and(|name| name.len() > 27) {
        findings.error(
            "reference_name",
            "a name that is too long",
            "It begins the caller reference, which has room for 27 characters of it.",
            "Write a shorter name.",
        );
    }
}

fn check_regions(document: &Value, findings: &mut Findings) {
    let Some(regions) = document.get("regions").and_then(Value::items) else { return };
    if (1..3).contains(&regions.len()) {
        findings.error(
            "regions",
            "too few regions of checkers",
            "Route 53 checks from at least three regions.",
            "Name three or more, or none for all.",
        );
    }
    for region in regions.iter().filter_map(Value::as_str) {
        if !HealthCheckRegion::values().contains(&region) {
            findings.error(
                "regions",
                "a region without health checkers",
                &format!("Route 53 has no health checkers in {region:?}."),
                &format!("Write some of {}.", HealthCheckRegion::values().join(", ")),
            );
        }
    }
}

/// Three ways to a check that never says anything (API reference, `HealthThreshold`, `Disabled`).
fn check_always_healthy(document: &Value, findings: &mut Findings) {
    if truth(document, "disabled") {
        findings.warning(
            "disabled",
            "a health check that is always healthy",
            "A disabled check counts as healthy, whatever its endpoint does, so nothing fails over.",
            "Remove disabled, or use invert_healthcheck to stop traffic on purpose.",
        );
    }
    let Some(threshold) = number(document, "child_health_threshold") else { return };
    if threshold == 0 {
        findings.warning(
            "child_health_threshold",
            "a health check that is always healthy",
            "With a threshold of 0 no child has to be healthy.",
            "Write 1 or more.",
        );
    }
    let children = document.get("child_healthchecks").and_then(Value::items).map(<[Value]>::len);
    if children.and_then(|n| i64::try_from(n).ok()).is_some_and(|n| n > 0 && threshold > n) {
        findings.warning(
            "child_health_threshold",
            "a health check that is never healthy",
            "More children would have to be healthy than there are.",
            "Write at most the number of children.",
        );
    }
}
