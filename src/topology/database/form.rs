//! What a `database` block consists of: its engine decides, and what the engine does not have is refused.

use super::DatabaseBlock;
use lifeboat_sdk::Name;

use super::table::{self, TableKeys};
use crate::topology::codes;
use crate::topology::read::{Reader, Source};

/// What a database consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// An instance of RDS in each region, of which the standbys' copy the primary's.
    Instance {
        /// The storage in GiB.
        storage: i64,
        /// Whether there is a second instance in another zone.
        multi_az: bool,
    },
    /// A global database of Aurora: a cluster in each region, one of which writes.
    Global {
        /// How many instances each cluster has.
        instances: i64,
        /// The secret that the password of the main user is read from, in each region.
        password: Name,
    },
    /// A table of DynamoDB with a replica in each region.
    Table(TableKeys),
}

/// The engine of tables.
pub(super) const TABLE: &str = "dynamodb";

/// The engines whose replicas in other regions are promoted so (RDS user guide, "Creating a read replica
/// in a different AWS Region").
const INSTANCE: [&str; 3] = ["postgres", "mysql", "mariadb"];

/// The engines of global databases (Aurora user guide, "Using Amazon Aurora Global Database").
const GLOBAL: [&str; 2] = ["aurora-postgresql", "aurora-mysql"];

/// Engines of later versions (design.md, section 3).
const LATER: [&str; 1] = ["cloudnative-pg"];

/// The least and the most storage in GiB (RDS user guide, "Quotas and constraints").
const STORAGE: std::ops::RangeInclusive<i64> = 20..=65_536;

/// How many instances a cluster has: one that writes and 15 that read (Aurora user guide, "Aurora DB
/// clusters").
const INSTANCES: std::ops::RangeInclusive<i64> = 1..=16;

/// Reads what the engine decides.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    given: &DatabaseBlock,
    source: &Source<'_>,
) -> Option<Form> {
    let engine = &*given.engine;
    if LATER.contains(&engine) {
        let help = "Write postgres, mysql or mariadb, an instance of RDS and its replicas; \
                    aurora-postgresql or aurora-mysql, a global database; or dynamodb, a global table.";
        reader.unsupported(&format!("The engine {engine:?}"), source.at("engine"), help);
        return None;
    }
    if engine == TABLE {
        return table::read(reader, given, source);
    }
    table::refuse(reader, source);
    if given.instance_class.is_none() {
        let detail = "Instances have a size.";
        let help = "Write instance_class = \"db.r6g.large\", or what fits.";
        let found = codes::NEEDED.error(detail).at(source.at("instance_class")).help(help);
        reader.found.push(found);
    }
    if GLOBAL.contains(&engine) {
        return global(reader, given, source);
    }
    let known = [INSTANCE.as_slice(), GLOBAL.as_slice(), &[TABLE]].concat();
    let fits = reader.choice("engine", engine, &known, source.at("engine"));
    let instance = instance(reader, given, source);
    instance.filter(|_| fits)
}

fn instance(
    reader: &mut Reader<'_, '_>,
    given: &DatabaseBlock,
    source: &Source<'_>,
) -> Option<Form> {
    if given.instances.is_some() {
        let detail =
            "RDS has one instance in each region, and with multi_az a second that stands by.";
        let help = "Remove instances, or write multi_az = true.";
        reader.conflict(detail, source.at("instances"), help);
    }
    let at = source.at("allocated_storage");
    let Some(storage) = given.allocated_storage else {
        let detail = "An instance of RDS has the storage that it is made with.";
        let help = "Write allocated_storage, in GiB.";
        reader.found.push(codes::NEEDED.error(detail).at(at).help(help));
        return None;
    };
    reader.in_range("allocated_storage", storage, STORAGE, at);
    Some(Form::Instance { storage, multi_az: given.multi_az.unwrap_or(false) })
}

fn global(reader: &mut Reader<'_, '_>, given: &DatabaseBlock, source: &Source<'_>) -> Option<Form> {
    if given.allocated_storage.is_some() {
        let detail = "The storage of Aurora grows by itself.";
        reader.conflict(detail, source.at("allocated_storage"), "Remove allocated_storage.");
    }
    if given.multi_az.is_some() {
        let detail = "A cluster of Aurora stands in several zones by its instances.";
        let help = "Write instances = 2 in place of multi_az.";
        reader.conflict(detail, source.at("multi_az"), help);
    }
    if given.keep_retired.is_some() {
        let detail =
            "A promotion retires no cluster: the one that was left follows under its name.";
        reader.conflict(detail, source.at("keep_retired"), "Remove keep_retired.");
    }
    let instances = given.instances.unwrap_or(1);
    reader.in_range("instances", instances, INSTANCES, source.at("instances"));
    let Some(password) = given.password_secret.as_deref() else {
        let detail = "Secrets Manager does not keep the password of a global database by itself: it is read \
                      from a secret when the database is made.";
        let help = "Write password_secret = \"NAME\", a secret of Secrets Manager in each region.";
        let found = codes::NEEDED.error(detail).at(source.at("password_secret")).help(help);
        reader.found.push(found);
        return None;
    };
    Some(Form::Global { instances, password: password.into() })
}
