//! `aws_secretsmanager_secret`: a secret of Secrets Manager, or a replica of one in another region.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::{Failure, Value};
use lifeboat_sdk_derive::Kind;

use super::kind::Ahead;
use super::{Change, refused, text};
use crate::cloud::store::Key;
use crate::cloud::world::World;

/// The kind's name.
pub(super) const NAME: &str = "aws_secretsmanager_secret";

/// A secret of Secrets Manager. Its value is no attribute: others put it in, and lifeboat never reads it.
///
/// `replica_of` says what it is. A replica is read where it is, and takes no value. Taken away, it stands alone
/// (`StopReplicationToReplica`, called in its own region). Given to one that stood alone, that one becomes
/// a replica, and has the value of what it copies (`ReplicateSecretToRegions` with
/// `ForceOverwriteReplicaSecret`).
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct ManagedSecret {
    /// Its name, unique in account and region.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// What it is; a replica has that of its source.
    #[kind(optional_computed)]
    pub description: Option<String>,
    /// The ARN of the key, one of its region.
    #[kind(optional_computed)]
    pub kms_key_id: Option<String>,
    /// The ARN of the secret that it copies; without it, it stands alone.
    pub replica_of: Option<String>,
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
}

impl Ahead for ManagedSecret {
    const NAME: &'static str = NAME;
    const SERVICE: &'static str = "secretsmanager";
    const NAMED_BY: &'static str = "name";
    /// Until a replica says that it is in sync.
    const LIMIT: Option<Duration> = Some(Duration::from_secs(600));
    const HOLDS_DATA: bool = true;
}

/// The secret of an ARN.
fn source(world: &World, document: &Value) -> Option<Key> {
    let arn = text(document, "replica_of")?;
    let mut all = world.store.all().filter(|(key, _)| *key.kind == *NAME);
    all.find(|(_, stored)| text(&stored.document, "arn") == Some(arn)).map(|(key, _)| key.clone())
}

/// What a change does: what is to be a replica needs a source that stands alone and answers, and has its value.
pub(super) fn effect(world: &mut World, key: &Key, change: &Change<'_>) -> Result<(), Failure> {
    share(world);
    let of = |document: &Value| text(document, "replica_of").map(str::to_owned);
    if of(change.after).is_none() || change.before.and_then(of) == of(change.after) {
        return Ok(());
    }
    let refused = |text: &str| Err(refused("InvalidRequestException", text));
    let Some(from) = source(world, change.after) else { return refused("there is no such secret") };
    let copies = world.store.get(&from).is_some_and(|it| of(&it.document).is_some());
    if copies || from == *key {
        return refused("a replica cannot be copied");
    }
    if world.blackouts.contains_key(&from.location) {
        return refused("the region of the secret does not answer");
    }
    match world.secrets.get(&from).cloned() {
        Some(value) => world.secrets.insert(key.clone(), value),
        None => world.secrets.remove(key),
    };
    Ok(())
}

/// Lets replicas have the value of their source, where both can be heard.
pub(crate) fn share(world: &mut World) {
    let replicas = world.store.all().filter(|(key, _)| *key.kind == *NAME);
    let pairs: Vec<(Key, Key)> = replicas
        .filter_map(|(key, stored)| Some((key.clone(), source(world, &stored.document)?)))
        .collect();
    for (replica, from) in pairs {
        let dark = [&replica, &from].iter().any(|key| world.blackouts.contains_key(&key.location));
        let copies = world.store.get(&from).is_some_and(|it| source(world, &it.document).is_some());
        if let Some(value) = world.secrets.get(&from).filter(|_| !dark && !copies).cloned() {
            world.secrets.insert(replica, value);
        }
    }
}

/// Whether a value can be put into it.
pub(crate) fn stands_alone(world: &World, key: &Key) -> bool {
    let stored = world.store.get(key).filter(|_| *key.kind == *NAME);
    stored.is_some_and(|stored| text(&stored.document, "replica_of").is_none())
}
