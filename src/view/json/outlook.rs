//! What a promotion is expected to come to, as JSON: each step with all that is known of it, and when
//! writes stop and resume.

use std::collections::BTreeSet;
use std::time::Duration;

use lifeboat_sdk::{Location, Plane, Scope};
use serde_json::{Value as Json, json};

use crate::plan::file::plane;
use crate::plan::outlook::{Outlook, Without};
use crate::plan::{Act, Phase, Plan, Step, StepId};

/// Each step and the course of time; both nothing where nothing is known of time.
pub(super) fn outlook(plan: &Plan) -> (Option<Json>, Option<Json>) {
    let Some(outlook) = Outlook::of(plan) else { return (None, None) };
    let path = outlook.path();
    let steps = plan.steps.iter().map(|one| step(plan, &outlook, one, &path));
    (Some(steps.collect()), Some(timeline(&outlook, &path)))
}

fn seconds(of: Duration) -> f64 {
    of.as_millis() as f64 / 1000.0
}

fn ids(ids: impl IntoIterator<Item = StepId>) -> Vec<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}

/// What a step does: to an object what it is asked for, else the act; `join` where it only waits for
/// others.
fn does(step: &Step) -> &'static str {
    match (step.act, step.members.first()) {
        (Some(act), _) => act.word(),
        (None, Some(member)) => member.operation.word(),
        (None, None) => "join",
    }
}

fn about(plan: &Plan, step: &Step) -> Vec<String> {
    if let Some(task) = &step.task {
        return vec![task.about.to_string()];
    }
    let changes = step.members.iter().filter_map(|m| plan.changes.get(m.change));
    changes.map(|change| change.address.to_string()).collect()
}

fn step(plan: &Plan, outlook: &Outlook<'_>, step: &Step, path: &BTreeSet<StepId>) -> Json {
    let timing = outlook.timing(step.id);
    let fails = if outlook.optional(step) { "go_on" } else { "stop" };
    let without = outlook.without(step);
    // What is not tried cannot fail.
    let fails_without = (without == Without::Same).then_some(fails);
    json!({
        "id": step.id.to_string(),
        "phase": step.phase.word(),
        "does": does(step),
        "about": about(plan, step),
        "begins_seconds": seconds(outlook.begins(step.id)),
        "expected_seconds": timing.map(|it| seconds(it.expected.takes)),
        "known_by": timing.map(|it| it.expected.source.word()),
        "deadline_seconds": timing.and_then(|it| it.deadline).map(seconds),
        "critical": path.contains(&step.id),
        "reversible": outlook.back(step).word(),
        "verified": outlook.verified(step),
        "verified_by": ids(outlook.looks(step)),
        "graceful": { "does": "same", "if_it_fails": fails },
        "ungraceful": { "does": without.word(), "if_it_fails": fails_without },
        "may_be_skipped": step.task.is_some() && step.act.is_some_and(Act::may_be_skipped),
        "needs": needs(outlook, step),
    })
}

/// What must be there for a step: the steps before it, and what is called.
fn needs(outlook: &Outlook<'_>, step: &Step) -> Json {
    let on = step.task.as_ref().and_then(|task| task.on.as_ref());
    let scope = step.scope.as_ref().or(on.map(|on| &on.scope));
    let place = |scope: &Scope| match &scope.location {
        Location::Region(region) => region.0.to_string(),
        Location::Global { home } => format!("global, at home in {}", home.0),
    };
    json!({
        "steps": ids(step.needs.iter().copied()),
        "region": outlook.region(step),
        "location": scope.map(place),
        "plane": scope.map(|scope| step.plane.unwrap_or(called(&scope.location))).map(plane),
        "service": scope.map(|scope| &*scope.service),
        "provider": scope.map(|scope| &*scope.provider),
        "account": scope.map(|scope| &*scope.account),
    })
}

/// The plane that an act calls, of which the plan says only where it lies.
fn called(location: &Location) -> Plane {
    match location {
        Location::Region(_) => Plane::Regional,
        Location::Global { .. } => Plane::Global,
    }
}

fn timeline(outlook: &Outlook<'_>, path: &BTreeSet<StepId>) -> Json {
    let phases = outlook.phases.iter().map(|span| {
        json!({
            "phase": span.phase.word(),
            "begins_seconds": seconds(span.begins),
            "ends_seconds": seconds(span.ends),
            "known_by": span.source.map(|source| source.word()),
            "critical_path": ids(span.path.iter().copied()),
        })
    });
    json!({
        "phases": phases.collect::<Vec<_>>(),
        "writes_stop_seconds": outlook.stops().map(seconds),
        "writes_resume_seconds": outlook.resumes().map(seconds),
        "switched_seconds": outlook.switched().map(seconds),
        "upper_bound": outlook.at_most(Phase::Switch),
        "critical_path": ids(path.iter().copied()),
        "no_way_back_from": outlook.no_return().map(|id| id.to_string()),
    })
}
