//! `aws_s3_bucket_policy`: who may do what with a bucket.

use lifeboat_aws_core::normalise;
use lifeboat_sdk::{Call, Failure, Target, Value};
use lifeboat_sdk_derive::Kind;

use crate::setting::{At, Head, NO_BUCKET, Setting, hollow, request};

/// Reads the policy.
pub const GET: Call = Call::read("s3", "GetBucketPolicy", "s3:GetBucketPolicy");
/// Sets the policy.
pub const PUT: Call = Call::write("s3", "PutBucketPolicy", "s3:PutBucketPolicy");
/// Removes the policy.
pub const DELETE: Call = Call::write("s3", "DeleteBucketPolicy", "s3:DeleteBucketPolicy");

const ABSENT: &[&str] = &[NO_BUCKET, "NoSuchBucketPolicy"];

/// Who may do what with a bucket.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
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

impl Setting for Policy {
    const NAME: &'static str = "aws_s3_bucket_policy";
    const SET: Option<[&'static str; 2]> = Some(["put-bucket-policy", "--policy"]);
    const REMOVE: Option<&'static str> = Some("delete-bucket-policy");

    fn argument(&self) -> Option<String> {
        Some(self.policy.clone())
    }

    fn head(&mut self) -> Head<'_> {
        Head { bucket: &mut self.bucket, id: &mut self.id, region: &mut self.region }
    }

    fn normalise(document: &Value) -> Value {
        normalise::policy(document, "policy")
    }

    async fn get(at: &At<'_>, _target: &Target) -> Result<Self, Failure> {
        let answer = at.call(&GET, request!(at, at.client.get_bucket_policy(), ABSENT)).await?;
        let policy = answer.policy().ok_or_else(|| hollow(&GET, at.scope, "policy"))?;
        Ok(Self { policy: policy.to_owned(), ..Self::default() })
    }

    async fn put(&mut self, at: &At<'_>, _before: Option<&Self>) -> Result<(), Failure> {
        let put = || at.client.put_bucket_policy().policy(&self.policy);
        at.patiently(&PUT, unknown_principal, request!(at, put(), &[NO_BUCKET])).await.map(drop)
    }

    async fn remove(&self, at: &At<'_>) -> Result<(), Failure> {
        at.call(&DELETE, request!(at, at.client.delete_bucket_policy(), ABSENT)).await.map(drop)
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
