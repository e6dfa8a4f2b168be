//! `retention` -> one lifecycle document for each bucket and region.

use lifeboat_sdk::Value;

use super::bucket::{bucket_at, versioning_at};
use super::build::{Made, address, block, list, number, object, of, planned, switch, text, value};
use crate::topology::Topology;
use crate::topology::retention::{Retention, Tier};

/// Days until the parts of an upload that was never completed are deleted: what AWS recommends
/// (S3 user guide, "Configuring a bucket lifecycle configuration to delete incomplete multipart
/// uploads").
const ABANDONED_DAYS: u64 = 7;

/// Adds what the blocks of a bucket stand for. The same document in all regions: lifecycle
/// actions are not replicated (domain.md C3.19).
pub(super) fn expand(made: &mut Made, topology: &Topology, retention: &Retention) {
    let bucket = &retention.bucket;
    let adopt = topology.buckets.iter().any(|b| b.name == *bucket && b.adopt);
    for region in &topology.regions {
        let kind = "aws_s3_bucket_lifecycle_configuration";
        let mut document = planned(
            retention.span,
            [
                ("bucket", of(&bucket_at(bucket, &region.name), "bucket")),
                ("region", value(text(&region.aws))),
                ("rule", value(list(retention.tiers.iter().map(rule).chain([leftovers()])))),
            ],
        );
        if retention.move_small {
            // S3 user guide, "Transitioning objects": then GLACIER and DEEP_ARCHIVE take them.
            let by_class = value(text("varies_by_storage_class"));
            document.document.push(("transition_default_minimum_object_size".into(), by_class));
        }
        document.adopt = adopt;
        // Rules about former versions have a meaning only with versions.
        document.after.push(versioning_at(bucket, &region.name));
        made.add(address("retention", &retention.name, kind, &region.name), document);
    }
}

fn rule(tier: &Tier) -> Value {
    let moves = tier
        .moves
        .iter()
        .map(|m| object([("days", number(m.days)), ("storage_class", text(&m.class))]));
    let filter = match &*tier.prefix {
        "" => block([]),
        prefix => block([("prefix", text(prefix))]),
    };
    object([
        ("id", text(&format!("{}/{}", tier.block, tier.name))),
        ("status", switch(true)),
        ("filter", filter),
        ("transition", list(moves)),
        ("expiration", block([("days", number(tier.keep.days()))])),
        (
            "noncurrent_version_expiration",
            block([("noncurrent_days", number(tier.noncurrent_days))]),
        ),
    ])
}

/// What no tier is about: parts of uploads, and delete markers without versions. The latter cannot
/// stand in a rule with days (domain.md C4.29).
fn leftovers() -> Value {
    object([
        ("id", text("lifeboat/leftovers")),
        ("status", switch(true)),
        ("filter", block([])),
        ("expiration", block([("expired_object_delete_marker", Value::Bool(true))])),
        (
            "abort_incomplete_multipart_upload",
            block([("days_after_initiation", number(ABANDONED_DAYS))]),
        ),
    ])
}
