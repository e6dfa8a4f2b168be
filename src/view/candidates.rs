//! Which regions might take over, as text and for programs.

use std::fmt::Write as _;

use serde_json::json;

use super::escape::line;
use super::loss::length;
use super::output::Output;
use crate::engine::candidates::Candidate;

/// What is known of one.
fn about(one: &Candidate) -> String {
    if !one.barred.is_empty() {
        let why: Vec<_> = one.barred.iter().map(|why| line(why)).collect();
        return format!("cannot be promoted: {}", why.join(" "));
    }
    let behind = match one.behind {
        Some(0) => "not behind".to_owned(),
        Some(seconds) => format!("{} behind", length(seconds)),
        None => "how far it is behind is unknown".to_owned(),
    };
    let raises = match one.raises {
        0 => "nothing to raise",
        1 => "1 service to raise",
        _ => "services to raise",
    };
    let raises =
        if one.raises > 1 { format!("{} {raises}", one.raises) } else { raises.to_owned() };
    let rest = match one.not_passed.as_slice() {
        [] => String::new(),
        codes => format!("; not passed: {}", codes.join(", ")),
    };
    format!("{behind}, {raises}{rest}")
}

/// The table.
pub fn text(primary: &str, all: &[Candidate]) -> String {
    let mut out =
        format!("\nRegions that might take over from {}, the best first:\n\n", line(primary));
    let width = all.iter().map(|one| line(&one.region).chars().count()).max().unwrap_or(0);
    for one in all {
        let _ok = writeln!(out, "  {:width$}  {}", line(&one.region), about(one));
    }
    out
}

/// The same for programs.
pub fn event(output: &Output, primary: &str, all: &[Candidate]) {
    let candidates: Vec<_> = all
        .iter()
        .map(|one| {
            json!({
                "region": &*one.region,
                "can_be_promoted": one.barred.is_empty(),
                "why_not": one.barred,
                "behind_seconds": one.behind,
                "services_to_raise": one.raises,
                "not_passed": one.not_passed,
            })
        })
        .collect();
    let message = format!("{} regions might take over from {primary}", all.len());
    output.event(
        "candidates",
        "info",
        &message,
        json!({ "from": primary, "candidates": candidates }),
    );
}
