//! The kinds that AWS has and the provider `aws` does not have yet.

use std::sync::Arc;

use lifeboat_contract::{Case, Subject};
use lifeboat_sdk::kind::DynKind;
use lifeboat_sim::{SimCloud, SimProvider};

use crate::support::place;

/// All of them.
pub(super) fn subjects(cloud: &SimCloud) -> Vec<Subject> {
    let mut all = vec![databases(cloud), parameters(cloud)];
    all.extend(triggers(cloud));
    all.extend(global(cloud));
    all.extend(tables(cloud));
    all.push(managed_secrets(cloud));
    all
}

fn named(cloud: &SimCloud, kind: &str) -> Arc<dyn DynKind> {
    SimProvider::ahead(cloud).kind(kind).unwrap()
}

fn databases(cloud: &SimCloud) -> Subject {
    let kind = named(cloud, "aws_db_instance");
    let walk = [
        r#"{"identifier": "a", "instance_class": "db.r6g.large"}"#,
        r#"{"identifier": "a", "instance_class": "db.r6g.xlarge", "engine_version": "16.4",
            "multi_az": true, "fenced": true, "fence_security_group_ids": ["sg-0"],
            "vpc_security_group_ids": ["sg-1", "sg-2"], "tags": {"k": "v"}}"#,
        r#"{"identifier": "b", "region": "us-west-2", "instance_class": "db.r6g.large"}"#,
    ];
    // A replica that is promoted, one of another name, and one again.
    let promoted = [
        r#"{"identifier": "r", "instance_class": "c", "replicate_source_db": "${writer.arn}"}"#,
        r#"{"identifier": "r", "instance_class": "c"}"#,
        r#"{"identifier": "s", "instance_class": "c", "replicate_source_db": "${writer.arn}"}"#,
    ];
    // What was writable follows, and is kept under another name.
    let retired = [
        r#"{"identifier": "d", "instance_class": "c", "fenced": true}"#,
        r#"{"identifier": "d", "instance_class": "c", "replicate_source_db": "${writer.arn}",
            "retire_as": "d-retired-e2"}"#,
        r#"{"identifier": "e", "instance_class": "c"}"#,
    ];
    let writer = r#"{"identifier": "w", "region": "us-west-2", "instance_class": "c"}"#;
    let following =
        |name, walk| Case::parse(name, walk).and_then(|case| case.needing("writer", &kind, writer));
    let cases = vec![
        Case::parse("walk", &walk).unwrap(),
        following("promoted", &promoted).unwrap(),
        following("retired", &retired).unwrap(),
    ];
    Subject { kind: Arc::clone(&kind), place: place(), cases }
}

/// A global database: the whole, the cluster of a region, and an instance of it.
fn global(cloud: &SimCloud) -> [Subject; 3] {
    let wholes = [
        r#"{"global_cluster_identifier": "g", "engine": "aurora-mysql", "writer": "us-east-1"}"#,
        r#"{"global_cluster_identifier": "g", "engine": "aurora-mysql", "writer": "us-east-1",
            "engine_version": "8.0", "deletion_protection": false, "allow_data_loss": true,
            "tags": {"k": "v"}}"#,
        r#"{"global_cluster_identifier": "h", "engine": "aurora-mysql", "writer": "us-west-2",
            "region": "us-west-2"}"#,
    ];
    let clusters = [
        r#"{"cluster_identifier": "c", "engine": "aurora-mysql",
            "global_cluster_identifier": "${whole.id}"}"#,
        r#"{"cluster_identifier": "c", "engine": "aurora-mysql",
            "global_cluster_identifier": "${whole.id}", "fenced": true, "tags": {"k": "v"},
            "vpc_security_group_ids": ["sg-1", "sg-2"], "fence_security_group_ids": ["sg-0"],
            "backup_retention_period": 1}"#,
        r#"{"cluster_identifier": "d", "engine": "aurora-mysql", "region": "us-west-2"}"#,
    ];
    let instances = [
        r#"{"identifier": "i", "cluster_identifier": "c", "engine": "aurora-mysql",
            "instance_class": "db.r6g.large"}"#,
        r#"{"identifier": "i", "cluster_identifier": "c", "engine": "aurora-mysql",
            "instance_class": "db.r6g.xlarge", "tags": {"k": "v"}}"#,
        r#"{"identifier": "i", "cluster_identifier": "d", "engine": "aurora-mysql",
            "instance_class": "db.r6g.large"}"#,
    ];
    let whole = named(cloud, "aws_rds_global_cluster");
    let needed = r#"{"global_cluster_identifier": "w", "engine": "aurora-mysql",
        "writer": "us-east-1"}"#;
    let members = Case::parse("walk", &clusters).unwrap();
    let members = members.needing("whole", &whole, needed).unwrap();
    let of = |kind: &str, case: Case| {
        let kind = named(cloud, kind);
        Subject { kind, place: place(), cases: vec![case] }
    };
    [
        of("aws_rds_global_cluster", Case::parse("walk", &wholes).unwrap()),
        of("aws_rds_cluster", members),
        of("aws_rds_cluster_instance", Case::parse("walk", &instances).unwrap()),
    ]
}

/// A secret, and one that is a replica of one in another region.
fn managed_secrets(cloud: &SimCloud) -> Subject {
    let walk = [
        r#"{"name": "a"}"#,
        r#"{"name": "a", "description": "a key", "tags": {"k": "v"}}"#,
        r#"{"name": "a", "region": "us-west-2"}"#,
    ];
    let promoted = [
        r#"{"name": "r", "replica_of": "${home.arn}"}"#,
        r#"{"name": "r"}"#,
        r#"{"name": "s", "replica_of": "${home.arn}"}"#,
    ];
    let kind = named(cloud, "aws_secretsmanager_secret");
    let promoted = Case::parse("promoted", &promoted).unwrap();
    let home = r#"{"name": "h", "region": "us-west-2"}"#;
    let promoted = promoted.needing("home", &kind, home).unwrap();
    Subject { kind, place: place(), cases: vec![Case::parse("walk", &walk).unwrap(), promoted] }
}

/// A table, and a replica of one in another region.
fn tables(cloud: &SimCloud) -> [Subject; 2] {
    let tables = [
        r#"{"name": "a", "hash_key": "k", "attribute": [{"name": "k", "type": "S"}]}"#,
        r#"{"name": "a", "hash_key": "k", "attribute": [{"name": "k", "type": "S"}],
            "billing_mode": "PROVISIONED", "deletion_protection_enabled": false,
            "tags": {"k": "v"}}"#,
        r#"{"name": "a", "hash_key": "j", "range_key": "k",
            "attribute": [{"name": "j", "type": "S"}, {"name": "k", "type": "N"}]}"#,
    ];
    let replicas = [
        r#"{"global_table_arn": "${table.arn}"}"#,
        r#"{"global_table_arn": "${table.arn}", "deletion_protection_enabled": false,
            "tags": {"k": "v"}}"#,
        r#"{"global_table_arn": "${table.arn}", "kms_key_arn": "arn:aws:kms:us-east-1:1:key/k"}"#,
    ];
    let (table, replica) =
        (named(cloud, "aws_dynamodb_table"), named(cloud, "aws_dynamodb_table_replica"));
    let needed = r#"{"name": "t", "region": "us-west-2", "hash_key": "k",
        "attribute": [{"name": "k", "type": "S"}]}"#;
    let replicas = Case::parse("walk", &replicas).unwrap();
    let replicas = replicas.needing("table", &table, needed).unwrap();
    [
        Subject { kind: table, place: place(), cases: vec![Case::parse("walk", &tables).unwrap()] },
        Subject { kind: replica, place: place(), cases: vec![replicas] },
    ]
}

fn parameters(cloud: &SimCloud) -> Subject {
    let walk = [
        r#"{"name": "/orders/writer", "value": "one.example.com"}"#,
        r#"{"name": "/orders/writer", "value": "two.example.com", "description": "the writer",
            "tags": {"k": "v"}}"#,
        r#"{"name": "/orders/writer", "value": "one.example.com", "region": "us-west-2"}"#,
    ];
    let (kind, cases) =
        (named(cloud, "aws_ssm_parameter"), vec![Case::parse("walk", &walk).unwrap()]);
    Subject { kind, place: place(), cases }
}

fn triggers(cloud: &SimCloud) -> [Subject; 2] {
    let mappings = [
        r#"{"uuid": "one", "enabled": true}"#,
        r#"{"uuid": "one", "enabled": false}"#,
        r#"{"uuid": "two", "enabled": true}"#,
    ];
    let schedules = [
        r#"{"name": "nightly", "state": "ENABLED"}"#,
        r#"{"name": "nightly", "state": "DISABLED"}"#,
        r#"{"name": "nightly", "group_name": "orders", "state": "ENABLED"}"#,
    ];
    [("aws_lambda_event_source_mapping", mappings), ("aws_scheduler_schedule", schedules)].map(
        |(kind, walk)| {
            let (kind, cases) = (named(cloud, kind), vec![Case::parse("walk", &walk).unwrap()]);
            Subject { kind, place: place(), cases }
        },
    )
}
