//! The misreading matrix: every kind × every reading call × every fault, and nothing that exists
//! is ever read as absent.
//!
//! Rows come from the registry and from the calls that a read was seen to make; those must be in
//! the `CALLS` constants, and every reading call there is in a row or listed as one that no read
//! makes. A usual run has the two ways in which a refresh reads; `LIFEBOAT_MATRIX=full` adds
//! those of an apply, several objects at once, and small pages.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod matrix;
mod objects;
mod sim;

use std::collections::BTreeSet;

use lifeboat_contract::Fault;
use lifeboat_sdk::Access;
use lifeboat_sdk::session::Purpose;
use lifeboat_testbed::contract::{Emulated, full, say};
use lifeboat_testbed::{Pair, Routes};

use matrix::{Cell, Row, Way, summary, try_rows};
use objects::{clients, make};

/// The faults of the matrix.
const FAULTS: [(&str, Fault); 8] = [
    ("500", Fault::Status500),
    ("503", Fault::Status503),
    ("throttle", Fault::Throttle),
    ("403", Fault::Denied),
    ("reset", Fault::Reset),
    ("cut", Fault::CutBody),
    ("garbled", Fault::GarbleBody),
    ("time-out", Fault::BlackHole),
];

/// Reading calls that no read makes, and who makes them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("DescribeSnapshotTierStatus", "reads of snapshots on their way between tiers: moto has none"),
    ("GetChange", "writes of zones and records, which wait for INSYNC"),
    ("GetObjectTagging", "copies of objects that are too large for one call"),
    ("HeadObject", "proofs that all is copied"),
    ("ListObjectsV2", "proofs that all is copied"),
    ("ListAttachedRolePolicies", "deletes of roles with force_detach_policies"),
    ("ListMultipartUploads", "copies of objects that are too large for one call"),
    ("ListInstanceProfilesForRole", "deletes of roles that are refused"),
    ("ListObjectVersions", "deletes of buckets with force_destroy, proofs of deletions"),
    ("ListRolePolicies", "deletes of roles with force_detach_policies"),
];

/// Calls without whose permission another way leads to the same object.
const OTHER_WAY: &[(&str, &str, &str)] =
    &[("aws_s3_bucket", "ListBuckets", "each bucket is asked for itself")];

/// What the data sources are asked.
const QUERIES: &[(&str, &str)] = &[
    ("aws_caller_identity", "{}"),
    ("aws_ebs_volumes", "{}"),
    ("aws_instances", r#"{"instance_state_names": ["stopped"]}"#),
    ("aws_region", "{}"),
    ("aws_route53_zone", r#"{"name": "matrix.example"}"#),
    ("aws_subnets", r#"{"filter": [{"name": "default-for-az", "values": ["true"]}]}"#),
    ("aws_vpc", r#"{"default": true}"#),
];

#[test]
fn nothing_that_exists_is_misread_in_the_matrix() {
    let full = full();
    let pair = Pair::lease().unwrap();
    let server = Emulated::new("servers", &pair, Routes::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let things = runtime.block_on(make(&server));

    let mut rows = Vec::new();
    for kind in lifeboat_aws::kinds(&clients(&server)) {
        let own: Vec<_> = things.iter().filter(|thing| thing.kind == kind.name()).collect();
        assert!(!own.is_empty(), "there is no object of the kind {}", kind.name());
        let purposes: &[Purpose] =
            if full { &[Purpose::Refresh, Purpose::Apply] } else { &[Purpose::Refresh] };
        for purpose in purposes {
            for thing in &own {
                rows.push(Row::new(kind.name(), *purpose, Way::ById, vec![*thing]));
                rows.push(Row::new(kind.name(), *purpose, Way::ByConfiguration, vec![*thing]));
            }
            let here = |thing: &&_| matrix::scope(thing) == matrix::scope(own[0]);
            let together: Vec<_> = own.iter().copied().filter(here).collect();
            if together.len() > 1 {
                rows.push(Row::new(kind.name(), *purpose, Way::Together, together));
            }
        }
    }
    let cells = try_rows(&pair, full, &rows, QUERIES);
    say(&summary(&cells, full));
    assert_eq!(untried(&cells), ELSEWHERE.iter().map(|(name, _)| *name).collect());
    let wrong: Vec<String> = cells.iter().filter_map(|cell| cell.wrong.clone()).collect();
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

/// The reading calls that are in no cell.
fn untried(cells: &[Cell]) -> BTreeSet<&'static str> {
    let tried: BTreeSet<_> =
        cells.iter().map(|cell| (cell.call.service, cell.call.operation)).collect();
    let reading = lifeboat_aws::CALLS.iter().filter(|call| call.access == Access::Read);
    let untried = reading.filter(|call| !tried.contains(&(call.service, call.operation)));
    untried.map(|call| call.operation).collect()
}
