//! Another region becomes the primary, by one line of the files.

use super::folder::Folder;
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, EXAMPLE, FILE, WEST, replicated};

const EAST_FIRST: &str = "primary  = \"us-east-1\"";
const WEST_FIRST: &str = "primary  = \"us-west-2\"";

/// What approves the first promotion where there is no terminal.
const APPROVED: &[&str] =
    &["apply", "-input=false", "-auto-approve", "-promote=us-west-2", "-from-epoch=1"];

/// Whether the policy of a bucket refuses writes.
#[track_caller]
fn fenced(stage: &Stage, region: &str, bucket: &str) -> bool {
    let path = format!("/{bucket}?policy");
    let aws = stage.bed.aws();
    aws.raw("s3", region, "GET", &path)
        .send()
        .unwrap()
        .ok()
        .unwrap()
        .text()
        .contains("LifeboatFence")
}

/// The region whose record set is PRIMARY.
fn answered(stage: &Stage) -> String {
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

    // Re-protection is the next plan, and then nothing is left to do.
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let aws = stage.bed.aws();
    aws.put_object(WEST, COPY, "daily/after", "still well").unwrap();
    let copy = aws.get_object(EAST, BUCKET, "daily/after").unwrap();
    stage.same(copy.text(), "still well".to_owned(), "the copy goes the other way");

    // Files of before are no wish to go back.
    stage.folder.edit(FILE, WEST_FIRST, EAST_FIRST);
    let stale = stage.expect(APPROVED, 5);
    stage.check(stale.stderr.contains("promotion::stale_files"), "the files are stale");
    stage.same(stale.mutating(), 0, "stale files change nothing");
}
