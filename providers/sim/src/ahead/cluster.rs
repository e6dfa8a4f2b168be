//! `aws_rds_cluster`: a cluster of Aurora in one region, a member of a global one.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::{Failure, Finding, Value};
use lifeboat_sdk_derive::Kind;

use super::global_cluster::{self, member};
use super::kind::Ahead;
use super::{Change, db_instance, refused, text};
use crate::cloud::store::Key;
use crate::cloud::world::World;

/// The kind's name.
pub(super) const NAME: &str = "aws_rds_cluster";

/// A cluster of Aurora.
///
/// Whether it writes its global cluster says (`writer`): nothing of it changes with its role. One that
/// was the writer and was lost comes back as `pending-resync`: Aurora keeps what it held in a snapshot,
/// and brings it to where the new writer is. Until then it is not let out of its fence.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct RdsCluster {
    /// Its identifier, unique in account and region.
    #[kind(required, forces_replacement, identity)]
    pub cluster_identifier: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// `aurora-postgresql` or `aurora-mysql`.
    #[kind(required, forces_replacement)]
    pub engine: String,
    /// The version of the engine.
    #[kind(optional_computed)]
    pub engine_version: Option<String>,
    /// The global cluster that it is a member of.
    #[kind(forces_replacement)]
    pub global_cluster_identifier: Option<String>,
    /// The name of the main user; a secondary has that of the writer.
    #[kind(optional_computed, forces_replacement)]
    pub master_username: Option<String>,
    /// The name of a secret of Secrets Manager in the same region, which the password is read from when
    /// the writer is made: of a global database Secrets Manager does not keep it by itself (Aurora user
    /// guide, "Password management with Amazon Aurora and AWS Secrets Manager"). A secondary has that of
    /// the writer.
    #[kind(forces_replacement)]
    pub master_password_secret: Option<String>,
    /// Whether the storage is encrypted.
    #[kind(default = "true", forces_replacement)]
    pub storage_encrypted: Option<bool>,
    /// The ARN of the key, one of its region.
    #[kind(optional_computed, forces_replacement)]
    pub kms_key_id: Option<String>,
    /// The subnets that it is in.
    #[kind(optional_computed, forces_replacement)]
    pub db_subnet_group_name: Option<String>,
    /// The parameters that it runs with.
    #[kind(optional_computed)]
    pub db_cluster_parameter_group_name: Option<String>,
    /// The security groups that it has while it takes sessions.
    #[kind(set)]
    pub vpc_security_group_ids: Vec<String>,
    /// For how many days automatic backups are kept.
    #[kind(default = "7")]
    pub backup_retention_period: Option<i64>,
    /// Whether deleting it is refused.
    #[kind(default = "true")]
    pub deletion_protection: Option<bool>,
    /// Whether it takes no sessions and has none: it has `fence_security_group_ids` alone, its
    /// instances were rebooted after that, and its sessions were counted to none.
    #[kind(default = "false")]
    pub fenced: Option<bool>,
    /// The security groups that it has while it is fenced, which let nobody in.
    #[kind(set)]
    pub fence_security_group_ids: Vec<String>,
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
    /// The name of the host that takes its writes while it is the writer.
    #[kind(computed)]
    pub endpoint: Option<String>,
    /// The name of the hosts that only read.
    #[kind(computed)]
    pub reader_endpoint: Option<String>,
}

impl Ahead for RdsCluster {
    const NAME: &'static str = NAME;
    const SERVICE: &'static str = "rds";
    const NAMED_BY: &'static str = "cluster_identifier";
    /// As long as Terraform waits until a new cluster can be used.
    const LIMIT: Option<Duration> = Some(Duration::from_secs(7200));
    const HOLDS_DATA: bool = true;

    fn validate(document: &Value) -> Vec<Finding> {
        let does =
            "Aurora keeps automatic backups for 1 to 35 days (RDS API reference, CreateDBCluster)";
        db_instance::unfit_backups(document, does)
    }
}

/// The global cluster of a cluster, and the region that writes.
fn global(world: &World, document: &Value, key: &Key) -> Option<(Key, String)> {
    let id = text(document, "global_cluster_identifier")?;
    let global = Key { kind: global_cluster::NAME.into(), id: id.into(), ..key.clone() };
    let writer = text(&world.store.get(&global)?.document, "writer")?.to_owned();
    Some((global, writer))
}

/// Whom a member of a global cluster follows; nobody, where it is the writer, or still thinks so.
pub(super) fn source(world: &World, key: &Key) -> Option<Key> {
    let (global, writer) = global(world, &world.store.get(key)?.document, key)?;
    let source = member(world, &global, &writer)?;
    (source != *key && !world.strays.contains_key(key)).then_some(source)
}

/// Whether it is the writer, or has not found out that it is no more.
pub(super) fn writes(world: &World, key: &Key) -> bool {
    let Some(stored) = world.store.get(key) else { return false };
    if text(&stored.document, "global_cluster_identifier").is_none() {
        return true;
    }
    let writer = global(world, &stored.document, key).map(|(_, writer)| writer);
    let writer = writer.is_some_and(|writer| *key.location.region().0 == *writer);
    writer || world.strays.contains_key(key)
}

/// What a change does: a new secondary begins with what the writer has.
pub(super) fn effect(world: &mut World, key: &Key, change: &Change<'_>) -> Result<(), Failure> {
    world.ship();
    if change.before.is_some() {
        if !may_change(world, key, change.after) {
            let text = "it is pending-resync: it cannot be let out of its fence yet";
            return Err(refused("InvalidDBClusterStateFault", text));
        }
        return Ok(());
    }
    if text(change.after, "global_cluster_identifier").is_none() {
        return Ok(());
    }
    let Some((global, writer)) = global(world, change.after, key) else {
        return Err(refused("GlobalClusterNotFoundFault", "there is no such global cluster"));
    };
    if *key.location.region().0 == *writer {
        return Ok(());
    }
    let Some(source) = member(world, &global, &writer) else {
        return Err(refused("InvalidGlobalClusterStateFault", "it has no writer to follow yet"));
    };
    let all = world.logs.get(&source).cloned().unwrap_or_default();
    world.logs.insert(key.clone(), all);
    Ok(())
}

/// Whether it can be changed now: one that has not found out that it writes no more stays fenced.
pub(super) fn may_change(world: &World, key: &Key, after: &Value) -> bool {
    let opens = after.get("fenced").and_then(Value::as_bool) != Some(true);
    !(opens && world.strays.contains_key(key))
}
