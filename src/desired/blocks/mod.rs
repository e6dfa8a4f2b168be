//! Topology -> the kinds that its blocks stand for.
//!
//! All problems have been reported by [`crate::topology`]: what is left here is total.

mod bucket;
mod build;
mod database;
pub mod dns;
mod global;
mod record;
pub mod replication;
mod retention;
mod secret;
mod service;
mod table;
#[cfg(test)]
mod tests;

use lifeboat_sdk::{Diagnostics, Value};

use super::{Part, Synthetic};
use crate::topology::Topology;
pub use database::{is_fenced, retired};

use build::Made;

/// Whether data takes writes where it is, going by the object that would fence it, or by its absence;
/// nothing of other parts.
pub fn is_open(part: Part, object: Option<&Value>) -> Option<bool> {
    match part {
        Part::Writers => Some(!object.is_some_and(bucket::is_fenced)),
        Part::Database => object.map(|object| !database::is_closed(object)),
        Part::Replica
        | Part::Original
        | Part::Writer
        | Part::Record
        | Part::Traffic
        | Part::Endpoint
        | Part::Copies
        | Part::Health
        | Part::Triggers { .. }
        | Part::Reach
        | Part::Capacity { .. } => None,
    }
}

/// All objects that a topology stands for, in the order of their addresses.
pub fn expand(topology: &Topology) -> (Vec<Synthetic>, Diagnostics) {
    let mut made = Made::default();
    record::expand(&mut made, topology);
    for secret in &topology.secrets {
        secret::expand(&mut made, topology, secret);
    }
    for service in &topology.services {
        service::expand(&mut made, topology, service);
    }
    for database in &topology.databases {
        database::expand(&mut made, topology, database);
    }
    for bucket in &topology.buckets {
        bucket::expand(&mut made, topology, bucket);
    }
    for replication in &topology.replications {
        replication::expand(&mut made, topology, replication);
    }
    for retention in &topology.retentions {
        retention::expand(&mut made, topology, retention);
    }
    for dns in &topology.dns {
        dns::expand(&mut made, topology, dns);
    }
    for secret in &topology.secrets {
        made.depend(&format!("secret.{}", secret.name), &secret.needs);
    }
    for service in &topology.services {
        made.depend(&format!("service.{}", service.name), &service.needs);
    }
    for database in &topology.databases {
        made.depend(&format!("database.{}", database.name), &database.needs);
    }
    for bucket in &topology.buckets {
        made.depend(&format!("bucket.{}", bucket.name), &bucket.needs);
    }
    for replication in &topology.replications {
        made.depend(&format!("replication.{}", replication.name), &replication.needs);
    }
    for retention in &topology.retentions {
        made.depend(&format!("retention.{}", retention.name), &retention.needs);
    }
    for dns in &topology.dns {
        made.depend(&format!("dns_failover.{}", dns.name), &dns.needs);
    }
    (made.finish(), Diagnostics::new())
}
