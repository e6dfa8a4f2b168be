//! `database` -> an instance of RDS in each region, of which the standbys' copy the primary's, or a global
//! database of Aurora; and a parameter in each that names the host to write to.

use std::collections::BTreeSet;

use lifeboat_sdk::{Name, Type, Value};

use super::build::{Made, address, list, of, open, planned, text, value};
use super::{global, table};
use crate::address::Address;
use crate::desired::{Follows, Part, Planned, Template};
use crate::topology::Topology;
use crate::topology::database::{Database, Form};
use crate::topology::region::Region;

/// Adds what a block stands for.
pub(super) fn expand(made: &mut Made, topology: &Topology, database: &Database) {
    let (storage, multi_az) = match &database.form {
        Form::Instance { storage, multi_az } => (*storage, *multi_az),
        Form::Global { instances, password } => {
            return global::expand(made, topology, database, (*instances, password));
        }
        Form::Table(keys) => return table::expand(made, topology, database, keys),
    };
    let writer = at(database, INSTANCE, &topology.primary);
    for region in &topology.regions {
        let mut instance = instance(database, region, storage, multi_az);
        if region.name != topology.primary {
            follow(&mut instance, database, &writer);
        }
        made.add(at(database, INSTANCE, &region.name), instance);
        if let Some(name) = &database.endpoint {
            let endpoint = endpoint(database, region, name, of(&writer, "address"));
            made.add(at(database, "aws_ssm_parameter", &region.name), endpoint);
        }
    }
}

/// Whether an instance takes no writes, because it is fenced.
pub fn is_fenced(instance: &Value) -> bool {
    instance.get(FENCED).and_then(Value::as_bool) == Some(true)
}

/// The kind of the instances.
const INSTANCE: &str = "aws_db_instance";

/// The attribute of an instance that says whether it is fenced.
pub(super) const FENCED: &str = "fenced";

/// The attribute of an instance that names the one that it copies.
const SOURCE: &str = "replicate_source_db";

pub(super) fn at(database: &Database, kind: &str, region: &str) -> Address {
    address("database", &database.name, kind, region)
}

/// One that is writable.
fn instance(database: &Database, region: &Region, storage: i64, multi_az: bool) -> Planned {
    let Database { identifier, engine, instance_class, username, .. } = database;
    let mut planned = planned(
        database.span,
        [
            ("identifier", value(text(identifier))),
            ("region", value(text(&region.aws))),
            ("engine", value(text(engine))),
            ("instance_class", value(text(instance_class))),
            ("allocated_storage", value(Value::int(storage))),
            ("username", value(text(username))),
            ("manage_master_user_password", value(Value::Bool(true))),
            ("multi_az", value(Value::Bool(multi_az))),
            ("backup_retention_period", value(Value::int(database.backups))),
            (FENCED, value(Value::Bool(false))),
        ],
    );
    given(&mut planned, database, region, "parameter_group_name");
    planned.prevent_destroy = database.prevent_destroy;
    planned.part = Some(Part::Database);
    planned
}

/// What the block gives for a region, and its tags.
pub(super) fn given(planned: &mut Planned, database: &Database, region: &Region, group: &str) {
    let mut set = |name: &str, template: Template| planned.document.push((name.into(), template));
    if let Some(version) = &database.engine_version {
        set("engine_version", value(text(version)));
    }
    for (name, by_region) in [
        ("db_subnet_group_name", &database.subnets),
        (group, &database.parameters),
        ("kms_key_id", &database.keys),
    ] {
        by_region.get(&region.name).into_iter().for_each(|own| set(name, value(text(own))));
    }
    let ids = |ids: &BTreeSet<Name>| value(list(ids.iter().map(|id| text(id))));
    for (name, by_region) in [
        ("vpc_security_group_ids", &database.groups),
        ("fence_security_group_ids", &database.closed),
    ] {
        by_region.get(&region.name).into_iter().for_each(|own| set(name, ids(own)));
    }
    if let Some(tags) = &database.tags {
        set("tags", open(tags));
    }
}

/// Whether an instance takes no writes: it is fenced, or follows another.
pub(super) fn is_closed(instance: &Value) -> bool {
    is_fenced(instance) || text_of(instance, SOURCE).is_some()
}

/// What is kept of an instance that was writable and has been built anew as a replica: its name from now
/// on, and what it is. Whoever deletes it takes a last snapshot.
pub fn retired(kind: &str, before: &Value, after: &Value) -> Option<(Name, Value)> {
    let follows = |instance: &Value| text_of(instance, SOURCE).is_some();
    if kind != INSTANCE || follows(before) || !follows(after) {
        return None;
    }
    let (was, name) = (text_of(before, "identifier")?, text_of(after, "retire_as")?);
    let named = ["identifier", "id"]
        .into_iter()
        .fold(before.clone(), |document, attribute| document.with(attribute, Value::string(name)));
    let arn = text_of(before, "arn").map(|arn| match arn.strip_suffix(was) {
        Some(start) => format!("{start}{name}"),
        None => arn.to_owned(),
    });
    let named = match arn {
        Some(arn) => named.with("arn", Value::string(arn)),
        None => named,
    };
    let last = format!("{name}-final");
    Some((name.into(), named.with("final_snapshot_identifier", Value::string(last))))
}

fn text_of<'v>(instance: &'v Value, name: &str) -> Option<&'v str> {
    instance.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Lets one copy the writable one. While its region is being left it follows nobody, and is fenced.
///
/// Whom a replica in another region follows cannot be changed (RDS API reference, ModifyDBInstance, which
/// has no source).
fn follow(planned: &mut Planned, database: &Database, writer: &Address) {
    // The epoch in which it was left, so that each one that is kept has a name of its own.
    let kept = vec![
        value(text(&format!("{}-retired-e", database.identifier))),
        Template::Standing("epoch".into()),
    ];
    planned.follows = Some((SOURCE.into(), Follows::Rebuild));
    planned.document.push((SOURCE.into(), of(writer, "arn")));
    planned.document.push(("retire_as".into(), Template::Join(kept)));
    let nothing = || value(Value::Null(Type::String));
    planned.leaving = vec![
        (FENCED.into(), value(Value::Bool(true))),
        (SOURCE.into(), nothing()),
        ("retire_as".into(), nothing()),
    ];
}

/// Where the writable one is reached, as programs of a region look it up.
pub(super) fn endpoint(
    database: &Database,
    region: &Region,
    name: &str,
    host: Template,
) -> Planned {
    let mut planned = planned(
        database.span,
        [("name", value(text(name))), ("region", value(text(&region.aws))), ("value", host)],
    );
    planned.part = Some(Part::Endpoint);
    planned
}
