//! Lifecycle rules to and from the API.

use aws_sdk_s3::types as api;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use lifeboat_sdk::Failure;

use super::{
    AbortUpload, And, Expiration, Filter, NoncurrentExpiration, NoncurrentTransition, Rule,
    Transition,
};
use crate::filter::{Tag, api_tag, count, int, invalid};

/// A rule as S3 gives it.
pub(super) fn from_api(rule: &api::LifecycleRule) -> Rule {
    #[allow(deprecated, reason = "documents from before filters have their prefix here")]
    let prefix = rule.prefix().map(str::to_owned);
    Rule {
        id: rule.id().unwrap_or_default().to_owned(),
        status: rule.status().as_str().to_owned(),
        prefix,
        filter: rule.filter().map(filter_from).into_iter().collect(),
        expiration: rule.expiration().map(expiration_from).into_iter().collect(),
        noncurrent_version_expiration: rule
            .noncurrent_version_expiration()
            .map(|live| NoncurrentExpiration {
                newer_noncurrent_versions: count(live.newer_noncurrent_versions()),
                noncurrent_days: count(live.noncurrent_days()).unwrap_or(0),
            })
            .into_iter()
            .collect(),
        noncurrent_version_transition: rule
            .noncurrent_version_transitions()
            .iter()
            .map(|live| NoncurrentTransition {
                newer_noncurrent_versions: count(live.newer_noncurrent_versions()),
                noncurrent_days: count(live.noncurrent_days()).unwrap_or(0),
                storage_class: class_text(live.storage_class()),
            })
            .collect(),
        transition: rule.transitions().iter().map(transition_from).collect(),
        abort_incomplete_multipart_upload: rule
            .abort_incomplete_multipart_upload()
            .map(|live| AbortUpload { days_after_initiation: count(live.days_after_initiation()) })
            .into_iter()
            .collect(),
    }
}

fn filter_from(live: &api::LifecycleRuleFilter) -> Filter {
    Filter {
        prefix: live.prefix().map(str::to_owned),
        object_size_greater_than: live.object_size_greater_than(),
        object_size_less_than: live.object_size_less_than(),
        tag: live.tag().map(tag_from).into_iter().collect(),
        and: live
            .and()
            .map(|and| And {
                prefix: and.prefix().map(str::to_owned),
                object_size_greater_than: and.object_size_greater_than(),
                object_size_less_than: and.object_size_less_than(),
                tags: and.tags().iter().map(tag_from).map(|t| (t.key, t.value)).collect(),
            })
            .into_iter()
            .collect(),
    }
}

fn tag_from(tag: &api::Tag) -> Tag {
    Tag { key: tag.key().to_owned(), value: tag.value().to_owned() }
}

fn expiration_from(live: &api::LifecycleExpiration) -> Expiration {
    Expiration {
        date: live.date().and_then(date_text),
        days: count(live.days()),
        expired_object_delete_marker: live.expired_object_delete_marker(),
    }
}

fn transition_from(live: &api::Transition) -> Transition {
    Transition {
        date: live.date().and_then(date_text),
        days: count(live.days()),
        storage_class: class_text(live.storage_class()),
    }
}

fn class_text(class: Option<&api::TransitionStorageClass>) -> String {
    class.map_or("", api::TransitionStorageClass::as_str).to_owned()
}

fn date_text(date: &DateTime) -> Option<String> {
    date.fmt(Format::DateTime).ok()
}

/// A rule as S3 takes it.
pub(super) fn to_api(rule: &Rule) -> Result<api::LifecycleRule, Failure> {
    let days = |block: &NoncurrentExpiration| {
        api::NoncurrentVersionExpiration::builder()
            .noncurrent_days(int(Some(block.noncurrent_days)).unwrap_or_default())
            .set_newer_noncurrent_versions(int(block.newer_noncurrent_versions))
            .build()
    };
    let abort = |block: &AbortUpload| {
        api::AbortIncompleteMultipartUpload::builder()
            .set_days_after_initiation(int(block.days_after_initiation))
            .build()
    };
    let transitions: Vec<_> = rule.transition.iter().map(transition).collect::<Result<_, _>>()?;
    let former: Vec<_> = rule.noncurrent_version_transition.iter().map(former).collect();
    api::LifecycleRule::builder()
        .id(&rule.id)
        .status(api::ExpirationStatus::from(&*rule.status))
        .filter(filter(rule)?)
        .set_expiration(rule.expiration.first().map(expiration).transpose()?)
        .set_noncurrent_version_expiration(rule.noncurrent_version_expiration.first().map(days))
        .set_noncurrent_version_transitions(Some(former).filter(|t| !t.is_empty()))
        .set_transitions(Some(transitions).filter(|t| !t.is_empty()))
        .set_abort_incomplete_multipart_upload(
            rule.abort_incomplete_multipart_upload.first().map(abort),
        )
        .build()
        .map_err(|e| invalid(&e))
}

/// The filter; one without conditions is written as an empty prefix, which S3 always took.
fn filter(rule: &Rule) -> Result<api::LifecycleRuleFilter, Failure> {
    let mut out = api::LifecycleRuleFilter::builder();
    let Some(filter) = rule.filter.first().filter(|f| **f != Filter::default()) else {
        return Ok(out.prefix(rule.prefix.clone().unwrap_or_default()).build());
    };
    let Filter { prefix, object_size_greater_than, object_size_less_than, tag, and } = filter;
    if let Some(tag) = tag.first() {
        out = out.tag(api_tag(&tag.key, &tag.value)?);
    }
    if let Some(and) = and.first() {
        let tags: Vec<_> = and.tags.iter().map(|(k, v)| api_tag(k, v)).collect::<Result<_, _>>()?;
        let and = api::LifecycleRuleAndOperator::builder()
            .set_prefix(and.prefix.clone())
            .set_object_size_greater_than(and.object_size_greater_than)
            .set_object_size_less_than(and.object_size_less_than)
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()));
        out = out.and(and.build());
    }
    Ok(out
        .set_prefix(prefix.clone())
        .set_object_size_greater_than(*object_size_greater_than)
        .set_object_size_less_than(*object_size_less_than)
        .build())
}

fn expiration(block: &Expiration) -> Result<api::LifecycleExpiration, Failure> {
    Ok(api::LifecycleExpiration::builder()
        .set_date(block.date.as_deref().map(date).transpose()?)
        .set_days(int(block.days))
        .set_expired_object_delete_marker(block.expired_object_delete_marker)
        .build())
}

fn transition(block: &Transition) -> Result<api::Transition, Failure> {
    Ok(api::Transition::builder()
        .set_date(block.date.as_deref().map(date).transpose()?)
        .set_days(int(block.days))
        .storage_class(api::TransitionStorageClass::from(&*block.storage_class))
        .build())
}

fn former(block: &NoncurrentTransition) -> api::NoncurrentVersionTransition {
    api::NoncurrentVersionTransition::builder()
        .set_newer_noncurrent_versions(int(block.newer_noncurrent_versions))
        .set_noncurrent_days(int(Some(block.noncurrent_days)))
        .storage_class(api::TransitionStorageClass::from(&*block.storage_class))
        .build()
}

fn date(text: &str) -> Result<DateTime, Failure> {
    DateTime::from_str(text, Format::DateTimeWithOffset).map_err(|e| invalid(&e))
}
