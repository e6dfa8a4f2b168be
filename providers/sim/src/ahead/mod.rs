//! Kinds of AWS that the provider `aws` does not have yet: the schema and the hooks that it will have,
//! and what a change of an object does in the simulated cloud.
//!
//! When the provider has such a kind, its own is taken, and the file here goes.

mod cluster;
mod cluster_instance;
mod db_instance;
mod event_source_mapping;
mod global_cluster;
mod kind;
mod schedule;
pub(crate) mod secret;
mod ssm_parameter;
pub(crate) mod table;
mod table_replica;

use std::sync::Arc;

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{Class, Failure, Value};

pub use cluster::RdsCluster;
pub use cluster_instance::RdsClusterInstance;
pub use db_instance::DbInstance;
pub use event_source_mapping::EventSourceMapping;
pub use global_cluster::RdsGlobalCluster;
pub use schedule::Schedule;
pub use secret::ManagedSecret;
pub use ssm_parameter::SsmParameter;
pub use table::{Encryption, KeyAttribute, Table};
pub use table_replica::TableReplica;

use crate::cloud::log::Commit;
use crate::cloud::store::{Key, Stored};
use crate::cloud::world::World;

/// The provider that will have these kinds.
pub(crate) const PROVIDER: &str = "aws";

/// The kinds with their hooks; without a cloud they cannot be read or written.
pub fn kinds() -> Vec<Arc<dyn DynKind>> {
    vec![
        kind::of::<DbInstance>(),
        kind::of::<EventSourceMapping>(),
        kind::of::<RdsClusterInstance>(),
        kind::of::<RdsCluster>(),
        kind::of::<ManagedSecret>(),
        kind::of::<RdsGlobalCluster>(),
        kind::of::<Schedule>(),
        kind::of::<SsmParameter>(),
        kind::of::<Table>(),
        kind::of::<TableReplica>(),
    ]
}

/// What a change does besides replacing a document: it may refuse the change.
pub(crate) type Effect = fn(&mut World, &Key, &Change<'_>) -> Result<(), Failure>;

/// A change of an object, in the midst of which its effect is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    /// As it was; nothing for a new one.
    pub(crate) before: Option<&'a Value>,
    /// As it shall be.
    pub(crate) after: &'a Value,
}

/// What changes of a kind do, where they do more than replace a document.
pub(crate) fn effect(kind: &str) -> Option<Effect> {
    match kind {
        db_instance::NAME => Some(db_instance::effect),
        cluster::NAME => Some(cluster::effect),
        global_cluster::NAME => Some(global_cluster::effect),
        table_replica::NAME => Some(table_replica::effect),
        secret::NAME => Some(secret::effect),
        _ => None,
    }
}

/// What is left of an object that is deleted.
pub(crate) struct Left {
    key: Key,
    stored: Stored,
    logged: Vec<Commit>,
}

impl Left {
    /// Puts it into the cloud.
    pub(crate) fn stay(self, world: &mut World) {
        let Self { key, stored, logged } = self;
        world.store.put(key.clone(), stored);
        world.logs.insert(key, logged);
    }
}

/// What is left of an object that is deleted, if anything is.
///
/// # Errors
/// It may not be deleted so.
pub(crate) fn last(world: &World, key: &Key, document: &Value) -> Result<Option<Left>, Failure> {
    if *key.kind == *db_instance::NAME {
        return db_instance::last(world, key, document);
    }
    Ok(None)
}

/// Whether the objects of a kind are databases, whose data is copied with a lag.
pub(crate) fn copies_late(kind: &str) -> bool {
    [db_instance::NAME, cluster::NAME].contains(&kind)
}

/// Whether objects of a kind all take writes, and copy them to each other.
pub(crate) fn copies_all_ways(kind: &str) -> bool {
    table::is_one(kind)
}

/// The database that one follows; nothing where it takes writes itself.
pub(crate) fn source(world: &World, key: &Key) -> Option<Key> {
    match &*key.kind {
        db_instance::NAME => db_instance::source(world, key),
        cluster::NAME => cluster::source(world, key),
        _ => None,
    }
}

/// Whether a database that is not fenced takes writes.
pub(crate) fn writes(world: &World, key: &Key) -> bool {
    match &*key.kind {
        db_instance::NAME => db_instance::writes(world, key),
        cluster::NAME => cluster::writes(world, key),
        kind => table::is_one(kind) && table::is_active(world, key),
    }
}

/// Whether a change need not wait for what the cloud does by itself.
pub(crate) fn may_change(world: &World, key: &Key, after: &Value) -> bool {
    *key.kind != *cluster::NAME || cluster::may_change(world, key, after)
}

/// The text of an attribute that is known.
fn text<'v>(document: &'v Value, name: &str) -> Option<&'v str> {
    document.get(name).and_then(Value::as_str)
}

/// A change that the service does not make.
fn refused(code: &'static str, text: &str) -> Failure {
    Failure::new(Class::Invalid, text).code(code)
}
