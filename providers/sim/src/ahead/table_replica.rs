//! `aws_dynamodb_table_replica`: a replica of a table of DynamoDB in another region.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::{Failure, Location, Name, RegionName, Value};
use lifeboat_sdk_derive::Kind;

use super::kind::Ahead;
use super::{Change, refused, table, text};
use crate::cloud::store::Key;
use crate::cloud::world::World;

/// The kind's name.
pub(super) const NAME: &str = "aws_dynamodb_table_replica";

/// A replica of a table: it has what the table has, takes writes, and copies them to all others.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct TableReplica {
    /// The ARN of the table.
    #[kind(required, forces_replacement)]
    pub global_table_arn: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// The ARN of the key, one of its region.
    #[kind(forces_replacement)]
    pub kms_key_arn: Option<String>,
    /// Whether deleting it is refused.
    #[kind(default = "true")]
    pub deletion_protection_enabled: Option<bool>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: Option<BTreeMap<String, String>>,
    /// The id: the name of the table.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// `ACTIVE` where it is well (`ReplicaStatus`).
    #[kind(computed)]
    pub replica_status: Option<String>,
}

impl Ahead for TableReplica {
    const NAME: &'static str = NAME;
    const SERVICE: &'static str = "dynamodb";
    const NAMED_BY: &'static str = "global_table_arn";
    /// As long as Terraform waits for a new one.
    const LIMIT: Option<Duration> = Some(Duration::from_secs(1800));
    const HOLDS_DATA: bool = true;

    fn id_of(desired: &Value) -> Option<Name> {
        let arn = text(desired, Self::NAMED_BY)?;
        Some(arn.rsplit('/').next().unwrap_or(arn).into())
    }
}

/// What a change does: a new replica begins with what the table has.
pub(super) fn effect(world: &mut World, key: &Key, change: &Change<'_>) -> Result<(), Failure> {
    if change.before.is_some() {
        return Ok(());
    }
    let arn = text(change.after, "global_table_arn").unwrap_or_default();
    let region = RegionName::from(arn.split(':').nth(3).unwrap_or_default());
    let home = Location::Region(region);
    let Some(table) = table::at(world, &key.account, &home, &key.id) else {
        return Err(refused("ValidationException", "there is no table of that ARN"));
    };
    if home == key.location {
        return Err(refused("ValidationException", "the table is in this region itself"));
    }
    let all = world.logs.get(&table).cloned().unwrap_or_default();
    world.logs.insert(key.clone(), all);
    Ok(())
}
