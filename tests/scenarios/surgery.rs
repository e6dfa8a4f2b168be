//! `state mv` and what is live: the tags follow with the next apply, and nothing else does.

use super::stage::{APPLY, PLAN, Stage};
use super::web::EAST;

const FILES: &str = r#"
provider "aws" {
  region = "us-east-1"
}
resource "aws_s3_bucket" "logs" {
  bucket = "surgery-logs"
}
resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = "Enabled"
  }
}
"#;

/// The address that the bucket's tags name.
fn tagged(stage: &Stage) -> String {
    let aws = stage.bed.aws();
    let tags = aws.raw("s3", EAST, "GET", "/surgery-logs?tagging").send().unwrap().ok().unwrap();
    let all = tags.texts("Tag").into_iter().find(|tag| tag.contains("lifeboat:address"));
    let all = all.unwrap_or_default();
    let value = all.split("<Value>").nth(1).and_then(|rest| rest.split('<').next());
    value.unwrap_or_default().to_owned()
}

#[test]
fn after_a_move_the_next_apply_writes_the_tags_and_nothing_else() {
    let stage = Stage::of(FILES);
    stage.expect(APPLY, 0);
    stage.same(tagged(&stage), "aws_s3_bucket.logs".to_owned(), "whose it is");
    let moved = stage.expect(&["state", "mv", "aws_s3_bucket.logs", "aws_s3_bucket.audit"], 0);
    stage.same(moved.calls.len(), 0, "a move asks nobody");
    stage.check(moved.stdout.contains("name the old address until the next apply"), "it says so");
    stage.folder.edit("main.dr.hcl", "\"aws_s3_bucket\" \"logs\"", "\"aws_s3_bucket\" \"audit\"");
    stage.folder.edit("main.dr.hcl", "aws_s3_bucket.logs.id", "aws_s3_bucket.audit.id");
    let plan = stage.expect(&["plan", "-input=false", "-detailed-exitcode"], 2);
    stage.same(plan.mutating(), 0, "a plan writes nothing");
    for said in [
        "# aws_s3_bucket.audit will be updated in-place",
        "# (tags that lifeboat owns)",
        "Plan: 0 to add, 1 to change, 0 to destroy.",
    ] {
        stage.check(plan.stdout.contains(said), format_args!("the plan says {said:?}"));
    }
    let planned = stage.expect(PLAN, 2).changes("planned_change");
    stage.same(planned, vec![("update".to_owned(), "aws_s3_bucket.audit".to_owned())], "the plan");
    let apply = stage.expect(APPLY, 0);
    let writes = apply.calls.iter().filter(|call| call.mutating);
    let writes: Vec<&str> = writes.map(|call| &*call.operation).collect();
    stage.same(writes, vec!["PutBucketTagging"], "what was written");
    stage.same(tagged(&stage), "aws_s3_bucket.audit".to_owned(), "whose it is now");
    stage.expect_nothing();
    // Without the state it is found by its new address.
    stage.expect(&["state", "rm", "aws_s3_bucket.audit"], 0);
    let plan = stage.expect(&["plan", "-input=false"], 0);
    let found = plan.stdout.contains("# aws_s3_bucket.audit will be imported");
    stage.check(found, "what is tagged is taken over again");
}
