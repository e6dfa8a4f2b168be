//! Fences by hand: a region takes no more writes and nobody takes its place, until it is opened again.

use lifeboat_testbed::{Fault, Rule};

use super::promotion::{APPROVED, EAST_FIRST, WEST_FIRST, refused};
use super::service::{PRIMARY, STANDBY, before, runs, stage};
use super::stage::{APPLY, Stage};
use super::web::{EAST, FILE, WEST};

const BUCKET: &str = "shop-orders";
const COPY: &str = "shop-orders-dr";

const FENCE: &[&str] = &["fence", EAST, "-input=false", "-auto-approve"];
const UNFENCE: &[&str] = &["unfence", EAST, "-input=false", "-auto-approve"];
const OWED: &[&str] = &["fence", "-owed", "-input=false", "-auto-approve"];
const NOTE: &str = "us-east-1 is fenced by hand since 2";

/// The example, applied.
#[track_caller]
fn ready() -> Stage {
    let stage = stage();
    stage.expect(APPLY, 0);
    stage
}

/// Whether nothing of the region runs or takes writes.
#[track_caller]
fn shut(stage: &Stage, region: &str, bucket: &str) -> bool {
    let closed = refused(stage, region, bucket).contains(&"LifeboatFence");
    let stopped = runs(stage, region) == STANDBY;
    stage.same(closed, stopped, "data and what runs are fenced together");
    closed
}

#[test]
fn a_region_is_fenced_by_hand_and_stays_so_until_it_is_opened() {
    let stage = ready();
    // Nobody is asked, and nobody approved it.
    let unasked = stage.expect(&FENCE[..3], 5);
    stage.check(unasked.stderr.contains("-auto-approve"), "it says what approves it");
    stage.same(unasked.mutating(), 0, "nothing is changed");
    let ran = stage.expect(FENCE, 0);
    stage.check(ran.stdout.contains("no other region takes its place"), "it says what it does");
    stage.same(shut(&stage, EAST, BUCKET), true, "the primary takes no writes");
    // What is shut down still writes, and its data is closed after it.
    let stopped: [&[&str]; 2] = [&[EAST], &["StopInstances", "UpdateAutoScalingGroup"]];
    before(&stage, &ran, stopped, [&[EAST], &["PutBucketPolicy"]]);
    let changed = ran.calls.iter().filter(|call| call.mutating && call.operation != "PutObject");
    stage.check(changed.clone().all(|call| call.region == EAST), "no other region is changed");
    stage.same(changed.count(), 3, "nothing else is changed");

    // What runs in the region can ask, and other tools can read it.
    let record = |region: &str| {
        let bucket = format!("lifeboat-shop-123456789012-{region}");
        stage.bed.aws().get_object(region, &bucket, "role.json").unwrap().text()
    };
    for region in [EAST, WEST] {
        let said = record(region);
        let told = said.contains("\"fenced\":[{\"region\":\"us-east-1\",\"since\":\"2");
        stage.check(told, format_args!("the record of {region} tells it: {said}"));
    }
    let guard = stage.expect(&["guard", EAST], 5);
    stage.check(guard.stdout.contains("fenced by hand since 2"), "the guard says why");

    // It is no difference from the files, and everybody says it.
    let plan = stage.expect(&["plan", "-input=false", "-detailed-exitcode"], 0);
    let said = [plan, stage.expect(&["drift"], 0), stage.expect(&["status"], 0)];
    for ran in &said {
        stage.check(ran.stdout.contains(NOTE), format_args!("it is said:\n{}", ran.stdout));
    }
    stage.check(said[2].stdout.contains("primary us-east-1 (epoch 1)"), "the primary stays");
    stage.same(stage.expect(APPLY, 0).mutating(), 0, "an apply does not open it");
    let again = stage.expect(FENCE, 0);
    stage.same(again.mutating(), 0, "it is fenced already");
    // What somebody opens outside is closed again.
    let policy = format!("/{BUCKET}?policy");
    stage.bed.aws().raw("s3", EAST, "DELETE", &policy).send().unwrap().ok().unwrap();
    stage.expect(APPLY, 0);
    stage.same(shut(&stage, EAST, BUCKET), true, "the fence is in its place again");

    // The standby takes no writes by its role, and is not opened.
    let other = stage.expect(&["unfence", WEST, "-input=false", "-auto-approve"], 5);
    stage.check(other.stderr.contains("fence::not_primary"), "it says why");
    // What cannot be seen to stop cannot be seen to start.
    let deaf = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).service("ec2"));
    let partly = stage.expect(UNFENCE, 5);
    stage.check(partly.stderr.contains("fence::unreachable"), "it says why");
    stage.same(partly.mutating(), 0, "nothing is changed");
    stage.bed.proxy.remove(deaf);
    let ran = stage.expect(UNFENCE, 0);
    stage.same(runs(&stage, EAST), PRIMARY, "it runs again");
    stage.same(refused(&stage, EAST, BUCKET), vec![], "it takes writes");
    let started: [&[&str]; 2] = [&[EAST], &["StartInstances", "UpdateAutoScalingGroup"]];
    before(&stage, &ran, [&[EAST], &["PutBucketPolicy"]], started);
    stage.expect_nothing();
    stage.expect(&["guard", EAST], 0);
    stage.check(record(WEST).contains("\"fenced\":[]"), "the records tell that it is over");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(!status.contains("by hand"), "nothing is fenced by hand");
}

#[test]
fn two_regions_that_take_writes_are_told_by_a_look_at_what_is_live() {
    let stage = ready();
    let quiet = stage.expect(&["status", "-live"], 0);
    stage.check(quiet.stdout.contains("Live: no region but the primary"), "all is well");
    let policy = format!("/{COPY}?policy");
    stage.bed.aws().raw("s3", WEST, "DELETE", &policy).send().unwrap().ok().unwrap();
    let ran = stage.expect(&["status", "-live"], 0);
    stage.check(
        ran.stdout.contains("Split brain suspected: bucket.orders is open in"),
        "it is told",
    );
    stage.same(ran.mutating(), 0, "nothing is changed");
    let live = &stage.expect(&["status", "-live", "-json"], 0).document()["live"];
    stage.check(live["split_brain"]["detail"].is_string(), "programs read it");
    let blind = stage.expect(&["status"], 0);
    stage.check(!blind.stdout.contains("Split brain"), "state alone does not know");
}

#[test]
fn a_fence_by_hand_is_taken_for_placed_by_a_promotion_and_keeps_one_from_going_there() {
    let stage = ready();
    let standby = ["fence", WEST, "-input=false", "-auto-approve"];
    stage.expect(&standby, 0);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let ran = stage.expect(APPROVED, 5);
    stage.check(ran.stderr.contains("promotion::target_fenced"), "it says why");
    stage.check(ran.stderr.contains("lifeboat unfence us-west-2"), "and the way out");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.folder.edit(FILE, WEST_FIRST, EAST_FIRST);
    stage.expect(&["unfence", WEST, "-input=false", "-auto-approve"], 0);
    stage.same(shut(&stage, WEST, COPY), true, "a standby takes no writes by its role");

    stage.expect(FENCE, 0);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let ran = stage.expect(APPROVED, 0);
    let policies = ran.calls.iter().filter(|call| call.operation == "PutBucketPolicy");
    let regions: Vec<&str> = policies.map(|call| &*call.region).collect();
    stage.same(regions, vec![WEST], "the fence is there already");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(!status.contains("by hand"), "it is fenced by its role now");
}

#[test]
fn what_a_silent_region_owes_of_a_fence_by_hand_is_placed_when_it_answers() {
    let stage = ready();
    let gone = Rule::new(Fault::BlackHole).region(EAST).regional();
    let gone = stage.bed.proxy.inject(gone);
    let ran = stage.expect(FENCE, 0);
    stage.check(ran.stdout.contains("deferred"), "it says what cannot be placed");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(status.contains("Owed by us-east-1 since 2"), "what is owed is said");
    let record =
        stage.bed.aws().get_object(WEST, "lifeboat-shop-123456789012-us-west-2", "role.json");
    let record = record.unwrap().text();
    stage.check(record.contains("\"owed\":[{"), format_args!("the records say it: {record}"));
    let early = stage.expect(UNFENCE, 5);
    stage.check(early.stderr.contains("fence::owed"), "nothing is opened before it is closed");
    let waited = stage.expect(&[OWED, &["-wait=1s"]].concat(), 6);
    stage.check(waited.stderr.contains("Waiting for us-east-1"), "it says what it waits for");
    stage.same(waited.mutating(), 0, "nothing is changed");

    // It answers while somebody waits.
    let mut waiting = stage.start(&[OWED, &["-wait=5m"]].concat());
    waiting.until_said("Waiting for us-east-1");
    stage.bed.proxy.remove(gone);
    stage.same(waiting.finish().code, Some(0), "what is owed is placed");
    stage.same(shut(&stage, EAST, BUCKET), true, "the region takes no writes");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(!status.contains("Owed by"), "nothing is owed any more");
    stage.check(status.contains(NOTE), "it is fenced by hand");
    // The records say so with the next apply.
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    stage.expect(UNFENCE, 0);
    stage.same(runs(&stage, EAST), PRIMARY, "it runs again");
    stage.expect_nothing();
}

/// Whoever dies while it fences has fenced: the next apply does not open what was closed.
#[test]
fn a_fence_by_hand_that_dies_is_finished_by_the_next_apply() {
    for point in ["after-intent:1", "after-intent:2", "after-outcome:1", "before-commit:1"] {
        let stage = ready();
        let died = stage.start_as(FENCE, &[("LIFEBOAT_CRASH_POINT", point)]).finish();
        stage.same(died.code, None, "it dies");
        stage.expect(APPLY, 0);
        stage.same(shut(&stage, EAST, BUCKET), true, "the region takes no writes");
        stage.expect_nothing();
        let died = stage.start_as(UNFENCE, &[("LIFEBOAT_CRASH_POINT", point)]).finish();
        stage.same(died.code, None, "it dies");
        stage.expect(APPLY, 0);
        stage.same(runs(&stage, EAST), PRIMARY, "it runs again");
        stage.same(refused(&stage, EAST, BUCKET), vec![], "it takes writes");
        stage.expect_nothing();
    }
}
