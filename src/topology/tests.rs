//! Tests of what is said about blocks, beyond one file for each code in `tests/diagnostics`.

use super::testing::{read, two};

#[test]
fn without_blocks_there_is_no_topology() {
    let read = read("locals { a = 1 }");
    assert!(read.topology.is_none());
    assert_eq!(read.problems(), Vec::<String>::new());
}

#[test]
fn expressions_see_regions_and_roles() {
    let read = two("");
    let topology = read.topology.expect("a topology");
    assert_eq!(topology.account().as_deref(), Some("123456789012"));
    assert_eq!(topology.cloud_regions().len(), 2);
    let values = topology.values();
    let role = |key: &str| values.get(key)?.get("role")?.as_str().map(str::to_owned);
    assert_eq!(role("region.us-east-1").as_deref(), Some("primary"));
    assert_eq!(role("region.us-west-2").as_deref(), Some("standby"));
    let standbys = values.get("topology.web").and_then(|t| t.get("standbys")?.items());
    assert_eq!(standbys.map(<[_]>::len), Some(1));
}

#[test]
fn all_problems_are_found_in_one_run() {
    let read = two(r#"
        bucket "b" {
          nam   = "x"
          adopt = 5
        }
        replication "r" { bucket = "b" }
        retention "t" {
          bucket = bucket.b
          tier "a" { keep = "12h" }
          tier "b" { kep = "1d" }
        }
        dns_failover "w" {
          zone = "example.com"
          name = "www.example.com"
          ttl  = "60"
          endpoint "us-east-1" { address = "203.0.113.10" }
          endpoint "us-west-3" { address = "203.0.113.20" }
        }
        region "eu-west-1" { account = 007 }
    "#);
    let codes = read.codes();
    for code in [
        "error config::unknown_argument",
        "error config::missing_argument",
        "error topology::reference",
        "error topology::keep_hours",
        "error topology::zone_name",
        "error topology::duration",
        "error topology::unknown_region",
        "error topology::endpoints",
        "error topology::odd_number",
        "warning topology::region_unused",
    ] {
        assert!(codes.iter().any(|c| c == code), "{code} is not in {codes:#?}");
    }
}

#[test]
fn a_broken_topology_block_does_not_hide_other_problems() {
    let read = read(
        r#"
        topology "t" {
          regions = ["us-east-1"]
          primary = "us-east-1"
        }
        region "us-east-1" { account = "123456789012" }
        bucket "b" { name = "NO" }
    "#,
    );
    assert_eq!(read.codes(), ["error config::missing_argument", "error topology::bucket_name"]);
}

#[test]
fn what_was_said_is_not_said_again() {
    let read = read(
        r#"
        variable "account" {}
        topology "t" {
          strategy = "pilot_light"
          regions  = ["us-east-1"]
          primary  = "us-east-1"
        }
        region "us-east-1" { account = var.account }
        bucket "b" {}
    "#,
    );
    assert_eq!(read.codes(), ["error config::no_value"]);
}

#[test]
fn values_that_need_objects_cannot_shape_the_plan() {
    let read = two(r#"
        resource "terraform_data" "x" {}
        bucket "b" { name = { us-east-1 = terraform_data.x.id, us-west-2 = "two" } }
    "#);
    assert_eq!(read.codes(), ["error topology::not_static"]);
}

#[test]
fn the_failover_policy_is_checked_and_kept() {
    let read = read(
        r#"
        topology "t" {
          strategy = "warm_standby"
          regions  = ["us-east-1", "us-west-2"]
          primary  = "us-east-1"
          home     = "us-east-1"
          witness  = "eu-west-1"
          objective {
            rpo = "30m"
            rto = "15m"
          }
          tier "critical" {
            rpo = "1m"
          }
          failover {
            max_lag       = "5m"
            commit_window = "10m"
            approvals     = 1
            fence { require = "cuts_sessions" }
            timeouts      = { final_sync = "10m", promote = "30m", verify = "5m" }
          }
        }
        region "us-east-1" {}
        region "us-west-2" {}
        region "eu-west-1" {}
    "#,
    );
    assert_eq!(read.problems(), Vec::<String>::new());
    let declaration = read.topology.expect("a topology").declaration;
    assert_eq!(declaration.failover.timeouts.len(), 3);
    assert_eq!(declaration.failover.approvals, 1);
    assert_eq!(declaration.tiers.len(), 1);
    assert_eq!(declaration.witness.as_deref(), Some("eu-west-1"));
    assert_eq!(declaration.objective.rto.map(|d| d.seconds), Some(900));
}
