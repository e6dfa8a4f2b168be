//! The contract suite over the kinds of Route 53.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod cases;

use lifeboat_aws_core::Clients;
use lifeboat_contract::Gap;
use lifeboat_testbed::contract::{Emulated, Row, hold};
use lifeboat_testbed::{Routes, ServerKind};

/// aws-servers.md: "same CallerReference accepted twice".
const REFERENCE: &str = "moto makes a second object for a caller reference that was used";

const ZONE: &str = "aws_route53_zone";
const CHECK: &str = "aws_route53_health_check";

/// What the servers cannot show, and why.
const GAPS: &[Gap] = &[
    gap(ZONE, "moto", "one token makes one object", "one token made"),
    gap(ZONE, "moto", "a lost reply is found again", "was made beside"),
    gap(CHECK, "moto corrected", "one token makes one object", "one token made"),
    gap(CHECK, "moto corrected", "a lost reply is found again", "was made beside"),
];

const fn gap(
    kind: &'static str,
    server: &'static str,
    rule: &'static str,
    says: &'static str,
) -> Gap {
    let leaves = match kind.len() == ZONE.len() {
        true => "zone contract.example",
        false => "health check",
    };
    Gap { kind, server, rule, why: REFERENCE, says, leaves }
}

#[test]
fn every_kind_keeps_the_contract() {
    let on = |server, subject: fn(&Emulated) -> lifeboat_contract::Subject| {
        let (name, kind) = server;
        Row { server: name, routes: Routes::all_of("route53", kind), subject, apart: true }
    };
    let (ministack, moto) = (("MiniStack", ServerKind::MiniStack), ("moto", ServerKind::Moto));
    let rows = [
        on(ministack, cases::zones),
        on(moto, cases::zones),
        on(ministack, cases::simple_records),
        on(ministack, cases::routed_records),
        on(moto, cases::endpoint_checks),
        on(moto, cases::other_checks),
    ];
    let kinds = lifeboat_aws_route53::kinds(&Clients::unconfigured());
    hold("route53", &rows, &kinds, GAPS);
}
