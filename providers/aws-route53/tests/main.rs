//! The contract suite over the kinds of Route 53.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod batch;
mod cases;

use lifeboat_aws_core::Clients;
use lifeboat_contract::{Gap, Subject};
use lifeboat_testbed::contract::{Emulated, Row, hold};
use lifeboat_testbed::{Paging, Proxy, Routes, ServerKind};

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
    gap(CHECK, "moto, CALCULATED corrected", "one token makes one object", "one token made"),
    gap(CHECK, "moto, CALCULATED corrected", "a lost reply is found again", "was made beside"),
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
fn every_kind_keeps_the_contract_matrix() {
    let pages = |proxy: &Proxy| proxy.page(Paging::small());
    let row = |name, server, subject: fn(&Emulated) -> Subject| {
        Row::new(name, subject).routed(Routes::all_of("route53", server)).apart()
    };
    let ministack = |subject| row("MiniStack", ServerKind::MiniStack, subject);
    let paged =
        |subject| row("MiniStack, small pages", ServerKind::MiniStack, subject).prepared(pages);
    let moto = |subject| row("moto", ServerKind::Moto, subject);
    let rows = [
        paged(cases::zones),
        moto(cases::zones),
        ministack(cases::simple_records),
        paged(cases::routed_records),
        moto(cases::endpoint_checks),
        row("moto, CALCULATED", ServerKind::Moto, cases::other_checks),
        ministack(cases::plain_checks),
    ];
    let kinds = lifeboat_aws_route53::kinds(&Clients::unconfigured());
    hold("route53", &rows, &kinds, GAPS);
}
