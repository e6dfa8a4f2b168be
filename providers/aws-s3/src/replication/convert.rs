//! Replication rules to and from the API.

use aws_sdk_s3::types as api;
use lifeboat_sdk::Failure;

use super::{
    And, Destination, Filter, Metrics, Minutes, OnOff, ReplicaKey, ReplicationTime, Rule,
    Selection, Translation,
};
use crate::filter::{Tag, api_tag, count, int, invalid};

/// A rule as S3 gives it. One without filter is of the first version, which copies delete
/// markers (S3 user guide, "Backward compatibility considerations").
pub(super) fn from_api(rule: &api::ReplicationRule) -> Rule {
    #[allow(deprecated, reason = "rules of the first version have their prefix here")]
    let prefix = rule.prefix().map(str::to_owned);
    let first = rule.filter().is_none();
    let markers = match rule.delete_marker_replication().and_then(|m| m.status()) {
        Some(status) => vec![OnOff { status: status.as_str().to_owned() }],
        None if first => vec![OnOff { status: "Enabled".to_owned() }],
        None => Vec::new(),
    };
    Rule {
        id: rule.id().map(str::to_owned),
        priority: Some(rule.priority().unwrap_or(0).into()),
        status: rule.status().as_str().to_owned(),
        prefix,
        filter: rule.filter().map(filter_from).into_iter().collect(),
        delete_marker_replication: markers,
        source_selection_criteria: rule
            .source_selection_criteria()
            .map(selection_from)
            .into_iter()
            .collect(),
        destination: rule.destination().map(destination_from).into_iter().collect(),
    }
}

fn filter_from(live: &api::ReplicationRuleFilter) -> Filter {
    let tag = |t: &api::Tag| Tag { key: t.key().to_owned(), value: t.value().to_owned() };
    Filter {
        prefix: live.prefix().map(str::to_owned),
        tag: live.tag().map(tag).into_iter().collect(),
        and: live
            .and()
            .map(|and| And {
                prefix: and.prefix().map(str::to_owned),
                tags: and.tags().iter().map(tag).map(|t| (t.key, t.value)).collect(),
            })
            .into_iter()
            .collect(),
    }
}

fn selection_from(live: &api::SourceSelectionCriteria) -> Selection {
    let on_off = |status: &str| vec![OnOff { status: status.to_owned() }];
    Selection {
        replica_modifications: live
            .replica_modifications()
            .map(|m| on_off(m.status().as_str()))
            .unwrap_or_default(),
        sse_kms_encrypted_objects: live
            .sse_kms_encrypted_objects()
            .map(|m| on_off(m.status().as_str()))
            .unwrap_or_default(),
    }
}

fn destination_from(live: &api::Destination) -> Destination {
    let minutes = |time: Option<&api::ReplicationTimeValue>| {
        let minutes = time.and_then(|time| count(time.minutes()));
        minutes.map(|minutes| Minutes { minutes }).into_iter().collect()
    };
    Destination {
        bucket: live.bucket().to_owned(),
        account: live.account().map(str::to_owned),
        storage_class: live.storage_class().map(|class| class.as_str().to_owned()),
        access_control_translation: live
            .access_control_translation()
            .map(|t| Translation { owner: t.owner().as_str().to_owned() })
            .into_iter()
            .collect(),
        encryption_configuration: live
            .encryption_configuration()
            .and_then(|e| e.replica_kms_key_id())
            .map(|key| ReplicaKey { replica_kms_key_id: key.to_owned() })
            .into_iter()
            .collect(),
        metrics: live
            .metrics()
            .map(|m| Metrics {
                status: m.status().as_str().to_owned(),
                event_threshold: minutes(m.event_threshold()),
            })
            .into_iter()
            .collect(),
        replication_time: live
            .replication_time()
            .map(|t| ReplicationTime {
                status: t.status().as_str().to_owned(),
                time: minutes(t.time()),
            })
            .into_iter()
            .collect(),
    }
}

/// A rule as S3 takes it, of the second version.
pub(super) fn to_api(rule: &Rule) -> Result<api::ReplicationRule, Failure> {
    let markers = rule.delete_marker_replication.first().map_or("Disabled", |m| &m.status);
    let markers = api::DeleteMarkerReplication::builder()
        .status(api::DeleteMarkerReplicationStatus::from(markers))
        .build();
    let priority = i32::try_from(rule.priority.unwrap_or(0)).map_err(|e| invalid(&e))?;
    let selection = rule.source_selection_criteria.first().map(selection).transpose()?;
    api::ReplicationRule::builder()
        .set_id(rule.id.clone())
        .priority(priority)
        .status(api::ReplicationRuleStatus::from(&*rule.status))
        .filter(filter(rule)?)
        .delete_marker_replication(markers)
        .set_source_selection_criteria(selection)
        .set_destination(rule.destination.first().map(destination).transpose()?)
        .build()
        .map_err(|e| invalid(&e))
}

/// The filter; one without conditions is written as an empty prefix.
fn filter(rule: &Rule) -> Result<api::ReplicationRuleFilter, Failure> {
    let mut out = api::ReplicationRuleFilter::builder();
    let Some(filter) = rule.filter.first().filter(|f| **f != Filter::default()) else {
        return Ok(out.prefix(rule.prefix.clone().unwrap_or_default()).build());
    };
    let Filter { prefix, tag, and } = filter;
    if let Some(tag) = tag.first() {
        out = out.tag(api_tag(&tag.key, &tag.value)?);
    }
    if let Some(and) = and.first() {
        let tags: Vec<_> = and.tags.iter().map(|(k, v)| api_tag(k, v)).collect::<Result<_, _>>()?;
        let and = api::ReplicationRuleAndOperator::builder()
            .set_prefix(and.prefix.clone())
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()));
        out = out.and(and.build());
    }
    Ok(out.set_prefix(prefix.clone()).build())
}

fn selection(block: &Selection) -> Result<api::SourceSelectionCriteria, Failure> {
    let mut out = api::SourceSelectionCriteria::builder();
    if let Some(switch) = block.replica_modifications.first() {
        let status = api::ReplicaModificationsStatus::from(&*switch.status);
        let built = api::ReplicaModifications::builder().status(status).build();
        out = out.replica_modifications(built.map_err(|e| invalid(&e))?);
    }
    if let Some(switch) = block.sse_kms_encrypted_objects.first() {
        let status = api::SseKmsEncryptedObjectsStatus::from(&*switch.status);
        let built = api::SseKmsEncryptedObjects::builder().status(status).build();
        out = out.sse_kms_encrypted_objects(built.map_err(|e| invalid(&e))?);
    }
    Ok(out.build())
}

fn destination(block: &Destination) -> Result<api::Destination, Failure> {
    let minutes = |time: &[Minutes]| {
        time.first().map(|time| {
            api::ReplicationTimeValue::builder().set_minutes(int(Some(time.minutes))).build()
        })
    };
    let mut out = api::Destination::builder()
        .bucket(&block.bucket)
        .set_account(block.account.clone())
        .set_storage_class(block.storage_class.as_deref().map(api::StorageClass::from));
    if let Some(translation) = block.access_control_translation.first() {
        let owner = api::OwnerOverride::from(&*translation.owner);
        let built = api::AccessControlTranslation::builder().owner(owner).build();
        out = out.access_control_translation(built.map_err(|e| invalid(&e))?);
    }
    if let Some(key) = block.encryption_configuration.first() {
        let key = Some(key.replica_kms_key_id.clone());
        let built = api::EncryptionConfiguration::builder().set_replica_kms_key_id(key).build();
        out = out.encryption_configuration(built);
    }
    if let Some(metrics) = block.metrics.first() {
        let built = api::Metrics::builder()
            .status(api::MetricsStatus::from(&*metrics.status))
            .set_event_threshold(minutes(&metrics.event_threshold))
            .build();
        out = out.metrics(built.map_err(|e| invalid(&e))?);
    }
    if let Some(time) = block.replication_time.first() {
        let built = api::ReplicationTime::builder()
            .status(api::ReplicationTimeStatus::from(&*time.status))
            .set_time(minutes(&time.time))
            .build();
        out = out.replication_time(built.map_err(|e| invalid(&e))?);
    }
    out.build().map_err(|e| invalid(&e))
}
