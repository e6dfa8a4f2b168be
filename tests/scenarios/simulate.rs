//! The loss of the primary, played on the state of an example: nobody is called, and what is told
//! happens when it is done.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use lifeboat_testbed::{Fault, Rule};
use serde_json::Value as Json;

use super::folder::Folder;
use super::outage::full;
use super::promotion::APPROVED;
use super::ran::Ran;
use super::stage::{APPLY, Stage};
use super::web::EXAMPLE;

const SIMULATE: &[&str] = &["simulate", "-lose=us-east-1", "-json"];

/// What steps are about that come to this.
fn about(document: &Json, fate: &str) -> BTreeSet<String> {
    let phases = document["phases"].as_array().unwrap().iter();
    let steps = phases.flat_map(|phase| phase["steps"].as_array().unwrap());
    let those = steps.filter(|step| step["fate"] == fate);
    those.map(|step| step["about"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_simulation_calls_nobody_and_tells_the_steps_that_the_promotion_then_takes() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    let read = || {
        let state = stage.folder.path().join(".lifeboat/state/generations");
        let all = std::fs::read_dir(state).unwrap().map(|entry| entry.unwrap().file_name());
        all.collect::<BTreeSet<_>>()
    };
    let before = read();
    let play = |more: &[&str], code| {
        let ran = stage.expect(&[SIMULATE, more].concat(), code);
        stage.check(ran.calls.is_empty(), "nobody is called");
        serde_json::from_str::<Json>(&ran.stdout).unwrap()
    };
    let lost = play(&[], 0);
    stage.same(lost["outcome"].as_str(), Some("promoted"), "the end");
    let fence = "bucket.exports.aws_s3_bucket_policy[\"us-east-1\"]";
    stage.check(about(&lost, "owed").contains(fence), "the fence of the silent region is owed");
    stage.same(lost["data"][0]["bound"].as_str(), Some("unknown"), "nobody can tell the loss");
    // The zone is rewritten through a control plane that is lost, too.
    let refused = play(&["-global"], 5);
    stage.same(refused["outcome"].as_str(), Some("refused"), "the end without the global plane");

    let graceful = play(&["-mode=graceful"], 0);
    stage.same(read(), before, "state is as it was");
    stage.folder.edit(super::web::FILE, "primary  = \"us-east-1\"", "primary  = \"us-west-2\"");
    let ran = stage.expect(&[APPROVED, &["-json"]].concat(), 0);
    let done = ran.events().into_iter().filter(|event| event["type"] == "apply_complete");
    let done = done.map(|event| event["hook"]["resource"]["addr"].as_str().unwrap().to_owned());
    let done: BTreeSet<String> = done.collect();
    let told: BTreeSet<String> = about(&graceful, "runs")
        .into_iter()
        .filter(|about| !about.starts_with("replication."))
        .collect();
    stage.check(!done.is_empty(), "it does something");
    stage.same(done, told, "the objects that are changed");
}

/// From the first change that a run begins to the last that it ends, in seconds.
fn measured(ran: &Ran) -> f64 {
    let told = |kind: &str| {
        let all = ran.events().into_iter().filter(|event| event["type"] == *kind);
        let at = |event: Json| event["@timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap();
        all.map(at).collect::<Vec<_>>()
    };
    let (begun, ended) = (told("apply_start"), told("apply_complete"));
    ended.iter().max().unwrap().duration_since(*begun.iter().min().unwrap()).as_secs_f64()
}

/// The same of a simulation.
fn predicted(document: &Json) -> f64 {
    let steps = document["phases"].as_array().unwrap().iter();
    let steps = steps.flat_map(|phase| phase["steps"].as_array().unwrap());
    let times = steps.filter_map(|step| {
        let began = step["began_seconds"].as_f64()?;
        Some((began, began + step["took_seconds"].as_f64()?))
    });
    let (mut first, mut last) = (f64::MAX, 0.0_f64);
    for (began, ended) in times {
        (first, last) = (first.min(began), last.max(ended));
    }
    last - first
}

#[test]
fn with_declared_durations_a_simulation_predicts_what_the_promotion_takes() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    // The way there measures how long the rest takes, such as the proof that nothing is lost.
    stage.expect(&["promote", "us-west-2", "-input=false", "-from-epoch=1"], 0);
    stage.expect(APPLY, 0);
    let declared = [
        "-duration=aws_s3_bucket_policy.update=3s",
        "-duration=aws_route53_record.update=5s",
        "-duration=call=10ms",
    ];
    let simulate = ["simulate", "-lose=us-west-2", "-mode=graceful", "-json"];
    let ran = stage.expect(&[&simulate[..], &declared[..]].concat(), 0);
    let document: Json = serde_json::from_str(&ran.stdout).unwrap();
    for (operation, seconds) in [("PutBucketPolicy", 3), ("ChangeResourceRecordSets", 5)] {
        let slow = Fault::Latency(Duration::from_secs(seconds));
        stage.bed.proxy.inject(Rule::new(slow).operation(operation));
    }
    let back = ["promote", "us-east-1", "-input=false", "-from-epoch=2", "-json"];
    let (took, told) = (measured(&stage.expect(&back, 0)), predicted(&document));
    println!("predicted {told:.2} s, measured {took:.2} s");
    // What is declared is the least that it can take; by how much more is a matter of the machine, and
    // judged where nothing else runs (`cargo xtask matrix simulate`).
    let (least, most) = (told * 0.9, told / 0.9);
    let within = took >= least && (took <= most || !full());
    stage.check(within, format_args!("predicted {told:.2} s, measured {took:.2} s"));
}

/// What decides how long a promotion takes is what its critical path says: calls, and proofs that wait.
#[test]
fn with_slow_calls_a_promotion_takes_little_more_than_its_critical_path() {
    const CALL: Duration = Duration::from_millis(50);
    let stage = Stage::new(Folder::example(EXAMPLE));
    // How many calls a second Route 53 takes is another figure.
    stage
        .folder
        .write("provider.dr.hcl", "provider \"aws\" {\n  rate_limits {\n    route53 = 0\n  }\n}\n");
    stage.expect(APPLY, 0);
    stage.expect(&["promote", "us-west-2", "-input=false", "-from-epoch=1"], 0);
    stage.expect(APPLY, 0);
    stage.bed.proxy.inject(Rule::new(Fault::Latency(CALL)));
    let declared = [
        "-duration=call=50ms",
        "-duration=aws_s3_bucket_policy=50ms",
        "-duration=aws_s3_object=50ms",
    ];
    let simulate = ["simulate", "-lose=us-west-2", "-mode=graceful", "-json"];
    let ran = stage.expect(&[&simulate[..], &declared[..]].concat(), 0);
    let document: Json = serde_json::from_str(&ran.stdout).unwrap();
    for link in document["critical_path"].as_array().unwrap() {
        println!(
            "{:>7.2} s  {} ({})",
            link["seconds"].as_f64().unwrap(),
            link["what"],
            link["source"]
        );
    }
    let path = ["reading_seconds", "steps_seconds"].map(|name| document[name].as_f64().unwrap());
    let path: f64 = path.iter().sum();
    let back = ["promote", "us-east-1", "-input=false", "-from-epoch=2"];
    let ran = stage.expect(&back, 0);
    let wall = ran.took.as_secs_f64();
    let first = ran.calls.first().map(|call| call.started).unwrap_or_default();
    for call in &ran.calls {
        let after = |at: Duration| at.saturating_sub(first).as_secs_f64();
        println!(
            "{:>7.3} {:>7.3}  {} {} {}",
            after(call.started),
            call.ended.map(after).unwrap_or_default(),
            call.operation,
            call.region,
            call.resource
        );
    }
    println!(
        "path {path:.2} s, wall {wall:.2} s ({:.2} ×), {} calls",
        wall / path,
        ran.calls.len()
    );
    stage.check(wall >= path / 2.0, format_args!("path {path:.2} s, wall {wall:.2} s"));
    // What lifeboat itself takes; a debug build on a machine that does other things takes longer.
    let within = wall - path <= 2.0;
    stage.check(within || !full(), format_args!("path {path:.2} s, wall {wall:.2} s"));
}
