//! `aws_dynamodb_table`: a table of DynamoDB, in the region where it was made first.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::Location;
use lifeboat_sdk_derive::Kind;

use super::kind::Ahead;
use super::{table_replica, text};
use crate::cloud::store::Key;
use crate::cloud::world::World;

/// The kind's name.
pub(super) const NAME: &str = "aws_dynamodb_table";

/// A table of DynamoDB.
///
/// Its replicas in other regions are objects of their own. All of them take writes, and each copies to
/// all others; of two writes to one item the later one stays (DynamoDB developer guide, "Global tables").
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Table {
    /// Its name, unique in account and region.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// The attribute that items are divided by.
    #[kind(required, forces_replacement)]
    pub hash_key: String,
    /// The attribute that they are sorted by.
    #[kind(forces_replacement)]
    pub range_key: Option<String>,
    /// The types of both.
    #[kind(block(min = 1), set)]
    pub attribute: Vec<KeyAttribute>,
    /// With which key it is encrypted; else one of DynamoDB's.
    #[kind(block(max = 1))]
    pub server_side_encryption: Vec<Encryption>,
    /// `PAY_PER_REQUEST` or `PROVISIONED`.
    #[kind(default = "\"PAY_PER_REQUEST\"")]
    pub billing_mode: Option<String>,
    /// Whether its changes can be followed: replicas need it, with old and new images.
    #[kind(default = "true")]
    pub stream_enabled: Option<bool>,
    /// Whether deleting it is refused.
    #[kind(default = "true")]
    pub deletion_protection_enabled: Option<bool>,
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
    /// `ACTIVE` where it is well.
    #[kind(computed)]
    pub table_status: Option<String>,
}

/// An attribute that is a part of the key.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// `S`, `N` or `B`.
    pub r#type: String,
}

/// How a table is encrypted.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Encryption {
    /// Whether with a key of KMS.
    pub enabled: bool,
    /// The ARN of the key.
    #[kind(optional)]
    pub kms_key_arn: Option<String>,
}

impl Ahead for Table {
    const NAME: &'static str = NAME;
    const SERVICE: &'static str = "dynamodb";
    const NAMED_BY: &'static str = "name";
    /// As long as Terraform waits for an update.
    const LIMIT: Option<Duration> = Some(Duration::from_secs(3600));
    const HOLDS_DATA: bool = true;
}

/// Whether objects of a kind are tables, of which each copies to all others of its name.
pub(super) fn is_one(kind: &str) -> bool {
    [NAME, table_replica::NAME].contains(&kind)
}

/// The table of a name in a region: the first one, or a replica of it.
pub(crate) fn at(world: &World, account: &str, location: &Location, name: &str) -> Option<Key> {
    let key = |kind: &str| Key {
        account: account.into(),
        location: location.clone(),
        kind: kind.into(),
        id: name.into(),
    };
    [NAME, table_replica::NAME].map(key).into_iter().find(|key| world.store.get(key).is_some())
}

/// Whether it takes writes and copies them.
pub(crate) fn is_active(world: &World, key: &Key) -> bool {
    status(world, key).is_some_and(|status| status == "ACTIVE")
}

/// What DynamoDB says of it.
pub(crate) fn status<'w>(world: &'w World, key: &Key) -> Option<&'w str> {
    let stored = world.store.get(key)?;
    text(&stored.document, "table_status").or_else(|| text(&stored.document, "replica_status"))
}
