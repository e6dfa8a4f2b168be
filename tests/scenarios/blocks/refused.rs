//! What must not be applied, although each file of it is well-formed.

use super::topology;
use crate::scenarios::stage::{APPLY, PLAN, Stage};
use crate::scenarios::web::EAST;

fn refused(stage: &Stage, code: i32, words: &[&str]) {
    let ran = stage.expect(APPLY, code);
    for word in words {
        stage.check(ran.said().contains(word), format_args!("it says {word:?}"));
    }
    stage.same(ran.mutating(), 0, "nothing is changed");
}

#[test]
fn the_account_of_the_regions_is_the_only_one() {
    let other = "999999999999";
    let more = "bucket \"b\" {}\n";
    let stage = Stage::of(&topology(more).replace("123456789012", other));
    refused(&stage, 1, &["engine::wrong_account", "123456789012", other, "main.dr.hcl:8"]);
}

#[test]
fn two_addresses_never_stand_for_one_object() {
    let stage = Stage::of(&format!(
        r#"
provider "aws" {{ region = "{EAST}" }}
resource "aws_s3_bucket" "one" {{ bucket = "the-same" }}
resource "aws_s3_bucket" "two" {{ bucket = "the-same" }}
"#
    ));
    refused(&stage, 1, &["plan::declared_twice", "aws_s3_bucket.one", "aws_s3_bucket.two"]);
}

#[test]
fn files_that_are_gone_do_not_mean_that_everything_goes() {
    let stage = Stage::of(&format!(
        r#"
provider "aws" {{ region = "{EAST}" }}
resource "aws_iam_role" "one" {{
  name               = "one"
  assume_role_policy = jsonencode({{ Version = "2012-10-17", Statement = [] }})
}}
"#
    ));
    stage.expect(APPLY, 0);
    stage.folder.write("main.dr.hcl", &format!("provider \"aws\" {{ region = \"{EAST}\" }}\n"));
    stage.expect(PLAN, 2);
    refused(&stage, 5, &["plan::destroys_data", "Nothing would be left", "-allow-destroy=1"]);
    stage.expect(&[APPLY, &["-allow-destroy=1"]].concat(), 0);
    stage.same(stage.left(), Vec::new(), "it was meant");
}
