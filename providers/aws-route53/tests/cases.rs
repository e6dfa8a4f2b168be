//! The configurations that each kind of Route 53 is walked through.

use std::sync::Arc;

use lifeboat_aws_core::{Clients, Config};
use lifeboat_contract::{Case, Place, Subject};
use lifeboat_sdk::kind::DynKind;
use lifeboat_testbed::ACCOUNT;
use lifeboat_testbed::contract::Emulated;

pub(crate) struct Kinds(Vec<Arc<dyn DynKind>>);

impl Kinds {
    pub(crate) fn of(server: &Emulated) -> Self {
        let clients = Clients::new(&Config::default(), &server.environment()).unwrap();
        Self(lifeboat_aws_route53::kinds(&clients))
    }

    pub(crate) fn get(&self, name: &str) -> Arc<dyn DynKind> {
        self.0.iter().find(|kind| kind.name() == name).unwrap().clone()
    }

    fn subject(&self, kind: &str, case: Case) -> Subject {
        let place =
            Place { provider: "aws".into(), account: ACCOUNT.into(), region: "us-east-1".into() };
        Subject { kind: self.get(kind), place, cases: vec![case] }
    }

    /// Records over a zone of their own, `${zone.id}`.
    fn records(&self, name: &str, steps: &[&str]) -> Subject {
        let case = Case::parse(name, steps).unwrap();
        let zone = format!(r#"{{"name": "{name}.example"}}"#);
        let case = case.needing("zone", &self.get("aws_route53_zone"), &zone).unwrap();
        self.subject("aws_route53_record", case)
    }
}

pub(crate) fn zones(server: &Emulated) -> Subject {
    let walk = [
        r#"{"name": "contract.example"}"#,
        r#"{"name": "Contract.Example.", "comment": "For tests", "force_destroy": true,
            "tags": {"team": "dns", "empty": ""}}"#,
        r#"{"name": "other.contract.example", "comment": ""}"#,
    ];
    Kinds::of(server).subject("aws_route53_zone", Case::parse("walk", &walk).unwrap())
}

pub(crate) fn simple_records(server: &Emulated) -> Subject {
    let walk = [
        r#"{"zone_id": "${zone.id}", "name": "www", "type": "A", "ttl": 60,
            "records": ["192.0.2.1", "192.0.2.2"]}"#,
        r#"{"zone_id": "${zone.id}", "name": "WWW.simple.example", "type": "A", "ttl": 30,
            "records": ["192.0.2.3"]}"#,
        r#"{"zone_id": "${zone.id}", "name": "*.txt.simple.example", "type": "TXT", "ttl": 300,
            "records": ["v=spf1 -all", "first\" \"second"]}"#,
    ];
    Kinds::of(server).records("simple", &walk)
}

pub(crate) fn routed_records(server: &Emulated) -> Subject {
    let walk = [
        r#"{"zone_id": "${zone.id}", "name": "app", "type": "A", "ttl": 60,
            "records": ["192.0.2.1"], "set_identifier": "east",
            "health_check_id": "11111111-1111-1111-1111-111111111111",
            "failover_routing_policy": [{"type": "PRIMARY"}]}"#,
        r#"{"zone_id": "${zone.id}", "name": "app", "type": "A", "ttl": 60,
            "records": ["192.0.2.1"], "set_identifier": "east",
            "weighted_routing_policy": [{"weight": 10}]}"#,
        r#"{"zone_id": "${zone.id}", "name": "app", "type": "A", "set_identifier": "west",
            "latency_routing_policy": [{"region": "us-west-2"}],
            "alias": [{"name": "dualstack.lb.us-west-2.elb.amazonaws.com", "zone_id": "Z1H1FL5HABSF5",
                       "evaluate_target_health": true}]}"#,
    ];
    Kinds::of(server).records("routed", &walk)
}

pub(crate) fn endpoint_checks(server: &Emulated) -> Subject {
    let walk = [
        r#"{"type": "HTTPS", "fqdn": "a.example.com"}"#,
        r#"{"type": "HTTPS", "fqdn": "b.example.com", "port": 8443, "resource_path": "/ready",
            "failure_threshold": 5, "invert_healthcheck": true, "disabled": true,
            "enable_sni": false, "regions": ["us-east-1", "us-west-2", "eu-west-1"],
            "tags": {"Name": "b", "team": "dns"}}"#,
        r#"{"type": "HTTP_STR_MATCH", "ip_address": "192.0.2.1", "port": 80, "search_string": "OK",
            "resource_path": "/", "request_interval": 10, "measure_latency": true,
            "reference_name": "contract"}"#,
    ];
    Kinds::of(server).subject("aws_route53_health_check", Case::parse("endpoint", &walk).unwrap())
}

/// Without what MiniStack forgets: Inverted, Disabled, EnableSNI, MeasureLatency, Regions and
/// ChildHealthChecks (aws-servers.md). It shows what moto cannot: one check for one reference.
pub(crate) fn plain_checks(server: &Emulated) -> Subject {
    let walk = [
        r#"{"type": "HTTP", "fqdn": "a.example.com"}"#,
        r#"{"type": "HTTP", "fqdn": "b.example.com", "port": 8080, "resource_path": "/ready",
            "failure_threshold": 5, "tags": {"Name": "b", "team": "dns"}}"#,
        r#"{"type": "TCP", "ip_address": "192.0.2.9", "port": 5432, "request_interval": 10}"#,
    ];
    Kinds::of(server).subject("aws_route53_health_check", Case::parse("plain", &walk).unwrap())
}

pub(crate) fn other_checks(server: &Emulated) -> Subject {
    let walk = [
        r#"{"type": "CALCULATED", "child_healthchecks": ["${a.id}", "${b.id}"],
            "child_health_threshold": 1}"#,
        r#"{"type": "CALCULATED", "child_healthchecks": ["${b.id}"], "child_health_threshold": 1,
            "invert_healthcheck": true, "tags": {"Name": "both"}}"#,
        r#"{"type": "TCP", "ip_address": "192.0.2.9", "port": 5432, "request_interval": 10}"#,
    ];
    let kinds = Kinds::of(server);
    let check = kinds.get("aws_route53_health_check");
    let child = |n: u8| format!(r#"{{"type": "TCP", "ip_address": "192.0.2.{n}", "port": 22}}"#);
    let case = Case::parse("others", &walk)
        .and_then(|case| case.needing("a", &check, &child(1)))
        .and_then(|case| case.needing("b", &check, &child(2)));
    kinds.subject("aws_route53_health_check", case.unwrap())
}
