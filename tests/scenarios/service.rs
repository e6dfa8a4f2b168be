//! `examples/pilot-light`: machines and groups of others whose capacity follows the roles.

use std::time::Duration;

use lifeboat_testbed::{Correction, Entry, Fault, Part, Rule, ServerKind};

use super::folder::Folder;
use super::promotion::{APPROVED, ATTESTED, EAST_FIRST, WEST_FIRST};
use super::ran::Ran;
use super::stage::{APPLY, Stage};
use super::web::{EAST, FILE, WEST};

pub(super) const EXAMPLE: &str = "pilot-light";
const GROUP: &str = "shop-web";

/// A stage with the example's files, and what others have made on its servers: a machine that runs
/// and a group of two instances in each region.
pub(super) fn stage() -> Stage {
    let stage = Stage::new(Folder::example(EXAMPLE));
    let aws = stage.bed.aws();
    let [east, west] = [EAST, WEST].map(|region| {
        aws.create_group(region, GROUP).unwrap();
        aws.run_instance(region).unwrap()
    });
    let machines = format!("machines = {{ {EAST} = [\"{east}\"], {WEST} = [\"{west}\"] }}\n");
    stage.folder.write("machines.auto.drvars.hcl", &machines);
    stage
}

/// The machine of a region as EC2 lists it.
#[track_caller]
fn machine(stage: &Stage, region: &str) -> String {
    let listed = stage.bed.aws().query("ec2", region, "DescribeInstances", &[]);
    let listed = listed.unwrap().ok().unwrap().texts("instancesSet");
    // Not one of the group.
    listed.into_iter().find(|it| !it.contains("aws:autoscaling:groupName")).unwrap()
}

/// What runs in a region: whether the machine does, and the group's least and desired size.
#[track_caller]
pub(super) fn runs(stage: &Stage, region: &str) -> (bool, [u32; 2]) {
    let aws = stage.bed.aws();
    let running = machine(stage, region).contains("<name>running</name>");
    let group = aws.query("autoscaling", region, "DescribeAutoScalingGroups", &[]);
    let group = group.unwrap().ok().unwrap();
    let size = |name| group.texts(name)[0].parse().unwrap();
    (running, ["MinSize", "DesiredCapacity"].map(size))
}

/// What a role has of the service.
pub(super) const PRIMARY: (bool, [u32; 2]) = (true, [1, 2]);
pub(super) const STANDBY: (bool, [u32; 2]) = (false, [0, 0]);

/// The places of the changing calls of an operation in a region; of objects only those of records:
/// bundles are written all the time, and the last write of the old primary before the claim.
fn places(ran: &Ran, region: &str, operation: &str) -> Vec<usize> {
    let counts = |call: &Entry| operation != "PutObject" || call.path.contains("role.json");
    let is = |call: &Entry| call.region == region && call.operation == operation && counts(call);
    let changing = ran.calls.iter().filter(|call| call.mutating).enumerate();
    changing.filter(|(_, call)| is(call)).map(|(place, _)| place).collect()
}

/// Every call of the first operations comes before every call of the second; there are some of each.
#[track_caller]
pub(super) fn before(stage: &Stage, ran: &Ran, first: [&[&str]; 2], second: [&[&str]; 2]) {
    let all = |[regions, operations]: [&[&str]; 2]| {
        let each = regions.iter().flat_map(|r| operations.iter().map(move |o| places(ran, r, o)));
        let each: Vec<Vec<usize>> = each.collect();
        stage.check(each.iter().all(|calls| !calls.is_empty()), format_args!("{operations:?}"));
        each.concat()
    };
    let (early, late) = (all(first), all(second));
    let holds = early.iter().max() < late.iter().min();
    stage.check(holds, format_args!("{first:?} come before {second:?}"));
}

#[test]
fn what_is_needed_runs_before_the_fence_and_what_is_left_has_stopped_before_the_claim() {
    let stage = stage();
    // The group of the standby is warm, so that it is emptied by the fence and filled afterwards.
    stage.folder.edit(FILE, "{ primary = 2, standby = 0 }", "{ primary = 2, standby = 1 }");
    let warm = (false, [0, 1]);
    stage.expect(APPLY, 0);
    stage.same([runs(&stage, EAST), runs(&stage, WEST)], [PRIMARY, warm], "as the roles say");

    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let plan = stage.expect(&["plan", "-input=false", "-detailed-exitcode"], 2);
    for text in [
        "prepare    us-west-2 gets the capacity of the primary\n         \
         ~ service.web.aws_autoscaling_group[\"us-west-2\"]\n         \
         ~ service.back_office.aws_ec2_instance_state[\"us-west-2/i-",
        "fence      us-east-1 takes no more writes\n         \
         ~ service.web.aws_autoscaling_group[\"us-east-1\"]\n         \
         ~ service.back_office.aws_ec2_instance_state[\"us-east-1/i-",
    ] {
        stage.check(plan.stdout.contains(text), format_args!("the plan says {text:?}"));
    }
    let ran = stage.expect(APPROVED, 0);
    let started: [&[&str]; 2] = [&[WEST], &["StartInstances", "UpdateAutoScalingGroup"]];
    let stopped: [&[&str]; 2] = [&[EAST], &["StopInstances", "UpdateAutoScalingGroup"]];
    let claimed: [&[&str]; 2] = [&[EAST, WEST], &["PutObject"]];
    before(&stage, &ran, started, stopped);
    before(&stage, &ran, stopped, [&[EAST], &["PutBucketPolicy"]]);
    before(&stage, &ran, [&[EAST], &["PutBucketPolicy"]], claimed);
    stage.same([runs(&stage, EAST), runs(&stage, WEST)], [STANDBY, PRIMARY], "one region runs");

    stage.expect(APPLY, 0);
    stage.same([runs(&stage, EAST), runs(&stage, WEST)], [warm, PRIMARY], "it stands by");
    stage.expect_nothing();
}

#[test]
fn what_a_lost_region_runs_is_owed_and_is_stopped_first_when_it_returns() {
    let stage = stage();
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let gone = Rule::new(Fault::BlackHole).region(EAST).regional();
    let gone = stage.bed.proxy.inject(gone);
    let ran = stage.expect(&[APPROVED, ATTESTED].concat(), 0);
    stage.check(ran.took < Duration::from_secs(15), "the region's silence costs little");
    for text in [
        "owed service.back_office.aws_ec2_instance_state[\"us-east-1/i-",
        "owed service.web.aws_autoscaling_group[\"us-east-1\"]",
        "owed bucket.orders.aws_s3_bucket_policy[\"us-east-1\"]",
    ] {
        stage.check(ran.stdout.contains(text), format_args!("the plan says {text:?}"));
    }
    stage.same(runs(&stage, WEST), PRIMARY, "the new primary runs");
    let status = stage.expect(&["status"], 0);
    stage.check(status.stdout.contains("service.web.aws_autoscaling_group"), "status tells it");

    stage.bed.proxy.remove(gone);
    stage.same(runs(&stage, EAST), PRIMARY, "it returns as it was");
    let ran = stage.expect(APPLY, 0);
    let there = |call: &&Entry| {
        let regional = ["ec2", "autoscaling", "s3"].contains(&&*call.service);
        call.mutating && call.region == EAST && regional
    };
    let changes = ran.calls.iter().filter(there).map(|call| call.operation.as_str());
    let mut changes: Vec<&str> = changes.collect();
    stage.check(changes.len() > 3, "more is done there");
    changes.truncate(3);
    changes.sort_unstable();
    let fences = ["PutBucketPolicy", "StopInstances", "UpdateAutoScalingGroup"];
    stage.same(changes, fences.to_vec(), "the fences come before everything else there");
    stage.same([runs(&stage, EAST), runs(&stage, WEST)], [STANDBY, PRIMARY], "one region runs");
    stage.expect_nothing();
    let status = stage.expect(&["status"], 0);
    stage.check(!status.stdout.contains("owe"), "nothing is owed any more");
}

#[test]
fn a_machine_that_others_stopped_owes_no_fence() {
    let stage = stage();
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let gone = Rule::new(Fault::BlackHole).region(EAST).service("ec2");
    let gone = stage.bed.proxy.inject(gone);
    // What answers is fenced; what does not is owed.
    let ran = stage.expect(&[APPROVED, ATTESTED].concat(), 0);
    stage.same(places(&ran, EAST, "UpdateAutoScalingGroup").len(), 1, "the group is emptied");
    stage.same(places(&ran, EAST, "PutBucketPolicy").len(), 1, "the bucket is closed");
    stage.bed.proxy.remove(gone);
    let aws = stage.bed.aws();
    let machines = aws.query("ec2", EAST, "DescribeInstances", &[]).unwrap().ok().unwrap();
    for machine in machines.texts("instanceId") {
        aws.query("ec2", EAST, "StopInstances", &[("InstanceId.1", &machine)]).unwrap();
    }
    let ran = stage.expect(APPLY, 0);
    stage.same(places(&ran, EAST, "StopInstances").len(), 0, "it has stopped already");
    stage.expect_nothing();
    let status = stage.expect(&["status"], 0);
    stage.check(!status.stdout.contains("owe"), "nothing is owed any more");
}

/// Lets the machine of the primary stop, and empty groups be left, as slowly as they do at AWS: until
/// the corrections are taken back.
#[track_caller]
fn linger(stage: &Stage) {
    let listed = machine(stage, EAST);
    let id = listed.split("<instanceId>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    let head = format!(
        "<instanceId>{id}</instanceId><imageId>ami-12c6146b</imageId><instanceState><code>"
    );
    let row = |service, operation, before, after, reference| Correction {
        server: ServerKind::Moto,
        service,
        operation,
        part: Part::Response,
        before,
        after,
        reference,
    };
    stage.bed.proxy.correct(vec![
        row(
            "ec2",
            "DescribeInstances",
            format!("{head}80</code><name>stopped").leak(),
            format!("{head}64</code><name>stopping").leak(),
            "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html",
        ),
        row(
            "autoscaling",
            "DescribeAutoScalingGroups",
            "<Instances/>",
            "<Instances><member><InstanceId>i-01234567</InstanceId>\
             <LifecycleState>Terminating</LifecycleState></member><member>\
             <InstanceId>i-89abcdef</InstanceId><LifecycleState>Terminating:Wait</LifecycleState>\
             </member></Instances>",
            "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html",
        ),
    ]);
}

#[test]
fn nothing_is_claimed_while_something_is_left_whoever_waits_for_it() {
    let stage = stage();
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    linger(&stage);
    let looks = |operation: &'static str| {
        move |call: &Entry| call.region == EAST && call.operation == operation
    };
    let further = |ran: &Ran| {
        let calls = ["PutBucketPolicy", "PutObject"].map(|call| places(ran, EAST, call));
        calls.concat().len()
    };
    // It dies while it waits, and another takes over and waits.
    let mut running = stage.start(APPROVED);
    running.until(1, looks("StopInstances"));
    running.until(1, looks("UpdateAutoScalingGroup"));
    running.until(5, looks("DescribeInstances"));
    running.signal("KILL");
    stage.same(further(&running.finish()), 0, "what comes after the stop");
    let mut running = stage.start(APPLY);
    running.until(5, looks("DescribeInstances"));
    running.until(5, looks("DescribeAutoScalingGroups"));
    let left = stage.ledger().count(|call| call.mutating && looks("PutBucketPolicy")(call));
    stage.same(left, 1, "the bucket was closed once, when it was made");
    stage.bed.proxy.correct(Vec::new());
    let ran = running.finish();
    stage.same(ran.code, Some(0), "it goes on when the last is gone");
    stage.same(places(&ran, EAST, "StopInstances").len(), 0, "it is not told to stop again");
    stage.check(further(&ran) > 1, "the rest comes after it");
    stage.same([runs(&stage, EAST), runs(&stage, WEST)], [STANDBY, PRIMARY], "one region runs");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}
