//! Drift as text: what changed outside, and how each region answered.

use std::fmt::Write as _;

use super::escape::line;
use super::plan::{PlanView, word};
use crate::plan::Plan;

/// The report of `lifeboat drift`; without a verdict where it failed.
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
            "  {} {}: {} object(s), {answer}",
            status.scope.location,
            line(&status.scope.service),
            status.objects
        );
    }
    if failed {
        out.push_str("\nWhether there is drift cannot be told: see the errors.\n");
        return out;
    }
    let _ok = match (plan.drift.len(), plan.incomplete()) {
        (0, false) => writeln!(out, "\nNo drift."),
        (0, true) => writeln!(out, "\nNo drift where it could be read: incomplete."),
        (n, false) => writeln!(out, "\nDrift: {n} object(s) changed outside of lifeboat."),
        (n, true) => {
            writeln!(out, "\nDrift: {n} object(s) changed outside of lifeboat: incomplete.")
        }
    };
    out
}
