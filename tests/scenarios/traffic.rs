//! Traffic by weights: in steps that are watched, in promotions and by hand, where all regions write.

use lifeboat_testbed::{Fault, Rule};

use super::folder::Folder;
use super::outside::Outside;
use super::promotion::{APPROVED, EAST_FIRST, WEST_FIRST};
use super::stage::{APPLY, Stage};
use super::web::{EAST, FILE, WEST};

const EXAMPLE: &str = "active-active";

const LEAVE: &[&str] = &["evacuate", EAST, "-input=false", "-auto-approve"];
const RETURN: &[&str] = &["evacuate", "-end", EAST, "-input=false", "-auto-approve"];
const NOTE: &str = "us-east-1 is evacuated since 2";

/// The example, applied, in a hurry, with its endpoints where this server is.
#[track_caller]
fn ready(outside: &Outside) -> Stage {
    let stage = Stage::new(Folder::example(EXAMPLE));
    let edit = |from: &str, to: &str| stage.folder.edit(FILE, from, to);
    let port = outside.host().rsplit(':').next().unwrap().to_owned();
    edit("port              = 443", &format!("port              = {port}"));
    edit("failure_threshold = 3", "failure_threshold = 2");
    edit("watch = \"2m\"", "watch = \"1s\"");
    edit("commit_window = \"5m\"", "timeouts = { verify = \"3s\" }");
    // Route 53 would refuse it; the server does not, and an address that is known late is not judged.
    for address in ["10", "20"] {
        edit(&format!("\"203.0.113.{address}\""), "terraform_data.here.output");
    }
    edit("ttl     = \"30s\"", "type    = \"A\"\n  ttl     = \"30s\"");
    let here = "resource \"terraform_data\" \"here\" {\n  input = \"127.0.0.1\"\n}\n\nresource \"aws_route53_zone\"";
    edit("resource \"aws_route53_zone\"", here);
    stage.expect(APPLY, 0);
    stage
}

/// The weights in the east and in the west, as the server has them.
#[track_caller]
fn weights(stage: &Stage) -> [u64; 2] {
    let aws = stage.bed.aws();
    let zone = aws.zone_id("example.com").unwrap().unwrap();
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset?maxitems=300");
    let sets = aws.raw("route53", EAST, "GET", &path).send().unwrap().ok().unwrap();
    let sets = sets.texts("ResourceRecordSet");
    [EAST, WEST].map(|region| {
        let named = |set: &&String| set.contains(&format!("<SetIdentifier>{region}<"));
        let set = sets.iter().find(named).unwrap();
        let weight = set.split_once("<Weight>").and_then(|(_, rest)| rest.split_once('<'));
        weight.unwrap().0.parse().unwrap()
    })
}

fn batches(ran: &super::ran::Ran) -> usize {
    ran.calls.iter().filter(|call| call.operation == "ChangeResourceRecordSets").count()
}

#[test]
fn traffic_is_taken_from_a_region_in_steps_while_what_gets_it_is_well_and_given_back() {
    let folder = Folder::new();
    let outside = Outside::start(folder.path());
    let stage = ready(&outside);
    stage.same(weights(&stage), [80, 20], "by the roles");
    let unasked = stage.expect(&LEAVE[..3], 5);
    stage.check(unasked.stderr.contains("-auto-approve"), "it says what approves it");
    stage.same(unasked.mutating(), 0, "nothing is changed");

    // What would get the traffic does not answer: nothing was applied yet, but the mark.
    let ran = stage.expect(LEAVE, 1);
    for text in ["apply::shift", "shift.shop.0", "HTTP status 404"] {
        stage.check(ran.stderr.contains(text), format_args!("it says {text:?}"));
    }
    stage.same(weights(&stage), [80, 20], "no traffic has moved");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(status.contains(NOTE), format_args!("it is said:\n{status}"));

    outside.set("/health", true);
    let ran = stage.expect(APPLY, 0);
    stage.check(ran.stdout.contains("Traffic moves in steps"), "the plan says how");
    stage.same(batches(&ran), 3, "in three steps");
    stage.same(weights(&stage), [0, 20], "all traffic is taken away");
    // It is no difference from the files, and everybody says it.
    let plan = stage.expect(&["plan", "-input=false", "-detailed-exitcode"], 0);
    for ran in [plan, stage.expect(&["drift"], 0)] {
        stage.check(ran.stdout.contains(NOTE), format_args!("it is said:\n{}", ran.stdout));
    }
    stage.same(stage.expect(APPLY, 0).mutating(), 0, "an apply does not give it back");
    stage.same(stage.expect(LEAVE, 0).mutating(), 0, "it is evacuated already");
    let other = stage.expect(&["evacuate", WEST, "-input=false", "-auto-approve"], 5);
    stage.check(other.stderr.contains("evacuate::nowhere"), "somebody must answer");
    let other = stage.expect(&["evacuate", "-end", WEST, "-input=false", "-auto-approve"], 5);
    stage.check(other.stderr.contains("evacuate::not_evacuated"), "it says why");

    // The control plane of the zone is away.
    let deaf = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).service("route53"));
    let ran = stage.expect(RETURN, 5);
    stage.check(ran.stderr.contains("evacuate::unreachable"), "it says why");
    stage.bed.proxy.remove(deaf);
    let ran = stage.expect(RETURN, 0);
    stage.same(batches(&ran), 3, "in three steps");
    stage.same(weights(&stage), [80, 20], "by the roles again");
    stage.expect_nothing();
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(!status.contains("evacuated"), "nothing is evacuated");
}

#[test]
fn a_promotion_where_all_write_moves_the_role_and_the_weights_in_steps_and_fences_nothing() {
    let folder = Folder::new();
    let outside = Outside::start(folder.path());
    outside.set("/health", true);
    let stage = ready(&outside);
    stage.expect(&["evacuate", WEST, "-input=false", "-auto-approve", "-assume-down=us-west-2"], 0);
    stage.same(weights(&stage), [80, 0], "a region that does not answer is left at once");
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let ran = stage.expect(APPROVED, 5);
    stage.check(ran.stderr.contains("promotion::target_evacuated"), "it says why");
    stage.check(ran.stderr.contains("lifeboat evacuate -end us-west-2"), "and the way out");
    stage.folder.edit(FILE, WEST_FIRST, EAST_FIRST);
    stage.expect(&["evacuate", "-end", WEST, "-input=false", "-auto-approve"], 0);
    stage.same(weights(&stage), [80, 20], "by the roles");

    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let plan = stage.expect(&["plan", "-input=false"], 0).stdout;
    for text in
        ["weight 74, 10 % of the way", "probe shift.shop.50 for 1 s", "All regions take writes"]
    {
        stage.check(plan.contains(text), format_args!("the plan says {text:?}:\n{plan}"));
    }
    for text in ["no way back", "takes no more writes", "unprotected"] {
        stage.check(!plan.contains(text), format_args!("the plan says {text:?}:\n{plan}"));
    }
    let ran = stage.expect(APPROVED, 0);
    stage.same(batches(&ran), 3, "both records at once, in three steps");
    let policies = ran.calls.iter().filter(|call| call.operation == "PutBucketPolicy");
    stage.same(policies.count(), 0, "nothing is fenced");
    stage.same(weights(&stage), [20, 80], "by the roles");
    stage.expect_nothing();
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(status.contains("primary us-west-2 (epoch 2)"), "the role has moved");
    stage.check(!status.contains("Unprotected"), "nothing was unprotected");
}

#[test]
fn a_promotion_that_moved_traffic_alone_is_rolled_back_where_what_gets_it_is_ill() {
    let folder = Folder::new();
    let outside = Outside::start(folder.path());
    outside.set("/health", true);
    let stage = ready(&outside);
    let verify = "timeouts = { verify = \"3s\" }";
    let back = format!("commit_window = \"2s\"\n    on_unhealthy = \"roll_back\"\n    {verify}");
    stage.folder.edit(FILE, verify, &back);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let plan = stage.expect(&["plan", "-input=false"], 0).stdout;
    let at = |text: &str| plan.find(text).unwrap_or_else(|| panic!("no {text:?} in\n{plan}"));
    let order =
        [at("  switch "), at("  commit "), at("until here it is rolled back"), at("  claim ")];
    stage.check(order.is_sorted(), format_args!("the claim comes last:\n{plan}"));
    let mut run = stage.start(APPROVED);
    run.until_said("shift.shop.10: Looking whether");
    outside.set("/health", false);
    run.until_said("is rolled back (on_unhealthy");
    outside.set("/health", true);
    let ran = run.finish();
    stage.same(ran.code, Some(1), "nobody was promoted");
    stage.same(weights(&stage), [80, 20], "the traffic goes where it went");
    let files = std::fs::read_to_string(stage.folder.path().join(FILE)).unwrap();
    stage.check(files.contains(EAST_FIRST), "the files name the old primary again");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(status.contains("primary us-east-1 (epoch 1)"), "and so does the state");
    stage.check(status.contains("given up"), format_args!("it is told:\n{status}"));
    stage.expect_nothing();
    // What is well is promoted, and claimed at the end.
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let ran = stage.expect(APPROVED, 0);
    let last = |operation: &str| {
        ran.calls.iter().rposition(|call| call.operation == operation && call.mutating).unwrap()
    };
    let record =
        ran.calls.iter().rposition(|call| call.mutating && call.path.contains("role.json"));
    stage.check(record.unwrap() > last("ChangeResourceRecordSets"), "the records are moved last");
    stage.same(weights(&stage), [20, 80], "by the roles");
    stage.expect_nothing();
}

/// Whoever dies while it takes traffic away has begun to: the next apply does the rest.
#[cfg(feature = "crash-points")]
#[test]
fn an_evacuation_that_dies_is_finished_by_the_next_apply() {
    let folder = Folder::new();
    let outside = Outside::start(folder.path());
    outside.set("/health", true);
    let stage = ready(&outside);
    for point in ["after-intent:1", "after-outcome:1", "after-intent:3", "before-commit:1"] {
        let died = stage.start_as(LEAVE, &[("LIFEBOAT_CRASH_POINT", point)]).finish();
        stage.same(died.code, None, "it dies");
        stage.expect(APPLY, 0);
        stage.same(weights(&stage), [0, 20], "all traffic is taken away");
        stage.expect_nothing();
        let died = stage.start_as(RETURN, &[("LIFEBOAT_CRASH_POINT", point)]).finish();
        stage.same(died.code, None, "it dies");
        stage.expect(APPLY, 0);
        stage.same(weights(&stage), [80, 20], "by the roles again");
        stage.expect_nothing();
    }
}
