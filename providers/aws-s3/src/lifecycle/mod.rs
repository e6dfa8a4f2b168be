//! `aws_s3_bucket_lifecycle_configuration`: when objects move to other classes and expire.
//!
//! S3 has one document for all rules of a bucket; it is written as a whole.

mod convert;
mod normal;
mod order;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aws_sdk_s3::types::{BucketLifecycleConfiguration, TransitionDefaultMinimumObjectSize};
use lifeboat_aws_core::validate;
use lifeboat_sdk::{Call, Failure, Finding, Target, Value};
use lifeboat_sdk_derive::Kind;

use crate::filter::{Tag, invalid};
use crate::setting::{At, Head, NO_BUCKET, Setting, hollow, request};

/// Reads the rules.
pub const GET: Call =
    Call::read("s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration");
/// Sets the rules.
pub const PUT: Call =
    Call::write("s3", "PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration");
/// Removes the rules.
pub const DELETE: Call = Call::write("s3", "DeleteBucketLifecycle", "s3:PutLifecycleConfiguration");

const ABSENT: &[&str] = &[NO_BUCKET, "NoSuchLifecycleConfiguration"];
/// What S3 takes where a document says nothing (since September 2024).
const DEFAULT_SIZE: &str = "all_storage_classes_128K";

/// When objects of a bucket move to other storage classes and expire.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Lifecycle {
    /// The bucket.
    #[kind(required, forces_replacement, identity)]
    pub bucket: String,
    /// The bucket's name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The bucket's region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// Which small objects do not move: `all_storage_classes_128K` or `varies_by_storage_class`.
    #[kind(optional_computed)]
    pub transition_default_minimum_object_size: Option<String>,
    /// The rules.
    #[kind(block(min = 1), set)]
    pub rule: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Rule {
    /// Its name, once in a bucket.
    #[kind(required, set_key)]
    pub id: String,
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// Objects whose keys begin so; `filter` is the newer form.
    #[kind(optional)]
    pub prefix: Option<String>,
    /// Which objects it is about; all where it is empty.
    #[kind(block(max = 1))]
    pub filter: Vec<Filter>,
    /// When current versions expire.
    #[kind(block(max = 1))]
    pub expiration: Vec<Expiration>,
    /// When former versions are deleted.
    #[kind(block(max = 1))]
    pub noncurrent_version_expiration: Vec<NoncurrentExpiration>,
    /// When former versions move to other classes.
    #[kind(block, set)]
    pub noncurrent_version_transition: Vec<NoncurrentTransition>,
    /// When current versions move to other classes.
    #[kind(block, set)]
    pub transition: Vec<Transition>,
    /// When uploads that were never completed are given up.
    #[kind(block(max = 1))]
    pub abort_incomplete_multipart_upload: Vec<AbortUpload>,
}

/// Which objects a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Filter {
    /// Objects whose keys begin so.
    #[kind(optional)]
    pub prefix: Option<String>,
    /// Objects above this size, in bytes.
    #[kind(optional)]
    pub object_size_greater_than: Option<i64>,
    /// Objects below this size, in bytes.
    #[kind(optional)]
    pub object_size_less_than: Option<i64>,
    /// Objects with this tag.
    #[kind(block(max = 1))]
    pub tag: Vec<Tag>,
    /// Objects for which all of several conditions hold.
    #[kind(block(max = 1))]
    pub and: Vec<And>,
}

/// Several conditions, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct And {
    /// Objects whose keys begin so.
    #[kind(optional)]
    pub prefix: Option<String>,
    /// Objects above this size, in bytes.
    #[kind(optional)]
    pub object_size_greater_than: Option<i64>,
    /// Objects below this size, in bytes.
    #[kind(optional)]
    pub object_size_less_than: Option<i64>,
    /// Objects with all of these tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
}

/// When current versions expire: after days or at a date.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Expiration {
    /// Midnight UTC of a day: `2030-01-01T00:00:00Z`.
    #[kind(optional)]
    pub date: Option<String>,
    /// Days after an object was made.
    #[kind(optional)]
    pub days: Option<u32>,
    /// Whether delete markers without versions are removed; stands alone.
    #[kind(optional)]
    pub expired_object_delete_marker: Option<bool>,
}

/// When former versions are deleted.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct NoncurrentExpiration {
    /// How many of the newest are kept.
    #[kind(optional)]
    pub newer_noncurrent_versions: Option<u32>,
    /// Days after a version was replaced.
    pub noncurrent_days: u32,
}

/// When former versions move to another class.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct NoncurrentTransition {
    /// How many of the newest stay.
    #[kind(optional)]
    pub newer_noncurrent_versions: Option<u32>,
    /// Days after a version was replaced.
    pub noncurrent_days: u32,
    /// The class, such as `GLACIER`.
    pub storage_class: String,
}

/// When current versions move to another class: after days or at a date.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Transition {
    /// Midnight UTC of a day.
    #[kind(optional)]
    pub date: Option<String>,
    /// Days after an object was made.
    #[kind(optional)]
    pub days: Option<u32>,
    /// The class, such as `STANDARD_IA`.
    pub storage_class: String,
}

/// When uploads that were never completed are given up.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct AbortUpload {
    /// Days after the upload began.
    #[kind(optional)]
    pub days_after_initiation: Option<u32>,
}

impl Setting for Lifecycle {
    const NAME: &'static str = "aws_s3_bucket_lifecycle_configuration";

    fn head(&mut self) -> Head<'_> {
        Head { bucket: &mut self.bucket, id: &mut self.id, region: &mut self.region }
    }

    fn normalise(document: &Value) -> Value {
        normal::document(document)
    }

    fn validate(document: &Value) -> Vec<Finding> {
        let mut findings =
            validate::one_of(document, &["rule", "status"], &["Enabled", "Disabled"]);
        findings.extend(validate::one_of(
            document,
            &["transition_default_minimum_object_size"],
            &[DEFAULT_SIZE, "varies_by_storage_class"],
        ));
        findings.extend(normal::findings(document));
        findings.extend(order::findings(document));
        findings
    }

    async fn get(at: &At<'_>, _target: &Target) -> Result<Self, Failure> {
        let read = request!(at, at.client.get_bucket_lifecycle_configuration(), ABSENT);
        let answer = at.call(&GET, read).await?;
        if answer.rules().is_empty() {
            return Err(hollow(&GET, at.scope, "rule"));
        }
        let size = answer.transition_default_minimum_object_size();
        Ok(Self {
            transition_default_minimum_object_size: Some(size_text(size)),
            rule: answer.rules().iter().map(convert::from_api).collect(),
            ..Self::default()
        })
    }

    async fn put(&mut self, at: &At<'_>, _before: Option<&Self>) -> Result<(), Failure> {
        let rules = self.rule.iter().map(convert::to_api).collect::<Result<Vec<_>, _>>()?;
        let document = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
        let document = document.map_err(|e| invalid(&e))?;
        let size = self.transition_default_minimum_object_size.as_deref();
        let size = size.map(TransitionDefaultMinimumObjectSize::from);
        let put = || {
            let put = at.client.put_bucket_lifecycle_configuration();
            put.lifecycle_configuration(document.clone())
                .set_transition_default_minimum_object_size(size.clone())
        };
        let answer = at.call(&PUT, request!(at, put(), &[NO_BUCKET])).await?;
        let size = answer.transition_default_minimum_object_size().or(size.as_ref());
        self.transition_default_minimum_object_size = Some(size_text(size));
        Ok(())
    }

    async fn remove(&self, at: &At<'_>) -> Result<(), Failure> {
        let remove = request!(at, at.client.delete_bucket_lifecycle(), ABSENT);
        at.call(&DELETE, remove).await.map(drop)
    }
}

fn size_text(size: Option<&TransitionDefaultMinimumObjectSize>) -> String {
    size.map_or(DEFAULT_SIZE, TransitionDefaultMinimumObjectSize::as_str).to_owned()
}
