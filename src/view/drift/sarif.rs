//! Drift as SARIF 2.1.0: a rule for each kind of drift, a result for each object, with the block
//! that declares it as its place.
//!
//! Code scanning shows results with a place only. An object that no block declares any more is
//! shown at the first line of the root module, and says so; every diagnostic is a notification too.

use std::collections::BTreeMap;

use lifeboat_sdk::Severity;
use serde_json::{Value as Json, json};

use super::report::{Found, Object, Place, Report, Status, Verdict};
use super::unmanaged::{Stray, Strays};
use crate::view::escape::{line, lines};
use crate::view::markdown::bounded;

/// Characters of a message.
const LONGEST: usize = 8_000;

/// The rules about objects: id, name, what it means, level.
const RULES: [(&str, &str, &str, &str); 4] = [
    (
        "drift/changed",
        "ObjectChanged",
        "An object was changed outside of lifeboat. `lifeboat apply` puts it back; to keep the \
         change, write it into the files.",
        "error",
    ),
    (
        "drift/deleted",
        "ObjectDeleted",
        "An object was deleted outside of lifeboat. `lifeboat apply` makes it again; to let it \
         go, remove it from the files.",
        "error",
    ),
    (
        "drift/unmanaged",
        "ObjectUnmanaged",
        "An object carries the tags of this topology and is in no state. `lifeboat apply` takes it \
         over where a block declares it at the address that the tags name; import it otherwise, or \
         delete it.",
        "error",
    ),
    (
        "drift/unread",
        "ObjectUnread",
        "An object could not be read, so it is not known whether it has changed. Nothing was \
         concluded from it: look again when its region answers, or with the permission that is \
         missing.",
        "warning",
    ),
];

/// The document.
pub(super) fn document(report: &Report) -> String {
    let rules = rules(report);
    let ids: Vec<&str> = rules.iter().filter_map(|rule| rule["id"].as_str()).collect();
    let index = |id: &str| ids.iter().position(|known| *known == id);
    let mut results: Vec<Json> = report.objects.iter().filter_map(|o| object(o, report)).collect();
    results.extend(report.dark().filter_map(|(status, cause, message)| {
        let name = format!("{} {}", status.scope.location, status.scope.service);
        let text = format!("{name} could not be read: {cause}: {message}");
        let place = json!([{ "physicalLocation": home(report)? }]);
        Some(result("drift/unread", &text, place, &name))
    }));
    results.extend(report.strays().map(|one| stray(one, report)));
    results.extend(report.unlisted().filter_map(|one| {
        let place = json!([{ "physicalLocation": home(report)? }]);
        Some(result("drift/unread", &one.sentence(), place, &one.name()))
    }));
    results.extend(report.found.iter().filter_map(|found| diagnostic(found, report)));
    for one in &mut results {
        if let Some(at) = one["ruleId"].as_str().and_then(index) {
            one["ruleIndex"] = json!(at);
        }
    }
    let mut invocation = json!({
        "executionSuccessful": report.verdict != Verdict::Failed,
        "toolExecutionNotifications": notifications(report),
    });
    if let Some(created) = &report.created {
        invocation["endTimeUtc"] = json!(created);
    }
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lifeboat",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            } },
            "automationDetails": { "id": "lifeboat/drift/" },
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": results,
            "properties": { "incomplete": report.incomplete, "summary": report.summary },
        }],
    });
    format!("{document:#}\n")
}

/// The rules about objects, and one for each diagnostic that has a place.
fn rules(report: &Report) -> Vec<Json> {
    let rule = |id: &str, name: &str, text: &str, level: &str| {
        let short = text.split(". ").next().unwrap_or(text).trim_end_matches('.');
        json!({
            "id": id,
            "name": name,
            "shortDescription": { "text": format!("{short}.") },
            "fullDescription": { "text": text },
            "help": { "text": text },
            "defaultConfiguration": { "level": level },
        })
    };
    let mut all: Vec<Json> = RULES.iter().map(|(id, n, text, l)| rule(id, n, text, l)).collect();
    let coded = report.found.iter().filter_map(|f| Some((f.code?, f)));
    for (code, found) in coded.collect::<BTreeMap<_, _>>() {
        all.push(rule(code, code, &found.summary, level(found.severity)));
    }
    all
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn object(object: &Object, report: &Report) -> Option<Json> {
    let address = &object.address;
    let (rule, text) = match &object.status {
        Status::Same | Status::Left => return None,
        Status::Changed(lines) => {
            ("drift/changed", format!("{address} has changed outside:\n{}", lines.join("\n")))
        }
        Status::Deleted => ("drift/deleted", format!("{address} has been deleted outside.")),
        Status::Unread(cause, why) => {
            ("drift/unread", format!("{address} could not be read: {cause}: {why}"))
        }
    };
    let (at, more) = match &object.place {
        Some(at) => (Some(place(at)), ""),
        None => (home(report), "\nNo block of the files declares it any more."),
    };
    let mut location = json!({
        "logicalLocations": [{ "fullyQualifiedName": address, "kind": "resource" }],
    });
    if let Some(at) = at {
        location["physicalLocation"] = at;
    }
    let mut out = result(rule, &format!("{text}{more}"), json!([location]), address);
    out["properties"] =
        json!({ "address": address, "location": object.location(), "id": object.id });
    Some(out)
}

/// An object of ours that no state knows, at the block of the address that its tags name.
fn stray(stray: &Stray, report: &Report) -> Json {
    // Ids and tags are anybody's words.
    let name = line(&stray.name());
    let mut location = json!({
        "logicalLocations": [{ "fullyQualifiedName": name, "kind": "resource" }],
    });
    if let Some(at) = stray.place.as_ref().map(place).or_else(|| home(report)) {
        location["physicalLocation"] = at;
    }
    let text = format!("{}\n{}", stray.sentence(), stray.advice());
    let about = format!("{name} {}", stray.scope.location);
    let mut out = result("drift/unmanaged", &text, json!([location]), &about);
    out["properties"] = json!({
        "address": line(&stray.address),
        "location": stray.scope.location.to_string(),
        "id": line(&stray.id),
    });
    out
}

/// A diagnostic that has a place, or can have one.
fn diagnostic(found: &Found, report: &Report) -> Option<Json> {
    let at = found.place.as_ref().map(place).or_else(|| home(report))?;
    let text = format!("{}\n{}", found.summary, found.sentences());
    let about = found.address.clone().unwrap_or_else(|| found.detail.clone());
    let mut out = result(found.code?, &text, json!([{ "physicalLocation": at }]), &about);
    out["level"] = json!(level(found.severity));
    Some(out)
}

fn result(rule: &str, text: &str, locations: Json, about: &str) -> Json {
    let known = RULES.iter().find(|(id, ..)| *id == rule).map_or("error", |(.., level)| level);
    // The same block stands for several objects: the line alone would make them one alert.
    let digest = blake3::hash(format!("{rule} {about}").as_bytes()).to_hex();
    let digest = digest.get(..16).unwrap_or_default();
    json!({
        "ruleId": rule,
        "level": known,
        "message": { "text": message(text) },
        "locations": locations,
        "fingerprints": { "lifeboat/v1": digest },
        "partialFingerprints": { "primaryLocationLineHash": format!("{digest}:1") },
    })
}

/// Plain text: what would be a link in it is broken up.
fn message(text: &str) -> String {
    bounded(lines(text).trim_end(), LONGEST).replace("](", "] (")
}

fn notifications(report: &Report) -> Vec<Json> {
    let told = report.found.iter().map(|found| {
        let text = message(&format!("{}\n{}", found.summary, found.sentences()));
        let mut out = json!({ "level": level(found.severity), "message": { "text": text } });
        if let Some(code) = found.code {
            out["descriptor"] = json!({ "id": code });
        }
        if let Some(at) = &found.place {
            out["locations"] = json!([{ "physicalLocation": place(at) }]);
        }
        out
    });
    let dark = report.scopes.iter().filter_map(|status| {
        let (cause, why) = status.trouble.as_ref()?;
        let (scope, cause) = (&status.scope, crate::view::plan::word(cause));
        let text = format!(
            "{} {}: {} of {} objects could not be read: {cause}: {why}",
            scope.location, scope.service, status.unread, status.objects
        );
        Some(json!({ "level": "warning", "message": { "text": message(&text) } }))
    });
    let note = |text: &str| json!({ "level": "note", "message": { "text": message(text) } });
    let verdict = note(&report.summary);
    let blind = report.strays.as_ref().and_then(Strays::not_looked_for);
    std::iter::once(verdict).chain(blind.as_deref().map(note)).chain(told).chain(dark).collect()
}

fn place(place: &Place) -> Json {
    let Place { file, line, column, end_line, end_column } = place;
    json!({
        "artifactLocation": { "uri": uri(file), "uriBaseId": "%SRCROOT%" },
        "region": {
            "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
        },
    })
}

/// The root module, for what has no place.
fn home(report: &Report) -> Option<Json> {
    let artifact = json!({ "uri": uri(report.home.as_ref()?), "uriBaseId": "%SRCROOT%" });
    Some(json!({ "artifactLocation": artifact, "region": { "startLine": 1 } }))
}

/// A relative reference: whatever is no plain letter of a path is encoded.
fn uri(file: &str) -> String {
    let mut out = String::new();
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
