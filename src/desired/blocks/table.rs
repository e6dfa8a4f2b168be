//! `database` of DynamoDB -> a table in the first region, and a replica of it in each other. All of them
//! write, whatever the roles are: nothing of them follows from it.

use lifeboat_sdk::{Name, Value};

use super::build::{Made, also, block, list, object, of, planned, tagged, text, value};
use super::database::at;
use crate::address::Address;
use crate::desired::{Part, Planned};
use crate::topology::Topology;
use crate::topology::database::{Database, TableKeys};
use crate::topology::region::Region;

/// Adds what a block stands for.
pub(super) fn expand(made: &mut Made, topology: &Topology, database: &Database, keys: &TableKeys) {
    // The first of the list, which no promotion changes.
    let Some((home, others)) = topology.regions.split_first() else { return };
    let first = at(database, "aws_dynamodb_table", &home.name);
    made.add(first.clone(), table(database, home, keys));
    for region in others {
        let own = at(database, "aws_dynamodb_table_replica", &region.name);
        made.add(own, replica(database, region, &first));
    }
}

fn table(database: &Database, region: &Region, keys: &TableKeys) -> Planned {
    let types = keys.types.iter();
    let types = types.map(|(name, kind)| object([("name", text(name)), ("type", text(kind))]));
    let mut planned = planned(
        database.span,
        [
            ("name", value(text(&database.identifier))),
            ("region", value(text(&region.aws))),
            ("hash_key", value(text(&keys.hash))),
            ("attribute", value(list(types))),
            ("stream_enabled", value(Value::Bool(true))),
        ],
    );
    also(&mut planned, "range_key", keys.range.as_ref().map(|range| value(text(range))));
    let encrypted =
        |key: &Name| value(block([("enabled", Value::Bool(true)), ("kms_key_arn", text(key))]));
    let own = database.keys.get(&region.name);
    also(&mut planned, "server_side_encryption", own.map(encrypted));
    common(&mut planned, database);
    planned
}

fn replica(database: &Database, region: &Region, first: &Address) -> Planned {
    let mut planned = planned(
        database.span,
        [("global_table_arn", of(first, "arn")), ("region", value(text(&region.aws)))],
    );
    let own = database.keys.get(&region.name);
    also(&mut planned, "kms_key_arn", own.map(|key| value(text(key))));
    common(&mut planned, database);
    planned
}

fn common(planned: &mut Planned, database: &Database) {
    tagged(planned, database.tags.as_ref());
    planned.prevent_destroy = database.prevent_destroy;
    planned.part = Some(Part::Replica);
}
