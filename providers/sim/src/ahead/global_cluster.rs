//! `aws_rds_global_cluster`: a global database of Aurora: clusters in several regions, one of which writes.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::{Failure, Location, RegionName, Value};
use lifeboat_sdk_derive::Kind;

use super::kind::Ahead;
use super::{Change, cluster, refused, text};
use crate::cloud::log::{How, Switch};
use crate::cloud::store::Key;
use crate::cloud::world::World;

/// The kind's name.
pub(super) const NAME: &str = "aws_rds_global_cluster";

/// A global database of Aurora.
///
/// `writer` is the one place that says which of its clusters takes writes. Given another region,
/// `SwitchoverGlobalCluster` is called there: all that was written is in the new writer, and the old one
/// follows it. Where the region of the old one does not answer that is refused, and with
/// `allow_data_loss` `FailoverGlobalCluster` is called: what had not arrived is lost, and the old one
/// comes back as a secondary (Aurora user guide, "Using switchover or failover in an Amazon Aurora
/// global database").
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct RdsGlobalCluster {
    /// Its identifier, unique in the account.
    #[kind(required, forces_replacement, identity)]
    pub global_cluster_identifier: String,
    /// The region whose control plane is asked, of those that have a cluster of it: it is the same
    /// object in each. The writer's, so that a new writer needs no other region.
    #[kind(optional_computed)]
    pub region: Option<String>,
    /// `aurora-postgresql` or `aurora-mysql`.
    #[kind(required, forces_replacement)]
    pub engine: String,
    /// The version of the engine.
    #[kind(optional_computed)]
    pub engine_version: Option<String>,
    /// Whether the storage is encrypted.
    #[kind(default = "true", forces_replacement)]
    pub storage_encrypted: Option<bool>,
    /// Whether deleting it is refused.
    #[kind(default = "true")]
    pub deletion_protection: Option<bool>,
    /// The region whose cluster takes writes; all others follow it.
    #[kind(required)]
    pub writer: String,
    /// Whether another region may become the writer where that of the present one does not answer:
    /// whether something may be lost was settled before, by a proof or by a person.
    #[kind(default = "false")]
    pub allow_data_loss: Option<bool>,
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

impl Ahead for RdsGlobalCluster {
    const NAME: &'static str = NAME;
    const SERVICE: &'static str = "rds";
    const NAMED_BY: &'static str = "global_cluster_identifier";
    /// As long as Terraform waits for one of a global cluster.
    const LIMIT: Option<Duration> = Some(Duration::from_secs(5400));
    const ANYWHERE: bool = true;
}

/// What a change does: another writer is asked for in its own region, and gets all of the old one where
/// that answers.
pub(super) fn effect(world: &mut World, key: &Key, change: &Change<'_>) -> Result<(), Failure> {
    let writer = |document: &Value| text(document, "writer").map(str::to_owned);
    let (Some(from), Some(to)) = (change.before.and_then(writer), writer(change.after)) else {
        return Ok(());
    };
    if from == to {
        return Ok(());
    }
    if text(change.after, "region") != Some(&*to) {
        return Err(refused(
            "InvalidParameterValue",
            "it is asked for in the region of the new writer",
        ));
    }
    world.ship();
    let Some(target) = member(world, key, &to) else {
        return Err(refused(
            "DBClusterNotFoundFault",
            "there is no cluster in the region of the new writer",
        ));
    };
    if world.strays.contains_key(&target) {
        return Err(refused("InvalidGlobalClusterStateFault", "the new writer is pending-resync"));
    }
    let old = member(world, key, &from).unwrap_or_else(|| target.clone());
    let answers = !world.blackouts.contains_key(&old.location);
    let how = match (answers, change.after.get("allow_data_loss").and_then(Value::as_bool)) {
        (true, _) => {
            let all = world.logs.get(&old).cloned().unwrap_or_default();
            world.logs.insert(target.clone(), all);
            How::Switchover
        }
        (false, Some(true)) => {
            world.strays.insert(old, None);
            How::Failover
        }
        (false, _) => {
            let text = "the region of the writer does not answer, and allow_data_loss is not set";
            return Err(refused("InvalidGlobalClusterStateFault", text));
        }
    };
    world.switches.push(Switch { to: target, how });
    Ok(())
}

/// The cluster of a global one in a region.
pub(super) fn member(world: &World, global: &Key, region: &str) -> Option<Key> {
    let location = Location::Region(RegionName::from(region));
    let mut all = world.store.of_kind(&global.account, &location, cluster::NAME);
    let is = |document: &Value| text(document, "global_cluster_identifier") == Some(&*global.id);
    all.find(|(_, stored)| is(&stored.document)).map(|(key, _)| key.clone())
}
