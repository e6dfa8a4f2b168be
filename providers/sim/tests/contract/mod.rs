//! The contract over the simulation's own kinds and those that it has ahead of `aws`, in virtual time.

mod ahead;
mod broken;

use std::sync::Arc;
use std::time::Duration;

use lifeboat_contract::{
    Case, Fault, Faults, On, Report, Server, Subject, document, names, run, table,
};
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sim::{Fault as Sim, Nth, Rule, SimCloud, SimProvider, Strictness};

use crate::support::place;

use broken::Broken;

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

async fn all(server: &Cloud) -> Vec<Report> {
    let cloud = &server.cloud;
    let subjects = [stores(cloud), replicas(cloud), records(cloud), secrets(cloud), slow(cloud)];
    let mut reports = Vec::new();
    for subject in subjects.into_iter().chain(ahead::subjects(cloud)) {
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
