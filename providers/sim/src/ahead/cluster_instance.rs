//! `aws_rds_cluster_instance`: what serves the storage of a cluster of Aurora.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::{
    Change, Ctx, Kind, Name, Observation, Outcome, Ownership, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use super::{named, unmade, unread};

/// How long a change may take: as long as Terraform waits for one.
const LIMIT: Duration = Duration::from_secs(5400);

/// An instance of a cluster of Aurora: it holds nothing by itself.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct RdsClusterInstance {
    /// Its identifier, unique in account and region.
    #[kind(required, forces_replacement, identity)]
    pub identifier: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// The cluster that it serves.
    #[kind(required, forces_replacement)]
    pub cluster_identifier: String,
    /// `aurora-postgresql` or `aurora-mysql`.
    #[kind(required, forces_replacement)]
    pub engine: String,
    /// Its size: `db.r6g.large`.
    #[kind(required)]
    pub instance_class: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: Option<BTreeMap<String, String>>,
    /// The id: the identifier.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
}

/// The kind `aws_rds_cluster_instance`.
#[derive(Debug)]
pub struct RdsClusterInstanceKind;

impl Kind for RdsClusterInstanceKind {
    type Object = RdsClusterInstance;
    const NAME: &'static str = "aws_rds_cluster_instance";
    const SERVICE: Service = Service { name: "rds", home: None };
    const OWNERSHIP: Ownership = Ownership::Tags;
    const LONGEST: Option<Duration> = Some(LIMIT);

    fn id_of(&self, desired: &Value) -> Option<Name> {
        named(desired, "identifier")
    }

    fn normalise(&self, document: &Value) -> Value {
        super::with_all_tags(document)
    }

    async fn read(
        &self,
        _ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<RdsClusterInstance>> {
        unread(scope, targets.len())
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<RdsClusterInstance>>,
    ) -> Vec<Outcome<RdsClusterInstance>> {
        unmade(changes.len())
    }
}
