//! Drift as one JSON document; the changes are in Terraform's shape.

use std::collections::BTreeMap;

use lifeboat_sdk::{Scope, Severity};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::report::{Found, Object, Place, Report, Status, Verdict};
use super::unmanaged::{Stray, Strays, Unlisted};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    unprotected: Option<&'r str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fenced: &'r BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    evacuated: &'r BTreeMap<String, String>,
    counts: Json,
    objects: Vec<Entry<'r>>,
    resource_drift: Vec<&'r RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmanaged: Option<Json>,
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
        unprotected: report.unprotected.as_deref(),
        fenced: &report.fenced,
        evacuated: &report.evacuated,
        counts: json!({
            "unchanged": count(|s| matches!(s, Status::Same)),
            "changed": count(|s| matches!(s, Status::Changed(_))),
            "deleted": count(|s| matches!(s, Status::Deleted)),
            "unread": count(|s| matches!(s, Status::Unread(..))),
            "left_out": count(|s| matches!(s, Status::Left)),
            "unmanaged": report.strays().count(),
        }),
        objects: report.objects.iter().map(entry).collect(),
        resource_drift: report.objects.iter().filter_map(|o| o.change.as_deref()).collect(),
        unmanaged: report.strays.as_ref().map(strays),
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

/// What `-unmanaged` found.
fn strays(strays: &Strays) -> Json {
    let of = |kind: &str, scope: &Scope| {
        json!({
            "type": kind,
            "location": scope.location.to_string(),
            "service": &*scope.service,
            "provider": &*scope.provider,
            "account": &*scope.account,
        })
    };
    let object = |stray: &Stray| {
        let mut out = of(&stray.kind, &stray.scope);
        out["id"] = json!(stray.id);
        out["tagged_address"] = json!(stray.address);
        out["address_in_state"] = json!(stray.replaced);
        if let Some(at) = &stray.place {
            out["place"] = place(at);
        }
        out
    };
    let unlisted = |one: &Unlisted| {
        let mut out = of(&one.kind, &one.scope);
        out["id"] = json!(one.id);
        out["cause"] = json!(one.cause);
        out["message"] = json!(one.message);
        out
    };
    json!({
        "objects": strays.objects.iter().map(object).collect::<Vec<Json>>(),
        "not_listed": strays.unlisted.iter().map(unlisted).collect::<Vec<Json>>(),
        "types_without_listing": strays.blind,
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
