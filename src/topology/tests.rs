//! Tests of what is said about blocks, beyond one file for each code in `tests/diagnostics`.

use super::objective::Objective;
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
            approvers     = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPmKw70BvABMl6C2xEUOLGoDbk4p79e9tAyyPEtPMKfb alice@example.com"]
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
    assert_eq!(declaration.failover.approvals.needed, 1);
    assert_eq!(declaration.failover.approvals.names(), "alice@example.com");
    assert_eq!(declaration.tiers.len(), 1);
    assert_eq!(declaration.witness.as_deref(), Some("eu-west-1"));
    assert_eq!(declaration.objective.rto.map(|d| d.seconds), Some(900));
}

#[test]
fn a_component_states_its_objective_or_names_a_tier() {
    let text = r#"
        topology "t" {
          strategy = "warm_standby"
          regions  = ["us-east-1", "us-west-2"]
          primary  = "us-east-1"
          tier "critical" { rpo = "1m" }
        }
        region "us-east-1" { account = "123456789012" }
        region "us-west-2" { account = "123456789012" }
        bucket "b" { tier = "critical" }
        replication "b" {
          bucket = bucket.b
          objective { rpo = "15m" }
        }
        retention "b" {
          bucket = bucket.b
          tier   = "critical"
          tier "daily" {
            keep            = "30d"
            noncurrent_keep = "1d"
          }
        }
        dns_failover "b" {
          zone   = "Z0123456789ABC"
          name   = "www.example.com"
          switch = "record"
          objective { rto = "5m" }
          health_check {}
          endpoint "us-east-1" { address = "203.0.113.10" }
          endpoint "us-west-2" { address = "203.0.113.20" }
        }
    "#;
    let read = self::read(text);
    assert_eq!(read.problems(), Vec::<String>::new());
    let topology = read.topology.expect("a topology");
    let rpo = |o: &Option<Objective>| o.as_ref()?.rpo.as_ref().map(|d| d.seconds);
    assert_eq!(rpo(&topology.buckets[0].objective), Some(60));
    assert_eq!(rpo(&topology.replications[0].objective), Some(900));
    assert_eq!(rpo(&topology.retentions[0].objective), Some(60));
    let rto = topology.dns[0].objective.as_ref().and_then(|o| o.rto.as_ref());
    assert_eq!(rto.map(|d| d.seconds), Some(300));
    let both = text.replace(
        "bucket \"b\" { tier = \"critical\" }",
        "bucket \"b\" {\nobjective { rpo = \"1m\" }\ntier = \"critical\"\n}\n",
    );
    assert_eq!(self::read(&both).codes(), ["error topology::conflict"]);
    let none = text.replace("tier \"critical\" { rpo = \"1m\" }", "");
    assert_eq!(self::read(&none).codes()[0], "error topology::choice");
}

#[test]
fn what_one_region_runs_at_a_time_is_not_moved_by_health() {
    let of = |writers: &str| {
        let service = format!(
            r#"service "api" {{
              instances = {{ us-east-1 = ["i-01234567"], us-west-2 = ["i-89abcdef"] }}
              capacity  = {{ primary = 1, standby = 0 }}
              writers   = "{writers}"
            }}"#
        );
        by_health(&service).0
    };
    assert_eq!(of("primary"), ["error topology::one_writer"]);
    assert_eq!(of("all"), Vec::<String>::new());
}

/// Whether traffic may move by health over a component, and whether all regions write.
fn by_health(component: &str) -> (Vec<String>, bool) {
    let read = two(&format!(
        r#"{component}
        dns_failover "w" {{
          zone   = "Z0123456789ABC"
          name   = "www.example.com"
          switch = "health"
          health_check {{}}
          endpoint "us-east-1" {{ address = "203.0.113.10" }}
          endpoint "us-west-2" {{ address = "203.0.113.20" }}
        }}"#
    ));
    (read.codes(), read.topology.as_ref().is_some_and(super::Topology::all_write))
}

#[test]
fn a_table_is_data_that_all_regions_write_and_a_global_database_is_not() {
    let of = |database: &str| by_health(&format!("database \"d\" {{\n{database}\n}}"));
    assert_eq!(of("engine = \"dynamodb\"\nhash_key = \"k\""), (Vec::new(), true));
    let (codes, all) = of(r#"engine                   = "aurora-mysql"
           instance_class           = "db.r6g.large"
           password_secret          = "d"
           fence_security_group_ids = { us-east-1 = ["sg-a"], us-west-2 = ["sg-b"] }"#);
    assert_eq!((codes, all), (vec!["error topology::one_writer".to_owned()], false));
}

/// A name over two load balancers.
fn aliases(switch: &str, evaluate: bool, more: &str) -> Vec<String> {
    let endpoint = |region: &str| {
        format!(
            r#"endpoint "{region}" {{
              alias {{
                name                   = "lb-{region}.elb.amazonaws.com"
                zone_id                = "Z35SXDOTRQ7X7K"
                evaluate_target_health = {evaluate}
              }}
            }}"#
        )
    };
    let text = format!(
        r#"bucket "b" {{}}
        dns_failover "w" {{
          zone   = "Z0123456789ABC"
          name   = "www.example.com"
          switch = "{switch}"
          {more}
          {}
          {}
        }}"#,
        endpoint("us-east-1"),
        endpoint("us-west-2")
    );
    two(&text).codes()
}

#[test]
fn an_alias_fails_over_by_a_check_or_by_its_target() {
    let gate = "gate { https = \"gate.us-west-2.example.com/switch\" }";
    let none: [&str; 0] = [];
    assert_eq!(aliases("record", false, "health_check {}"), none);
    assert_eq!(aliases("operator", false, gate), none);
    let dead = ["error topology::alias_health", "error topology::alias_health"];
    assert_eq!(aliases("record", false, ""), dead);
    assert_eq!(aliases("record", true, "health_check {}"), ["error topology::alias_moves"]);
    assert_eq!(aliases("operator", true, gate), ["error topology::alias_moves"]);
}

#[test]
fn a_gate_moves_weights_that_follow_the_roles_and_no_others() {
    let codes = |writers: &str, lines: &str, weight: &str| {
        let endpoint = |region: &str, ip: &str| {
            format!("endpoint {region:?} {{\n address = {ip:?}\n {weight}\n }}\n")
        };
        let text = format!(
            "bucket \"b\" {{ writers = {writers:?} }}\n dns_failover \"w\" {{\n zone = \
             \"Z0123456789ABC\"\n name = \"www.example.com\"\n gate {{ https = \
             \"gate.example.com/switch\" }}\n {lines}\n {}{}}}",
            endpoint("us-east-1", "203.0.113.10"),
            endpoint("us-west-2", "203.0.113.20")
        );
        two(&text).codes()
    };
    let none: [&str; 0] = [];
    let by_role = "policy = \"weighted\"\n weights = { primary = 1, standby = 0 }";
    let shared = "policy = \"weighted\"\n weights = { primary = 9, standby = 1 }";
    for writers in ["primary", "all"] {
        assert_eq!(codes(writers, "policy = \"weighted\"", ""), none, "{writers}");
        assert_eq!(codes(writers, by_role, ""), none, "{writers}");
    }
    let one = ["error topology::standby_traffic"];
    assert_eq!(codes("primary", shared, ""), one);
    assert_eq!(codes("primary", "policy = \"weighted\"", "weight = 1"), one);
    let all = ["error topology::conflict"];
    assert_eq!(codes("all", shared, ""), all);
    assert_eq!(codes("all", "policy = \"weighted\"", "weight = 1"), all);
    let shift = format!("{by_role}\n health_check {{}}\n shift {{ steps = [10] }}");
    assert_eq!(codes("all", &shift, ""), all);
    for writers in ["primary", "all"] {
        assert_eq!(codes(writers, "policy = \"latency\"", ""), all);
    }
}

#[test]
fn an_entry_stands_beside_its_gate() {
    use super::dns::Target;
    let target =
        |path: &str| Target { host: "gate.example.com".into(), port: 443, path: path.to_owned() };
    for (gate, entry) in [
        ("/switch/us-east-1", "/switch/us-east-1.entry"),
        ("/switch/", "/switch.entry"),
        ("/", "/entry"),
        ("/switch?of=east", "/switch.entry?of=east"),
    ] {
        assert_eq!(target(gate).entry().path, entry);
    }
}

#[test]
fn an_alias_without_evaluation_carries_the_check() {
    let read = two(r#"dns_failover "w" {
          zone   = "Z0123456789ABC"
          name   = "www.example.com"
          switch = "record"
          health_check {}
          endpoint "us-east-1" {
            alias {
              name                   = "a.elb.amazonaws.com"
              zone_id                = "Z35SXDOTRQ7X7K"
              evaluate_target_health = false
            }
          }
          endpoint "us-west-2" {
            alias {
              name                   = "b.elb.amazonaws.com"
              zone_id                = "Z35SXDOTRQ7X7K"
              evaluate_target_health = false
            }
          }
        }"#);
    for region in ["us-east-1", "us-west-2"] {
        let record = format!("dns_failover.w.aws_route53_record[\"{region}\"]");
        let check = "dns_failover.w.aws_route53_health_check[\"us-east-1\"].id";
        assert_eq!(read.attribute(&record, "health_check_id"), check);
    }
}

#[test]
fn names_of_regions_are_known_or_may_be_new() {
    let at = |region: &str, more: &str| {
        let text = format!(
            r#"topology "t" {{
              strategy = "pilot_light"
              regions  = ["main"]
              primary  = "main"
            }}
            region "main" {{ aws_region = "{region}" }}
            {more}"#
        );
        read(&text).codes()
    };
    let any = "provider \"aws\" { skip_region_validation = true }";
    let none: [&str; 0] = [];
    assert_eq!(at("ap-southeast-7", ""), none);
    assert_eq!(at("us-est-1", ""), ["error topology::unknown_region"]);
    assert_eq!(at("us-east-9", ""), ["warning topology::unknown_region"]);
    assert_eq!(at("us-est-1", any), none);
    assert_eq!(at("us-east-9", any), none);
}

#[test]
fn small_objects_move_where_they_shall() {
    let read = two(r#"bucket "b" {}
        retention "b" {
          bucket        = bucket.b
          small_objects = "move"
          tier "annual" {
            keep            = "7y"
            noncurrent_keep = "30d"
            storage_class   = "DEEP_ARCHIVE"
          }
        }"#);
    assert_eq!(read.problems(), Vec::<String>::new());
    let document = "retention.b.aws_s3_bucket_lifecycle_configuration[\"us-east-1\"]";
    let size = read.attribute(document, "transition_default_minimum_object_size");
    assert_eq!(size, "\"varies_by_storage_class\"");
}

#[test]
fn a_record_of_a_referred_zone_is_declared_once() {
    let block = |name: &str, zone: &str| {
        format!(
            r#"dns_failover "{name}" {{
              zone   = {zone}
              name   = "www.example.com"
              switch = "record"
              health_check {{}}
              endpoint "us-east-1" {{ address = "203.0.113.10" }}
              endpoint "us-west-2" {{ address = "203.0.113.20" }}
            }}
            resource "aws_route53_zone" "{name}" {{ name = "example.com" }}
            "#
        )
    };
    let twice = |first: &str, second: &str| two(&(block("a", first) + &block("b", second))).codes();
    let zone = "aws_route53_zone.a.zone_id";
    assert_eq!(twice(zone, "aws_route53_zone.a.id"), ["error topology::record_twice"]);
    assert_eq!(twice(zone, "aws_route53_zone.b.zone_id"), Vec::<String>::new());
}

/// What is said of a service with these lines.
fn service(lines: &str) -> Vec<String> {
    two(&format!("service \"api\" {{\n{lines}\n}}")).codes()
}

const CAPACITY: &str = "capacity = { primary = 2, standby = 0 }";
const GROUPS: &str = "autoscaling_group = { us-east-1 = \"api\", us-west-2 = \"api\" }";

#[test]
fn a_service_is_in_every_region_and_in_no_other() {
    let none: [&str; 0] = [];
    let machines = |regions: &str| service(&format!("instances = {{ {regions} }}\n{CAPACITY}"));
    let one = "us-east-1 = [\"i-0123456789abcdef0\"]";
    assert_eq!(machines(&format!("{one}, us-west-2 = [\"i-01234567\"]")), none);
    assert_eq!(machines(one), ["error topology::per_region"]);
    assert_eq!(machines(&format!("{one}, us-west-2 = []")), ["error topology::per_region"]);
    assert_eq!(machines(""), ["error topology::needed"]);
    assert_eq!(service(CAPACITY), ["error topology::needed"]);
    let near = machines(&format!("{one}, us-west-3 = [\"i-01234567\"]"));
    assert_eq!(near, ["error topology::per_region", "error topology::unknown_region"]);
    // Machines in one region and a group in the other are a service, too.
    let both = format!(
        "instances = {{ {one} }}\nautoscaling_group = {{ us-west-2 = \"api\" }}\n{CAPACITY}\n\
         min_size = {{ primary = 0, standby = 0 }}"
    );
    assert_eq!(service(&both), none);
}

#[test]
fn the_capacity_of_a_service_is_by_role() {
    let of = |capacity: &str| {
        service(&format!("{GROUPS}\nmin_size = {{ primary = 0, standby = 0 }}\n{capacity}"))
    };
    let none: [&str; 0] = [];
    assert_eq!(of(CAPACITY), none);
    assert_eq!(of(""), ["error config::missing_argument"]);
    assert_eq!(of("capacity = {}"), ["error topology::per_role"]);
    assert_eq!(of("capacity = { primary = 2 }"), ["error topology::per_role"]);
    assert_eq!(of("capacity = { primary = 0, standby = 0 }"), ["error topology::number"]);
    assert_eq!(of("capacity = { primary = 2, standby = -1 }"), ["error topology::number"]);
}

#[test]
fn a_group_that_is_emptied_says_its_least_size() {
    let grouped = |more: &str| service(&format!("{GROUPS}\n{CAPACITY}\n{more}"));
    let none: [&str; 0] = [];
    assert_eq!(grouped(""), ["error topology::needed"]);
    assert_eq!(grouped("min_size = { primary = 1, standby = 0 }"), none);
    assert_eq!(grouped("writers = \"all\""), none);
    let some = "min_size = { primary = 1, standby = 0 }\nwriters = \"some\"";
    assert_eq!(grouped(some), ["error topology::choice"]);
    let machines = "instances = { us-east-1 = [\"i-01234567\"], us-west-2 = [\"i-89abcdef\"] }";
    let sized = format!("{machines}\n{CAPACITY}\nmax_size = {{ primary = 1, standby = 0 }}");
    assert_eq!(service(&sized), ["error topology::conflict"]);
}

#[test]
fn weights_move_in_steps_where_all_regions_write_and_are_watched() {
    let of = |writers: &str, policy: &str, more: &str| {
        two(&format!(
            r#"bucket "b" {{ writers = "{writers}" }}
            dns_failover "w" {{
              zone   = "Z0123456789ABC"
              name   = "www.example.com"
              switch = "record"
              policy = "{policy}"
              {more}
              endpoint "us-east-1" {{ address = "203.0.113.10" }}
              endpoint "us-west-2" {{ address = "203.0.113.20" }}
            }}"#
        ))
        .codes()
    };
    let none: [&str; 0] = [];
    let shift = |steps: &str| format!("health_check {{}}\nshift {{ steps = {steps} }}");
    assert_eq!(of("all", "weighted", &shift("[10, 50, 100]")), none);
    assert_eq!(of("all", "failover", &shift("[10]")), ["error topology::conflict"]);
    assert_eq!(of("primary", "weighted", &shift("[10]")), ["error topology::standby_traffic"]);
    assert_eq!(of("all", "weighted", "shift { steps = [10] }"), ["error topology::needed"]);
    assert_eq!(of("all", "weighted", &shift("[100]")), ["error topology::conflict"]);
    for steps in ["[0]", "[50, 10]", "[10, 10]", "[101]"] {
        assert_eq!(of("all", "weighted", &shift(steps)), ["error topology::number"], "{steps}");
    }
}
