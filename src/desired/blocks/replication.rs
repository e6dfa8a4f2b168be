//! `replication` -> a role, its policy, and a replication document on the bucket of the primary,
//! or of each region where it is two-way.

use lifeboat_sdk::Value;

use super::bucket::{bucket_at, lock_at, versioning_at};
use super::build::{
    Made, address, block, bucket_arn, list, number, object, of, planned, policy, switch, text,
    value,
};
use crate::address::Address;
use crate::desired::Part;
use crate::topology::Topology;
use crate::topology::bucket::Bucket;
use crate::topology::naming;
use crate::topology::region::Region;
use crate::topology::replication::Replication;

/// The longest name of a role (IAM user guide, "IAM and AWS STS quotas").
const LONGEST_ROLE: usize = 64;

/// Minutes of Replication Time Control (S3 API reference, `ReplicationTimeValue`).
const MINUTES: u64 = 15;

/// Adds what a block stands for.
pub(super) fn expand(made: &mut Made, topology: &Topology, replication: &Replication) {
    let Some(bucket) = topology.buckets.iter().find(|b| b.name == replication.bucket) else {
        return;
    };
    let span = replication.span;
    let role = address("replication", &replication.name, "aws_iam_role", "global");
    let parts = [&*topology.name, &*replication.name, "replication"];
    let name = naming::within(&parts, LONGEST_ROLE);
    made.add(
        role.clone(),
        planned(
            span,
            [
                ("name", value(text(&name))),
                (
                    "description",
                    value(text("Lets S3 copy objects between the buckets of the topology.")),
                ),
                ("assume_role_policy", policy([trust()])),
            ],
        ),
    );
    let permissions = address("replication", &replication.name, "aws_iam_role_policy", "global");
    made.add(
        permissions.clone(),
        planned(
            span,
            [
                ("name", value(text("replication"))),
                ("role", of(&role, "name")),
                ("policy", policy(statements(topology, bucket))),
            ],
        ),
    );
    for region in &topology.regions {
        let at = |kind: &str| address("replication", &replication.name, kind, &region.name);
        let mut document = planned(
            span,
            [
                ("bucket", of(&bucket_at(&bucket.name, &region.name), "bucket")),
                ("region", value(text(&region.aws))),
                ("role", of(&role, "arn")),
                ("rule", value(rules(topology, bucket, replication, region))),
            ],
        );
        document.only_primary = !replication.two_way;
        // What all regions write is never copied to its end.
        document.part = bucket.one_writer.then_some(Part::Copies);
        document.adopt = bucket.adopt;
        document.after = topology
            .regions
            .iter()
            .map(|r| versioning_at(&bucket.name, &r.name))
            .chain([permissions.clone()])
            .collect();
        if bucket.lock.is_some() {
            // A source with Object Lock needs destinations with it (domain.md C3.19).
            let locks = topology.regions.iter().map(|r| lock_at(&bucket.name, &r.name));
            document.after.extend(locks);
        }
        made.add(at("aws_s3_bucket_replication_configuration"), document);
    }
}

/// What copies from the bucket of a region to one bucket elsewhere, as the files have it, whatever is
/// live: for what compares and copies. Who copies is no question there.
pub fn copying(topology: &Topology, name: &str, from: &str, to: &str) -> Option<Value> {
    let replication = topology.replications.iter().find(|one| *one.name == *name)?;
    let bucket = topology.buckets.iter().find(|bucket| bucket.name == replication.bucket)?;
    let arn = bucket_arn(&topology.region(to)?.aws, bucket.names.get(to)?);
    let rule = block([
        ("status", switch(true)),
        ("prefix", text(replication.prefix.as_deref().unwrap_or_default())),
        ("delete_marker_replication", block([("status", switch(replication.delete_markers))])),
        ("destination", destination(replication, &arn)),
    ]);
    let bucket = text(bucket.names.get(from)?);
    Some(object([("bucket", bucket), ("role", text("")), ("rule", rule)]))
}

/// The bucket in a region from which a block copies.
pub fn source(replication: &Replication, region: &str) -> Address {
    bucket_at(&replication.bucket, region)
}

/// What of a replication document says which objects are copied where.
pub fn reach(document: &Value) -> Value {
    let part = |of: &Value, names: &[&str]| {
        let each = names.iter().map(|name| ((*name).into(), of.get(name).cloned()));
        Value::object(each.map(|(name, value)| (name, value.unwrap_or_else(Value::null))))
    };
    let rules = document.get("rule").and_then(Value::items).unwrap_or_default();
    let rules = rules.iter().map(|rule| {
        let to = rule.get("destination").and_then(Value::items).unwrap_or_default();
        let to = Value::tuple(to.iter().map(|to| part(to, &["bucket", "account"])).collect());
        part(rule, &["status", "prefix", "filter"]).with("to", to)
    });
    part(document, &["bucket", "role"]).with("rule", list(rules))
}

/// S3 may assume the role.
fn trust() -> Value {
    object([
        ("Effect", text("Allow")),
        ("Principal", object([("Service", text("s3.amazonaws.com"))])),
        ("Action", text("sts:AssumeRole")),
    ])
}

/// What the role may do (domain.md E2; S3 user guide, "Setting up permissions for live
/// replication"). For all regions in both parts, so that a promotion changes nothing in IAM,
/// whose control plane may be in the region that is lost.
fn statements(topology: &Topology, bucket: &Bucket) -> Vec<Value> {
    let arns: Vec<String> = topology
        .regions
        .iter()
        .filter_map(|r| Some(bucket_arn(&r.aws, bucket.names.get(&r.name)?)))
        .collect();
    let buckets = || list(arns.iter().map(|arn| text(arn)));
    let objects = || list(arns.iter().map(|arn| text(&format!("{arn}/*"))));
    let allow = |sid: &str, actions: &[&str], resources: Value| {
        object([
            ("Sid", text(sid)),
            ("Effect", text("Allow")),
            ("Action", list(actions.iter().map(|a| text(a)))),
            ("Resource", resources),
        ])
    };
    // The last two for Object Lock (S3 user guide, "Using Object Lock with replication"): also
    // where there is no block, because a bucket that was locked once is so for ever.
    let read = [
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
        "s3:GetObjectRetention",
        "s3:GetObjectLegalHold",
    ];
    vec![
        allow("ReadSource", &["s3:GetReplicationConfiguration", "s3:ListBucket"], buckets()),
        allow("ReadVersions", &read, objects()),
        allow(
            "WriteCopies",
            &["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            objects(),
        ),
    ]
}

/// One rule for each other region, named after it. Copies are not copied on (domain.md C3.19), so
/// that each needs a rule of its own; priorities are distinct where rules overlap.
fn rules(
    topology: &Topology,
    bucket: &Bucket,
    replication: &Replication,
    source: &Region,
) -> Value {
    let others = topology.regions.iter().filter(|r| r.name != source.name);
    let first = u64::try_from(replication.priority).unwrap_or(0);
    list(others.zip(first..).filter_map(|(region, priority)| {
        let arn = bucket_arn(&region.aws, bucket.names.get(&region.name)?);
        let mut rule = vec![
            ("id".into(), text(&region.name)),
            ("priority".into(), number(priority)),
            ("status".into(), switch(true)),
            ("filter".into(), filter(replication)),
            (
                "delete_marker_replication".into(),
                block([("status", switch(replication.delete_markers))]),
            ),
            ("destination".into(), destination(replication, &arn)),
        ];
        if replication.two_way {
            let changes = block([("status", switch(true))]);
            let selection = block([("replica_modifications", changes)]);
            rule.push(("source_selection_criteria".into(), selection));
        }
        Some(Value::object(rule))
    }))
}

fn filter(replication: &Replication) -> Value {
    let tags = || {
        let entries = replication.tags.iter().map(|(k, v)| (k.as_str().into(), text(v)));
        Value::object(entries)
    };
    match (&replication.prefix, replication.tags.len()) {
        (None, 0) => block([]),
        (Some(prefix), 0) => block([("prefix", text(prefix))]),
        (None, 1) => {
            let tag = replication
                .tags
                .iter()
                .map(|(k, v)| object([("key", text(k)), ("value", text(v))]));
            block([("tag", list(tag))])
        }
        (None, _) => block([("and", block([("tags", tags())]))]),
        (Some(prefix), _) => block([("and", block([("prefix", text(prefix)), ("tags", tags())]))]),
    }
}

fn destination(replication: &Replication, arn: &str) -> Value {
    let mut destination = vec![("bucket".into(), text(arn))];
    if let Some(class) = &replication.storage_class {
        destination.push(("storage_class".into(), text(class)));
    }
    if replication.time_control {
        // Time control works only with metrics (domain.md C3.19).
        let minutes = || block([("minutes", number(MINUTES))]);
        let time = block([("status", switch(true)), ("time", minutes())]);
        let metrics = block([("status", switch(true)), ("event_threshold", minutes())]);
        destination.push(("replication_time".into(), time));
        destination.push(("metrics".into(), metrics));
    }
    list([Value::object(destination)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_where_is_told_from_how_fast() {
        let document = |role: &str, prefix: &str, to: &str, minutes: u64| {
            let time = block([("minutes", number(minutes))]);
            let to = block([("bucket", text(to)), ("replication_time", time)]);
            let rule = block([("filter", block([("prefix", text(prefix))])), ("destination", to)]);
            object([("bucket", text("a")), ("role", text(role)), ("rule", rule)])
        };
        let before = reach(&document("r", "daily/", "b", 15));
        assert_eq!(reach(&document("r", "daily/", "b", 30)), before);
        assert_ne!(reach(&document("s", "daily/", "b", 15)), before);
        assert_ne!(reach(&document("r", "", "b", 15)), before);
        assert_ne!(reach(&document("r", "daily/", "c", 15)), before);
    }
}
