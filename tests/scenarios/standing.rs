//! A promotion that is planned ahead, and applied on its day although the state has gone on.

use lifeboat_testbed::{Fault, Rule};

use super::bundles::{files, restored};
use super::folder::Folder;
use super::promotion::{ATTESTED, EAST_FIRST, FAILBACK, WEST_FIRST, answered, fenced, refused};
use super::ran::Ran;
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, EXAMPLE, FILE, WEST};

const PLAN: &str = "standing.plan";
const AHEAD: &[&str] =
    &["plan", "-input=false", "-standing=us-west-2", "-valid-for=7d", "-out=standing.plan"];
const CHECK: &[&str] = &["plan", "-input=false", "-check-standing=standing.plan"];

/// What approves it where there is no terminal.
const APPLIED: &[&str] = &["apply", "-input=false", "-promote=us-west-2", "-from-epoch=1", PLAN];

/// The example, applied, with a standing plan.
#[track_caller]
fn ahead(more: &[&str]) -> Stage {
    planned(Stage::new(Folder::example(EXAMPLE)), more)
}

#[track_caller]
fn planned(stage: Stage, more: &[&str]) -> Stage {
    stage.expect(APPLY, 0);
    let before = files(&stage);
    let made = stage.expect(&[AHEAD, more].concat(), 0);
    stage.same(made.mutating(), 0, "planning ahead changes nothing");
    stage.same(files(&stage), before, "nor the files");
    stage
}

#[track_caller]
fn stale(ran: &Ran, stage: &Stage, why: &str) {
    stage.check(ran.stdout.contains("is stale"), "it is stale");
    stage.check(ran.stdout.contains(why), format_args!("it says {why:?}"));
    stage.same(ran.mutating(), 0, "looking changes nothing");
}

#[test]
fn a_standing_plan_is_applied_although_the_state_has_gone_on() {
    let stage = ahead(&[]);
    stage.expect(CHECK, 0);
    // Somebody takes a setting away, and the next apply puts it back: another serial, the same promotion.
    let aws = stage.bed.aws();
    let path = format!("/{BUCKET}?lifecycle");
    aws.raw("s3", EAST, "DELETE", &path).send().unwrap().ok().unwrap();
    stage.expect(APPLY, 0);
    let serial = stage.expect(&["status"], 0).stdout;
    stage.check(!serial.contains("serial 1 "), "the state has gone on");
    stage.expect(CHECK, 0);

    let other = ["apply", "-input=false", "-promote=us-west-2", "-from-epoch=2", PLAN];
    stage.same(stage.expect(&other, 5).mutating(), 0, "what approves another approves nothing");
    stage.same(stage.expect(&["apply", "-input=false", PLAN], 5).mutating(), 0, "nor does nothing");
    let ran = stage.expect(APPLIED, 0);
    stage.check(ran.stderr.contains("main.dr.hcl, line"), "the primary is written into the files");
    stage.check(files(&stage).contains(WEST_FIRST), "it is there");
    stage.same(fenced(&stage, EAST, BUCKET), true, "the region that was left takes no writes");
    stage.same(fenced(&stage, WEST, COPY), false, "the new primary takes writes");
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    // It is of another epoch now.
    let again = stage.expect(APPLIED, 1);
    stage.check(again.stderr.contains("plan::stale"), "it was of the epoch before");
    stage.same(again.mutating(), 0, "nothing is changed by it");
    stale(&stage.expect(CHECK, 2), &stage, "epoch 1");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    stage.expect(FAILBACK, 0);
}

#[test]
fn a_standing_plan_that_would_do_something_else_is_refused_and_told_to_ci() {
    let stage = ahead(&[]);
    // A person opens the fence of the standby by hand: the promotion would find another object.
    let aws = stage.bed.aws();
    let path = format!("/{COPY}?policy");
    let policy = aws.raw("s3", WEST, "GET", &path).send().unwrap().ok().unwrap().text();
    let other = policy.replacen("LifeboatFence", "SomebodyElse", 1);
    aws.raw("s3", WEST, "PUT", &path).body(other).send().unwrap().ok().unwrap();
    let what = "bucket.exports.aws_s3_bucket_policy[\"us-west-2\"] is not as it was: policy";
    stale(&stage.expect(CHECK, 2), &stage, what);
    let json = stage.expect(&[CHECK, &["-json"]].concat(), 2);
    stage.check(json.stdout.contains("\"stale\":true"), "JSON says so, too");
    let ran = stage.expect(APPLIED, 5);
    stage.check(ran.stderr.contains("plan::standing"), "the code");
    stage.check(ran.stderr.contains(what), "and the difference");
    stage.check(ran.stderr.contains("lifeboat promote us-west-2"), "and the way out");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.check(files(&stage).contains(EAST_FIRST), "the files stay as they are");
    aws.raw("s3", WEST, "PUT", &path).body(policy).send().unwrap().ok().unwrap();
    stage.expect(CHECK, 0);

    // Other files.
    stage.folder.edit(FILE, "keep   = \"30d\"", "keep   = \"45d\"");
    stale(&stage.expect(CHECK, 2), &stage, "These files are not as they were: main.dr.hcl");
    let ran = stage.expect(APPLIED, 1);
    stage.check(ran.stderr.contains("plan::other_files"), "the code");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.folder.edit(FILE, "keep   = \"45d\"", "keep   = \"30d\"");

    // The region that is left does not answer on the day: that is another promotion.
    let gone = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    let ran = stage.expect(&[APPLIED, ATTESTED].concat(), 5);
    stage.check(ran.stderr.contains("the mode: was graceful, now ungraceful"), "it says so");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.bed.proxy.remove(gone);
    stage.expect(APPLIED, 0);
}

#[test]
fn a_region_that_is_assumed_down_is_planned_ahead_and_left_from_another_machine() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    // Its records could not be rewritten: Route 53 is at home in the region that is left.
    let text = files(&stage);
    let (head, dns) = text.split_once("dns_failover \"").unwrap();
    let (_, rest) = dns.split_once("\n}\n").unwrap();
    stage.folder.write(FILE, &format!("{head}{rest}"));
    let stage = planned(stage, &["-assume-down=us-east-1"]);
    // The next apply puts it into the bundles, although there is nothing else to do.
    let ran = stage.expect(APPLY, 0);
    stage.same(ran.mutating(), 2, "the bundles");
    stage.same(stage.expect(APPLY, 0).mutating(), 0, "once");

    let printed = stage.expect(&["show", "-commands", PLAN], 0).stdout;
    let stage = stage.elsewhere();
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    let ran = restored(&stage, WEST);
    let kept = ".lifeboat/state/standing";
    stage.check(ran.stdout.contains(&format!("{kept}/plan")), "it says where the plan is");
    let commands = stage.folder.path().join(kept).join("commands");
    stage.same(std::fs::read_to_string(commands).unwrap(), printed, "what is typed by hand");

    let plan = format!("{kept}/plan");
    let applied = ["apply", "-input=false", "-promote=us-west-2", "-from-epoch=1", &plan];
    stage.same(stage.expect(&applied, 5).mutating(), 0, "somebody must attest it");
    stage.expect(&[&applied[..], ATTESTED].concat(), 0);
    stage.same(
        refused(&stage, WEST, COPY),
        vec!["LifeboatInbound"],
        "what may not come from there",
    );
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(status.contains("primary us-west-2 (epoch 2)"), "status tells the roles");
}

#[test]
fn only_a_promotion_can_be_planned_ahead() {
    let stage = ahead(&[]);
    let out = "-out=other.plan";
    let ran = stage.expect(&["plan", "-input=false", "-standing=us-east-1", out], 1);
    stage.check(ran.stderr.contains("There is nothing to promote"), "it is the primary already");
    let ran = stage.expect(&["plan", "-input=false", "-standing=us-wets-2", out], 1);
    stage.check(ran.stderr.contains("\"us-west-2\""), "it names the nearest region");
    let ran = stage.expect(&["plan", "-standing=us-west-2", "-valid-for=long", out], 1);
    stage.check(ran.stderr.contains("-valid-for=long"), "what is no duration");
    stage.expect(&["plan", "-input=false", out], 0);
    let ran = stage.expect(&["plan", "-input=false", "-check-standing=other.plan"], 1);
    stage.check(ran.stderr.contains("is no standing plan"), "an ordinary plan does not last");
}
