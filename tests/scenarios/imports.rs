//! Objects that others made: taken in by the command, and by blocks that are written from what is
//! live.

use std::fs;

use lifeboat_testbed::{Fault, Rule};
use serde_json::Value as Json;

use super::stage::{APPLY, PLAN, Stage};
use super::web::{EAST, WEST};

const BUCKET: &str = "import-logs";

fn bucket(region: &str) -> String {
    format!(
        r#"
provider "aws" {{
  region = "{EAST}"
}}
resource "aws_s3_bucket" "logs" {{
  region = "{region}"
  bucket = "{BUCKET}"
}}
resource "aws_s3_bucket_versioning" "logs" {{
  region = "{region}"
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {{
    status = "Enabled"
  }}
}}
"#
    )
}

#[test]
fn a_bucket_is_imported_by_hand_and_only_then_tagged() {
    let stage = Stage::of(&bucket(WEST));
    let aws = stage.bed.aws();
    aws.create_bucket(WEST, BUCKET).unwrap();
    aws.put_bucket_versioning(WEST, BUCKET, "Enabled").unwrap();
    let import = |address: &str, id: &str, code: i32| {
        let ran = stage.expect(&["import", "-input=false", address, id], code);
        stage.same(ran.mutating(), 0, "an import changes nothing live");
        ran
    };
    // A part of what the state does not know, without a look at the whole.
    let versioning = import("aws_s3_bucket_versioning.logs", BUCKET, 0);
    stage.check(!versioning.stdout.contains("tags"), "a part has no tags of its own");
    let missing = import("aws_s3_bucket.logs", "import-lgos", 1);
    stage.check(missing.stderr.contains("plan::import_missing"), "there is no such bucket");
    let east = import("aws_s3_bucket.logs", &format!("{BUCKET}@{EAST}"), 1);
    stage.check(east.stderr.contains("plan::import_region"), "the block is in the west");
    let denied = stage.bed.proxy.inject(Rule::new(Fault::Denied403).service("s3"));
    let unread = import("aws_s3_bucket.logs", BUCKET, 1);
    stage.check(unread.stderr.contains("refresh::denied"), "a permission is missing");
    stage.bed.proxy.remove(denied);
    let away = stage.bed.proxy.inject(Rule::new(Fault::Refuse).region(WEST));
    let unread = import("aws_s3_bucket.logs", BUCKET, 1);
    stage.check(unread.stderr.contains("refresh::failed"), "nothing waits for a region");
    stage.bed.proxy.remove(away);
    let ran = import("aws_s3_bucket.logs", &format!("{BUCKET}@{WEST}"), 0);
    stage.check(ran.stdout.contains("written by the next apply"), "its tags are still to come");
    let again = import("aws_s3_bucket.logs", BUCKET, 1);
    stage.check(again.stderr.contains("engine::import_managed"), "the state has it");
    let other = "resource \"aws_s3_bucket\" \"other\" {\n  region = \"us-west-2\"\n}\n";
    stage.folder.write("other.dr.hcl", other);
    let twice = import("aws_s3_bucket.other", BUCKET, 1);
    stage.check(twice.stderr.contains("the state has aws_s3_bucket.logs"), "by another address");
    stage.folder.write("other.dr.hcl", "");
    let plan = stage.expect(&["plan", "-input=false"], 0);
    stage.check(plan.stdout.contains("(tags that lifeboat owns)"), "the tags are planned");
    stage.check(plan.stdout.contains("0 to add, 1 to change, 0 to destroy"), "and nothing else");
    let apply = stage.expect(APPLY, 0);
    let calls = apply.calls.iter().filter(|call| call.mutating);
    let calls: Vec<&str> = calls.map(|call| &*call.operation).collect();
    stage.same(calls, vec!["PutBucketTagging"], "what was written");
    stage.expect_nothing();
}

/// One object of each kind that is asked for, with what a default would hide.
const ALL: &str = r#"
provider "aws" {
  region = "us-east-1"
}
resource "aws_s3_bucket" "logs" {
  bucket = "import-logs"
  region = "us-west-2"
  tags   = { team = "dr", "cost:center" = "a $${b}" }
}
resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  region = "us-west-2"
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket_versioning.logs.bucket
  region = "us-west-2"
  rule {
    id     = "daily"
    status = "Enabled"
    filter {
      prefix = "daily/"
    }
    expiration {
      days = 30
    }
    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }
  rule {
    id     = "old"
    status = "Disabled"
    filter {
      and {
        prefix = "old/"
        tags   = { keep = "no" }
      }
    }
    transition {
      days          = 90
      storage_class = "GLACIER"
    }
  }
}
resource "aws_iam_role" "copy" {
  name        = "import-copy"
  description = "copies \"all\""
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
    }]
  })
}
resource "aws_route53_zone" "web" {
  name    = "import.example.com"
  comment = "of the web"
}
resource "aws_route53_health_check" "web" {
  type              = "HTTPS"
  fqdn              = "web.import.example.com"
  port              = 443
  resource_path     = "/health"
  failure_threshold = 3
  request_interval  = 10
}
resource "aws_route53_record" "web" {
  zone_id         = aws_route53_zone.web.zone_id
  name            = "web.import.example.com"
  type            = "A"
  ttl             = 60
  records         = ["192.0.2.1", "192.0.2.2"]
  set_identifier  = "primary"
  health_check_id = aws_route53_health_check.web.id
  failover_routing_policy {
    type = "PRIMARY"
  }
}
"#;

/// The objects of the state and their ids.
fn ids(stage: &Stage) -> Vec<(String, String)> {
    let shown = stage.expect(&["show", "-json"], 0);
    let shown: Json = serde_json::from_str(&shown.stdout).unwrap();
    let all = shown["values"]["root_module"]["resources"].as_array().unwrap();
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    all.iter().map(|one| (text(&one["address"]), text(&one["values"]["id"]))).collect()
}

#[test]
fn what_is_written_from_live_objects_plans_to_nothing_once_imported() {
    let stage = Stage::of(ALL);
    stage.expect(APPLY, 0);
    let ids = ids(&stage);
    stage.same(ids.len(), 7, "objects");
    // Somebody else's from here on: another folder's state, and no file but the imports.
    fs::remove_dir_all(stage.folder.path().join(".lifeboat")).unwrap();
    let mut imports = "provider \"aws\" {\n  region = \"us-east-1\"\n}\n".to_owned();
    for (address, id) in &ids {
        let at = if address.starts_with("aws_s3") { "@us-west-2" } else { "" };
        imports += &format!("import {{\n  to = {address}\n  id = \"{id}{at}\"\n}}\n");
    }
    stage.folder.write("main.dr.hcl", &imports);
    stage.expect(&["plan", "-input=false"], 1);
    let command = ["plan", "-input=false", "-json", "-generate-config-out=generated.dr.hcl"];
    let plan = stage.expect(&command, 0);
    stage.same(plan.mutating(), 0, "a plan changes nothing live");
    let text = fs::read_to_string(stage.folder.path().join("generated.dr.hcl")).unwrap();
    stage.note(&text);
    for (address, _) in &ids {
        let (kind, name) = address.split_once('.').unwrap();
        let head = format!("resource \"{kind}\" \"{name}\" {{\n");
        stage.check(text.contains(&head), format_args!("{address} has a block"));
    }
    for (what, written) in [
        ("the region", "region              = \"us-west-2\"\n"),
        ("a tag", "team          = \"dr\"\n"),
        ("a template is none", "\"cost:center\" = \"a $${b}\"\n"),
        ("a policy", "assume_role_policy = jsonencode({\n"),
        ("a quotation mark", "\"copies \\\"all\\\"\"\n"),
        ("a list", "[\"192.0.2.1\", \"192.0.2.2\"]\n"),
        ("a nested block", "    filter {\n      and {\n"),
    ] {
        stage.check(text.contains(written), format_args!("{what}: {written}"));
    }
    for left in ["arn", "null", "tags_all", "lifeboat:", "force_destroy", "name_servers"] {
        stage.check(!text.contains(left), format_args!("{left} is not written"));
    }
    // Nothing but what is told of each object's owner is written.
    let changes = plan.changes("planned_change");
    let kinds = changes.iter().all(|(action, _)| action == "import" || action == "update");
    stage.check(kinds && changes.len() == ids.len(), format_args!("only imports: {changes:?}"));
    let apply = stage.expect(APPLY, 0);
    let tagging = ["PutBucketTagging", "TagRole", "ChangeTagsForResource"];
    let other = apply.calls.iter().find(|c| c.mutating && !tagging.contains(&&*c.operation));
    stage.check(other.is_none(), format_args!("only tags are written: {other:?}"));
    stage.expect_nothing();
    stage.folder.write("main.dr.hcl", "provider \"aws\" {\n  region = \"us-east-1\"\n}\n");
    stage.expect_nothing();
}

#[test]
fn nothing_is_written_of_what_cannot_be_read() {
    let stage = Stage::of(&format!(
        "provider \"aws\" {{\n  region = \"{EAST}\"\n}}\n\
         import {{\n  to = aws_s3_bucket.logs\n  id = \"{BUCKET}\"\n}}\n"
    ));
    let plan = |code: &str| {
        let ran = stage.expect(&["plan", "-input=false", "-generate-config-out=new.dr.hcl"], 1);
        stage.check(ran.stderr.contains(code), format_args!("it says {code}"));
        let there = stage.folder.path().join("new.dr.hcl").exists();
        stage.check(!there, "no file is left");
    };
    plan("plan::import_missing");
    stage.bed.aws().create_bucket(WEST, BUCKET).unwrap();
    // Found where its id does not place it.
    plan("engine::generate_unread");
    stage.folder.edit("main.dr.hcl", BUCKET, &format!("{BUCKET}@{WEST}"));
    let away = stage.bed.proxy.inject(Rule::new(Fault::Refuse).region(WEST));
    plan("engine::generate_unread");
    stage.bed.proxy.remove(away);
    let found = stage.run(&[PLAN, &["-generate-config-out=new.dr.hcl"]].concat());
    stage.same(found.code, Some(2), "then it is imported");
}
