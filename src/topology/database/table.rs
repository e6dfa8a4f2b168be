//! `engine = "dynamodb"`: a global table, whose arguments are others than those of instances.

use std::collections::BTreeMap;

use lifeboat_sdk::Name;

use super::{DatabaseBlock, Form};
use crate::topology::codes;
use crate::topology::read::{Reader, Source};

/// What a table is divided and sorted by, and of which types that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableKeys {
    /// What items are divided by.
    pub hash: Name,
    /// What they are sorted by.
    pub range: Option<Name>,
    /// The types of both.
    pub types: BTreeMap<Name, Name>,
}

/// What a table has none of.
const FOREIGN: [&str; 14] = [
    "engine_version",
    "instance_class",
    "allocated_storage",
    "username",
    "password_secret",
    "db_subnet_group_name",
    "parameter_group_name",
    "vpc_security_group_ids",
    "fence_security_group_ids",
    "multi_az",
    "instances",
    "backup_retention_period",
    "endpoint_parameter",
    "keep_retired",
];

/// What only a table has.
const OWN: [&str; 3] = ["hash_key", "range_key", "attribute_types"];

/// The types of keys (DynamoDB API reference, `AttributeDefinition`).
const TYPES: [&str; 3] = ["S", "N", "B"];

/// Reads what a table is.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    given: &DatabaseBlock,
    source: &Source<'_>,
) -> Option<Form> {
    for name in FOREIGN.into_iter().filter(|name| source.body.attribute(name).is_some()) {
        let detail =
            "A table of DynamoDB has neither instances nor sessions, and its replicas all write.";
        reader.conflict(detail, source.at(name), &format!("Remove {name}."));
    }
    let Some(hash) = given.hash_key.as_deref().map(Name::from) else {
        let detail = "The items of a table are divided by an attribute.";
        let help = "Write hash_key = \"NAME\".";
        let found = codes::NEEDED.error(detail).at(source.at("hash_key")).help(help);
        reader.found.push(found);
        return None;
    };
    let range = given.range_key.as_deref().map(Name::from);
    let keys: Vec<&Name> = std::iter::once(&hash).chain(&range).collect();
    let at = source.at("attribute_types");
    let names: Vec<&str> = keys.iter().map(|key| &***key).collect();
    for (name, kind) in &given.attribute_types {
        reader.choice("attribute_types", name, &names, at);
        reader.choice("attribute_types", kind, &TYPES, at);
    }
    let of = |key: &Name| given.attribute_types.get(&**key).map_or("S", String::as_str);
    let types = keys.iter().map(|key| ((*key).clone(), of(key).into())).collect();
    Some(Form::Table(TableKeys { hash, range, types }))
}

/// What only a table has is refused elsewhere.
pub(super) fn refuse(reader: &mut Reader<'_, '_>, source: &Source<'_>) {
    for name in OWN.into_iter().filter(|name| source.body.attribute(name).is_some()) {
        let detail = "Only a table of DynamoDB has keys of its own.";
        reader.conflict(detail, source.at(name), &format!("Remove {name}."));
    }
}
