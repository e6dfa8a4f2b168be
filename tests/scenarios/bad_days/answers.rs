//! An answer that says no, or nothing that can be read: an error of that object, and no change.

use lifeboat_testbed::{ACCOUNT, Fault, Rule};

use super::stage;
use crate::scenarios::ran::Ran;
use crate::scenarios::stage::{APPLY, PLAN, Stage};
use crate::scenarios::web::WEST;

/// Plan and apply end with 1, say this, and touch nothing.
#[track_caller]
fn refused(stage: &Stage, words: &[&str]) {
    let says = |ran: &Ran| {
        stage.same(ran.code, Some(1), "an error");
        stage.same(ran.mutating(), 0, "nothing is written");
        let said = ran.said();
        for word in words {
            stage.check(said.contains(word), format_args!("it says {word:?}"));
        }
    };
    let plan = stage.run(PLAN);
    says(&plan);
    stage.same(plan.changes("planned_change"), Vec::new(), "nothing is planned");
    stage.same(plan.changes("resource_drift"), Vec::new(), "nothing is taken for changed");
    says(&stage.run(APPLY));
}

#[test]
fn denied_garbled_and_expired_answers_are_errors_and_never_changes() {
    let stage = stage();
    stage.expect(APPLY, 0);
    let rows: [(Rule, &[&str]); 4] = [
        (
            Rule::new(Fault::Denied403).operation("GetBucketVersioning").region(WEST),
            &["refresh::denied", "s3:GetBucketVersioning", r#"aws_s3_bucket_versioning.logs"#],
        ),
        (
            Rule::new(Fault::Denied403).operation("GetRole"),
            &["refresh::denied", "iam:GetRole", "aws_iam_role.replication"],
        ),
        (
            Rule::new(Fault::GarbleBody).operation("GetPublicAccessBlock").region(WEST),
            &["refresh::garbled", "aws_s3_bucket_public_access_block.logs"],
        ),
        (Rule::new(Fault::Expired), &["refresh::credentials", "Renew the credentials"]),
    ];
    for (rule, words) in rows {
        stage.note(format_args!("the answer: {rule:?}"));
        let rule = stage.bed.proxy.inject(rule);
        refused(&stage, words);
        stage.bed.proxy.remove(rule);
        stage.expect_nothing();
    }
}

#[test]
fn the_wrong_account_is_refused_before_anything_is_read() {
    let stage = stage();
    let region = "region = \"us-east-1\"";
    let wrong = format!("{region}\n  allowed_account_ids = [\"999999999999\"]");
    stage.folder.edit("main.dr.hcl", region, &wrong);
    refused(&stage, &["engine::wrong_account", ACCOUNT, "999999999999"]);
    let others = stage.ledger().count(|call| call.operation != "GetCallerIdentity");
    stage.same(others, 0, "nothing but the identity is asked for");
}
