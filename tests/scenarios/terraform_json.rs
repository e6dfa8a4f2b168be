//! hashicorp/terraform-json reads our JSON: what tools for Terraform make of a plan in which
//! everything happens, of its lines, of the state, of `validate` and of `version`.

use std::io::Write as _;

use lifeboat_testbed::TERRAFORM_JSON;
use serde_json::{Value as Json, json};

use super::stage::{APPLY, Stage};
use super::web::{EAST, WEST};

/// What there is, and below what the files say later.
const BEFORE: &str = r#"
resource "terraform_data" "change" {
  input = 1
}
resource "terraform_data" "replace" {
  triggers_replace = "a"
}
resource "terraform_data" "first" {
  triggers_replace = "a"
  lifecycle {
    create_before_destroy = true
  }
}
resource "terraform_data" "gone" {
}
resource "terraform_data" "let_go" {
}
resource "terraform_data" "old" {
  input = "moves"
}
resource "terraform_data" "each" {
  for_each = toset(["a", "b"])
}
resource "aws_s3_bucket" "west" {
  bucket = "tf-json-west"
  region = "us-west-2"
}
"#;
const AFTER: &str = r#"
resource "terraform_data" "change" {
  input = 2
}
resource "terraform_data" "replace" {
  triggers_replace = "b"
}
resource "terraform_data" "first" {
  triggers_replace = "b"
  lifecycle {
    create_before_destroy = true
  }
}
removed {
  from = terraform_data.let_go
  lifecycle {
    destroy = false
  }
}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
resource "terraform_data" "new" {
  input = "moves"
}
resource "terraform_data" "each" {
  for_each = toset(["a"])
}
resource "terraform_data" "fresh" {
  input = var.secret
}
resource "aws_s3_bucket" "west" {
  bucket = "tf-json-west"
  region = "us-west-2"
  tags   = { team = "dr" }
}
import {
  to = aws_s3_bucket.theirs
  id = "tf-json-theirs"
}
resource "aws_s3_bucket" "theirs" {
  bucket = "tf-json-theirs"
}
"#;
const ALWAYS: &str = r#"
provider "aws" {
  region = "us-east-1"
}
variable "secret" {
  default   = "hunter2"
  sensitive = true
}
variable "size" {
  default = 9007199254740993
}
resource "terraform_data" "keep" {
  input      = { size = var.size, list = [1, "b", null] }
  depends_on = [terraform_data.change]
}
resource "aws_s3_bucket" "east" {
  bucket = "tf-json-east"
  tags   = { team = "dr" }
}
check "kept" {
  assert {
    condition     = terraform_data.keep.input.size > 0
    error_message = "It is lost."
  }
}
output "size" {
  value = terraform_data.change.output
}
"#;

/// What the library makes of it; it must take it.
#[track_caller]
fn understood(stage: &Stage, what: &str, text: &str) -> Json {
    let read = TERRAFORM_JSON.read(what, text).unwrap().unwrap();
    let said = read.unwrap_or_else(|why| stage.fail(format_args!("{what}: {why}\n{text}")));
    serde_json::from_str(&said).unwrap()
}

/// The element about an address.
#[track_caller]
fn about<'j>(stage: &Stage, all: &'j Json, address: &str) -> &'j Json {
    let found = all.as_array().unwrap().iter().find(|one| one["address"] == address);
    found.unwrap_or_else(|| stage.fail(format_args!("nothing about {address}: {all:#}")))
}

/// The stage, with everything planned; nothing where the library cannot be had.
fn planned() -> Option<Stage> {
    if TERRAFORM_JSON.ensure().unwrap().is_none() {
        let said = "go is missing: our JSON is not read with terraform-json\n";
        // Whoever closed standard error does not want it.
        std::io::stderr().lock().write_all(said.as_bytes()).ok();
        return None;
    }
    let stage = Stage::of(&format!("{ALWAYS}{BEFORE}"));
    stage.expect(APPLY, 0);
    let aws = stage.bed.aws();
    aws.create_bucket(EAST, "tf-json-theirs").unwrap();
    let tags = "<Tagging><TagSet><Tag><Key>team</Key><Value>web</Value></Tag></TagSet></Tagging>";
    let put = aws.raw("s3", EAST, "PUT", "/tf-json-east?tagging").body(tags);
    put.send().unwrap().ok().unwrap();
    stage.folder.write("main.dr.hcl", &format!("{ALWAYS}{AFTER}"));
    Some(stage)
}

#[test]
fn terraform_json_reads_a_plan_in_which_everything_happens() {
    let Some(stage) = planned() else { return };
    let down = format!("-assume-down={WEST}");
    let lines = stage.expect(&["plan", "-input=false", "-json", "-out=p", &down], 0);
    let lines = understood(&stage, "lines", &lines.stdout);
    stage.same(&lines["lines"][0]["terraform"], &json!("1.11.4"), "the version of the shapes");
    let plan = stage.expect(&["show", "-json", "p"], 0).stdout;
    let plan = understood(&stage, "plan", &plan);
    stage.same(&plan["format"], &json!("1.2"), "the format");
    stage.same(&plan["complete"], &json!(false), "what is deferred is missing");
    let changes = &plan["changes"];
    for (address, verb, reason) in [
        ("terraform_data.keep", "no-op", Json::Null),
        ("terraform_data.change", "update", Json::Null),
        ("terraform_data.fresh", "create", Json::Null),
        ("terraform_data.new", "no-op", Json::Null),
        ("terraform_data.let_go", "forget", Json::Null),
        ("terraform_data.gone", "delete", json!("delete_because_no_resource_config")),
        ("terraform_data.each[\"b\"]", "delete", json!("delete_because_each_key")),
        ("terraform_data.replace", "destroy before create", json!("replace_because_cannot_update")),
        ("terraform_data.first", "create before destroy", json!("replace_because_cannot_update")),
        ("aws_s3_bucket.east", "update", Json::Null),
        ("aws_s3_bucket.theirs", "update", Json::Null),
    ] {
        let change = about(&stage, changes, address);
        stage.same(&change["verb"], &json!(verb), address);
        if !reason.is_null() {
            stage.same(change["reason"].clone(), reason, address);
        }
    }
    let change = |address| about(&stage, changes, address);
    let of = |address, part: &str, name: &str| change(address)[part][name].clone();
    stage.same(of("terraform_data.change", "before", "input"), json!(1), "before");
    stage.same(of("terraform_data.change", "after", "input"), json!(2), "after");
    stage.same(of("terraform_data.change", "unknown", "output"), json!(true), "not known yet");
    stage.same(of("terraform_data.fresh", "after", "input"), Json::Null, "a secret is not told");
    stage.same(of("terraform_data.fresh", "secret", "input"), json!(true), "that it is one is");
    stage.same(
        change("terraform_data.replace")["replace"].clone(),
        json!([["triggers_replace"]]),
        "what forces it",
    );
    let moved = change("terraform_data.new")["previous"].clone();
    stage.same(moved, json!("terraform_data.old"), "where it was");
    let import = change("aws_s3_bucket.theirs")["import"].clone();
    stage.same(import, json!("tf-json-theirs"), "what it is imported by");
    let index = change("terraform_data.each[\"b\"]")["index"].clone();
    stage.same(index, json!("b"), "its key");
    let provider = change("aws_s3_bucket.east")["provider"].clone();
    stage.same(provider, json!("registry.terraform.io/hashicorp/aws"), "Terraform's provider");
    stage.same(of("terraform_data.keep", "before", "input"), kept(), "exact numbers");
    let drift = about(&stage, &plan["drift"], "aws_s3_bucket.east");
    stage.same(&drift["before"]["tags"]["team"], &json!("dr"), "as it was left");
    stage.same(&drift["after"]["tags"]["team"], &json!("web"), "as it is");
    let deferred = &plan["deferred"][0];
    stage.same(&deferred["reason"], &json!("region_unreachable"), "why it waits");
    stage.same(&deferred["change"]["address"], &json!("aws_s3_bucket.west"), "what waits");
    stage.same(&deferred["change"]["after"]["tags"]["team"], &json!("dr"), "for what");
    stage.same(&plan["outputs"]["size"]["verb"], &json!("update"), "the output");
    stage.same(&plan["outputs"]["size"]["before"], &json!(1), "the output before");
    stage.same(&plan["checks"]["check.kept"], &json!("pass"), "the check");
    stage.same(&plan["variables"]["size"], &json!(9_007_199_254_740_993_u64), "a variable");
    let declared = plan["declared"].as_array().unwrap().contains(&json!("terraform_data.fresh"));
    stage.check(declared, "the configuration");
    stage.check(plan["prior"]["terraform_data.gone"].is_object(), "the prior state");
    stage.check(plan["planned"]["terraform_data.gone"].is_null(), "the planned values");
}

/// The input of `terraform_data.keep`.
fn kept() -> Json {
    json!({ "size": 9_007_199_254_740_993_u64, "list": [1, "b", null] })
}

#[test]
fn terraform_json_reads_the_state_and_all_that_is_said_in_lines() {
    let Some(stage) = planned() else { return };
    let drift = stage.expect(&["drift", "-input=false", "-json"], 2).stdout;
    understood(&stage, "lines", &drift);
    let arguments = [APPLY, &["-json", "-allow-destroy=4"]].concat();
    let apply = stage.run(&arguments);
    let said = understood(&stage, "lines", &apply.stdout);
    let types = said["other_types"].as_array().unwrap();
    for kind in ["planned_change", "apply_start", "apply_complete", "change_summary", "outputs"] {
        stage.check(types.contains(&json!(kind)), format_args!("{kind}: {types:?}"));
    }
    stage.same(apply.code, Some(0), "applied");
    let state = stage.expect(&["show", "-json"], 0).stdout;
    let state = understood(&stage, "state", &state);
    stage.same(&state["format"], &json!("1.0"), "the format");
    stage.same(&state["terraform"], &json!("1.11.4"), "the version of the shapes");
    stage.same(&state["outputs"]["size"]["value"], &json!(2), "the output");
    stage.same(&state["outputs"]["size"]["type"], &json!("number"), "its type");
    let resources = &state["resources"];
    stage.same(resources.as_object().unwrap().len(), 10, "objects");
    let keep = &resources["terraform_data.keep"];
    stage.same(&keep["values"]["input"], &kept(), "exact numbers");
    stage.same(&keep["needs"], &json!(["terraform_data.change"]), "what it needs");
    let fresh = &resources["terraform_data.fresh"];
    stage.same(&fresh["values"]["input"], &Json::Null, "a secret is not told");
    stage.same(&fresh["secret"]["input"], &json!(true), "that it is one is");
    stage.same(&resources["aws_s3_bucket.theirs"]["values"]["id"], &json!("tf-json-theirs"), "id");
}

#[test]
fn terraform_json_reads_what_validate_and_version_say() {
    let Some(stage) = planned() else { return };
    let version = understood(&stage, "version", &stage.expect(&["version", "-json"], 0).stdout);
    stage.same(&version["terraform_version"], &json!("1.11.4"), "the version of the shapes");
    let valid = understood(&stage, "validate", &stage.expect(&["validate", "-json"], 0).stdout);
    stage.same(&valid["valid"], &json!(true), "the files are valid");
    stage.folder.write("wrong.dr.hcl", "output \"é\" {\n  value = local.nope\n}\n");
    let wrong = understood(&stage, "validate", &stage.expect(&["validate", "-json"], 1).stdout);
    stage.same(&wrong["error_count"], &json!(1), "one error");
    let diagnostic = &wrong["diagnostics"][0];
    stage.same(&diagnostic["severity"], &json!("error"), "how bad");
    let start = json!({ "line": 2, "column": 11, "byte": 24 });
    stage.same(&diagnostic["range"]["start"], &start, "where it begins");
    stage.same(&diagnostic["range"]["filename"], &json!("wrong.dr.hcl"), "in which file");
    let failed = stage.expect(&["plan", "-input=false", "-json"], 1).stdout;
    let lines = understood(&stage, "lines", &failed);
    let last = lines["lines"].as_array().unwrap().last().unwrap();
    stage.same(&last["diagnostic"]["range"], &diagnostic["range"], "the lines say the same");
    let none = "{\"format_version\":\"9.0\"}";
    let refused = TERRAFORM_JSON.read("plan", none).unwrap().unwrap();
    stage.check(refused.is_err(), "another format is refused by the library");
}
