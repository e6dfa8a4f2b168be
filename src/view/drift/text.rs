//! Drift as text: what changed outside, and how each region answered.

use std::fmt::Write as _;

use lifeboat_sdk::counted;

use crate::plan::Plan;
use crate::view::escape::line;
use crate::view::plan::{PlanView, word};

/// The report of `lifeboat drift`; `failed` where not all could be compared.
pub fn text(plan: &Plan, view: &PlanView<'_>, failed: bool) -> String {
    let mut out = view.drifted(plan);
    out.push_str("\nRegions:\n");
    if plan.scopes.is_empty() {
        out.push_str("  nothing remote in state\n");
    }
    for status in &plan.scopes {
        let answer = match &status.trouble {
            None => "read".to_owned(),
            Some((cause, message)) => {
                format!("{}: {} unread ({})", word(cause), status.unread, line(message))
            }
        };
        let _ok = writeln!(
            out,
            "  {} {}: {}, {answer}",
            status.scope.location,
            line(&status.scope.service),
            counted(status.objects, "object")
        );
    }
    let _ok = writeln!(out, "\n{}", summary(plan, failed));
    out
}

/// Objects that changed outside, and objects that are gone.
pub fn counts(plan: &Plan) -> (usize, usize) {
    let gone = plan.drift.iter().filter(|change| change.after.is_none()).count();
    (plan.drift.len() - gone, gone)
}

/// `Drift: 4 changed, 1 gone.`
pub fn summary(plan: &Plan, failed: bool) -> String {
    let (changed, gone) = counts(plan);
    match (plan.drift.is_empty(), plan.incomplete()) {
        (true, _) if failed => "It cannot be told whether there is drift: see the errors.",
        (true, false) => "No drift.",
        (true, true) => "No drift where it could be read: incomplete.",
        (false, incomplete) => {
            let but = if failed || incomplete { ": incomplete" } else { "" };
            return format!("Drift: {changed} changed, {gone} gone{but}.");
        }
    }
    .to_owned()
}
