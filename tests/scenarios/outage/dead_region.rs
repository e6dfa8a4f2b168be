//! A dead region costs the same number of calls, however many objects it holds.

use std::time::Duration;

use lifeboat_testbed::{Fault, Rule};

use crate::scenarios::stage::{APPLY, PLAN, Stage};
use crate::scenarios::web::{EAST, WEST};

/// So many buckets in us-west-2, and one in us-east-1.
fn files(count: usize) -> String {
    format!(
        r#"
provider "aws" {{
  region = "{EAST}"
}}

resource "aws_s3_bucket" "east" {{
  bucket = "dead-region-east"
}}

resource "aws_s3_bucket" "west" {{
  count  = {count}
  region = "{WEST}"
  bucket = "dead-region-west-${{count.index}}"
}}
"#
    )
}

/// Plans while us-west-2 hangs: how many calls it got to read objects, and all calls in order.
#[track_caller]
fn calls_to_the_dead(count: usize) -> (usize, String) {
    let stage = Stage::of(&files(count));
    stage.expect(APPLY, 0);
    let well = stage.expect_nothing();
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(WEST).regional());
    let plan = stage.expect(PLAN, 0);
    stage.check(plan.incomplete(), "the plan says that it is incomplete");
    let more = plan.took.saturating_sub(well.took);
    stage.check(more < Duration::from_secs(10), format_args!("{more:?} more with {count} objects"));
    let (asked, read): (Vec<_>, Vec<_>) =
        plan.calls.iter().filter(|call| call.region == WEST).partition(|c| c.service == "sts");
    // Who we are is asked in both regions at once, and the slower call is given up: with luck
    // before it is sent.
    stage.check(asked.len() <= 1, "the dead region is asked at most once who we are");
    (read.len(), plan.timeline())
}

#[test]
fn a_dead_region_costs_the_same_calls_with_many_objects_as_with_few() {
    let many = if super::full() { 3000 } else { 300 };
    let [(few_calls, few), (many_calls, all)] = [10, many].map(calls_to_the_dead);
    assert_eq!(
        few_calls, many_calls,
        "calls to the dead region with 10 objects:\n{few}\nand with {many}:\n{all}"
    );
}

#[test]
fn a_plan_whose_only_region_is_dead_ends_in_time() {
    let stage = Stage::of(&files(0));
    stage.expect(APPLY, 0);
    let well = stage.expect_nothing();
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    let plan = stage.expect(PLAN, 0);
    stage.check(plan.incomplete(), "the plan says that it is incomplete");
    let more = plan.took.saturating_sub(well.took);
    let late = more >= Duration::from_secs(10);
    stage.check(!late, format_args!("{more:?} more:\n{}", plan.timeline()));
}
