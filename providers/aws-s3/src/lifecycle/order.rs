//! In which order objects move and end, and what S3 refuses of it (S3 user guide, "Transitioning
//! objects using Amazon S3 Lifecycle" and "Lifecycle configuration elements").
//!
//! `retention` blocks are checked by a table of their own in the topology, which stands on no
//! provider and knows more: what a class costs and how long a restore takes.

use lifeboat_aws_core::validate;
use lifeboat_sdk::value::{Path, Step};
use lifeboat_sdk::{Finding, Value};

/// The classes that objects move to, in the order of the waterfall.
pub(super) const CLASSES: [&str; 6] =
    ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

/// Whether S3 moves objects from one class to another: down only, and from `ONEZONE_IA` to the
/// archives.
fn leads(from: &str, to: &str) -> bool {
    let place = |name: &str| CLASSES.iter().position(|class| *class == name);
    place(from) < place(to) && !(from == "ONEZONE_IA" && to == "GLACIER_IR")
}

/// The moves of a rule and its end, for current and for former versions.
const LIVES: [(&str, &str, &str); 2] = [
    ("transition", "expiration", "days"),
    ("noncurrent_version_transition", "noncurrent_version_expiration", "noncurrent_days"),
];

/// What is wrong with the order of moves and ends in all rules.
pub(super) fn findings(document: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (moves, _, _) in LIVES {
        let class = ["rule", moves, "storage_class"];
        findings.extend(validate::one_of(document, &class, &CLASSES));
    }
    for (path, rules) in validate::at(document, &["rule"]) {
        for (i, rule) in rules.items().unwrap_or_default().iter().enumerate() {
            let path = path.join(Step::Index(i));
            for (moves, end, days) in LIVES {
                findings.extend(life(&path, rule, moves, end, days));
            }
            findings.extend(markers(&path, rule));
        }
    }
    findings
}

fn finding(path: Path, summary: &'static str, detail: String, help: &str) -> Finding {
    Finding { path, summary, detail, help: help.to_owned(), warning: false }
}

/// Moves that go up, or come when the object is gone.
fn life(path: &Path, rule: &Value, moves: &str, end: &str, days: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut steps: Vec<(i64, &str, Path)> = Vec::new();
    for (at, count) in validate::at(rule, &[moves, days]) {
        let mut block = at.clone();
        block.0.pop();
        let class = rule.at(&block).and_then(|b| b.get("storage_class")?.as_str());
        if let (Some(count), Some(class)) = (count.as_i64(), class) {
            let whole = at.0.into_iter().fold(path.clone(), |path, step| path.join(step));
            steps.push((count, class, whole));
        }
    }
    steps.sort_by_key(|(count, _, _)| *count);
    for pair in steps.windows(2) {
        let [(_, from, _), (_, to, at)] = pair else { continue };
        if CLASSES.contains(from) && CLASSES.contains(to) && !leads(from, to) {
            let detail = format!("S3 does not move objects from {from} to {to}.");
            let help = format!("Order the classes {}.", CLASSES.join(", "));
            found.push(finding(at.clone(), "Transition leads up", detail, &help));
        }
    }
    let ends = validate::at(rule, &[end, days]);
    let last = ends.first().and_then(|(_, days)| days.as_i64()).filter(|days| *days > 0);
    for (count, class, at) in steps {
        if last.is_some_and(|last| count >= last) {
            let last = last.unwrap_or_default();
            let detail = format!(
                "Objects move to {class} after {count} days, but they are gone after {last}."
            );
            let help = "Let objects move earlier, or expire later.";
            found.push(finding(at, "Transition comes after the end", detail, help));
        }
    }
    found
}

/// Delete markers without versions are removed by a rule without a time.
fn markers(path: &Path, rule: &Value) -> Option<Finding> {
    let (at, marker) =
        validate::at(rule, &["expiration", "expired_object_delete_marker"]).into_iter().next()?;
    let timed = ["days", "date"].iter().any(|name| {
        let times = validate::at(rule, &["expiration", name]);
        times.iter().any(|(_, time)| time.as_i64() != Some(0))
    });
    (marker.as_bool() == Some(true) && timed).then(|| {
        let whole = at.0.into_iter().fold(path.clone(), |path, step| path.join(step));
        let detail = "expired_object_delete_marker stands alone: S3 takes no days and no date \
                      beside it.";
        let help = "Put it into a rule of its own.";
        finding(whole, "Delete markers have no time", detail.to_owned(), help)
    })
}
