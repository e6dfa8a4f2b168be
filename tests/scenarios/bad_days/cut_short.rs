//! Runs that are cut short in the middle: what they did is kept, and the next apply goes on from there.

use std::time::Duration;

use lifeboat_testbed::{Entry, Fault, Rule};

use super::{completed, stage};
use crate::scenarios::stage::APPLY;

/// How long a run may take to stop at the second interrupt.
const SOON: Duration = Duration::from_secs(15);

/// Slow enough to meet a run in its middle.
fn slowly() -> Rule {
    Rule::new(Fault::Latency(Duration::from_millis(100)))
}

fn written(call: &Entry) -> bool {
    call.mutating && call.upstream_status.is_some()
}

#[test]
fn one_interrupt_finishes_what_runs_and_saves() {
    let stage = stage();
    let slow = stage.bed.proxy.inject(slowly());
    let mut apply = stage.start(APPLY);
    apply.until(2, written);
    apply.signal("INT");
    let apply = apply.finish();
    stage.check(matches!(apply.code, Some(1 | 4)), format_args!("done in part: {:?}", apply.code));
    stage.same(apply.said().matches("nterrupt received").count(), 1, "it is told once");
    let open = apply.calls.iter().filter(|call| call.mutating && call.upstream_status.is_none());
    stage.same(open.count(), 0, "what had begun was finished");
    stage.bed.proxy.remove(slow);
    let listed = stage.expect(&["state", "list"], 0);
    stage.check(listed.stdout.lines().count() >= 2, "what was done is in the state");
    completed(&stage);
}

#[test]
fn an_interrupted_plan_speaks_of_no_change() {
    let stage = stage();
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole));
    let mut plan = stage.start(&["plan", "-input=false"]);
    plan.until(1, |_| true);
    plan.signal("INT");
    plan.until_said("no change is being made");
    plan.signal("INT");
    let plan = plan.finish();
    stage.check(!plan.said().contains("in doubt"), "nothing was begun");
}

#[test]
fn a_second_interrupt_stops_at_once() {
    let stage = stage();
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole).operation("CreateHealthCheck"));
    let mut apply = stage.start(APPLY);
    apply.until(1, |call| call.operation == "CreateHealthCheck");
    apply.signal("INT");
    apply.until_said("nterrupt");
    apply.signal("INT");
    let apply = apply.finish();
    stage.check(matches!(apply.code, Some(1 | 4)), "not done");
    stage.check(apply.took < SOON, format_args!("it took {:?}", apply.took));
    stage.bed.proxy.clear();
    completed(&stage);
}

#[test]
fn after_kill_9_the_next_apply_makes_what_an_undisturbed_one_makes() {
    for writes in [1, 4, 9] {
        let stage = stage();
        let slow = stage.bed.proxy.inject(slowly());
        let mut apply = stage.start(APPLY);
        apply.until(writes, |call| call.mutating);
        apply.signal("KILL");
        let apply = apply.finish();
        stage.same(apply.code, None, "it was killed");
        stage.bed.proxy.remove(slow);
        completed(&stage);
    }
}
