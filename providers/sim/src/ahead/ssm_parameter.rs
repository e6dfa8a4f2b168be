//! `aws_ssm_parameter`: a value in the Parameter Store of Systems Manager, in one region.

use std::collections::BTreeMap;

use lifeboat_sdk::{
    Change, Ctx, Kind, Name, Observation, Outcome, Ownership, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use super::{named, unmade, unread};

/// A value that programs look up by its name, in their own region.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct SsmParameter {
    /// Its name: `/orders/writer`.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// `String` or `StringList`. Secrets belong to Secrets Manager.
    #[kind(default = "\"String\"")]
    pub r#type: Option<String>,
    /// The value.
    #[kind(required)]
    pub value: String,
    /// What it is.
    pub description: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: Option<BTreeMap<String, String>>,
    /// The id: the name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// Counts its values.
    #[kind(computed, volatile)]
    pub version: Option<i64>,
}

/// The kind `aws_ssm_parameter`.
#[derive(Debug)]
pub struct SsmParameterKind;

impl Kind for SsmParameterKind {
    type Object = SsmParameter;
    const NAME: &'static str = "aws_ssm_parameter";
    const SERVICE: Service = Service { name: "ssm", home: None };
    const OWNERSHIP: Ownership = Ownership::Tags;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        named(desired, "name")
    }

    fn normalise(&self, document: &Value) -> Value {
        match document.get("tags").filter(|tags| !tags.is_null()) {
            Some(tags) => document.with("tags_all", tags.clone()),
            None => document.clone(),
        }
    }

    async fn read(
        &self,
        _ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<SsmParameter>> {
        unread(scope, targets.len())
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<SsmParameter>>,
    ) -> Vec<Outcome<SsmParameter>> {
        unmade(changes.len())
    }
}
