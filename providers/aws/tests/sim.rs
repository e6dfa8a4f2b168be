//! Every kind of AWS on the simulated cloud: its schema and pure hooks under the contract suite, in
//! virtual time.
//!
//! The cloud has reads and writes of its own, so this says nothing of a kind's calls; the contract
//! tests of each crate do, on servers.

use std::sync::Arc;

use lifeboat_aws_core::Clients;
use lifeboat_contract::{
    Case, Fault, Faults, On, Outcome, Place, Report, Server, Subject, run, table,
};
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::DynKind;
use lifeboat_sim::{Fault as Sim, Nth, Rule, SimCloud, SimProvider};
use lifeboat_testbed::ACCOUNT;
use lifeboat_testbed::contract::say;

use crate::objects::OBJECTS;

/// The cloud as the suite sees it.
struct Cloud(SimCloud);

impl Server for Cloud {
    fn name(&self) -> &str {
        "sim"
    }

    fn reset(&self) -> BoxFuture<'_, ()> {
        self.0.clear();
        Box::pin(async {})
    }

    fn faults(&self) -> Option<&dyn Faults> {
        Some(self)
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
        self.0.inject(Rule::new(fault).nth(nth));
    }

    fn clear(&self) -> u64 {
        self.0.clear_rules()
    }
}

/// The kinds that are tried: those of compute, so far.
const SERVICES: [&str; 2] = ["autoscaling", "ec2"];

/// A configuration without what no kind of ours makes.
fn alone(config: &str) -> String {
    let config = config.replace("${volume}", "vol-0a").replace("${instance}", "i-0a");
    config.replace("${security_group}", "sg-0a")
}

/// The objects of a kind in the misreading matrix as a walk, after what they name.
fn subject(kinds: &[Arc<dyn DynKind>], kind: &Arc<dyn DynKind>) -> Subject {
    let own = OBJECTS.iter().filter(|(_, name, _)| *name == kind.name());
    let steps: Vec<String> = own.map(|(_, _, config)| alone(config)).collect();
    let texts: Vec<&str> = steps.iter().map(String::as_str).collect();
    let mut case = Case::parse("matrix", &texts).unwrap();
    let named = |name: &str| texts.iter().any(|text| text.contains(&format!("${{{name}.")));
    for (name, of, config) in OBJECTS.iter().filter(|(name, _, _)| named(name)) {
        let of = kinds.iter().find(|kind| kind.name() == *of).unwrap();
        case = case.needing(name, of, &alone(config)).unwrap();
    }
    let place =
        Place { provider: "aws".into(), account: ACCOUNT.into(), region: "us-east-1".into() };
    Subject { kind: kind.clone(), place, cases: vec![case] }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_compute_keeps_the_contract_on_the_simulated_cloud() {
    let cloud = SimCloud::new(1);
    let real = lifeboat_aws::kinds(&Clients::unconfigured());
    let provider = SimProvider::over_kinds(&cloud, &real);
    let kinds: Vec<Arc<dyn DynKind>> =
        real.iter().filter_map(|kind| provider.kind(kind.name())).collect();
    let mut reports = Vec::new();
    for kind in kinds.iter().filter(|kind| SERVICES.contains(&kind.service().name)) {
        reports.push(run(&subject(&kinds, kind), &Cloud(cloud.clone())).await);
    }
    say(&format!("\n{}", table(&reports)));
    let failures: Vec<String> = reports.iter().flat_map(Report::failures).collect();
    assert_eq!(failures, Vec::<String>::new());
    let held = |report: &Report| report.rows.iter().filter(|(_, o)| *o == Outcome::Held).count();
    assert!(reports.iter().all(|report| held(report) >= 13), "most rules apply to each");
}
