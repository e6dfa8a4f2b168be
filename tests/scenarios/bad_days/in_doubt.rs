//! Changes that failed, of which nobody knows whether they happened, or that somebody undid meanwhile.

use std::time::Duration;

use lifeboat_testbed::{Entry, Fault, Rule};

use crate::scenarios::stage::{APPLY, Stage};

const ZONE: &str = "in-doubt.example";
const CHANGE: &str = "ChangeResourceRecordSets";

const FILES: &str = r#"
resource "aws_route53_zone" "web" {
  name          = "in-doubt.example"
  force_destroy = true
}

resource "aws_route53_record" "web" {
  for_each = toset(["a", "b"])
  zone_id  = aws_route53_zone.web.zone_id
  name     = "${each.key}.in-doubt.example"
  type     = "A"
  ttl      = 60
  records  = ["203.0.113.10"]
}

resource "aws_s3_bucket" "logs" {
  bucket = "in-doubt-logs"
}
"#;

/// Applies; it ends with this code and says this.
#[track_caller]
fn says(stage: &Stage, code: i32, words: &[&str]) {
    let ran = stage.expect(APPLY, code);
    let said = ran.said();
    let missing = words.iter().find(|word| !said.contains(**word));
    stage.check(missing.is_none(), format_args!("it says {missing:?}"));
}

/// Changes the TTL of both record sets, and dies when the call is where `met` says.
#[track_caller]
fn killed(stage: &Stage, ttl: [u32; 2], fault: Fault, met: impl Fn(&Entry) -> bool) {
    let [before, after] = ttl.map(|ttl| format!("ttl      = {ttl}"));
    stage.folder.edit("main.dr.hcl", &before, &after);
    let rule = stage.bed.proxy.inject(Rule::new(fault).operation(CHANGE));
    let mut apply = stage.start(APPLY);
    apply.until(1, |call| call.operation == CHANGE && met(call));
    apply.signal("KILL");
    apply.finish();
    stage.bed.proxy.remove(rule);
}

#[test]
fn each_end_of_a_change_is_told_by_its_name() {
    let stage = Stage::of(FILES);
    let proxy = &stage.bed.proxy;
    proxy.inject(Rule::new(Fault::Denied403).operation("CreateBucket"));
    proxy.inject(Rule::new(Fault::DropAnswer).operation(CHANGE));
    proxy.inject(Rule::new(Fault::Status503).operation("ListResourceRecordSets"));
    let words = ["apply::failed", "s3:CreateBucket", "apply::in_doubt", "nothing is made twice"];
    says(&stage, 4, &words);
    proxy.clear();

    proxy.inject(Rule::new(Fault::Reset).operation("CreateBucket"));
    says(&stage, 1, &["apply::did_not_happen", "aws_s3_bucket.logs", "Apply again"]);
    proxy.clear();
    says(&stage, 0, &["1 added"]);

    let zone = stage.bed.aws().zone_id(ZONE).unwrap().unwrap();
    let others = |ttl| stage.bed.aws().set_record_ttl(&zone, &format!("a.{ZONE}"), ttl).unwrap();
    let slow = Fault::Slow(Duration::from_secs(30));
    killed(&stage, [60, 50], slow, |call| call.upstream_status.is_some());
    others(60);
    says(&stage, 1, &["apply::batch", "some of them are changed and some are not"]);
    says(&stage, 0, &["1 changed"]);

    killed(&stage, [50, 40], Fault::BlackHole, |_| true);
    others(77);
    let words = ["apply::conflict", "ttl is 77, planned was 40", "State holds it as it is now"];
    says(&stage, 1, &words);
    says(&stage, 0, &["2 changed"]);
    stage.expect_nothing();
}
