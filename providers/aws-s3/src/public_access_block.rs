//! `aws_s3_bucket_public_access_block`: what keeps a bucket from being public.

use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use lifeboat_aws_core::command::dense;
use lifeboat_sdk::{Call, Failure, Target};
use lifeboat_sdk_derive::Kind;
use serde_json::json;

use crate::setting::{At, Head, NO_BUCKET, Setting, hollow, request};

/// Reads the block.
pub const GET: Call = Call::read("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock");
/// Sets the block.
pub const PUT: Call = Call::write("s3", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock");
/// Removes the block.
pub const DELETE: Call =
    Call::write("s3", "DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock");

const ABSENT: &[&str] = &[NO_BUCKET, "NoSuchPublicAccessBlockConfiguration"];

/// What keeps a bucket from being public. New buckets have all of it (since April 2023).
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct PublicAccessBlock {
    /// The bucket.
    #[kind(required, forces_replacement, identity)]
    pub bucket: String,
    /// The bucket's name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The bucket's region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// Whether calls that set a public ACL fail.
    #[kind(default = "false")]
    pub block_public_acls: Option<bool>,
    /// Whether calls that set a public policy fail.
    #[kind(default = "false")]
    pub block_public_policy: Option<bool>,
    /// Whether public ACLs have no effect.
    #[kind(default = "false")]
    pub ignore_public_acls: Option<bool>,
    /// Whether a public policy lets in only the account and AWS's services.
    #[kind(default = "false")]
    pub restrict_public_buckets: Option<bool>,
}

impl Setting for PublicAccessBlock {
    const NAME: &'static str = "aws_s3_bucket_public_access_block";
    const SET: Option<[&'static str; 2]> =
        Some(["put-public-access-block", "--public-access-block-configuration"]);
    const REMOVE: Option<&'static str> = Some("delete-public-access-block");

    fn argument(&self) -> Option<String> {
        let document = json!({
            "BlockPublicAcls": self.block_public_acls,
            "IgnorePublicAcls": self.ignore_public_acls,
            "BlockPublicPolicy": self.block_public_policy,
            "RestrictPublicBuckets": self.restrict_public_buckets,
        });
        Some(dense(document).to_string())
    }

    fn head(&mut self) -> Head<'_> {
        Head { bucket: &mut self.bucket, id: &mut self.id, region: &mut self.region }
    }

    async fn get(at: &At<'_>, _target: &Target) -> Result<Self, Failure> {
        let read = request!(at, at.client.get_public_access_block(), ABSENT);
        let answer = at.call(&GET, read).await?;
        let live = answer
            .public_access_block_configuration()
            .ok_or_else(|| hollow(&GET, at.scope, "configuration"))?;
        Ok(Self {
            block_public_acls: Some(live.block_public_acls().unwrap_or(false)),
            block_public_policy: Some(live.block_public_policy().unwrap_or(false)),
            ignore_public_acls: Some(live.ignore_public_acls().unwrap_or(false)),
            restrict_public_buckets: Some(live.restrict_public_buckets().unwrap_or(false)),
            ..Self::default()
        })
    }

    async fn put(&mut self, at: &At<'_>, _before: Option<&Self>) -> Result<(), Failure> {
        let block = PublicAccessBlockConfiguration::builder()
            .set_block_public_acls(self.block_public_acls)
            .set_block_public_policy(self.block_public_policy)
            .set_ignore_public_acls(self.ignore_public_acls)
            .set_restrict_public_buckets(self.restrict_public_buckets)
            .build();
        let put = || at.client.put_public_access_block();
        let put = || put().public_access_block_configuration(block.clone());
        at.call(&PUT, request!(at, put(), &[NO_BUCKET])).await.map(drop)
    }

    async fn remove(&self, at: &At<'_>) -> Result<(), Failure> {
        let remove = request!(at, at.client.delete_public_access_block(), ABSENT);
        at.call(&DELETE, remove).await.map(drop)
    }
}
