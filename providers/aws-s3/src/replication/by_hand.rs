//! Replication rules as the AWS CLI takes them.

use lifeboat_aws_core::command::dense;
use serde_json::{Value as Json, json};

use super::{Destination, Filter, Minutes, OnOff, Rule, Selection};

/// The document of `--replication-configuration`.
pub(super) fn document(role: &str, rules: &[Rule]) -> Option<String> {
    let rules: Vec<Json> = rules.iter().map(rule).collect::<Option<_>>()?;
    Some(dense(json!({ "Role": role, "Rules": rules })).to_string())
}

/// A rule of the second version, as lifeboat writes it.
fn rule(rule: &Rule) -> Option<Json> {
    let markers = rule.delete_marker_replication.first().map_or("Disabled", |m| &m.status);
    Some(json!({
        "ID": rule.id,
        "Priority": rule.priority.unwrap_or(0),
        "Status": rule.status,
        "Filter": filter(rule),
        "DeleteMarkerReplication": { "Status": markers },
        "SourceSelectionCriteria": rule.source_selection_criteria.first().map(selection),
        "Destination": destination(rule.destination.first()?),
    }))
}

fn filter(rule: &Rule) -> Json {
    let Some(filter) = rule.filter.first().filter(|filter| **filter != Filter::default()) else {
        return json!({ "Prefix": rule.prefix.clone().unwrap_or_default() });
    };
    let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    let and = filter.and.first().map(|and| {
        let tags: Vec<Json> = and.tags.iter().map(|(key, value)| tag(key, value)).collect();
        json!({ "Prefix": and.prefix, "Tags": (!tags.is_empty()).then_some(tags) })
    });
    json!({
        "Prefix": filter.prefix,
        "Tag": filter.tag.first().map(|one| tag(&one.key, &one.value)),
        "And": and,
    })
}

fn status(switch: &[OnOff]) -> Option<Json> {
    switch.first().map(|switch| json!({ "Status": switch.status }))
}

fn selection(block: &Selection) -> Json {
    json!({
        "ReplicaModifications": status(&block.replica_modifications),
        "SseKmsEncryptedObjects": status(&block.sse_kms_encrypted_objects),
    })
}

fn destination(block: &Destination) -> Json {
    let minutes = |time: &[Minutes]| time.first().map(|time| json!({ "Minutes": time.minutes }));
    let owner = block.access_control_translation.first();
    let key = block.encryption_configuration.first();
    let metrics = block.metrics.first().map(|metrics| {
        let threshold = minutes(&metrics.event_threshold);
        json!({ "Status": metrics.status, "EventThreshold": threshold })
    });
    let time = block
        .replication_time
        .first()
        .map(|time| json!({ "Status": time.status, "Time": minutes(&time.time) }));
    json!({
        "Bucket": block.bucket,
        "Account": block.account,
        "StorageClass": block.storage_class,
        "AccessControlTranslation": owner.map(|to| json!({ "Owner": to.owner })),
        "EncryptionConfiguration": key.map(|key| json!({ "ReplicaKmsKeyID": key.replica_kms_key_id })),
        "Metrics": metrics,
        "ReplicationTime": time,
    })
}
