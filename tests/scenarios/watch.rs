//! A standby watches the primary: it tells people when it is silent, and changes nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use lifeboat_testbed::{Fault, Rule};

use super::folder::Folder;
use super::outside::Outside;
use super::promotion::{APPROVED, EAST_FIRST, WEST_FIRST, answered};
use super::ran::Ran;
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, EAST, EXAMPLE, FILE, WEST};
use crate::cli::approvals::{key, signature};

/// What is to be typed when the primary is silent.
const TYPED: &str =
    "promote us-west-2 -from-epoch=1 -attest=us-east-1 -reason=TEXT -accept-loss=unknown";

/// The example, applied.
#[track_caller]
fn stage() -> Stage {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    stage
}

fn gone(region: &str) -> Rule {
    Rule::new(Fault::BlackHole).region(region).regional()
}

#[track_caller]
fn wrote_nothing(stage: &Stage, ran: &Ran) {
    stage.same(ran.mutating(), 0, "calls that change anything");
}

/// The lines of NDJSON of this type.
fn of(ran: &Ran, kind: &str) -> Vec<serde_json::Value> {
    let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.filter(|line: &serde_json::Value| line["type"] == kind).collect()
}

#[test]
fn a_silent_primary_is_told_with_a_preflight_and_what_to_type_and_an_isolated_watcher_blames_nobody()
 {
    let stage = stage();
    let well = stage.expect(&["watch", WEST, "-once"], 0);
    stage.check(well.stdout.ends_with("us-east-1 answers.\n"), "the primary answers");

    let outside = Outside::start(stage.folder.path());
    let url = format!("-notify-url=https://{}/page", outside.host());
    let once = ["watch", WEST, "-once", "-json", &url, "-notify-command=./page.sh"];
    let run = || {
        let ran = stage.start_as(&once, &[outside.trusted()]).finish();
        stage.same(ran.code, Some(6), "the primary does not answer");
        ran
    };
    pager(&stage);

    // Where no region answers, it may be the watcher that is cut off.
    let rules = [EAST, WEST].map(|region| stage.bed.proxy.inject(gone(region)));
    let blind = run();
    stage.same(
        of(&blind, "watch_opinion")[0]["opinion"]["opinion"].as_str(),
        Some("blind"),
        "blind",
    );
    stage.same(of(&blind, "watch_notice").len(), 0, "notices of a watcher that is cut off");
    stage.same(paged(&stage), String::new(), "who was paged");
    stage.bed.proxy.remove(rules[1]);

    let silent = run();
    let notice = &of(&silent, "watch_notice")[0]["notice"];
    let text = |name: &str| notice[name].as_str().unwrap_or_default().to_owned();
    stage.check(text("command").ends_with(TYPED), format_args!("what to type: {notice}"));
    stage.check(text("preflight").contains("passed"), format_args!("the preflight: {notice}"));
    stage.same(text("target"), WEST.to_owned(), "who would take over");
    let said = paged(&stage);
    stage.check(
        said.starts_with("silent us-east-1 lifeboat ") && said.trim_end().ends_with(TYPED),
        format_args!("who was paged: {said}"),
    );
    let requests = outside.requests("POST");
    stage.same(requests.len(), 1, "requests");
    let body: serde_json::Value = serde_json::from_str(&requests[0][2]).unwrap();
    stage.same(body["command"].as_str(), Some(&*text("command")), "what the server is told");
    stage.same(body["event"].as_str(), Some("silent"), "what the server is told");
    for ran in [&well, &blind, &silent] {
        wrote_nothing(&stage, ran);
    }
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(status.contains("primary us-east-1 (epoch 1)"), "nobody was promoted");
    stage.check(!status.contains("Locked"), "no lock was left");
    // Who is paged types it as it is.
    let command = text("command");
    let typed = command.split_once(" promote ").map(|(_, rest)| rest.split(' '));
    let typed: Vec<&str> = ["promote"].into_iter().chain(typed.unwrap()).collect();
    stage.expect(&[&typed[..], &["-input=false"]].concat(), 0);
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
}

#[test]
fn a_watcher_tells_once_that_the_primary_is_silent_and_once_that_it_is_back() {
    let stage = stage();
    let looks = ["-interval=1s", "-threshold=2", "-recovery=2", "-json"];
    let mut running =
        stage.start(&[&["watch", WEST, "-notify-command=./page.sh"], &looks[..]].concat());
    running.until_said("\"answers\"");
    let rule = stage.bed.proxy.inject(gone(EAST));
    // The pager is not there yet: it is told as soon as it is.
    running.until_said("watch::notify");
    pager(&stage);
    running.until_said("watch_notice");
    until_paged(&stage, 1);
    stage.bed.proxy.remove(rule);
    running.until_said("answers again");
    until_paged(&stage, 2);
    running.signal("INT");
    let ran = running.finish();
    stage.same(ran.code, Some(0), "an interrupt ends it well");
    let opinions: Vec<_> = of(&ran, "watch_opinion")
        .iter()
        .map(|line| line["opinion"]["opinion"].as_str().unwrap().to_owned())
        .collect();
    stage.same(opinions, ["answers", "silent", "back"].map(str::to_owned).to_vec(), "opinions");
    let told: Vec<_> = of(&ran, "watch_notice")
        .iter()
        .map(|line| line["notice"]["event"].as_str().unwrap().to_owned())
        .collect();
    stage.same(told, ["silent", "back"].map(str::to_owned).to_vec(), "notices");
    let events: Vec<_> =
        paged(&stage).lines().filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect();
    stage.same(events, ["silent", "back"].map(str::to_owned).to_vec(), "what the pager was told");
    wrote_nothing(&stage, &ran);
}

#[test]
fn after_a_promotion_the_other_region_is_watched() {
    let stage = stage();
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    stage.expect(APPROVED, 0);
    // The files of a watcher may be older.
    stage.folder.edit(FILE, WEST_FIRST, EAST_FIRST);
    let ran = stage.expect(&["watch", "-once"], 0);
    stage.check(ran.stdout.contains("us-west-2 is the primary, in epoch 2"), "the records tell it");
    stage.check(ran.stdout.ends_with("us-west-2 answers.\n"), "the new primary is watched");
    wrote_nothing(&stage, &ran);
}

/// The example with a canary, applied.
#[track_caller]
fn with_canary() -> Stage {
    let stage = Stage::new(Folder::example(EXAMPLE));
    let failover = format!("{EAST_FIRST}\n\n  failover {{\n    canary = \"exports\"\n  }}\n");
    stage.folder.edit(FILE, EAST_FIRST, &failover);
    stage.expect(APPLY, 0);
    stage
}

const LOOKS: &[&str] = &["-interval=1s", "-threshold=2", "-recovery=2", "-json"];

#[test]
fn a_canary_is_seen_to_arrive_and_a_primary_that_answers_and_takes_no_writes_is_silent() {
    let stage = with_canary();
    pager(&stage);
    let mut running = stage.start(&[&["watch", WEST, "-notify-command=./page.sh"], LOOKS].concat());
    running.until_said("\"arrived\":true");
    let refused = Rule::new(Fault::Status503).operation("PutObject").region(EAST);
    let refused = stage.bed.proxy.inject(refused);
    running.until_said("watch_notice");
    until_paged(&stage, 1);
    stage.bed.proxy.remove(refused);
    running.until_said("answers again");
    until_paged(&stage, 2);
    running.signal("INT");
    let ran = running.finish();
    stage.same(ran.code, Some(0), "an interrupt ends it well");
    let silent =
        of(&ran, "watch_opinion").into_iter().find(|it| it["opinion"]["opinion"] == "silent");
    let why = silent.unwrap()["opinion"]["why"].as_str().unwrap().to_owned();
    stage.check(why.contains("takes no writes: the canary was not written"), &why);
    let notice = &of(&ran, "watch_notice")[0]["notice"];
    let canary = notice["canary"].as_str().unwrap_or_default();
    stage.check(canary.contains("was in us-west-2 after"), format_args!("the notice: {notice}"));
    let flights = of(&ran, "watch_canary");
    let flight = &flights[0]["canary"];
    stage.check(
        flight["about"] == "replication.exports" && flight["seconds"].is_number(),
        format_args!("the flight: {flight}"),
    );
    // Nothing but that one object is written.
    let writes: Vec<_> = ran.calls.iter().filter(|call| call.mutating).collect();
    let ours = writes.iter().all(|call| call.path.contains("/.lifeboat/sync/canary"));
    stage.check(ours && !writes.is_empty(), format_args!("{writes:#?}"));
}

/// Where approvers must sign, what is to be typed makes the plan that they sign.
#[test]
fn approvers_sign_what_the_watcher_told_to_type() {
    let approver = key("alice").public_key().to_openssh().unwrap();
    let failover = format!(
        "  primary  = \"us-east-1\"\n\n  failover {{\n    approvals = 1\n    approvers = [{approver:?}]\n  }}"
    );
    let folder = Folder::example(EXAMPLE);
    folder.edit(FILE, "  primary  = \"us-east-1\"", &failover);
    let stage = Stage::new(folder);
    stage.expect(APPLY, 0);
    stage.bed.proxy.inject(gone(EAST));
    let silent = stage.expect(&["watch", WEST, "-once", "-json"], 6);
    let notice = &of(&silent, "watch_notice")[0]["notice"];
    let command = notice["command"].as_str().unwrap();
    let typed = command.split_once(" plan ").map(|(_, rest)| rest.split(' '));
    let typed: Vec<&str> = ["plan"].into_iter().chain(typed.unwrap()).collect();
    stage.same(&*typed, &["plan", "-standing=us-west-2", "-out=PLAN"], "what to type");
    stage.expect(&[&typed[..], &["-input=false"]].concat(), 0);

    let terms = ["-attest=us-east-1", "-accept-loss=unknown"];
    let text = stage.expect(&[&["show", "-approval"], &terms[..], &["PLAN"]].concat(), 0).stdout;
    let signed = stage.folder.path().join("alice.sig");
    std::fs::write(signed, signature("lifeboat", "alice", &text)).unwrap();
    let apply = ["apply", "-input=false", "-auto-approve", "-reason=the status page"];
    let apply = |more: &[&'static str]| [&apply[..], &terms, more, &["PLAN"]].concat();
    let ran = stage.expect(&apply(&[]), 5);
    stage.check(ran.stderr.contains("approvers must sign it (alice)"), "who has to sign");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.expect(&apply(&["-approval=alice.sig"]), 0);
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
}

#[test]
fn a_canary_that_is_held_up_is_told_and_blames_nobody() {
    let stage = with_canary();
    let aws = stage.bed.aws();
    let path = format!("/{BUCKET}?replication");
    let rules = aws.raw("s3", EAST, "GET", &path).send().unwrap().ok().unwrap().text();
    aws.raw("s3", EAST, "DELETE", &path).send().unwrap().ok().unwrap();
    let mut running = stage.start(&[&["watch", WEST], LOOKS].concat());
    running.until_said("is not in us-west-2 after");
    aws.raw("s3", EAST, "PUT", &path).body(rules).send().unwrap().ok().unwrap();
    running.until_said("\"arrived\":true");
    // Who may not write there says nothing of the primary.
    let denied = Rule::new(Fault::Denied403).operation("PutObject").region(EAST);
    let denied = stage.bed.proxy.inject(denied);
    running.until_said("no canary could be written");
    stage.bed.proxy.remove(denied);
    running.signal("INT");
    let ran = running.finish();
    let opinions = of(&ran, "watch_opinion");
    stage.same(opinions.len(), 1, "opinions: the primary answers");
}

#[test]
fn a_canary_flies_over_the_fence_and_in_the_new_primary_after_a_promotion() {
    let stage = with_canary();
    stage.expect(&["fence", EAST, "-input=false", "-auto-approve"], 0);
    let ran = stage.expect(&["watch", WEST, "-once"], 0);
    stage.check(ran.stdout.contains("was in us-west-2 after"), "a fence is no silence");
    stage.expect(&["unfence", EAST, "-input=false", "-auto-approve"], 0);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    stage.expect(APPROVED, 0);
    let ran = stage.expect(&["watch", "-once"], 0);
    let written: Vec<_> = ran.calls.iter().filter(|call| call.mutating).collect();
    stage.same(written.len(), 1, "writes");
    stage.same(&*written[0].region, WEST, "where it is written");
    // What it left is no data.
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}

/// A program that writes down what it is told.
fn pager(stage: &Stage) {
    let text = "#!/bin/sh\necho \"$LIFEBOAT_EVENT $LIFEBOAT_REGION $LIFEBOAT_COMMAND\" >> paged\n";
    let path = stage.folder.path().join("draft.sh");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(&path, stage.folder.path().join("page.sh")).unwrap();
}

fn paged(stage: &Stage) -> String {
    std::fs::read_to_string(stage.folder.path().join("paged")).unwrap_or_default()
}

/// Waits until the pager was told so often, but not for ever.
fn until_paged(stage: &Stage, count: usize) {
    let begun = Instant::now();
    while paged(stage).lines().count() < count && begun.elapsed() < Duration::from_secs(60) {
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
