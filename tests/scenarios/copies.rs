//! What replication does not bring by itself is copied: what was written before it began, and what it
//! failed at.

use std::time::Duration;

use lifeboat_testbed::{Fault, Nth, Rule};
use serde_json::Value as Json;

use super::blocks::topology;
use super::folder::Folder;
use super::promotion::{APPROVED, ready};
use super::ran::Ran;
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, EXAMPLE, FILE, WEST, replicated};

const FAILBACK: &[&str] = &["failback", "-input=false", "-from-epoch=2"];

/// What the files say of the copies.
const BLOCK: &str =
    "replication \"exports\" {\n  bucket       = bucket.exports\n  time_control = \"15m\"\n}\n";

/// A promotion, and writes in the new primary before anything copies from there.
fn written_between() -> Stage {
    let stage = ready();
    replicated(&stage, "daily/old");
    stage.expect(APPROVED, 0);
    let aws = stage.bed.aws();
    for n in 0..20 {
        aws.put_object(WEST, COPY, &format!("between/{n}"), "written between").unwrap();
    }
    aws.put_object(WEST, COPY, "daily/old", "written anew between").unwrap();
    let named = aws.raw("s3", WEST, "PUT", &format!("/{COPY}/between/a%20b%2Bc"));
    let named = named.header("x-amz-meta-team", "web").header("x-amz-tagging", "keep=long");
    named.header("content-type", "text/x-note").body("with a name").send().unwrap().ok().unwrap();
    stage
}

fn copies(ran: &Ran) -> usize {
    ran.calls.iter().filter(|call| call.operation == "CopyObject").count()
}

#[track_caller]
fn has(stage: &Stage, region: &str, bucket: &str, key: &str, text: &str) {
    let found = stage.bed.aws().get_object(region, bucket, key).unwrap().text();
    stage.same(found, text.to_owned(), key);
}

/// What state says is still to be copied.
#[track_caller]
fn waiting(stage: &Stage) -> usize {
    let status: Json = serde_json::from_str(&stage.expect(&["status", "-json"], 0).stdout).unwrap();
    status["backfills"].as_array().unwrap().len()
}

#[test]
fn what_was_written_before_re_protection_is_copied_and_going_back_is_proven_at_once() {
    let stage = written_between();
    let ran = stage.expect(APPLY, 0);
    let says = "Copy to us-east-1 what replication does not bring by itself: replication.exports";
    stage.check(ran.stdout.contains(says), "the plan says it");
    stage.check(ran.said().contains("22 of 22 objects copied"), "it says what came of it");
    has(&stage, EAST, BUCKET, "between/7", "written between");
    has(&stage, EAST, BUCKET, "daily/old", "written anew between");
    let copy = stage.bed.aws().get_object(EAST, BUCKET, "between/a%20b%2Bc").unwrap();
    let header = |name: &str| copy.headers.get(name).and_then(|it| it.to_str().ok());
    stage.same(header("x-amz-meta-team"), Some("web"), "its metadata");
    stage.same(header("content-type"), Some("text/x-note"), "its type");
    stage.same(header("x-amz-tagging-count"), Some("1"), "its tags");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(!status.contains("Unprotected"), "the data is copied again");
    stage.same(copies(&stage.expect(APPLY, 0)), 0, "it is asked for once");
    stage.expect_nothing();

    let back = stage.expect(FAILBACK, 0);
    stage.check(back.took < Duration::from_secs(60), format_args!("it took {:?}", back.took));
    has(&stage, EAST, BUCKET, "daily/old", "written anew between");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}

#[test]
fn what_could_not_be_copied_is_named_and_copied_by_the_next_apply() {
    let stage = written_between();
    let refused = Rule::new(Fault::Denied403).operation("CopyObject").region(EAST);
    let refused = stage.bed.proxy.inject(refused);
    let ran = stage.expect(APPLY, 4);
    stage.check(ran.stderr.contains("apply::backfill"), "it says that it is not done");
    stage.check(ran.stderr.contains("between/0"), "and what is missing");
    stage.same(waiting(&stage), 1, "state has it");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(status.contains("Unprotected"), "nothing is protected before");
    stage.check(status.contains("Not copied to us-east-1 since"), "and it says why");
    let early = stage.expect(FAILBACK, 5);
    stage.check(early.stderr.contains("promotion::unprotected"), "it is too early to go back");
    stage.bed.proxy.remove(refused);
    stage.same(copies(&stage.expect(APPLY, 0)), 22, "all are copied");
    stage.same(waiting(&stage), 0, "it is done");
    stage.expect_nothing();
}

/// What is there before the rule: `existing_objects`.
#[test]
fn what_was_there_before_the_rule_is_copied_unless_the_files_leave_it() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.folder.edit(FILE, BLOCK, "");
    stage.expect(APPLY, 0);
    let aws = stage.bed.aws();
    aws.put_object(EAST, BUCKET, "before/one", "there before").unwrap();
    let leave = BLOCK.replace("}\n", "  existing_objects = false\n}\n");
    stage.folder.edit(FILE, "retention \"exports\"", &format!("{leave}\nretention \"exports\""));
    stage.same(copies(&stage.expect(APPLY, 0)), 0, "the files leave it");
    stage.same(aws.get_object(WEST, COPY, "before/one").unwrap().status, 404, "it is not copied");
    stage.folder.edit(FILE, &leave, "");
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, "retention \"exports\"", &format!("{BLOCK}\nretention \"exports\""));
    stage.same(copies(&stage.expect(APPLY, 0)), 1, "it is copied");
    has(&stage, WEST, COPY, "before/one", "there before");
    stage.expect_nothing();
}

/// Whoever dies, the next one copies what is still missing, and no more.
#[test]
fn copying_that_is_killed_is_ended_by_the_next_apply() {
    let stage = written_between();
    // Sixteen are copied at a time; the others are never answered.
    let lost = Rule::new(Fault::BlackHole).operation("CopyObject").nth(Nth::After(16));
    let lost = stage.bed.proxy.inject(lost);
    let mut ran = stage.start(APPLY);
    ran.until(17, |call| call.operation == "CopyObject");
    ran.signal("KILL");
    ran.finish();
    stage.bed.proxy.remove(lost);
    stage.same(copies(&stage.expect(APPLY, 0)), 6, "the others are copied");
    for n in 0..20 {
        has(&stage, EAST, BUCKET, &format!("between/{n}"), "written between");
    }
    stage.same(waiting(&stage), 0, "it is done");
    stage.expect_nothing();
}

#[cfg(feature = "crash-points")]
#[test]
fn copying_that_dies_at_any_point_is_ended_by_the_next_apply() {
    use std::collections::BTreeMap;
    let stage = written_between();
    let trace = stage.folder.path().join("trace.log");
    let told = [("LIFEBOAT_CRASH_TRACE", trace.to_str().unwrap())];
    stage.same(stage.start_as(APPLY, &told).finish().code, Some(0), "an undisturbed run");
    let mut points: BTreeMap<String, usize> = BTreeMap::new();
    for name in std::fs::read_to_string(trace).unwrap().lines() {
        *points.entry(name.to_owned()).or_default() += 1;
    }
    for (name, last) in points {
        // The copying is the last step.
        let stage = written_between();
        let at = format!("{name}:{last}");
        let ran = stage.start_as(APPLY, &[("LIFEBOAT_CRASH_POINT", &at)]).finish();
        stage.check(matches!(ran.code, None | Some(0)), format_args!("it dies at {at}, or passes"));
        stage.expect(APPLY, 0);
        has(&stage, EAST, BUCKET, "between/7", "written between");
        has(&stage, EAST, BUCKET, "daily/old", "written anew between");
        stage.same(waiting(&stage), 0, "it is done");
        stage.expect_nothing();
    }
}

/// Buckets of others with data on both sides: each gets what the other had before the rules.
#[test]
fn buckets_that_held_data_before_they_copied_to_each_other_get_what_they_lack() {
    const FILES: &str = r#"
bucket "theirs" {
  name  = { us-east-1 = "theirs-east", us-west-2 = "theirs-west" }
  adopt = true
}

replication "theirs" {
  bucket  = bucket.theirs
  two_way = true
}
"#;
    let stage = Stage::of(&topology(FILES));
    let aws = stage.bed.aws();
    for (region, bucket, key) in [(EAST, "theirs-east", "a/east"), (WEST, "theirs-west", "b/west")]
    {
        aws.create_bucket(region, bucket).unwrap();
        aws.put_object(region, bucket, key, "there before").unwrap();
    }
    let ran = stage.expect(APPLY, 0);
    for region in [EAST, WEST] {
        let says = format!("Copy to {region} what replication does not bring by itself");
        stage.check(ran.stdout.contains(&says), format_args!("the plan says {says:?}"));
    }
    has(&stage, WEST, "theirs-west", "a/east", "there before");
    has(&stage, EAST, "theirs-east", "b/west", "there before");
    stage.same(waiting(&stage), 0, "it is done");
    stage.expect_nothing();
}
