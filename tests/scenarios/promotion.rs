//! Another region becomes the primary, by one line of the files.

use std::time::Duration;

use lifeboat_testbed::{Fault, Rule};

use super::bundles::restored;
use super::folder::Folder;
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, EXAMPLE, FILE, WEST, replicated};

pub(super) const EAST_FIRST: &str = "primary  = \"us-east-1\"";
pub(super) const WEST_FIRST: &str = "primary  = \"us-west-2\"";

/// What approves the first promotion where there is no terminal.
pub(super) const APPROVED: &[&str] =
    &["apply", "-input=false", "-auto-approve", "-promote=us-west-2", "-from-epoch=1"];

/// What approves going back from the first promotion.
pub(super) const FAILBACK: &[&str] = &["failback", "-input=false", "-from-epoch=2"];

/// The example, applied, and then with the other region as the primary in its files.
#[track_caller]
pub(super) fn ready() -> Stage {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    stage
}

/// What a person says of a region that does not answer.
pub(super) const ATTESTED: &[&str] =
    &["-attest=us-east-1", "-reason=the status page", "-accept-loss=unknown"];

/// What the policy of a bucket refuses, by the names of its statements.
#[track_caller]
pub(super) fn refused(stage: &Stage, region: &str, bucket: &str) -> Vec<&'static str> {
    let path = format!("/{bucket}?policy");
    let aws = stage.bed.aws();
    let policy = aws.raw("s3", region, "GET", &path).send().unwrap().ok().unwrap().text();
    ["LifeboatFence", "LifeboatInbound"].into_iter().filter(|name| policy.contains(name)).collect()
}

#[track_caller]
pub(super) fn fenced(stage: &Stage, region: &str, bucket: &str) -> bool {
    refused(stage, region, bucket) == ["LifeboatFence"]
}

/// The region whose record set is PRIMARY.
pub(super) fn answered(stage: &Stage) -> String {
    let aws = stage.bed.aws();
    let zone = aws.zone_id("example.com").unwrap().unwrap();
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset?maxitems=300");
    let sets = aws.raw("route53", EAST, "GET", &path).send().unwrap().ok().unwrap();
    let sets = sets.texts("ResourceRecordSet");
    let primary = sets.iter().find(|set| set.contains("<Failover>PRIMARY<")).unwrap();
    let named = |region: &&&str| primary.contains(&format!("<SetIdentifier>{region}<"));
    [EAST, WEST].iter().find(named).unwrap().to_string()
}

#[test]
fn one_line_makes_the_other_region_the_primary_and_nothing_is_left_to_do_after_re_protection() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    replicated(&stage, "daily/before");
    stage.same(fenced(&stage, EAST, BUCKET), false, "the primary takes writes");
    stage.same(fenced(&stage, WEST, COPY), true, "the standby takes none");

    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let plan = stage.expect(&["plan", "-input=false", "-detailed-exitcode"], 2);
    for text in [
        "Promotion: us-east-1 -> us-west-2, epoch 1 -> 2",
        "~ bucket.exports.aws_s3_bucket_policy[\"us-east-1\"]",
        "no way back from here",
    ] {
        stage.check(plan.stdout.contains(text), format_args!("the plan says {text:?}"));
    }
    // What approves changes does not approve a promotion, nor does what approves another one.
    let refused = stage.expect(APPLY, 5);
    stage.check(refused.mutating() == 0, "nothing is changed without an approval");
    let other = ["apply", "-input=false", "-promote=us-west-2", "-from-epoch=2"];
    stage.same(stage.expect(&other, 5).mutating(), 0, "nothing is changed by that of another");

    stage.expect(APPROVED, 0);
    stage.same(fenced(&stage, EAST, BUCKET), true, "the region that was left takes no writes");
    stage.same(fenced(&stage, WEST, COPY), false, "the new primary takes writes");
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    let status = stage.expect(&["status"], 0);
    stage.check(status.stdout.contains("primary us-west-2 (epoch 2)"), "status tells the roles");
    stage.check(status.stdout.contains("Measured RTO: "), "status tells what was measured");
    for (command, exit) in [(&["status"][..], 0), (&["drift"], 0), (&["plan", "-input=false"], 0)] {
        let told = stage.expect(command, exit).stdout.contains("\nUnprotected since 2");
        stage.check(told, format_args!("{command:?} tells that nothing is copied"));
    }
    let report = stage.expect(&["report"], 0).stdout;
    let proven = "nothing that is copied was lost: the copy was proven to hold all of it";
    stage.check(report.contains(proven), format_args!("what is proven is told:\n{report}"));

    // The region that was left has not all that was written since: it is too early to go back.
    let early = stage.expect(FAILBACK, 5);
    stage.check(early.stderr.contains("promotion::unprotected"), "it says what is missing");
    stage.same(early.mutating(), 0, "nothing is changed before");

    // Re-protection is the next plan, and then nothing is left to do.
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(!status.contains("Unprotected"), "the data is copied again");
    let aws = stage.bed.aws();
    aws.put_object(WEST, COPY, "daily/after", "still well").unwrap();
    let copy = aws.get_object(EAST, BUCKET, "daily/after").unwrap();
    stage.same(copy.text(), "still well".to_owned(), "the copy goes the other way");

    // Files of before are no wish to go back.
    stage.folder.edit(FILE, WEST_FIRST, EAST_FIRST);
    let stale = stage.expect(APPROVED, 5);
    stage.check(stale.stderr.contains("promotion::stale_files"), "the files are stale");
    stage.same(stale.mutating(), 0, "stale files change nothing");

    // It is gone back to on purpose, with all that was written meanwhile.
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    stage.expect(FAILBACK, 0);
    stage.same(fenced(&stage, WEST, COPY), true, "the region that was left takes no writes");
    stage.same(fenced(&stage, EAST, BUCKET), false, "the old primary takes writes again");
    stage.same(answered(&stage), EAST.to_owned(), "the primary of the name");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    both_are_told(stage);
}

/// What the way there took is known after the way back, on any machine.
#[track_caller]
fn both_are_told(stage: Stage) {
    let first = rto(&stage, "2");
    stage.check(rto(&stage, "3") != first, "each has its own");
    let last = stage.expect(&["report", "-json"], 0).stdout;
    stage.same(last, stage.expect(&["report", "-json", "-epoch=3"], 0).stdout, "the last one");
    let stage = stage.elsewhere();
    restored(&stage, WEST);
    stage.same(rto(&stage, "2"), first, "the first promotion's RTO");
    let none = stage.expect(&["report", "-epoch=4"], 1);
    stage.check(none.stderr.contains("There is no such promotion"), "which is not known");
}

/// The RTO and the time of a promotion as the report on it has them.
#[track_caller]
fn rto(stage: &Stage, epoch: &str) -> (f64, String) {
    let report = stage.expect(&["report", "-json", &format!("-epoch={epoch}")], 0).stdout;
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let promotion = &report["promotion"];
    stage.same(promotion["epoch"].to_string(), epoch.to_owned(), "the epoch");
    stage.same(promotion["rpo"]["proven_copies"].as_u64(), Some(1), "the copies that were proven");
    let begun = promotion["begun"].as_str().unwrap().to_owned();
    (promotion["rto"]["measured_seconds"].as_f64().unwrap(), begun)
}

/// A graceful promotion loses nothing, and does not go by what is not known.
#[test]
fn a_graceful_promotion_is_refused_where_the_target_lags_or_nobody_can_tell() {
    let stage = ready();
    stage.expect(&["plan", "-input=false", "-out=saved"], 0);
    let saved = [&APPROVED[..2], &APPROVED[3..], &["saved"]].concat();
    // Nothing is told of what is in the copy.
    let silent = Rule::new(Fault::Status500).operation("ListObjectsV2").region(WEST);
    let silent = stage.bed.proxy.inject(silent);
    let ran = stage.expect(APPROVED, 5);
    stage.check(ran.stderr.contains("preflight::replication_lag"), "it says which check");
    stage.check(ran.stderr.contains("-ignore-preflight-errors=replication_lag"), "and the way out");
    stage.same(ran.mutating(), 0, "nothing is changed");
    let other = ["-ignore-preflight-errors=fence"];
    stage.expect(&[APPROVED, &other].concat(), 5);
    let ran = stage.expect(&saved, 5);
    stage.check(ran.stderr.contains("preflight::replication_lag"), "nor does a plan of before");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.bed.proxy.remove(silent);
    stage.expect(&saved, 0);
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
}

/// Whoever wants it otherwise says so.
#[test]
fn a_promotion_goes_on_into_the_re_protection_of_its_data() {
    let mut stage = ready();
    stage.reprotects = true;
    let ran = stage.expect(APPROVED, 0);
    stage.check(ran.stderr.contains("The promotion is over. Going on"), "it is told");
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(!status.contains("Unprotected"), "the data is copied again");
    stage.expect_nothing();
    let aws = stage.bed.aws();
    aws.put_object(WEST, COPY, "daily/after", "still well").unwrap();
    let copy = aws.get_object(EAST, BUCKET, "daily/after").unwrap();
    stage.same(copy.text(), "still well".to_owned(), "the copy goes the other way");
    // And back by one command, too.
    let ran = stage.expect(FAILBACK, 0);
    stage.check(ran.stderr.contains("The promotion is over. Going on"), "it is told");
    stage.same(answered(&stage), EAST.to_owned(), "the primary of the name");
    stage.expect_nothing();
}

/// Nothing copies any more, so that no step can prove that all is there: a person accepts it, or nothing
/// is promoted.
#[test]
fn what_no_step_proves_is_accepted_or_nothing_is_promoted() {
    let stage = ready();
    let path = format!("/{BUCKET}?replication");
    stage.bed.aws().raw("s3", EAST, "DELETE", &path).send().unwrap().ok().unwrap();
    let ran = stage.expect(APPROVED, 5);
    stage.check(ran.stderr.contains("preflight::replication_rule"), "the copy is gone");
    let begun = [APPROVED, &["-ignore-preflight-errors=all"]].concat();
    let ran = stage.expect(&begun, 5);
    stage.check(ran.stderr.contains("-accept-loss=unknown"), "what is wanted of a person");
    stage.check(ran.stdout.contains("Not proven, because nothing"), "the plan tells it");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.expect(&[&begun[..], &["-accept-loss=unknown"]].concat(), 0);
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    let report = stage.expect(&["report"], 0).stdout;
    stage.check(report.contains("replication.exports"), format_args!("it is told:\n{report}"));
    stage.check(!report.contains("nothing that is copied was lost"), "nothing is claimed");
}

/// What may be lost with a region that does not answer is what was written since the copy had all.
#[test]
fn a_loss_is_bounded_by_the_last_comparison_and_a_ceiling_below_it_promotes_nothing() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    replicated(&stage, "daily/before");
    let watch = ["watch", WEST, "-once", "-compare=15m", "-json"];
    let compared = stage.expect(&watch, 0);
    stage.check(compared.stdout.contains("us-west-2 has what us-east-1 has"), "it compares");
    stage.same(compared.mutating(), 0, "calls that change anything");
    let gone = Rule::new(Fault::BlackHole).region(EAST).regional();
    stage.bed.proxy.inject(gone);
    let auto = ["promote", "-to=auto", "-input=false"];
    // Its records are rewritten through a control plane that would be lost with the region.
    let ran = stage.expect(&[&auto[..], &["-assume-down=us-east-1"]].concat(), 5);
    stage.check(ran.stdout.contains("us-west-2  cannot be promoted: "), "it tells why not");
    stage.check(ran.stderr.contains("No region can take over"), "nothing is proposed");
    let ran = stage.expect(&auto, 5);
    stage.check(ran.stdout.contains(" behind, nothing to raise"), "it tells how far it is behind");
    stage.check(ran.stderr.contains("lifeboat promote us-west-2 -from-epoch=1"), "what to type");
    stage.same(ran.mutating(), 0, "nothing is chosen");
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let word = &ATTESTED[..2];
    let ran = stage.expect(&[APPROVED, word, &["-accept-loss=0s"]].concat(), 5);
    stage.check(ran.stderr.contains("promotion::loss_above_ceiling"), "why it is refused");
    stage.check(ran.stdout.contains("because us-west-2 had all until"), "the plan tells the bound");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.expect(&[APPROVED, word, &["-accept-loss=10m"]].concat(), 0);
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    let report = stage.expect(&["report", "-json"], 0).stdout;
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let rpo = &report["promotion"]["rpo"];
    let most = rpo["at_most_seconds"].as_u64().unwrap_or(u64::MAX);
    stage.check((1..600).contains(&most), format_args!("the bound: {rpo}"));
    stage.same(rpo["accepted"].as_str(), Some("10m"), "what was accepted");
}

/// Who says that a region is down may be wrong: what answers there is fenced, and nothing else there is called.
#[test]
fn a_region_that_is_only_said_to_be_down_is_fenced() {
    let stage = ready();
    // A gate moves no traffic here, and Route 53 would count as lost with the region.
    let text = std::fs::read_to_string(stage.folder.path().join(FILE)).unwrap();
    let (head, dns) = text.split_once("dns_failover \"").unwrap();
    let (_, rest) = dns.split_once("\n}\n").unwrap();
    stage.folder.write(FILE, &format!("{}{rest}", head.replacen(WEST_FIRST, EAST_FIRST, 1)));
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let down = [APPROVED, &["-assume-down=us-east-1"]].concat();
    // It is said to be down, so that a person answers for that, and nothing there is proven.
    let ran = stage.expect(&down, 5);
    stage.check(ran.stderr.contains("-attest=us-east-1"), "it says what is needed");
    stage.same(ran.mutating(), 0, "nothing is changed before");
    let ran = stage.expect(&[&down[..], ATTESTED].concat(), 0);
    stage.same(fenced(&stage, EAST, BUCKET), true, "the region that was left takes no writes");
    let there = ran.calls.iter().filter(|call| call.mutating && call.region == EAST);
    let there: Vec<&str> = there.map(|call| &*call.operation).collect();
    stage.same(there, vec!["PutBucketPolicy"], "what was changed there");
    let report = stage.expect(&["report", "-json"], 0).stdout;
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    stage.same(report["promotion"]["mode"].as_str(), Some("ungraceful"), "the mode");
    stage.check(report["owed"].as_array().is_none_or(Vec::is_empty), "nothing is owed");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}

/// Where the files want the old primary alive, nobody's word is enough.
#[test]
fn a_graceful_mode_leaves_no_region_that_does_not_answer() {
    let stage = ready();
    stage.folder.edit(
        FILE,
        WEST_FIRST,
        &format!("{WEST_FIRST}\n  failover {{\n    mode = \"graceful\"\n  }}"),
    );
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    let ran = stage.expect(&[APPROVED, ATTESTED].concat(), 5);
    stage.check(ran.stderr.contains("promotion::ungraceful"), "it says why");
    stage.same(ran.mutating(), 0, "nothing is changed");
}

#[test]
fn promote_changes_one_line_and_every_other_byte_stays() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    let path = stage.folder.path().join(FILE);
    let before = std::fs::read_to_string(&path).unwrap();
    let unknown = stage.expect(&["promote", "us-west-1"], 1);
    stage.check(unknown.stderr.contains("\"us-west-2\""), "it names the nearest region");
    let refused = stage.expect(&["promote", "us-west-2", "-input=false"], 5);
    stage.check(refused.stderr.contains("-from-epoch=1"), "it says what approves it");
    stage.same(
        std::fs::read_to_string(&path).unwrap(),
        before.clone(),
        "nothing is written before",
    );

    let ran = stage.expect(&["promote", "us-west-2", "-input=false", "-from-epoch=1"], 0);
    stage.check(ran.stderr.contains("main.dr.hcl, line"), "it says what was written");
    let after = before.replacen(EAST_FIRST, WEST_FIRST, 1);
    stage.same(std::fs::read_to_string(&path).unwrap(), after, "one name is another");
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    // Again it is an ordinary apply, which asks for an ordinary approval.
    stage.expect(&["promote", "us-west-2", "-input=false", "-from-epoch=1"], 1);
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}

#[test]
fn a_region_that_is_gone_is_left_with_its_fence_owed_and_is_fenced_first_when_it_returns() {
    let stage = ready();
    let gone = Rule::new(Fault::BlackHole).region(EAST).regional();
    let gone = stage.bed.proxy.inject(gone);
    // An approval is not enough: nobody can fence the region, so somebody must know that it is down.
    let ran = stage.expect(APPROVED, 5);
    stage.check(ran.stderr.contains("-attest=us-east-1"), "it says what is needed");
    for ceiling in [&[][..], &["-accept-loss=5m"]] {
        let ran = stage.expect(&[APPROVED, &ATTESTED[..2], ceiling].concat(), 5);
        stage.check(ran.stderr.contains("-accept-loss=unknown"), "it says what is needed");
        stage.same(ran.mutating(), 0, "nothing is changed before");
    }

    let ran = stage.expect(&[APPROVED, ATTESTED].concat(), 0);
    stage.check(ran.took < Duration::from_secs(15), "the region's silence costs little");
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    stage.same(
        refused(&stage, WEST, COPY),
        vec!["LifeboatInbound"],
        "what may not come from there",
    );

    let report = stage.expect(&["report", "-json"], 0).stdout;
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let promotion = &report["promotion"];
    stage.same(promotion["mode"].as_str(), Some("ungraceful"), "the mode");
    stage.check(promotion["rto"]["measured_seconds"].is_number(), "the RTO is measured");
    stage.check(promotion["rpo"]["measured_seconds"].is_null(), "what is lost nobody knows");
    stage.same(promotion["approval"]["attested"].as_str(), Some(EAST), "what was attested");
    stage.same(&promotion["owed_then"][0], &report["owed"][0]["address"], "the fence that is owed");
    stage.check(report["owed"][0]["region"] == EAST, "who owes it");

    // While it is away, all that is left to do is deferred or owed.
    let ran = stage.run(APPLY);
    stage.check(ran.code == Some(0), "what can be done is done");
    let plan = stage.expect(&["plan", "-input=false", "-detailed-exitcode"], 2);
    stage.check(plan.stdout.contains("aws_s3_bucket_policy[\"us-east-1\"]"), "the fence is owed");
    let part = ["apply", "-input=false", "-auto-approve", "-target=replication.exports"];
    stage.check(
        stage.expect(&part, 5).stderr.contains("promotion::owed"),
        "no part comes before it",
    );
    let destroy = stage.expect(&["destroy", "-input=false", "-auto-approve"], 5);
    stage.check(destroy.stderr.contains("promotion::owed"), "nor is all removed");
    stage.same(destroy.mutating(), 0, "nothing is removed");

    let back = stage.expect(&["promote", EAST, "-input=false", "-from-epoch=2"], 5);
    stage.check(back.stderr.contains("promotion::target_owes"), "it cannot be gone back to");

    // It returns and still takes writes: the fence comes first.
    stage.bed.proxy.remove(gone);
    stage.same(refused(&stage, EAST, BUCKET), vec![], "it returns as it was");
    let ran = stage.expect(APPLY, 0);
    let first = ran.calls.iter().find(|call| call.mutating).map(|call| call.operation.clone());
    stage.same(first.as_deref(), Some("PutBucketPolicy"), "the first change");
    stage.same(fenced(&stage, EAST, BUCKET), true, "the region that was left takes no writes");
    stage.same(refused(&stage, WEST, COPY), vec![], "the new primary is open");
    stage.expect_nothing();
}
