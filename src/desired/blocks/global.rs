//! `database` of Aurora -> a global cluster, of which one attribute says which region writes; a cluster in
//! each region, which follows it by itself; and its instances.

use lifeboat_sdk::Value;

use super::build::{Made, also, of, planned, tagged, text, value};
use super::database::{FENCED, at, endpoint, given};
use crate::address::Address;
use crate::desired::{Part, Planned};
use crate::topology::Topology;
use crate::topology::database::Database;
use crate::topology::region::Region;

/// Adds what a block stands for.
pub(super) fn expand(
    made: &mut Made,
    topology: &Topology,
    database: &Database,
    (instances, password): (i64, &str),
) {
    let global = at(database, "aws_rds_global_cluster", "global");
    let writer = at(database, "aws_rds_cluster", &topology.primary);
    if let Some(primary) = topology.region(&topology.primary) {
        made.add(global.clone(), whole(database, primary));
    }
    for region in &topology.regions {
        let mut cluster = cluster(database, region, password);
        // Not by references: what a promotion changes of the whole comes after the fences of its parts.
        cluster.after.push(global.clone());
        if region.name != topology.primary {
            cluster.after.push(writer.clone());
        }
        let own = at(database, "aws_rds_cluster", &region.name);
        made.add(own.clone(), cluster);
        for number in 1..=instances {
            let key = format!("{}/{number}", region.name);
            let instance = instance(database, region, &own, number);
            made.add(at(database, "aws_rds_cluster_instance", &key), instance);
        }
        if let Some(name) = &database.endpoint {
            let endpoint = endpoint(database, region, name, of(&writer, "endpoint"));
            made.add(at(database, "aws_ssm_parameter", &region.name), endpoint);
        }
    }
}

/// The whole, asked for in the region that writes, or shall.
fn whole(database: &Database, primary: &Region) -> Planned {
    let mut planned = planned(
        database.span,
        [
            ("global_cluster_identifier", value(text(&database.identifier))),
            ("region", value(text(&primary.aws))),
            ("engine", value(text(&database.engine))),
            ("writer", value(text(&primary.aws))),
            // A promotion has a proof, or a person who accepts the loss, before it comes to this.
            ("allow_data_loss", value(Value::Bool(true))),
        ],
    );
    let version = database.engine_version.as_ref().map(|version| value(text(version)));
    also(&mut planned, "engine_version", version);
    tagged(&mut planned, database.tags.as_ref());
    planned.prevent_destroy = database.prevent_destroy;
    planned.part = Some(Part::Writer);
    planned
}

/// The cluster of a region: the same in each role.
fn cluster(database: &Database, region: &Region, password: &str) -> Planned {
    let identifier = || value(text(&database.identifier));
    let mut planned = planned(
        database.span,
        [
            ("cluster_identifier", identifier()),
            ("region", value(text(&region.aws))),
            ("engine", value(text(&database.engine))),
            ("global_cluster_identifier", identifier()),
            ("master_username", value(text(&database.username))),
            ("master_password_secret", value(text(password))),
            ("backup_retention_period", value(Value::int(database.backups))),
            (FENCED, value(Value::Bool(false))),
        ],
    );
    given(&mut planned, database, region, "db_cluster_parameter_group_name");
    planned.prevent_destroy = database.prevent_destroy;
    planned.part = Some(Part::Database);
    planned.leaving = vec![(FENCED.into(), value(Value::Bool(true)))];
    planned
}

fn instance(database: &Database, region: &Region, cluster: &Address, number: i64) -> Planned {
    let mut planned = planned(
        database.span,
        [
            ("identifier", value(text(&format!("{}-{number}", database.identifier)))),
            ("region", value(text(&region.aws))),
            ("cluster_identifier", value(text(&database.identifier))),
            ("engine", value(text(&database.engine))),
            ("instance_class", value(text(&database.instance_class))),
        ],
    );
    tagged(&mut planned, database.tags.as_ref());
    planned.after.push(cluster.clone());
    planned
}
