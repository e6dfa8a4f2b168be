//! What must not be applied, although each file of it is well-formed.

use lifeboat_testbed::{Fault, Rule};

use super::topology;
use crate::scenarios::stage::{APPLY, PLAN, Stage};
use crate::scenarios::web::{EAST, WEST};

fn refused(stage: &Stage, code: i32, words: &[&str]) {
    let ran = stage.expect(APPLY, code);
    for word in words {
        stage.check(ran.said().contains(word), format_args!("it says {word:?}"));
    }
    stage.same(ran.mutating(), 0, "nothing is changed");
}

#[test]
fn the_account_of_the_regions_is_the_only_one() {
    let other = "999999999999";
    let more = "bucket \"b\" {}\n";
    let stage = Stage::of(&topology(more).replace("123456789012", other));
    refused(&stage, 1, &["engine::wrong_account", "123456789012", other, "main.dr.hcl:8"]);
}

#[test]
fn two_addresses_never_stand_for_one_object() {
    let stage = Stage::of(&format!(
        r#"
provider "aws" {{ region = "{EAST}" }}
resource "aws_s3_bucket" "one" {{ bucket = "the-same" }}
resource "aws_s3_bucket" "two" {{ bucket = "the-same" }}
"#
    ));
    refused(&stage, 1, &["plan::declared_twice", "aws_s3_bucket.one", "aws_s3_bucket.two"]);
}

#[test]
fn files_that_are_gone_do_not_mean_that_everything_goes() {
    let stage = Stage::of(&format!(
        r#"
provider "aws" {{ region = "{EAST}" }}
resource "aws_iam_role" "one" {{
  name               = "one"
  assume_role_policy = jsonencode({{ Version = "2012-10-17", Statement = [] }})
}}
"#
    ));
    stage.expect(APPLY, 0);
    stage.folder.write("main.dr.hcl", &format!("provider \"aws\" {{ region = \"{EAST}\" }}\n"));
    stage.expect(PLAN, 2);
    refused(&stage, 5, &["plan::destroys_data", "Nothing would be left", "-allow-destroy=1"]);
    stage.expect(&[APPLY, &["-allow-destroy=1"]].concat(), 0);
    stage.same(stage.left(), Vec::new(), "it was meant");
}

/// A bucket in each region.
const TWO: &str = "bucket \"b\" {}\n";

#[test]
fn not_everything_is_destroyed_while_a_region_is_away() {
    let stage = Stage::of(&topology(TWO));
    stage.expect(APPLY, 0);
    let all = stage.left();
    let rule = stage.bed.proxy.inject(Rule::new(Fault::Refuse).region(WEST).regional());
    let destroy = ["destroy", "-input=false", "-auto-approve"];
    let refused = stage.expect(&destroy, 5);
    stage.same(refused.mutating(), 0, "nothing is begun");
    for word in ["plan::destroy_unreachable", "-exclude-region=us-west-2"] {
        stage.check(refused.said().contains(word), format_args!("it says {word:?}"));
    }
    let kept = format!("-exclude-region={WEST}");
    stage.expect(&[&destroy[..], &[&kept]].concat(), 0);
    let listed = stage.expect(&["state", "list"], 0).stdout;
    stage.check(!listed.contains(EAST), format_args!("the rest is gone: {listed}"));
    stage.check(listed.contains(WEST), format_args!("that region stays in state: {listed}"));
    stage.bed.proxy.remove(rule);
    stage.same(stage.left().len() * 2, all.len(), "that region's buckets are left");
}

#[test]
fn a_region_that_is_excluded_is_left_as_it_is() {
    let stage = Stage::of(&topology(TWO));
    let kept = format!("-exclude-region={WEST}");
    stage.expect(&[APPLY, &[&kept]].concat(), 0);
    let first = stage.left();
    let here = first.iter().all(|object| object.ends_with(EAST));
    stage.check(here && !first.is_empty(), format_args!("nothing is made there: {first:?}"));
    stage.expect(APPLY, 0);
    stage.folder.write("main.dr.hcl", &topology("bucket \"b\" { tags = { a = \"b\" } }\n"));
    let plan = stage.expect(&[PLAN, &[&kept]].concat(), 2);
    let planned = plan.changes("planned_change");
    let there = planned.iter().filter(|(_, address)| address.contains(WEST)).count();
    stage.same((planned.len() > there, there), (true, 0), &format!("{planned:?}"));
}

#[test]
fn a_plan_that_was_interrupted_is_none() {
    let stage = Stage::of(&topology(TWO));
    stage.expect(APPLY, 0);
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(WEST).regional());
    let mut plan = stage.start(&["plan", "-input=false", "-out=p.plan"]);
    plan.until(1, |call| call.region == WEST && call.operation != "GetCallerIdentity");
    plan.signal("INT");
    let plan = plan.finish();
    stage.same(plan.code, Some(1), "it is no plan");
    stage.check(plan.said().contains("plan::interrupted"), "it says so");
    stage.check(!stage.folder.path().join("p.plan").exists(), "nothing is saved");
}
