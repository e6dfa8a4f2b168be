//! `sim_secret`: a sensitive value whose id the service makes up, so that only tags find it.

use std::collections::BTreeMap;

use lifeboat_sdk::{Change, Ctx, Kind, Observation, Outcome, Ownership, Scope, Service, Target};
use lifeboat_sdk_derive::Kind;

use super::{unmade, unread};

/// `sim_secret`: a secret in one region.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Secret {
    /// What it is called; many may be called so.
    pub name: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// The secret itself.
    #[kind(required, sensitive)]
    pub value: String,
    /// Tags.
    pub tags: Option<BTreeMap<String, String>>,
    /// The id.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// The version, a new one with each change.
    #[kind(computed, volatile)]
    pub version_id: Option<String>,
}

/// The kind `sim_secret`.
#[derive(Debug)]
pub struct SecretKind;

impl Kind for SecretKind {
    type Object = Secret;
    const NAME: &'static str = "sim_secret";
    const SERVICE: Service = Service { name: "simvault", home: None };
    const OWNERSHIP: Ownership = Ownership::Tags;

    async fn read(
        &self,
        _ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<Secret>> {
        unread(scope, targets.len())
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<Secret>>,
    ) -> Vec<Outcome<Secret>> {
        unmade(changes.len())
    }
}
