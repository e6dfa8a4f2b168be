//! An old primary that was cut off, took writes, and returns: they are found, listed and not merged.

use lifeboat_testbed::{Fault, Rule, RuleId};
use serde_json::Value as Json;

use super::promotion::{APPROVED, ATTESTED, fenced, ready};
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, WEST, replicated};

const SAID: &str = "us-east-1 holds 3 objects alone";

/// A promotion away from a primary that does not answer, which clients still write to.
fn lost() -> (Stage, RuleId) {
    let stage = ready();
    replicated(&stage, "daily/both");
    replicated(&stage, "daily/old");
    let gone = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    stage.expect(&[APPROVED, ATTESTED].concat(), 0);
    let aws = stage.bed.aws();
    // The new primary refuses copies from there by its policy, which the servers do not go by.
    let copying = format!("/{BUCKET}?replication");
    aws.raw("s3", EAST, "DELETE", &copying).send().unwrap().ok().unwrap();
    for key in ["daily/both", "late/one", "late/two"] {
        aws.put_object(EAST, BUCKET, key, "written where nobody should").unwrap();
    }
    aws.put_object(WEST, COPY, "daily/new", "written where it should be").unwrap();
    (stage, gone)
}

/// What state lists of the old primary: key, and whether the new one has another content.
#[track_caller]
fn listed(stage: &Stage) -> Vec<(String, bool)> {
    let status: Json = serde_json::from_str(&stage.expect(&["status", "-json"], 0).stdout).unwrap();
    let alone = &status["diverged"][0];
    stage.check(alone["region"] == EAST, format_args!("{status:#}"));
    let first = alone["found"][0]["first"].as_array().unwrap();
    let one = |one: &Json| {
        for name in ["etag", "version_id", "last_modified"] {
            stage.check(one[name].is_string(), format_args!("{name} is told: {one}"));
        }
        stage.check(one["size"] == 27, "its size is told");
        (one["key"].as_str().unwrap().to_owned(), one["differs"].as_bool().unwrap())
    };
    first.iter().map(one).collect()
}

#[test]
fn what_a_returning_primary_took_alone_is_listed_after_its_fence_and_never_merged() {
    let (stage, gone) = lost();
    stage.bed.proxy.remove(gone);
    // What cannot be listed is not forgotten, and nothing is copied there before.
    let deaf = Rule::new(Fault::Status500).operation("ListObjectsV2").region(EAST);
    let deaf = stage.bed.proxy.inject(deaf);
    let ran = stage.expect(APPLY, 4);
    stage.check(ran.stderr.contains("apply::survey"), "it says what is not known");
    let first = ran.calls.iter().find(|call| call.mutating).map(|call| call.operation.clone());
    stage.same(first.as_deref(), Some("PutBucketPolicy"), "the first change");
    stage.same(fenced(&stage, EAST, BUCKET), true, "it is fenced all the same");
    let copies = ran.calls.iter().any(|call| call.operation == "PutBucketReplication");
    stage.check(!copies, "nothing is copied there before");
    stage.bed.proxy.remove(deaf);

    let ran = stage.expect(APPLY, 0);
    stage.check(ran.stdout.contains("List what us-east-1 holds alone"), "it says what it does");
    let alone = [("daily/both", true), ("late/one", false), ("late/two", false)];
    let alone: Vec<(String, bool)> = alone.map(|(key, of)| (key.to_owned(), of)).into();
    stage.same(listed(&stage), alone.clone(), "what it holds alone");
    let aws = stage.bed.aws();
    for key in ["late/one", "late/two"] {
        stage.same(aws.get_object(WEST, COPY, key).unwrap().status, 404, "it is not merged");
    }
    let both = aws.get_object(WEST, COPY, "daily/both").unwrap().text();
    stage.same(both, "all is well".to_owned(), "nothing is overwritten");

    // Everybody says it until it is settled.
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    for command in [&["status"][..], &["drift"], &["plan", "-input=false"]] {
        let said = stage.expect(command, 0).stdout;
        stage.check(said.contains(SAID), format_args!("{command:?} says it:\n{said}"));
    }
    stage.same(listed(&stage), alone, "nothing is forgotten");
    let back = stage.expect(&["failback", "-input=false", "-from-epoch=2"], 5);
    stage.check(back.stderr.contains("promotion::diverged"), "nobody goes back over it");
    stage.same(back.mutating(), 0, "nothing is changed");

    // What the new primary has not is copied on request, and nothing is copied over what it has.
    let copy = [APPLY, &["-copy-diverged=us-east-1"]].concat();
    let ran = stage.expect(&copy, 4);
    let says = "Copy to us-west-2 what us-east-1 holds alone, never over what us-west-2 has";
    stage.check(ran.stdout.contains(says), "it says what it does");
    stage.check(ran.stderr.contains("apply::left"), "it says what is left");
    for key in ["late/one", "late/two"] {
        let text = aws.get_object(WEST, COPY, key).unwrap().text();
        stage.same(text, "written where nobody should".to_owned(), key);
    }
    let both = aws.get_object(WEST, COPY, "daily/both").unwrap().text();
    stage.same(both, "all is well".to_owned(), "nothing is overwritten");
    stage.same(listed(&stage), vec![("daily/both".to_owned(), true)], "that is left");

    let discard = [APPLY, &["-discard-diverged=us-east-1"]].concat();
    let ran = stage.expect(&discard, 0);
    stage.check(ran.stdout.contains("Give up 1 object that"), "it says what is given up");
    let kept = aws.get_object(EAST, BUCKET, "late/one").unwrap().status;
    stage.same(kept, 200, "what is live is not removed");
    let both = aws.get_object(EAST, BUCKET, "daily/both").unwrap().text();
    stage.same(both, "all is well".to_owned(), "what was given up is replaced");
    let versions = format!("/{BUCKET}?versions&prefix=daily/both");
    let versions = aws.raw("s3", EAST, "GET", &versions).send().unwrap().ok().unwrap();
    stage.same(versions.texts("Version").len(), 3, "and stays as an older version");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(!status.contains("alone"), "it is settled");
    for settle in [&discard, &copy] {
        let again = stage.expect(settle, 1);
        stage.check(again.stderr.contains("promotion::no_diverged"), "there is nothing more");
    }
    stage.expect_nothing();

    // Going back is proven at once, and serves what the primary had.
    let back = stage.expect(&["failback", "-input=false", "-from-epoch=2"], 0);
    stage.check(back.took.as_secs() < 60, format_args!("it took {:?}", back.took));
    let both = aws.get_object(EAST, BUCKET, "daily/both").unwrap().text();
    stage.same(both, "all is well".to_owned(), "the content of the primary");
}
