//! Several at a time: a second run, and everybody else who calls AWS.

use std::time::Duration;

use lifeboat_testbed::{Fault, Nth, Rule};

use super::{completed, stage};
use crate::scenarios::stage::APPLY;

#[test]
fn a_second_apply_is_refused_and_told_who_holds_the_lock() {
    let stage = stage();
    let slow = stage.bed.proxy.inject(Rule::new(Fault::Latency(Duration::from_millis(200))));
    let mut first = stage.start(APPLY);
    first.until(1, |_| true);
    let second = stage.expect(APPLY, 1);
    for word in ["state lock", "Operation: apply", "Who:", "force-unlock"] {
        stage.check(second.said().contains(word), format_args!("it says {word:?}"));
    }
    first.until(1, |call| call.mutating);
    stage.bed.proxy.remove(slow);
    let first = first.finish();
    stage.same(first.code, Some(0), "the first run is not disturbed");
    completed(&stage);
}

#[test]
fn an_apply_converges_while_every_tenth_call_is_throttled() {
    let stage = stage();
    let throttled = (1..=60).map(|n| Rule::new(Fault::Throttle).nth(Nth::Exactly(10 * n)));
    let rules: Vec<_> = throttled.map(|rule| stage.bed.proxy.inject(rule)).collect();
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let struck: u64 = rules.iter().map(|rule| stage.bed.proxy.struck(*rule)).sum();
    stage.check(struck >= 4, format_args!("{struck} calls were throttled"));
    stage.bed.proxy.clear();
    completed(&stage);
}
