//! Kinds of the simulation's own, each for what the engine must cope with.
//!
//! They are schema and hooks only: what reads and writes is [`crate::SimProvider`].

mod record;
mod replica;
mod secret;
mod slow;
mod store;

use std::sync::Arc;

use lifeboat_sdk::kind::{DynData, DynKind, erase, erase_data};
use lifeboat_sdk::{Class, Failure, Observation, Outcome, Scope, Service, Value};

pub use record::{Record, RecordKind};
pub use replica::{Replica, ReplicaKind};
pub use secret::{Secret, SecretKind};
pub use slow::{Slow, SlowKind};
pub use store::{Store, StoreData, StoreKind, StoreQuery, StoreRule};

use crate::over::Behaviour;

/// A service of every region.
const SIM: Service = Service { name: "sim", home: None };

/// The kinds with their hooks; without a cloud they cannot be read or written.
pub fn templates() -> Vec<Arc<dyn DynKind>> {
    vec![
        erase(RecordKind),
        erase(ReplicaKind),
        erase(SecretKind),
        erase(SlowKind),
        erase(StoreKind),
    ]
}

/// The data sources.
pub(crate) fn data_templates() -> Vec<Arc<dyn DynData>> {
    vec![erase_data(StoreData)]
}

/// How the objects of a kind behave once they are made, where their document says.
pub(crate) fn behaviour(kind: &str) -> Option<fn(&Value) -> Behaviour> {
    (kind == "sim_slow").then_some(slow::behaviour as fn(&Value) -> Behaviour)
}

fn not_configured() -> Failure {
    Failure::new(Class::Other, "the provider `sim` is not configured")
}

/// Observations without a cloud.
fn unread<O>(scope: &Scope, count: usize) -> Vec<Observation<O>> {
    (0..count).map(|_| Observation::unreadable(scope, &not_configured())).collect()
}

/// Outcomes without a cloud.
fn unmade<O>(count: usize) -> Vec<Outcome<O>> {
    (0..count).map(|_| Err(not_configured().into())).collect()
}

/// The text of an attribute that is known.
fn text<'v>(document: &'v Value, name: &str) -> Option<&'v str> {
    document.get(name).and_then(Value::as_str)
}
