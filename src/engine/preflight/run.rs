//! Whether a promotion can be begun: its plan, the files, the lock, runs before it.

use lifeboat_sdk::{Severity, counted};

use super::{Facts, Finding, Held};
use crate::engine::edit::Edit;

/// Problems of the plan that have a check of their own.
const TOLD: [&str; 2] = ["promotion::behind", "promotion::target_owes"];

/// The promotion can be planned.
pub(super) fn plan(facts: &Facts<'_>) -> Vec<Finding> {
    let errors = facts.problems.0.iter().filter(|p| p.severity == Severity::Error);
    let errors = errors.filter(|problem| !TOLD.contains(&problem.code));
    let found: Vec<Finding> = errors
        .map(|problem| {
            let text = format!("{}: {}", problem.summary, problem.detail);
            let about = problem.address.clone().unwrap_or_else(|| problem.code.to_owned());
            let fix = problem.help.clone().unwrap_or_default();
            Finding::fail(text, fix).about(about).at(problem.span)
        })
        .collect();
    if !found.is_empty() {
        return found;
    }
    vec![match &facts.plan.promotion {
        Some(_) => Finding::pass(format!(
            "The promotion can be planned: {}.",
            counted(facts.plan.steps.iter().filter(|step| step.does()).count(), "step")
        )),
        None => Finding::unknown(
            "The promotion was not planned: another check says why.",
            "Do what that check says, and run this again.",
        ),
    }]
}

/// The files are not older than the last promotion.
pub(super) fn files_current(facts: &Facts<'_>) -> Vec<Finding> {
    let (named, from) = (&facts.named, &facts.from.name);
    let left = facts.state.promotions.left.as_deref();
    if named != from && left == Some(named) {
        let text = format!(
            "The files name {named} as the primary, which the promotion that opened epoch {} left \
             for {from}: they are older than it.",
            facts.state.epoch
        );
        let fix = format!("Take the commit that names {from}, or write `primary = \"{from}\"`.");
        return vec![Finding::fail(text, fix)];
    }
    let text = format!("The files name {named} as the primary, the state has {from}.");
    vec![Finding::pass(text)]
}

/// `primary` can be edited.
pub(super) fn primary_editable(facts: &Facts<'_>) -> Vec<Finding> {
    let finding = match &facts.edit {
        Ok(Some(Edit { file, line, .. })) => {
            Finding::pass(format!("The primary is written in {}, line {line}.", file.display()))
        }
        Ok(None) => Finding::pass("The files name the region already."),
        Err(why) => Finding::fail(why.detail.clone(), why.help.clone().unwrap_or_default()),
    };
    let declaration = &facts.topology.declaration;
    vec![finding.at(declaration.written.unwrap_or(declaration.span))]
}

/// No other run holds the lock.
pub(super) fn lock_free(facts: &Facts<'_>) -> Vec<Finding> {
    vec![match &facts.held {
        Held::Free => Finding::pass("Nobody holds the lock of the state."),
        Held::Left(who) => Finding::pass(format!(
            "The lock is that of a run that has ended ({who}): the next run takes it over."
        )),
        Held::By(who) => Finding::fail(
            format!("{who} holds the lock of the state."),
            "Wait for that run, or give the promotion -lock-timeout. `lifeboat force-unlock` breaks \
             the lock of a run that is dead.",
        ),
    }]
}

/// No other promotion is open, and no earlier run left anything in doubt.
pub(super) fn no_open_run(facts: &Facts<'_>) -> Vec<Finding> {
    if let Some(open) = facts.promoting {
        let text = format!("A promotion is open: {} in place of {}.", open.to, open.from);
        let fix = "Run `lifeboat apply`, which goes on with it, or `lifeboat promote -abort`: nothing else is done \
                   before.";
        return vec![Finding::fail(text, fix)];
    }
    if let Some((address, why)) = facts.in_doubt.first_key_value() {
        let text = format!(
            "An earlier run left {} in doubt, {address} first: {why}.",
            counted(facts.in_doubt.len(), "object")
        );
        let fix = "Run `lifeboat apply`, which reads what happened and settles it.";
        return vec![Finding::unknown(text, fix)];
    }
    vec![Finding::pass("No promotion is open, and nothing is in doubt.")]
}
