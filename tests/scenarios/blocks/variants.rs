//! What the examples do not use: instances of blocks, both directions, locks, weights, a gate.

use super::topology;
use crate::scenarios::stage::{APPLY, PLAN, Stage};
use crate::scenarios::web::{EAST, WEST};

/// Applies, finds nothing to do and no drift, destroys, and finds nothing left.
#[track_caller]
fn lives_and_goes(stage: &Stage, confirmed: &[&str]) {
    stage.expect(PLAN, 2);
    stage.expect(&[APPLY, confirmed].concat(), 0);
    stage.expect_nothing();
    stage.expect(&["drift", "-json"], 0);
    stage.expect(&["destroy", "-input=false", "-auto-approve"], 0);
    stage.same(stage.left(), Vec::new(), "nothing is left");
}

#[test]
fn instances_of_a_block_are_referred_to_by_their_keys() {
    let stage = Stage::of(&topology(&format!(
        r#"
bucket "exports" {{
  for_each = toset(["a", "b"])
  name     = {{ {EAST} = "keyed-${{each.key}}-east", {WEST} = "keyed-${{each.key}}-west" }}
}}

resource "terraform_data" "arn" {{
  input = bucket.exports["a"].aws_s3_bucket["{EAST}"].arn
}}

output "names" {{
  value = [for key, b in bucket.exports : b.aws_s3_bucket["{WEST}"].id]
}}
"#
    )));
    stage.expect(APPLY, 0);
    let names = stage.expect(&["output", "-json", "names"], 0).stdout;
    stage.same(names.trim(), r#"["keyed-a-west","keyed-b-west"]"#, "each by its key");
    let arn = stage.expect(&["state", "show", "terraform_data.arn"], 0).stdout;
    stage.check(arn.contains("arn:aws:s3:::keyed-a-east"), "known after apply");
    lives_and_goes_again(&stage);
}

/// The rest of [`lives_and_goes`] for what is applied already.
#[track_caller]
fn lives_and_goes_again(stage: &Stage) {
    stage.expect_nothing();
    stage.expect(&["destroy", "-input=false", "-auto-approve"], 0);
    stage.same(stage.left(), Vec::new(), "nothing is left");
}

#[test]
fn both_directions_are_replicated_and_locks_are_confirmed() {
    let stage = Stage::of(&topology(&format!(
        r#"
bucket "locked" {{
  name    = {{ {EAST} = "locked-east", {WEST} = "locked-west" }}
  writers = "all"
  object_lock {{
    mode = "GOVERNANCE"
    keep = "10d"
  }}
}}

replication "locked" {{
  bucket         = bucket.locked
  two_way        = true
  delete_markers = true
}}
"#
    )));
    let refused = stage.expect(APPLY, 5);
    stage.check(refused.said().contains("plan::one_way_door"), "it can never be taken back");
    stage.same(refused.mutating(), 0, "nothing is made without consent");
    let address = "bucket.locked.aws_s3_bucket_object_lock_configuration";
    let confirm = |region: &str| format!("-confirm-one-way={address}[\"{region}\"]");
    let confirmed = [confirm(EAST), confirm(WEST)];
    lives_and_goes(&stage, &confirmed.each_ref().map(String::as_str));
}

#[test]
fn names_are_answered_by_weight_and_behind_a_gate() {
    let stage = Stage::of(&topology(&format!(
        r#"
resource "aws_route53_zone" "main" {{
  name = "example.com"
}}

dns_failover "weighted" {{
  zone    = aws_route53_zone.main.zone_id
  name    = "weighted.example.com"
  policy  = "weighted"
  weights = {{ primary = 90, standby = 10 }}
  switch  = "record"
  endpoint "{EAST}" {{ address = "203.0.113.10" }}
  endpoint "{WEST}" {{ address = "203.0.113.20" }}
}}

dns_failover "near" {{
  zone   = aws_route53_zone.main.zone_id
  name   = "near.example.com"
  policy = "latency"
  switch = "health"
  health_check {{
    type = "HTTPS"
    path = "/health"
  }}
  endpoint "{EAST}" {{ address = "203.0.113.10" }}
  endpoint "{WEST}" {{ address = "203.0.113.20" }}
}}

dns_failover "gated" {{
  zone   = aws_route53_zone.main.zone_id
  name   = "gated.example.com"
  switch = "operator"
  gate {{ https = "gate.us-west-2.example.com/switch" }}
  endpoint "{EAST}" {{ address = "203.0.113.10" }}
  endpoint "{WEST}" {{ address = "203.0.113.20" }}
}}
"#
    )));
    lives_and_goes(&stage, &[]);
    let batches = stage.ledger().count(|call| call.operation == "ChangeResourceRecordSets");
    stage.same(batches, 2, "all records of the zone at once: made, and removed");
}
