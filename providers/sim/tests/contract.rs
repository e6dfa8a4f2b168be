//! The contract over the simulation's own kinds, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use lifeboat_contract::{
    Case, Fault, Faults, On, Report, Server, Subject, document, names, run, table,
};
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::DynKind;
use lifeboat_sim::{Fault as Sim, Nth, Rule, SimCloud, SimProvider, Strictness};

use crate::support::place;

/// The cloud as the suite sees it.
pub(crate) struct Cloud {
    cloud: SimCloud,
    stale: Duration,
}

impl Cloud {
    pub(crate) fn new(cloud: &SimCloud) -> Self {
        Self { cloud: cloud.clone(), stale: Duration::ZERO }
    }
}

impl Server for Cloud {
    fn name(&self) -> &str {
        "sim"
    }

    fn reset(&self) -> BoxFuture<'_, ()> {
        self.cloud.clear();
        Box::pin(async {})
    }

    fn faults(&self) -> Option<&dyn Faults> {
        Some(self)
    }

    fn stale(&self) -> Duration {
        self.stale
    }
}

impl Faults for Cloud {
    fn inject(&self, fault: Fault, on: On) {
        let fault = match fault {
            Fault::Refuse => Sim::Refuse,
            Fault::Reset => Sim::Reset,
            Fault::Status500 => Sim::Status500,
            Fault::Status503 => Sim::Status503,
            Fault::Throttle => Sim::Throttle,
            Fault::Denied => Sim::Denied,
            Fault::BlackHole => Sim::BlackHole,
            Fault::DropAnswer => Sim::DropAnswer,
            Fault::CutBody => Sim::CutAnswer,
            Fault::GarbleBody => Sim::GarbleAnswer,
        };
        let nth = match on {
            On::Nth(n) => Nth::Exactly(n),
            On::From(n) => Nth::After(n - 1),
        };
        self.cloud.inject(Rule::new(fault).nth(nth));
    }

    fn clear(&self) -> u64 {
        self.cloud.clear_rules()
    }
}

fn subject(cloud: &SimCloud, kind: &str, cases: Vec<Case>) -> Subject {
    let kind = SimProvider::new(cloud).kind(kind).unwrap();
    Subject { kind, place: place(), cases }
}

fn stores(cloud: &SimCloud) -> Subject {
    let walk = [
        r#"{"name": "a"}"#,
        r#"{"name": "a", "size": 5, "class": "fast", "tags": {"k": "v"}, "readers": ["x", "y"],
            "rule": [{"name": "old", "days": 30}], "policy": "{\"a\": [1]}"}"#,
        r#"{"name": "b", "region": "us-west-2", "class": "Fast",
            "rule": [{"name": "old", "days": 60}, {"name": "older", "days": 90}]}"#,
    ];
    let full =
        [r#"{"name": "full", "region": "eu-west-1", "size": 2, "class": "SLOW", "locked": true,
            "force_destroy": true, "readers": ["z"], "tags": {"a": "b", "c": "d"}}"#];
    subject(
        cloud,
        "sim_store",
        vec![Case::parse("walk", &walk).unwrap(), Case::parse("full", &full).unwrap()],
    )
}

fn replicas(cloud: &SimCloud) -> Subject {
    let store = SimProvider::new(cloud).kind("sim_store").unwrap();
    let walk = [
        r#"{"store": "${store.id}"}"#,
        r#"{"store": "${store.id}", "streams": 4, "peer_arn": "${peer.arn}"}"#,
        r#"{"store": "${other.id}"}"#,
    ];
    let case = Case::parse("walk", &walk)
        .and_then(|case| case.needing("store", &store, r#"{"name": "one"}"#))
        .and_then(|case| case.needing("other", &store, r#"{"name": "two"}"#))
        .and_then(|case| case.needing("peer", &store, r#"{"name": "p", "region": "us-west-2"}"#));
    subject(cloud, "sim_replica", vec![case.unwrap()])
}

fn records(cloud: &SimCloud) -> Subject {
    let walk = [
        r#"{"zone": "Z1", "name": "WWW.example.com.", "type": "A", "values": ["192.0.2.1"]}"#,
        r#"{"zone": "Z1", "name": "www.example.com", "type": "A", "ttl": 60,
            "values": ["192.0.2.1", "192.0.2.2"]}"#,
        r#"{"zone": "Z1", "name": "www.example.com", "type": "TXT", "values": ["x"]}"#,
    ];
    subject(cloud, "sim_record", vec![Case::parse("walk", &walk).unwrap()])
}

fn secrets(cloud: &SimCloud) -> Subject {
    let walk = [
        r#"{"name": "db", "value": "hunter2"}"#,
        r#"{"name": "db2", "value": "hunter3", "tags": {}}"#,
        r#"{"name": "db2", "value": "hunter3", "region": "us-west-2", "tags": {"k": "v"}}"#,
    ];
    subject(cloud, "sim_secret", vec![Case::parse("walk", &walk).unwrap()])
}

fn slow(cloud: &SimCloud) -> Subject {
    let walk = [
        r#"{"name": "a"}"#,
        r#"{"name": "a", "delay": 600, "needs": ["x"]}"#,
        r#"{"name": "b", "delay": 0}"#,
    ];
    subject(cloud, "sim_slow", vec![Case::parse("walk", &walk).unwrap()])
}

/// A kind that AWS has and the provider `aws` does not have yet.
fn ahead(cloud: &SimCloud, kind: &str) -> Arc<dyn DynKind> {
    SimProvider::ahead(cloud).kind(kind).unwrap()
}

fn databases(cloud: &SimCloud) -> Subject {
    let kind = ahead(cloud, "aws_db_instance");
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
    let whole = ahead(cloud, "aws_rds_global_cluster");
    let needed = r#"{"global_cluster_identifier": "w", "engine": "aurora-mysql",
        "writer": "us-east-1"}"#;
    let members = Case::parse("walk", &clusters).unwrap();
    let members = members.needing("whole", &whole, needed).unwrap();
    let of = |kind: &str, case: Case| {
        let kind = ahead(cloud, kind);
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
    let kind = ahead(cloud, "aws_secretsmanager_secret");
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
        (ahead(cloud, "aws_dynamodb_table"), ahead(cloud, "aws_dynamodb_table_replica"));
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
        (ahead(cloud, "aws_ssm_parameter"), vec![Case::parse("walk", &walk).unwrap()]);
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
            let (kind, cases) = (ahead(cloud, kind), vec![Case::parse("walk", &walk).unwrap()]);
            Subject { kind, place: place(), cases }
        },
    )
}

async fn all(server: &Cloud) -> Vec<Report> {
    let cloud = &server.cloud;
    let subjects = [
        stores(cloud),
        replicas(cloud),
        records(cloud),
        secrets(cloud),
        slow(cloud),
        databases(cloud),
        parameters(cloud),
    ];
    let subjects = subjects.into_iter().chain(triggers(cloud)).chain(global(cloud));
    let subjects = subjects.chain(tables(cloud)).chain([managed_secrets(cloud)]);
    let mut reports = Vec::new();
    for subject in subjects {
        reports.push(run(&subject, server).await);
    }
    reports
}

#[track_caller]
fn hold(reports: &[Report]) {
    let failures: Vec<String> = reports.iter().flat_map(Report::failures).collect();
    assert!(failures.is_empty(), "{}\n{}", failures.join("\n"), table(reports));
}

#[tokio::test(start_paused = true)]
async fn every_kind_keeps_the_contract() {
    let reports = all(&Cloud::new(&SimCloud::new(1))).await;
    hold(&reports);
    let held = |report: &Report| {
        report.rows.iter().filter(|(_, o)| *o == lifeboat_contract::Outcome::Held).count()
    };
    let counts: Vec<usize> = reports.iter().map(held).collect();
    // Only an id that the service makes up can be told, and a part is only in its parent,
    // and only what has tags is listed by them.
    assert_eq!(
        counts,
        [16, 15, 15, 17, 15, 16, 16, 14, 14, 16, 16, 16, 16, 16, 16],
        "{}",
        table(&reports)
    );
    assert_eq!(names().count(), 17);
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds_with_latency_and_stale_reads() {
    for seed in 0..4 {
        let cloud = SimCloud::new(seed);
        cloud.set_latency(Duration::from_millis(80));
        let stale = Duration::from_secs(20);
        cloud.set_strictness(Strictness { stale, ..Strictness::default() });
        hold(&all(&Cloud { cloud, stale }).await);
    }
}

#[tokio::test(start_paused = true)]
async fn the_suite_finds_a_kind_that_breaks_it() {
    let cloud = SimCloud::new(1);
    let mut subject = stores(&cloud);
    subject.kind = Arc::new(Broken(subject.kind));
    let report = run(&subject, &Cloud::new(&cloud)).await;
    let broken: Vec<&str> = report
        .rows
        .iter()
        .filter(|(_, outcome)| matches!(outcome, lifeboat_contract::Outcome::Failed(_)))
        .map(|(rule, _)| *rule)
        .collect();
    assert_eq!(
        broken,
        [
            "the result is as planned",
            "a read gives what create gave",
            "planning again proposes nothing",
            "the cases can be walked",
            "what is unreadable is not absent",
        ]
    );
    let table = table(&[report]);
    assert!(table.contains("the cases can be walked"), "{table}");
    assert!(table.contains("reads as absent"), "{table}");
}

#[test]
fn a_configuration_that_does_not_fit_is_refused() {
    let kind = SimProvider::new(&SimCloud::new(1)).kind("sim_store").unwrap();
    let config = lifeboat_sdk::value::json::from_json(r#"{"nmae": "a"}"#, None).unwrap();
    assert_eq!(
        document(kind.schema().attributes, &config).unwrap_err(),
        "there is no attribute `nmae`"
    );
}

/// A kind that forgets the size that it is given and takes every failure for absence.
struct Broken(Arc<dyn DynKind>);

mod broken {
    //! The broken kind: what it says right, it says as the sound one does.

    use lifeboat_sdk::future::BoxFuture;
    use lifeboat_sdk::kind::{ChangeAction, DynKind};
    use lifeboat_sdk::{
        Backfill, Backfilled, Batch, Change, Class, CopyOf, Ctx, Failure, Finding, Inventory,
        KnownDoc, Line, Name, Observation, Outcome, Ownership, Proof, RoleContext, RolePlan,
        Schema, Scope, Service, Synced, Target, Value,
    };

    use super::Broken;

    fn forget(after: &KnownDoc) -> KnownDoc {
        KnownDoc::new(&after.value().with("size", Value::int(1))).unwrap()
    }

    fn absent() -> Observation<Value> {
        let failure = Failure::new(Class::NotFound, "any failure");
        Observation::Absent(Proof::from_failure(failure).unwrap())
    }

    impl DynKind for Broken {
        fn name(&self) -> &'static str {
            self.0.name()
        }
        fn schema(&self) -> &'static Schema {
            self.0.schema()
        }
        fn service(&self) -> Service {
            self.0.service()
        }
        fn ownership(&self) -> Ownership {
            self.0.ownership()
        }
        fn batch(&self) -> Option<Batch> {
            self.0.batch()
        }
        fn commands(&self, scope: &Scope, changes: Vec<Change<KnownDoc>>) -> Option<Vec<Line>> {
            self.0.commands(scope, changes)
        }
        fn anywhere(&self) -> bool {
            self.0.anywhere()
        }
        fn longest(&self) -> Option<std::time::Duration> {
            self.0.longest()
        }
        fn id_of(&self, desired: &Value) -> Option<Name> {
            self.0.id_of(desired)
        }
        fn normalise(&self, document: &Value) -> Value {
            self.0.normalise(document)
        }
        fn validate(&self, document: &Value) -> Vec<Finding> {
            self.0.validate(document)
        }
        fn takes_over(&self, desired: &Value) -> bool {
            self.0.takes_over(desired)
        }
        fn plan_role(&self, role: &RoleContext, document: &Value) -> RolePlan {
            self.0.plan_role(role, document)
        }
        fn holds_data(&self, document: &Value) -> bool {
            self.0.holds_data(document)
        }
        fn is_empty<'a>(
            &'a self,
            ctx: &'a Ctx,
            scope: &'a Scope,
            id: &'a str,
        ) -> BoxFuture<'a, Result<Option<bool>, Failure>> {
            self.0.is_empty(ctx, scope, id)
        }
        fn one_way_door(&self, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
            self.0.one_way_door(before, after)
        }
        fn sync<'a>(
            &'a self,
            ctx: &'a Ctx,
            scope: &'a Scope,
            object: KnownDoc,
            copy: CopyOf<'a>,
        ) -> BoxFuture<'a, Result<Synced, Failure>> {
            self.0.sync(ctx, scope, object, copy)
        }
        fn read<'a>(
            &'a self,
            ctx: &'a Ctx,
            scope: &'a Scope,
            targets: &'a [Target],
        ) -> BoxFuture<'a, Vec<Observation<Value>>> {
            Box::pin(async move {
                let found = self.0.read(ctx, scope, targets).await;
                let found = found.into_iter().map(|o| match o {
                    Observation::Unreadable(_) => absent(),
                    Observation::Present(mut present) => {
                        present.object = present.object.with("tags", Value::null());
                        Observation::Present(present)
                    }
                    absent @ Observation::Absent(_) => absent,
                });
                found.collect()
            })
        }
        fn backfill<'a>(
            &'a self,
            ctx: &'a Ctx,
            scope: &'a Scope,
            object: KnownDoc,
            copy: Backfill<'a>,
        ) -> BoxFuture<'a, Result<Backfilled, Failure>> {
            self.0.backfill(ctx, scope, object, copy)
        }
        fn inventory<'a>(
            &'a self,
            ctx: &'a Ctx,
            scope: &'a Scope,
        ) -> BoxFuture<'a, Result<Option<Inventory>, Failure>> {
            self.0.inventory(ctx, scope)
        }
        fn write<'a>(
            &'a self,
            ctx: &'a Ctx,
            scope: &'a Scope,
            mut changes: Vec<Change<KnownDoc>>,
        ) -> BoxFuture<'a, Vec<Outcome<Value>>> {
            for change in &mut changes {
                match &mut change.action {
                    ChangeAction::Create { after } | ChangeAction::Update { after, .. } => {
                        *after = forget(after);
                    }
                    ChangeAction::Delete { .. } => {}
                }
            }
            self.0.write(ctx, scope, changes)
        }
    }
}
