//! `database` of DynamoDB -> a table in the first region, and a replica of it in each other. All of them
//! write, whatever the roles are: nothing of them follows from it.

use lifeboat_sdk::Value;

use super::build::{Made, block, list, object, of, open, planned, text, value};
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
    if let Some(range) = &keys.range {
        planned.document.push(("range_key".into(), value(text(range))));
    }
    if let Some(key) = database.keys.get(&region.name) {
        let encryption = block([("enabled", Value::Bool(true)), ("kms_key_arn", text(key))]);
        planned.document.push(("server_side_encryption".into(), value(encryption)));
    }
    common(&mut planned, database);
    planned
}

fn replica(database: &Database, region: &Region, first: &Address) -> Planned {
    let mut planned = planned(
        database.span,
        [("global_table_arn", of(first, "arn")), ("region", value(text(&region.aws)))],
    );
    if let Some(key) = database.keys.get(&region.name) {
        planned.document.push(("kms_key_arn".into(), value(text(key))));
    }
    common(&mut planned, database);
    planned
}

fn common(planned: &mut Planned, database: &Database) {
    if let Some(tags) = &database.tags {
        planned.document.push(("tags".into(), open(tags)));
    }
    planned.prevent_destroy = database.prevent_destroy;
    planned.part = Some(Part::Replica);
}
