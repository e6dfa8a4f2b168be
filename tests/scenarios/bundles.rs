//! Another machine goes on from the bundle of a region, and a region asks whether it may write.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lifeboat_testbed::{Fault, Rule};

use super::folder::Folder;
use super::promotion::{APPROVED, ATTESTED, WEST_FIRST, answered, ready};
use super::ran::Ran;
use super::stage::{APPLY, PLAN, Stage};
use super::web::{EAST, EXAMPLE, FILE, WEST};

const TOPOLOGY: &[&str] = &["-topology=web", "-account=123456789012"];

/// The bucket of the record in the second region, as its name follows from the topology.
const RECORDS: &str = "lifeboat-web-123456789012-us-west-2";

fn init(stage: &Stage, region: &str) -> Ran {
    stage.run(&[&["init", "-from-region", region], TOPOLOGY].concat())
}

#[track_caller]
pub(super) fn restored(stage: &Stage, region: &str) -> Ran {
    let ran = init(stage, region);
    stage.same(ran.code, Some(0), "the folder is filled from the bundle");
    stage.same(ran.mutating(), 0, "nothing is changed for it");
    ran
}

pub(super) fn files(stage: &Stage) -> String {
    std::fs::read_to_string(stage.folder.path().join(FILE)).unwrap()
}

#[track_caller]
pub(super) fn guard(stage: &Stage, region: &str, code: i32) -> Ran {
    stage.expect(&["guard", region], code)
}

#[test]
fn another_machine_goes_on_from_the_bundle_of_any_region() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    let before = files(&stage);
    let mut stage = stage;
    for region in [EAST, WEST] {
        stage = stage.elsewhere();
        let ran = restored(&stage, region);
        stage.check(ran.stdout.contains("primary us-east-1 (epoch 1)"), "it says what is there");
        stage.same(files(&stage), before.clone(), "the files");
        stage.check(stage.folder.path().join(".lifeboat/.gitignore").exists(), "kept out of git");
        let durations = stage.folder.path().join(".lifeboat/state/durations");
        let durations = std::fs::read_to_string(durations).unwrap_or_default();
        stage.check(durations.contains("aws_s3_bucket_policy"), "how long changes took is known");
        stage.expect_nothing();
        let ran = init(&stage, region);
        stage.same(ran.code, Some(1), "a folder that is not empty is left alone");
        stage.check(ran.stderr.contains(".gitignore, .lifeboat, main.dr.hcl"), "what is there");
    }
    // What was lost, or could not be written then, is written when there is nothing else to do.
    let path = format!("/{RECORDS}/bundle");
    let aws = stage.bed.aws();
    aws.raw("s3", WEST, "DELETE", &path).send().unwrap().ok().unwrap();
    let ran = stage.expect(APPLY, 0);
    stage.same(ran.mutating(), 1, "the bundle");
    stage.same(stage.expect(APPLY, 0).mutating(), 0, "and no more after that");
    // And what it changes there, the next machine finds.
    stage.folder.edit(FILE, "keep   = \"30d\"", "keep   = \"45d\"");
    stage.expect(APPLY, 0);
    let stage = stage.elsewhere();
    restored(&stage, EAST);
    stage.check(files(&stage).contains("45d"), "the newest files");
    stage.expect_nothing();
    stage.expect(APPLY, 0);
}

#[test]
fn a_bundle_that_is_missing_damaged_or_overtaken_is_not_used() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    // A region that does not answer keeps the bundle that it has, and that is told.
    let gone = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(WEST).regional());
    stage.folder.edit(FILE, "keep   = \"30d\"", "keep   = \"45d\"");
    let ran = stage.run(APPLY);
    stage.check(ran.stderr.contains("engine::bundle"), "it is told");
    stage.check(ran.stderr.contains("earlier state than serial 2 there:\n"), "of which state");
    stage.bed.proxy.remove(gone);
    let stage = stage.elsewhere();
    let ran = init(&stage, WEST);
    stage.same(ran.code, Some(5), "there is a newer one");
    stage.check(ran.stderr.contains("engine::bundle_old"), "the code");
    stage.check(ran.stderr.contains("-from-region=us-east-1"), "where it is");

    let ran = stage.expect(&["init", "-from-region=us-west-2", "-bucket=nobodys-bucket"], 1);
    stage.check(ran.stderr.contains("engine::bundle_unread"), "there is no such bucket");
    let other = format!("-bucket={RECORDS}");
    let ran = stage.expect(&["init", "-from-region=us-west-2", &other], 1);
    stage.check(ran.stderr.contains("no lifeboat/role.json in the bucket"), "nor such a key");
    let path = format!("/{RECORDS}/bundle");
    let aws = stage.bed.aws();
    let whole = aws.raw("s3", WEST, "GET", &path).send().unwrap().ok().unwrap().text();
    let other = whole.replacen("us-west-2", "us-west-1", 1);
    aws.put_object(WEST, RECORDS, "bundle", other).unwrap();
    let ran = init(&stage, WEST);
    stage.check(ran.stderr.contains("engine::bundle_damaged"), "one word of it is another");
    stage.same(std::fs::read_dir(stage.folder.path()).unwrap().count(), 0, "nothing is written");
}

#[test]
fn a_region_that_was_left_while_it_was_away_is_nothing_to_go_on_from() {
    let stage = ready();
    let gone = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    let returns = "us-east-1 returns writable until the owed fence is placed";
    stage.expect(&[APPROVED, ATTESTED].concat(), 0);
    let plan = stage.run(&["plan", "-input=false"]);
    stage.check(plan.stdout.contains(returns), "the plan says what it means that a fence is owed");
    let status = stage.expect(&["status"], 0);
    stage.check(status.stdout.contains(returns), "what it means that a fence is owed");
    let stage = stage.elsewhere();
    let ran = restored(&stage, WEST);
    stage.check(ran.stdout.contains("role record of us-east-1 could not be read"), "who is silent");
    stage.check(files(&stage).contains(WEST_FIRST), "the files name the new primary");
    stage.check(ran.took < Duration::from_secs(12), "the region's silence costs little");
    stage.bed.proxy.remove(gone);
    let other = stage.elsewhere();
    let ran = init(&other, EAST);
    other.same(ran.code, Some(5), "its record and its bundle are of before");
    other.check(ran.stderr.contains("-from-region=us-west-2"), "whose bundle to take");
    restored(&other, WEST);
    other.expect(APPLY, 0);
    other.expect_nothing();
}

/// Adds a hook that waits as long as its pipe is in the folder and nobody writes into it.
fn waits(stage: &Stage, phase: &str) -> PathBuf {
    let hook = format!(
        "hook \"wait\" {{\n  phase   = \"{phase}\"\n  command = [\"sh\", \"-c\", \"test ! -p pipe || cat \
         pipe\"]\n}}\n\ndns_failover"
    );
    stage.folder.edit(FILE, "dns_failover", &hook);
    pipe(&stage.folder)
}

fn pipe(folder: &Folder) -> PathBuf {
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pipe
}

const WAITING: &str = "hook.wait: Running...\n";
const INIT: &[&str] = &["init", "-from-region=us-west-2", "-topology=web", "-account=123456789012"];

/// How many changes the servers have carried out.
fn changes(stage: &Stage) -> usize {
    let done = |status| matches!(status, Some(200..=299));
    stage.ledger().count(|call| call.mutating && done(call.upstream_status))
}

/// Two machines with one promotion: who wrote the bundle of the new primary last goes on with it.
#[test]
fn a_machine_whose_promotion_another_took_over_does_nothing_more() {
    let stage = ready();
    let pipe = waits(&stage, "promote");
    let mut first = stage.start(APPROVED);
    first.until_said(WAITING);

    let folder = Folder::new();
    let other = |arguments: &[&str]| stage.expect_in(&folder, arguments, 0);
    other(INIT);
    other(APPLY);
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");

    let before = changes(&stage);
    std::fs::write(pipe, "").unwrap();
    let ran = first.finish();
    stage.same(ran.code, Some(4), "the first machine stops");
    stage.check(ran.stderr.contains("promotion::taken_over"), "it says why");
    stage.check(ran.stderr.contains("-from-region=us-west-2"), "how to go on there after all");
    let ran = stage.expect(APPLY, 1);
    stage.check(ran.stderr.contains("promotion::taken_over"), "and it does not begin again");
    stage.same(changes(&stage) - before, 0, "nothing was changed by it");
    // The data is protected again by who goes on.
    other(APPLY);
    other(PLAN);
}

/// Nobody takes a fence back that another machine relies on.
#[test]
fn only_the_machine_that_goes_on_with_a_promotion_can_give_it_up() {
    let stage = ready();
    waits(&stage, "fence");
    let mut first = stage.start(APPROVED);
    first.until_said(WAITING);
    drop(first);

    let folder = Folder::new();
    stage.expect_in(&folder, INIT, 0);
    pipe(&folder);
    let mut second = stage.start_in(&folder, APPLY, &[]);
    second.until_said(WAITING);
    drop(second);
    let before = changes(&stage);
    let abort = ["promote", "-abort"];
    let ran = stage.expect(&abort, 1);
    stage.check(ran.stderr.contains("promotion::taken_over"), "why it is not given up here");
    stage.same(changes(&stage) - before, 0, "nothing was changed by it");

    stage.expect_in(&folder, &abort, 0);
    let third = stage.expect_in(&Folder::new(), INIT, 0);
    stage
        .check(!third.stdout.contains("A promotion is open"), "nor does anybody else find it open");
    let ran = stage.expect(APPLY, 4);
    stage.check(ran.stderr.contains("promotion::taken_over"), "nor is it gone on with");
    stage.check(!ran.said().contains("promote -abort"), "nothing is to be done here");
    stage.same(answered(&stage), EAST.to_owned(), "the primary of the name");
    stage.expect_in(&folder, APPLY, 0);
    stage.expect_in(&folder, PLAN, 0);
}

/// What a loss is bounded by goes with the state.
#[test]
fn another_machine_knows_what_may_be_lost_with_the_primary() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    stage.same(stage.expect(APPLY, 0).mutating(), 0, "all bundles are as they should be");
    stage.expect(&["preflight", WEST, "-input=false"], 5);
    let ran = stage.expect(APPLY, 0);
    stage.same(ran.mutating(), 2, "each region is told up to when its copy has all");
    stage.same(stage.expect(APPLY, 0).mutating(), 0, "once");

    stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    let stage = stage.elsewhere();
    restored(&stage, WEST);
    let word = ["promote", WEST, "-input=false", "-from-epoch=1"];
    let word = [&word[..], &ATTESTED[..2]].concat();
    let ran = stage.expect(&[&word[..], &["-accept-loss=0s"]].concat(), 5);
    stage.check(ran.stderr.contains("promotion::loss_above_ceiling"), "the bound is known");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.expect(&[&word[..], &["-accept-loss=10m"]].concat(), 0);
    let report = stage.expect(&["report", "-json"], 0).stdout;
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let rpo = &report["promotion"]["rpo"];
    let most = rpo["at_most_seconds"].as_u64().unwrap_or(u64::MAX);
    stage.check((1..600).contains(&most), format_args!("the bound: {rpo}"));
}

#[test]
fn only_the_region_that_another_confirms_may_write() {
    let stage = ready();
    let files = guard(&stage, EAST, 0);
    stage.check(files.stdout.contains("says the record in us-west-2"), "whose record");
    stage.same(files.stdout.lines().count(), 1, "one line");
    guard(&stage, WEST, 5);
    stage.expect(APPROVED, 0);
    guard(&stage, WEST, 0);
    let left = guard(&stage, EAST, 5);
    stage.check(left.stdout.contains("us-west-2 is the primary in epoch 2"), "who is");
    stage.same(left.mutating(), 0, "it only asks");
    stage.check(left.calls.len() <= 2, "a call for each record");

    // An init container has no files.
    let stage = stage.elsewhere();
    let regions = ["-regions=us-east-1,us-west-2"];
    let asked =
        |region, more: &[&'static str]| [&["guard", region], TOPOLOGY, &regions, more].concat();
    stage.expect(&asked(WEST, &[]), 0);
    let json = stage.expect(&asked(EAST, &["-json"]), 5);
    stage.check(json.stdout.contains("\"verdict\": \"standby\""), "the document");
    let bucket = format!("-bucket=us-west-2={RECORDS}/");
    let own = stage.expect(&["guard", WEST, &bucket], 5);
    stage.check(own.stdout.contains("no record of another region"), "its own is not enough");
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole));
    let alone = stage.expect(&asked(WEST, &[]), 5);
    stage.check(alone.took < Duration::from_secs(8), "it answers all the same");
    stage.expect(&asked(WEST, &["-on-isolated=run"]), 0);
}
