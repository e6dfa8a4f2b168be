//! `aws_s3_bucket_replication_configuration`: what S3 copies to buckets elsewhere.
//!
//! Rules are of S3's second version: each has a filter, a priority and says whether delete
//! markers are copied. A rule of the first version that is found live is shown as what it does.

pub mod backfill;
mod by_hand;
pub mod content;
mod convert;
mod deletions;
#[cfg(test)]
mod large;
pub mod listing;
mod normal;
pub mod parts;
mod sync;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aws_sdk_s3::types::ReplicationConfiguration;
use lifeboat_sdk::{
    Backfill, Backfilled, Call, Class, CopyOf, Failure, Finding, Synced, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use crate::filter::{Tag, invalid};
use crate::setting::{At, Head, NO_BUCKET, Setting, hollow, request};

/// Reads the rules.
pub const GET: Call = Call::read("s3", "GetBucketReplication", "s3:GetReplicationConfiguration");
/// Sets the rules. S3 also asks for `iam:PassRole` on the role.
pub const PUT: Call = Call::write("s3", "PutBucketReplication", "s3:PutReplicationConfiguration");
/// Removes the rules.
pub const DELETE: Call =
    Call::write("s3", "DeleteBucketReplication", "s3:PutReplicationConfiguration");

const ABSENT: &[&str] = &[NO_BUCKET, "ReplicationConfigurationNotFoundError"];

/// What S3 copies from a bucket to others. Versioning must be enabled on both sides.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Replication {
    /// The source bucket.
    #[kind(required, forces_replacement, identity)]
    pub bucket: String,
    /// The bucket's name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The bucket's region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// The ARN of the role by which S3 copies.
    pub role: String,
    /// What AWS support gives to replicate a bucket with Object Lock that existed before.
    #[kind(optional, sensitive)]
    pub token: Option<String>,
    /// The rules.
    #[kind(block(min = 1), set)]
    pub rule: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Rule {
    /// Its name, once in a bucket; `rule-PRIORITY` where none is given.
    #[kind(optional, set_key)]
    pub id: Option<String>,
    /// Where rules overlap, the higher wins; once in a bucket for one destination.
    #[kind(default = "0")]
    pub priority: Option<i64>,
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// Objects whose keys begin so; `filter` is the newer form.
    #[kind(optional)]
    pub prefix: Option<String>,
    /// Which objects it is about; all where it is empty.
    #[kind(block(max = 1))]
    pub filter: Vec<Filter>,
    /// Whether delete markers are copied; not, where nothing is said.
    #[kind(block(max = 1))]
    pub delete_marker_replication: Vec<OnOff>,
    /// Objects that are copied only on request.
    #[kind(block(max = 1))]
    pub source_selection_criteria: Vec<Selection>,
    /// Where copies go.
    #[kind(block(min = 1, max = 1))]
    pub destination: Vec<Destination>,
}

/// Which objects a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Filter {
    /// Objects whose keys begin so.
    #[kind(optional)]
    pub prefix: Option<String>,
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
    /// Objects with all of these tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
}

/// A switch.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct OnOff {
    /// `Enabled` or `Disabled`.
    pub status: String,
}

/// Objects that are copied only on request.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Selection {
    /// Changes made to copies: needed on both sides of a two-way pair.
    #[kind(block(max = 1))]
    pub replica_modifications: Vec<OnOff>,
    /// Objects encrypted with KMS keys.
    #[kind(block(max = 1))]
    pub sse_kms_encrypted_objects: Vec<OnOff>,
}

/// Where copies go.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Destination {
    /// The ARN of the bucket.
    pub bucket: String,
    /// The account of the bucket, where it is another.
    #[kind(optional)]
    pub account: Option<String>,
    /// The class of copies; else that of the source.
    #[kind(optional)]
    pub storage_class: Option<String>,
    /// Who owns copies in another account.
    #[kind(block(max = 1))]
    pub access_control_translation: Vec<Translation>,
    /// How copies are encrypted.
    #[kind(block(max = 1))]
    pub encryption_configuration: Vec<ReplicaKey>,
    /// Metrics of the replication.
    #[kind(block(max = 1))]
    pub metrics: Vec<Metrics>,
    /// Replication Time Control: within 15 minutes.
    #[kind(block(max = 1))]
    pub replication_time: Vec<ReplicationTime>,
}

/// Who owns copies in another account.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Translation {
    /// `Destination`
    pub owner: String,
}

/// How copies are encrypted.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct ReplicaKey {
    /// The KMS key in the destination's region.
    pub replica_kms_key_id: String,
}

/// Metrics of the replication.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Metrics {
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// From when on a late copy is an event.
    #[kind(block(max = 1))]
    pub event_threshold: Vec<Minutes>,
}

/// Replication Time Control.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct ReplicationTime {
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// Within how long.
    #[kind(block(min = 1, max = 1))]
    pub time: Vec<Minutes>,
}

/// A time.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Minutes {
    /// Minutes; S3 takes 15.
    pub minutes: u32,
}

impl Setting for Replication {
    const NAME: &'static str = "aws_s3_bucket_replication_configuration";
    const SET: Option<[&'static str; 2]> =
        Some(["put-bucket-replication", "--replication-configuration"]);
    const REMOVE: Option<&'static str> = Some("delete-bucket-replication");

    fn argument(&self) -> Option<String> {
        // With a token of AWS support it takes more than this.
        self.token.is_none().then(|| by_hand::document(&self.role, &self.rule)).flatten()
    }

    fn head(&mut self) -> Head<'_> {
        Head { bucket: &mut self.bucket, id: &mut self.id, region: &mut self.region }
    }

    fn normalise(document: &Value) -> Value {
        normal::document(document)
    }

    fn validate(document: &Value) -> Vec<Finding> {
        normal::findings(document)
    }

    async fn get(at: &At<'_>, target: &Target) -> Result<Self, Failure> {
        let read = request!(at, at.client.get_bucket_replication(), ABSENT);
        let answer = at.call(&GET, read).await?;
        let live = answer
            .replication_configuration()
            .filter(|live| !live.rules().is_empty())
            .ok_or_else(|| hollow(&GET, at.scope, "rule"))?;
        Ok(Self {
            role: live.role().to_owned(),
            token: target.hint.get("token").and_then(Value::as_str).map(str::to_owned),
            rule: live.rules().iter().map(convert::from_api).collect(),
            ..Self::default()
        })
    }

    async fn put(&mut self, at: &At<'_>, _before: Option<&Self>) -> Result<(), Failure> {
        let rules = self.rule.iter().map(convert::to_api).collect::<Result<Vec<_>, _>>()?;
        let document = ReplicationConfiguration::builder()
            .role(&self.role)
            .set_rules(Some(rules))
            .build()
            .map_err(|e| invalid(&e))?;
        let put = || {
            let put = at.client.put_bucket_replication();
            put.replication_configuration(document.clone()).set_token(self.token.clone())
        };
        at.patiently(&PUT, not_yet, request!(at, put(), &[NO_BUCKET])).await.map(drop)
    }

    async fn sync(
        self,
        source: &At<'_>,
        target: &At<'_>,
        copy: CopyOf<'_>,
    ) -> Result<Synced, Failure> {
        sync::sync(&self, source, target, copy).await
    }

    async fn backfill(
        self,
        source: &At<'_>,
        target: &At<'_>,
        copy: Backfill<'_>,
    ) -> Result<Backfilled, Failure> {
        backfill::backfill(&self, source, target, copy).await
    }

    async fn remove(&self, at: &At<'_>) -> Result<(), Failure> {
        let remove = request!(at, at.client.delete_bucket_replication(), ABSENT);
        at.call(&DELETE, remove).await.map(drop)
    }
}

/// Whether versioning that was just enabled, on either side, is not seen yet.
fn not_yet(failure: &Failure) -> bool {
    matches!(failure.class, Class::Invalid | Class::Other)
        && failure.message.to_lowercase().contains("versioning")
}
