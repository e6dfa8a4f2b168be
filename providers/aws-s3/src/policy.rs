//! `aws_s3_bucket_policy`: who may do what with a bucket.

use lifeboat_aws_core::{Clients, Codes as _, failure, normalise};
use lifeboat_sdk::{
    Call, Change, Ctx, Failure, Kind, Name, Observation, Outcome, Ownership, Scope, Service,
    Target, Value,
};
use lifeboat_sdk_derive::Kind;

use crate::S3;
use crate::setting::{self, At, NO_BUCKET, Setting, hollow};

/// Reads the policy.
pub const GET: Call = Call::read("s3", "GetBucketPolicy", "s3:GetBucketPolicy");
/// Sets the policy.
pub const PUT: Call = Call::write("s3", "PutBucketPolicy", "s3:PutBucketPolicy");
/// Removes the policy.
pub const DELETE: Call = Call::write("s3", "DeleteBucketPolicy", "s3:DeleteBucketPolicy");

const ABSENT: &[&str] = &[NO_BUCKET, "NoSuchBucketPolicy"];

/// Who may do what with a bucket.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Policy {
    /// The bucket.
    #[kind(required, forces_replacement, identity)]
    pub bucket: String,
    /// The bucket's name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The bucket's region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// The policy document.
    #[kind(json)]
    pub policy: String,
}

/// The kind `aws_s3_bucket_policy`.
#[derive(Clone, Debug)]
pub struct PolicyKind(pub Clients);

impl Kind for PolicyKind {
    type Object = Policy;
    const NAME: &'static str = "aws_s3_bucket_policy";
    const SERVICE: Service = S3;
    const OWNERSHIP: Ownership = Ownership::Parent;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        desired.get("bucket").and_then(Value::as_str).map(Into::into)
    }

    fn normalise(&self, document: &Value) -> Value {
        normalise::policy(document, "policy")
    }

    async fn read(&self, ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Policy>> {
        setting::read(self, ctx, scope, targets).await
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<Policy>>,
    ) -> Vec<Outcome<Policy>> {
        setting::write(self, ctx, scope, changes).await
    }
}

impl Setting for PolicyKind {
    fn clients(&self) -> &Clients {
        &self.0
    }

    fn bucket(object: &Policy) -> &str {
        &object.bucket
    }

    async fn get(at: &At<'_>, _target: &Target) -> Result<Policy, Failure> {
        let answer = at
            .call(&GET, || async {
                let call = at.client.get_bucket_policy().bucket(at.bucket);
                let answer = call.set_expected_bucket_owner(at.owner()).send().await;
                answer.map_err(|e| failure(e).not_found(ABSENT))
            })
            .await?;
        let policy = answer.policy().ok_or_else(|| hollow(&GET, at.scope, "policy"))?;
        Ok(Policy {
            bucket: at.bucket.to_owned(),
            id: Some(at.bucket.to_owned()),
            region: at.region(),
            policy: policy.to_owned(),
        })
    }

    async fn put(at: &At<'_>, after: Policy, _before: Option<&Policy>) -> Result<Policy, Failure> {
        at.patiently(&PUT, unknown_principal, || async {
            let call = at.client.put_bucket_policy().bucket(at.bucket).policy(&after.policy);
            let answer = call.set_expected_bucket_owner(at.owner()).send().await;
            answer.map(drop).map_err(|e| failure(e).not_found(&[NO_BUCKET]))
        })
        .await?;
        Ok(Policy { id: Some(at.bucket.to_owned()), region: at.region(), ..after })
    }

    async fn remove(at: &At<'_>, _before: &Policy) -> Result<(), Failure> {
        at.call(&DELETE, || async {
            let call = at.client.delete_bucket_policy().bucket(at.bucket);
            let answer = call.set_expected_bucket_owner(at.owner()).send().await;
            answer.map(drop).map_err(|e| failure(e).not_found(ABSENT))
        })
        .await
    }
}

/// Whether S3 does not know a role yet that was just made.
fn unknown_principal(failure: &Failure) -> bool {
    failure.code.as_deref() == Some("MalformedPolicy")
        && failure.message.to_lowercase().contains("principal")
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::Class;

    use super::*;

    #[test]
    fn a_principal_that_is_not_known_yet_is_tried_again() {
        let refused = |text: &str| Failure::new(Class::Invalid, text).code("MalformedPolicy");
        assert!(unknown_principal(&refused("Invalid principal in policy")));
        assert!(!unknown_principal(&refused("Missing required field Action")));
    }
}
