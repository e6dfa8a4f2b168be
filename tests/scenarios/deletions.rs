//! What was deleted stays deleted: markers that had not arrived are carried over, and nothing newer is
//! deleted by them.

use lifeboat_testbed::{Fault, Rule};
use serde_json::Value as Json;

use super::promotion::{APPROVED, ATTESTED, ready};
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, FILE, WEST, replicated};

/// Lets nothing be copied from a bucket while `act` runs.
fn held_up(stage: &Stage, region: &str, bucket: &str, act: impl Fn()) {
    let aws = stage.bed.aws();
    let path = format!("/{bucket}?replication");
    let rules = aws.raw("s3", region, "GET", &path).send().unwrap().ok().unwrap().text();
    aws.raw("s3", region, "DELETE", &path).send().unwrap().ok().unwrap();
    act();
    aws.raw("s3", region, "PUT", &path).body(rules).send().unwrap().ok().unwrap();
}

fn delete(stage: &Stage, region: &str, bucket: &str, key: &str) {
    let path = format!("/{bucket}/{key}");
    stage.bed.aws().raw("s3", region, "DELETE", &path).send().unwrap().ok().unwrap();
}

#[track_caller]
fn is(stage: &Stage, region: &str, bucket: &str, key: &str, text: Option<&str>) {
    let found = stage.bed.aws().get_object(region, bucket, key).unwrap();
    let content = (found.status == 200).then(|| found.text());
    stage.same(content, text.map(str::to_owned), &format!("{key} in {region}"));
}

/// How many versions of a key there are, without markers.
fn versions(stage: &Stage, region: &str, bucket: &str, key: &str) -> usize {
    let path = format!("/{bucket}?versions&prefix={key}");
    let aws = stage.bed.aws();
    aws.raw("s3", region, "GET", &path).send().unwrap().ok().unwrap().texts("Version").len()
}

#[test]
fn what_was_deleted_just_before_a_promotion_does_not_come_back_to_life() {
    let stage = ready();
    for key in ["daily/gone", "daily/again", "daily/kept"] {
        replicated(&stage, key);
    }
    held_up(&stage, EAST, BUCKET, || {
        delete(&stage, EAST, BUCKET, "daily/gone");
        delete(&stage, EAST, BUCKET, "daily/again");
    });
    // Nobody should, but what is newer is never deleted.
    stage.bed.aws().put_object(WEST, COPY, "daily/again", "written later").unwrap();
    let ran = stage.expect(APPROVED, 0);
    is(&stage, WEST, COPY, "daily/gone", None);
    is(&stage, WEST, COPY, "daily/again", Some("written later"));
    is(&stage, WEST, COPY, "daily/kept", Some("all is well"));
    stage.same(versions(&stage, WEST, COPY, "daily/gone"), 1, "its version stays");
    let deletes = ran.calls.iter().filter(|it| it.operation == "DeleteObject" && it.agent == AGENT);
    stage.same(deletes.count(), 1, "deletions that the fence of the standby lets through");
}

const AGENT: &str = "lifeboat-backfill";

#[test]
fn what_the_new_primary_deleted_before_it_copied_back_is_deleted_in_the_standby() {
    let stage = ready();
    replicated(&stage, "daily/gone");
    replicated(&stage, "daily/again");
    stage.expect(APPROVED, 0);
    delete(&stage, WEST, COPY, "daily/gone");
    delete(&stage, WEST, COPY, "daily/again");
    let aws = stage.bed.aws();
    // The new primary refuses copies from there by its policy, which the servers do not go by.
    let copying = format!("/{BUCKET}?replication");
    aws.raw("s3", EAST, "DELETE", &copying).send().unwrap();
    aws.put_object(EAST, BUCKET, "daily/again", "written alone later").unwrap();
    let ran = stage.expect(APPLY, 0);
    stage.check(ran.said().contains("1 deleted as at the source"), "it says what came of it");
    stage.check(ran.stderr.contains("apply::left"), "and what is left");
    is(&stage, EAST, BUCKET, "daily/gone", None);
    is(&stage, EAST, BUCKET, "daily/again", Some("written alone later"));
    stage.expect_nothing();
}

#[test]
fn where_the_rule_does_not_copy_markers_nothing_is_deleted_by_them() {
    let stage = ready();
    let block = "time_control = \"15m\"";
    stage.folder.edit(FILE, block, &format!("{block}\n  delete_markers = false"));
    stage.expect(APPROVED, 0);
    let aws = stage.bed.aws();
    aws.put_object(EAST, BUCKET, "daily/gone", "all is well").unwrap();
    aws.put_object(WEST, COPY, "daily/gone", "all is well").unwrap();
    delete(&stage, WEST, COPY, "daily/gone");
    stage.expect(APPLY, 0);
    is(&stage, EAST, BUCKET, "daily/gone", Some("all is well"));
}

/// The first of what state lists of the old primary: key, and whether it was deleted there.
#[track_caller]
fn listed(stage: &Stage) -> Vec<(String, bool)> {
    let status: Json = serde_json::from_str(&stage.expect(&["status", "-json"], 0).stdout).unwrap();
    let first = status["diverged"][0]["found"][0]["first"].as_array().cloned().unwrap_or_default();
    let one = |one: &Json| (one["key"].as_str().unwrap().to_owned(), one["deleted"] == true);
    first.iter().map(one).collect()
}

#[test]
fn what_a_lost_primary_deleted_is_listed_and_deleted_on_request() {
    let stage = ready();
    for key in ["daily/gone", "daily/again", "daily/other"] {
        replicated(&stage, key);
    }
    let gone = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    held_up(&stage, EAST, BUCKET, || {
        delete(&stage, EAST, BUCKET, "daily/gone");
        delete(&stage, EAST, BUCKET, "daily/again");
    });
    stage.expect(&[APPROVED, ATTESTED].concat(), 0);
    let aws = stage.bed.aws();
    let copying = format!("/{BUCKET}?replication");
    aws.raw("s3", EAST, "DELETE", &copying).send().unwrap().ok().unwrap();
    aws.put_object(EAST, BUCKET, "late/one", "written where nobody should").unwrap();
    aws.put_object(WEST, COPY, "daily/again", "written in the new primary").unwrap();
    // Deleted by the new primary: the old one has it still, and it is not brought back from there.
    delete(&stage, WEST, COPY, "daily/other");
    stage.bed.proxy.remove(gone);

    stage.expect(APPLY, 0);
    let alone = [("daily/gone", true), ("late/one", false)];
    let mut found = listed(&stage);
    found.sort();
    stage.same(found, alone.map(|(key, of)| (key.to_owned(), of)).into(), "what is listed");
    is(&stage, WEST, COPY, "daily/gone", Some("all is well"));
    let said = stage.expect(&["status"], 0).stdout;
    stage.check(
        said.contains("daily/gone (deleted there, and not in the primary)"),
        "status says it",
    );
    is(&stage, EAST, BUCKET, "daily/other", None);

    stage.expect(&[APPLY, &["-copy-diverged=us-east-1"]].concat(), 0);
    is(&stage, WEST, COPY, "daily/gone", None);
    is(&stage, WEST, COPY, "daily/again", Some("written in the new primary"));
    is(&stage, WEST, COPY, "late/one", Some("written where nobody should"));
    is(&stage, WEST, COPY, "daily/other", None);
    stage.same(listed(&stage), Vec::new(), "it is settled");
    stage.expect_nothing();
}
