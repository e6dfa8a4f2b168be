//! How long changes take is learnt, and told by the next run.

use std::time::Duration;

use lifeboat_testbed::{Fault, Rule};
use serde_json::Value as Json;

use super::ran::Ran;
use super::stage::Stage;

fn bucket(name: &str) -> String {
    format!(
        r#"
provider "aws" {{
  region = "us-east-1"
}}
resource "aws_s3_bucket" "one" {{
  bucket = "progress-{name}"
}}
"#
    )
}

/// How long the creation of the bucket is said to take.
fn expected(ran: &Ran) -> Option<f64> {
    let events = ran.events();
    let creates =
        |event: &&Json| event["type"] == "apply_start" && event["hook"]["action"] == "create";
    events.iter().find(creates)?["hook"]["expected_seconds"].as_f64()
}

#[test]
fn the_second_run_knows_how_long_a_creation_takes() {
    let stage = Stage::of(&bucket("first"));
    let slow = Fault::Latency(Duration::from_millis(300));
    stage.bed.proxy.inject(Rule::new(slow).operation("CreateBucket"));
    let apply = ["apply", "-input=false", "-auto-approve", "-allow-destroy=1", "-json"];
    let first = stage.expect(&["apply", "-input=false", "-auto-approve", "-json"], 0);
    stage.same(expected(&first), None, "nothing was learnt before");

    stage.folder.write("main.dr.hcl", &bucket("second"));
    let second = stage.expect(&apply, 0);
    let told = expected(&second).unwrap_or_default();
    stage.check((0.3..30.0).contains(&told), format_args!("{told} s is what it took"));

    // What was learnt is no state: a folder without it, or with a damaged one, works as before.
    let record = stage.folder.path().join(".lifeboat/state/durations");
    std::fs::write(&record, "damaged").unwrap();
    stage.expect_nothing();
    stage.folder.write("main.dr.hcl", &bucket("third"));
    let third = stage.expect(&apply, 0);
    stage.same(expected(&third), None, "a damaged record tells nothing");
    stage.folder.write("main.dr.hcl", &bucket("fourth"));
    let fourth = stage.expect(&apply, 0);
    stage.check(expected(&fourth).is_some(), "and is written anew");
}
