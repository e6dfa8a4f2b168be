//! `aws_s3_bucket_public_access_block`: what keeps a bucket from being public.

use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use lifeboat_aws_core::{Clients, Codes as _, failure};
use lifeboat_sdk::{
    Call, Change, Ctx, Failure, Kind, Observation, Outcome, Ownership, Scope, Service, Target,
};
use lifeboat_sdk_derive::Kind;

use crate::S3;
use crate::setting::{self, At, NO_BUCKET, Setting, hollow};

/// Reads the block.
pub const GET: Call = Call::read("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock");
/// Sets the block.
pub const PUT: Call = Call::write("s3", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock");
/// Removes the block.
pub const DELETE: Call =
    Call::write("s3", "DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock");

const ABSENT: &[&str] = &[NO_BUCKET, "NoSuchPublicAccessBlockConfiguration"];

/// What keeps a bucket from being public. New buckets have all of it (since April 2023).
#[derive(Clone, Debug, PartialEq, Kind)]
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

/// The kind `aws_s3_bucket_public_access_block`.
#[derive(Clone, Debug)]
pub struct PublicAccessBlockKind(pub Clients);

impl Kind for PublicAccessBlockKind {
    type Object = PublicAccessBlock;
    const NAME: &'static str = "aws_s3_bucket_public_access_block";
    const SERVICE: Service = S3;
    const OWNERSHIP: Ownership = Ownership::Parent;

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<PublicAccessBlock>> {
        setting::read(self, ctx, scope, targets).await
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<PublicAccessBlock>>,
    ) -> Vec<Outcome<PublicAccessBlock>> {
        setting::write(self, ctx, scope, changes).await
    }
}

impl Setting for PublicAccessBlockKind {
    fn clients(&self) -> &Clients {
        &self.0
    }

    fn bucket(object: &PublicAccessBlock) -> &str {
        &object.bucket
    }

    async fn get(at: &At<'_>, _target: &Target) -> Result<PublicAccessBlock, Failure> {
        let answer = at
            .call(&GET, || async {
                let call = at.client.get_public_access_block().bucket(at.bucket);
                let answer = call.set_expected_bucket_owner(at.owner()).send().await;
                answer.map_err(|e| failure(e).not_found(ABSENT))
            })
            .await?;
        let live = answer
            .public_access_block_configuration()
            .ok_or_else(|| hollow(&GET, at.scope, "configuration"))?;
        Ok(PublicAccessBlock {
            bucket: at.bucket.to_owned(),
            id: Some(at.bucket.to_owned()),
            region: at.region(),
            block_public_acls: Some(live.block_public_acls().unwrap_or(false)),
            block_public_policy: Some(live.block_public_policy().unwrap_or(false)),
            ignore_public_acls: Some(live.ignore_public_acls().unwrap_or(false)),
            restrict_public_buckets: Some(live.restrict_public_buckets().unwrap_or(false)),
        })
    }

    async fn put(
        at: &At<'_>,
        after: PublicAccessBlock,
        _before: Option<&PublicAccessBlock>,
    ) -> Result<PublicAccessBlock, Failure> {
        let block = PublicAccessBlockConfiguration::builder()
            .set_block_public_acls(after.block_public_acls)
            .set_block_public_policy(after.block_public_policy)
            .set_ignore_public_acls(after.ignore_public_acls)
            .set_restrict_public_buckets(after.restrict_public_buckets)
            .build();
        at.call(&PUT, || async {
            let call = at.client.put_public_access_block().bucket(at.bucket);
            let call = call.public_access_block_configuration(block.clone());
            let answer = call.set_expected_bucket_owner(at.owner()).send().await;
            answer.map(drop).map_err(|e| failure(e).not_found(&[NO_BUCKET]))
        })
        .await?;
        Ok(PublicAccessBlock { id: Some(at.bucket.to_owned()), region: at.region(), ..after })
    }

    async fn remove(at: &At<'_>, _before: &PublicAccessBlock) -> Result<(), Failure> {
        at.call(&DELETE, || async {
            let call = at.client.delete_public_access_block().bucket(at.bucket);
            let answer = call.set_expected_bucket_owner(at.owner()).send().await;
            answer.map(drop).map_err(|e| failure(e).not_found(ABSENT))
        })
        .await
    }
}
