//! Runs that are killed at any moment: after so many calls, wherever the program is just then.
//!
//! `cargo test` kills a few; `LIFEBOAT_MATRIX=full` (`cargo xtask matrix`) 300.

use super::ends::End;
use super::outage::full;
use super::ran::tell_table;
use super::stage::{APPLY, Stage};
use crate::language::each;

/// 97 objects: more than run at a time, so that there are waves, and changes in batches.
const FILES: &str = r#"
provider "aws" {
  region = "us-east-1"
}
locals {
  names = [for i in range(12) : format("kill-%02d", i)]
  pairs = { for pair in setproduct(local.names, ["us-east-1", "us-west-2"]) : join("-", pair) => pair[1] }
}
resource "aws_s3_bucket" "data" {
  for_each = local.pairs
  region   = each.value
  bucket   = each.key
}
resource "aws_s3_bucket_versioning" "data" {
  for_each = local.pairs
  region   = each.value
  bucket   = aws_s3_bucket.data[each.key].id
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_s3_bucket_public_access_block" "data" {
  for_each                = local.pairs
  region                  = each.value
  bucket                  = aws_s3_bucket.data[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_route53_zone" "web" {
  name = "kill.example.com"
}
resource "aws_route53_record" "web" {
  count   = 24
  zone_id = aws_route53_zone.web.zone_id
  name    = "web${count.index}.kill.example.com"
  type    = "A"
  ttl     = 60
  records = ["192.0.2.${count.index + 1}"]
}
"#;

/// Kills the run, and perhaps its recovery too, then lets it end.
#[track_caller]
fn play(calls: &[usize], should: &End) -> usize {
    let stage = Stage::of(FILES);
    let mut deaths = 0;
    for calls in calls {
        let ran = stage.start(APPLY).killed_after(*calls);
        stage.check(matches!(ran.code, None | Some(0)), "it dies, or was faster");
        deaths += usize::from(ran.code.is_none());
    }
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    should.check(&stage);
    deaths
}

#[test]
fn a_run_that_is_killed_at_any_moment_is_finished_by_the_next() {
    let stage = Stage::of(FILES);
    let calls = stage.expect(APPLY, 0).calls.len();
    stage.expect_nothing();
    let should = End::of(&stage);
    let count = if full() { 300 } else { 6 };
    // Spread over the whole run; each third one dies in the recovery, too.
    let moments: Vec<Vec<usize>> = (0..count)
        .map(|i| {
            let first = 1 + i * (calls - 1) / count;
            if i % 3 == 2 { vec![first, 1 + (i * 7919) % (calls / 2)] } else { vec![first] }
        })
        .collect();
    let deaths: usize = each(&moments, |calls| play(calls, &should)).into_iter().sum();
    let heads = ["killed", "calls", "runs", "deaths", "resumed", "extra", "missing"];
    let row = [count, calls, count, deaths, count, 0, 0].map(|number| number.to_string());
    tell_table(&[heads.map(str::to_owned), row]);
    assert!(deaths * 10 >= count * 9, "only {deaths} deaths in {count} runs");
}
