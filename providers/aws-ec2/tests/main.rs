//! The contract suite over the kinds of EC2, and its data sources.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod cases;
mod data;

use lifeboat_aws_core::Clients;
use lifeboat_contract::Gap;
use lifeboat_testbed::contract::{Row, hold};

use cases::CASES;

/// What moto cannot show, and why.
const GAPS: &[Gap] = &[];

#[test]
fn every_kind_keeps_the_contract_matrix() {
    let rows = CASES.map(|subject| Row::new("moto", subject).apart());
    let kinds = lifeboat_aws_ec2::kinds(&Clients::unconfigured());
    hold("ec2", &rows, &kinds, GAPS);
}
