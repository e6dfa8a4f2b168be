//! `aws_s3_bucket_versioning`: whether a bucket keeps former versions of its objects.
//!
//! Every bucket has a versioning state. The object exists while it is `Enabled`, or is what
//! state holds; a bucket that never had versioning, or has it suspended as removal leaves it,
//! has no such object.

use aws_sdk_s3::types::{
    BucketVersioningStatus, MfaDelete, MfaDeleteStatus, VersioningConfiguration,
};
use lifeboat_aws_core::validate;
use lifeboat_sdk::{Call, Class, Failure, Finding, Target, Value};
use lifeboat_sdk_derive::Kind;

use crate::setting::{self, At, Head, NO_BUCKET, Setting, request};

/// Reads the state.
pub const GET: Call = Call::read("s3", "GetBucketVersioning", "s3:GetBucketVersioning");
/// Sets the state.
pub const PUT: Call = Call::write("s3", "PutBucketVersioning", "s3:PutBucketVersioning");

const ENABLED: &str = "Enabled";
const SUSPENDED: &str = "Suspended";
/// Terraform's word for a bucket that never had versioning; S3 has none.
const DISABLED: &str = "Disabled";

/// Whether a bucket keeps former versions of its objects. It cannot be switched off again, only
/// suspended; so does removing this object.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Versioning {
    /// The bucket.
    #[kind(required, forces_replacement, identity)]
    pub bucket: String,
    /// The bucket's name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The bucket's region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// Serial number and code of the device that MFA delete asks for.
    #[kind(optional, sensitive)]
    pub mfa: Option<String>,
    /// The state.
    #[kind(block(min = 1, max = 1))]
    pub versioning_configuration: Vec<State>,
}

/// The versioning state of a bucket.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct State {
    /// `Enabled`, `Suspended`, or `Disabled` for a bucket that never had versioning.
    pub status: String,
    /// Whether deleting a version needs a device: `Enabled` or `Disabled`.
    #[kind(default = "\"Disabled\"")]
    pub mfa_delete: Option<String>,
}

impl Setting for Versioning {
    const NAME: &'static str = "aws_s3_bucket_versioning";
    const SET: Option<[&'static str; 2]> =
        Some(["put-bucket-versioning", "--versioning-configuration"]);

    fn argument(&self) -> Option<String> {
        let state = self.versioning_configuration.first()?;
        // With a device it takes its code, and what never was on cannot be written.
        let plain = self.mfa.is_none() && state.mfa_delete.as_deref() != Some(ENABLED);
        (plain && state.status != DISABLED).then(|| format!("Status={}", state.status))
    }

    fn head(&mut self) -> Head<'_> {
        Head { bucket: &mut self.bucket, id: &mut self.id, region: &mut self.region }
    }

    fn validate(document: &Value) -> Vec<Finding> {
        let block = "versioning_configuration";
        let mut findings =
            validate::one_of(document, &[block, "status"], &[ENABLED, SUSPENDED, DISABLED]);
        findings.extend(validate::one_of(document, &[block, "mfa_delete"], &[ENABLED, DISABLED]));
        findings
    }

    async fn get(at: &At<'_>, target: &Target) -> Result<Self, Failure> {
        let state = live(at).await?;
        let same = |hint: &Value| {
            let blocks = hint.get("versioning_configuration").and_then(Value::items);
            let status = blocks.and_then(|b| b.first()?.get("status")?.as_str());
            status == Some(&*state.status)
        };
        if state.status != ENABLED && !setting::at_default(target, same) {
            let code = format!("Status={}", state.status);
            return Err(setting::only_default(&GET, at.scope, &code));
        }
        Ok(Self {
            mfa: target.hint.get("mfa").and_then(Value::as_str).map(str::to_owned),
            versioning_configuration: vec![state],
            ..Self::default()
        })
    }

    async fn put(&mut self, at: &At<'_>, before: Option<&Self>) -> Result<(), Failure> {
        let Some(state) = self.versioning_configuration.first() else {
            return Err(Failure::new(Class::Invalid, "versioning_configuration is missing"));
        };
        if state.status == DISABLED {
            return never_enabled(at).await;
        }
        let had_mfa = before.is_some_and(|v| v.versioning_configuration.iter().any(needs_device));
        set(at, to_api(state, had_mfa), self.mfa.as_deref()).await
    }

    async fn remove(&self, at: &At<'_>) -> Result<(), Failure> {
        let Some(state) = self.versioning_configuration.first() else { return Ok(()) };
        if state.status != ENABLED {
            return Ok(());
        }
        let suspended = State { status: SUSPENDED.to_owned(), mfa_delete: None };
        set(at, to_api(&suspended, false), self.mfa.as_deref()).await
    }
}

/// The state as it is live.
async fn live(at: &At<'_>) -> Result<State, Failure> {
    let read = request!(at, at.client.get_bucket_versioning(), &[NO_BUCKET]);
    let answer = at.call(&GET, read).await?;
    let mfa_delete = answer.mfa_delete().map_or(DISABLED, MfaDeleteStatus::as_str);
    Ok(State {
        status: answer.status().map_or(DISABLED, BucketVersioningStatus::as_str).to_owned(),
        mfa_delete: Some(mfa_delete.to_owned()),
    })
}

async fn set(
    at: &At<'_>,
    state: VersioningConfiguration,
    mfa: Option<&str>,
) -> Result<(), Failure> {
    let put = || {
        let put = at.client.put_bucket_versioning().versioning_configuration(state.clone());
        put.set_mfa(mfa.map(str::to_owned))
    };
    at.call(&PUT, request!(at, put(), &[NO_BUCKET])).await.map(drop)
}

/// `Disabled` cannot be set, only found.
async fn never_enabled(at: &At<'_>) -> Result<(), Failure> {
    let state = live(at).await?;
    if state.status == DISABLED {
        return Ok(());
    }
    let text = format!(
        "versioning is {} and cannot be Disabled again; write Suspended or take the block away",
        state.status
    );
    Err(Failure::new(Class::Invalid, text).of(&PUT, at.scope))
}

fn needs_device(state: &State) -> bool {
    state.mfa_delete.as_deref() == Some(ENABLED)
}

/// MFA delete is named only where it changes: naming it asks for the device.
fn to_api(state: &State, had_mfa: bool) -> VersioningConfiguration {
    let mfa = match (needs_device(state), had_mfa) {
        (true, _) => Some(MfaDelete::Enabled),
        (false, true) => Some(MfaDelete::Disabled),
        (false, false) => None,
    };
    VersioningConfiguration::builder()
        .status(BucketVersioningStatus::from(&*state.status))
        .set_mfa_delete(mfa)
        .build()
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::Object as _;

    use super::*;

    #[test]
    fn mfa_delete_is_named_only_where_it_changes() {
        let state = |mfa: &str| State { status: ENABLED.into(), mfa_delete: Some(mfa.into()) };
        let named = |mfa, had| to_api(&state(mfa), had).mfa_delete;
        assert_eq!(named(DISABLED, false), None);
        assert_eq!(named(ENABLED, false), Some(MfaDelete::Enabled));
        assert_eq!(named(DISABLED, true), Some(MfaDelete::Disabled));
    }

    #[test]
    fn other_states_are_refused() {
        let document = |status: &str| {
            let state = State { status: status.into(), mfa_delete: None };
            let versioning_configuration = vec![state];
            Versioning { versioning_configuration, ..Versioning::default() }.encode()
        };
        assert!(Versioning::validate(&document(DISABLED)).is_empty());
        assert_eq!(Versioning::validate(&document("enabled")).len(), 1);
    }
}
