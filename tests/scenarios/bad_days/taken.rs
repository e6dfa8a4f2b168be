//! A name that exists and is not ours: an error with the block that takes it over, never an overwrite.

use super::{completed, stage};
use crate::scenarios::stage::{PLAN, Stage};
use crate::scenarios::web::EAST;

const BUCKET: &str = "resources-only-logs-us-east-1";

#[test]
fn a_bucket_of_somebody_else_is_taken_over_by_the_block_that_the_error_shows() {
    let stage = stage();
    stage.bed.aws().create_bucket(EAST, BUCKET).unwrap();
    let plan = stage.expect(&["plan", "-input=false"], 1);
    stage.same(plan.mutating(), 0, "a plan makes no mutating call");
    stage.check(plan.said().contains("plan::name_taken"), "the name is taken");
    let block = import_block(&plan.said());
    let Some(block) = block else { stage.fail("the error holds an import block") };
    let address = r#"aws_s3_bucket.logs["us-east-1"]"#;
    stage.check(block.contains(address), format_args!("the block names {address}: {block}"));
    stage.folder.write("import.dr.hcl", &block);
    let plan = stage.expect(PLAN, 2);
    let planned = plan.changes("planned_change");
    let ours = |(_, name): &&(String, String)| name == address;
    let action = planned.iter().find(ours).map(|(action, _)| action.as_str());
    stage.check(
        matches!(action, Some("import" | "update")),
        format_args!("{address} is imported: {planned:?}"),
    );
    completed(&stage);
    let made = stage.ledger().count(|call| call.operation == "CreateBucket" && call.region == EAST);
    stage.same(made, 0, "the bucket was there");
}

/// The block in a text, without its indentation.
fn import_block(said: &str) -> Option<String> {
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    let start = lines.iter().position(|line| *line == "import {")?;
    let length = lines[start..].iter().position(|line| *line == "}")?;
    Some(format!("{}\n", lines[start..=start + length].join("\n")))
}

#[test]
fn tags_that_are_ours_are_named_where_nothing_else_changes() {
    let import = format!("import {{\n  to = aws_s3_bucket.one\n  id = \"{BUCKET}\"\n}}\n");
    let bucket = format!("resource \"aws_s3_bucket\" \"one\" {{\n  bucket = \"{BUCKET}\"\n}}\n");
    let provider = format!("provider \"aws\" {{\n  region = \"{EAST}\"\n}}\n");
    let stage = Stage::of(&format!("{provider}{bucket}{import}"));
    stage.bed.aws().create_bucket(EAST, BUCKET).unwrap();
    let plan = stage.expect(&["plan", "-input=false"], 0);
    let named = plan.stdout.contains("# (tags that lifeboat owns)");
    stage.check(named, "what changes there without a line is named");
}
