//! Drift as one JSON document; the changes are in Terraform's shape.

use lifeboat_sdk::Severity;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::report::{Found, Object, Place, Report, Status, Verdict};
use crate::plan::ScopeStatus;
use crate::view::plan::word;

#[derive(Serialize)]
struct Document<'r> {
    format_version: &'static str,
    lifeboat_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'r str>,
    verdict: &'static str,
    summary: &'r str,
    incomplete: bool,
    counts: Json,
    objects: Vec<Entry<'r>>,
    resource_drift: Vec<&'r RawValue>,
    scopes: Vec<Json>,
    diagnostics: Vec<Json>,
}

#[derive(Serialize)]
struct Entry<'r> {
    address: &'r str,
    status: &'static str,
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'r str>,
}

/// The document (`format_version` 1.0).
pub(super) fn document(report: &Report) -> String {
    let count = |which: fn(&Status) -> bool| report.count(which);
    let document = Document {
        format_version: "1.0",
        lifeboat_version: env!("CARGO_PKG_VERSION"),
        timestamp: report.created.as_deref(),
        verdict: match report.verdict {
            Verdict::None => "none",
            Verdict::Drift => "drift",
            Verdict::Unread => "unread",
            Verdict::Failed => "failed",
        },
        summary: &report.summary,
        incomplete: report.incomplete,
        counts: json!({
            "unchanged": count(|s| matches!(s, Status::Same)),
            "changed": count(|s| matches!(s, Status::Changed(_))),
            "deleted": count(|s| matches!(s, Status::Deleted)),
            "unread": count(|s| matches!(s, Status::Unread(..))),
            "left_out": count(|s| matches!(s, Status::Left)),
        }),
        objects: report.objects.iter().map(entry).collect(),
        resource_drift: report.objects.iter().filter_map(|o| o.change.as_deref()).collect(),
        scopes: report.scopes.iter().map(scope).collect(),
        diagnostics: report.found.iter().map(found).collect(),
    };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn entry(object: &Object) -> Entry<'_> {
    let (status, why) = match &object.status {
        Status::Same => ("unchanged", None),
        Status::Changed(_) => ("changed", None),
        Status::Deleted => ("deleted", None),
        Status::Unread(cause, message) => ("unread", Some((*cause, &**message))),
        Status::Left => ("left_out", None),
    };
    let scope = object.scope.as_ref();
    Entry {
        address: &object.address,
        status,
        location: object.location(),
        service: scope.map(|s| &*s.service),
        provider: scope.map(|s| &*s.provider),
        account: scope.map(|s| &*s.account),
        id: object.id.as_deref().filter(|id| !id.is_empty()),
        place: object.place.as_ref().map(place),
        cause: why.map(|(cause, _)| cause),
        message: why.map(|(_, message)| message),
    }
}

fn place(place: &Place) -> Json {
    let Place { file, line, column, end_line, end_column } = place;
    json!({
        "filename": file,
        "start": { "line": line, "column": column },
        "end": { "line": end_line, "column": end_column },
    })
}

fn scope(status: &ScopeStatus) -> Json {
    let ScopeStatus { scope, trouble, objects, unread } = status;
    json!({
        "provider": &*scope.provider,
        "account": &*scope.account,
        "location": scope.location.to_string(),
        "service": &*scope.service,
        "objects": objects,
        "unread": unread,
        "cause": trouble.as_ref().map(|(cause, _)| word(cause)),
        "message": trouble.as_ref().map(|(_, message)| message),
    })
}

fn found(found: &Found) -> Json {
    let mut out = json!({
        "severity": match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "summary": found.summary,
        "detail": found.sentences(),
    });
    if let Some(code) = found.code {
        out["code"] = json!(code);
    }
    if let Some(address) = &found.address {
        out["address"] = json!(address);
    }
    if let Some(at) = &found.place {
        out["range"] = place(at);
    }
    out
}
