//! Drift as text: what changed outside, how each region answered, and what of ours nobody knows.

use std::fmt::Write as _;

use lifeboat_sdk::counted;

use crate::engine::{Made, Unmanaged};
use crate::plan::Plan;
use crate::view::escape::line;
use crate::view::plan::{PlanView, word};
use crate::view::promotion::{diverged, evacuated, fenced, unprotected};

/// The report of `lifeboat drift`.
pub fn text(made: &Made, view: &PlanView<'_>) -> String {
    let plan = &made.plan;
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
    if let Some(strays) = &made.unmanaged {
        unmanaged(strays, &mut out);
    }
    for (region, count) in &plan.diverged {
        let _ok = writeln!(out, "\n{}", diverged(region, *count));
    }
    for (region, since) in &plan.fenced {
        let _ok = writeln!(out, "\n{}", fenced(region, since));
    }
    for (region, since) in &plan.evacuated {
        let _ok = writeln!(out, "\n{}", evacuated(region, since));
    }
    if let Some(since) = &plan.unprotected {
        let _ok = writeln!(out, "\n{}", unprotected(since));
    }
    let _ok = writeln!(out, "\n{}", summary(made));
    out
}

fn unmanaged(strays: &Unmanaged, out: &mut String) {
    out.push_str("\nWith our tags and in no state:\n");
    for stray in &strays.objects {
        let (id, at) = (line(&stray.tagged.id), line(&stray.tagged.owner.address));
        let note = if stray.replaced { ", where the state has another one" } else { "" };
        let place = &stray.scope.location;
        let _ok = writeln!(out, "  {} {id} in {place}: tagged {at}{note}", stray.kind);
    }
    if strays.objects.is_empty() {
        let found = if strays.complete() { "nothing" } else { "nothing where it could be listed" };
        let _ok = writeln!(out, "  {found} ({} read)", counted(strays.listed, "listing"));
    }
    for unlisted in &strays.unlisted {
        let what = match &unlisted.id {
            Some(id) => format!("the tags of {}", line(id)),
            None => "all of them".to_owned(),
        };
        let (cause, message) = (word(&unlisted.cause), line(&unlisted.message));
        let (kind, place) = (&unlisted.kind, &unlisted.scope.location);
        let _ok = writeln!(out, "  {kind} in {place}: not read: {what}: {cause} ({message})");
    }
    if !strays.blind.is_empty() {
        let _ok = writeln!(
            out,
            "  not looked for, for no listing tells tags: {}",
            strays.blind.join(", ")
        );
    }
}

/// Objects that changed outside, and objects that are gone.
pub fn counts(plan: &Plan) -> (usize, usize) {
    let gone = plan.drift.iter().filter(|change| change.after.is_none()).count();
    (plan.drift.len() - gone, gone)
}

/// `Drift: 4 changed, 1 gone.`
pub fn summary(made: &Made) -> String {
    let (changed, gone) = counts(&made.plan);
    let failed = made.diagnostics.has_errors();
    let strays = made.unmanaged.as_ref();
    let incomplete = made.plan.incomplete() || strays.is_some_and(|it| !it.complete());
    let found = strays.map_or(0, |it| it.objects.len());
    if changed + gone + found == 0 {
        return match (failed, incomplete, strays) {
            (true, ..) => "It cannot be told whether there is drift: see the errors.",
            (_, true, _) => "No drift where it could be read: incomplete.",
            (.., Some(_)) => "No drift, and nothing unmanaged.",
            (.., None) => "No drift.",
        }
        .to_owned();
    }
    let more = strays.map(|_| format!(", {found} unmanaged")).unwrap_or_default();
    let but = if failed || incomplete { ": incomplete" } else { "" };
    format!("Drift: {changed} changed, {gone} gone{more}{but}.")
}
