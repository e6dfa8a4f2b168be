//! Tests of what blocks become.

use lifeboat_sdk::Value;

use crate::desired::{Follows, Part};
use crate::topology::testing::{read, shown, two};

const EXAMPLE: &str = include_str!("../../../examples/two-region-web/main.dr.hcl");

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn the_example_expands_fully() {
    let read = read(EXAMPLE);
    assert_eq!(read.problems(), none());
    assert_eq!(read.addresses().len(), 30);
    let rule = read.attribute(
        "replication.exports.aws_s3_bucket_replication_configuration[\"us-east-1\"]",
        "rule",
    );
    assert!(rule.contains(r#""bucket":"arn:aws:s3:::web-exports-dr""#), "{rule}");
    assert!(rule.contains(r#""replication_time":[{"status":"Enabled","time":[{"minutes":15}]}]"#));
    let rule = read.attribute(
        "retention.exports.aws_s3_bucket_lifecycle_configuration[\"us-west-2\"]",
        "rule",
    );
    assert!(rule.contains(r#""expiration":[{"days":2557}],"filter":[{"prefix":"annual/"}]"#));
    let record = "dns_failover.web.aws_route53_record[\"us-west-2\"]";
    assert_eq!(read.attribute(record, "failover_routing_policy"), r#"[{"type":"SECONDARY"}]"#);
    // Both records carry one check, so that Route 53 moves nothing by itself.
    let check = "dns_failover.web.aws_route53_health_check[\"us-east-1\"].id";
    assert_eq!(read.attribute(record, "health_check_id"), check);
}

#[test]
fn the_address_of_nothing_depends_on_the_primary() {
    let moved = EXAMPLE.replace("primary  = \"us-east-1\"", "primary  = \"us-west-2\"");
    let (before, after) = (read(EXAMPLE), read(&moved));
    assert_eq!(before.addresses(), after.addresses());
    let kinds =
        ["aws_s3_bucket", "aws_iam_role", "aws_iam_role_policy", "aws_route53_health_check"];
    for address in before.addresses() {
        let kind = address.split(['.', '[']).nth(2).unwrap_or_default().to_owned();
        let (a, b) = (before.object(&address), after.object(&address));
        if kinds.contains(&&*kind) {
            assert_eq!(
                format!("{:?}", a.map(|p| &p.document)),
                format!("{:?}", b.map(|p| &p.document))
            );
        }
    }
    let record = "dns_failover.web.aws_route53_record[\"us-west-2\"]";
    assert_eq!(after.attribute(record, "failover_routing_policy"), r#"[{"type":"PRIMARY"}]"#);
}

#[test]
fn buckets_have_derived_names_and_locks() {
    let read = two(r#"
        bucket "my_data" {
          prevent_destroy = true
          object_lock {
            mode = "COMPLIANCE"
            keep = "7y"
          }
        }
    "#);
    assert_eq!(read.problems(), none());
    let bucket = "bucket.my_data.aws_s3_bucket[\"us-west-2\"]";
    assert_eq!(read.attribute(bucket, "bucket"), "\"web-my-data-123456789012-us-west-2\"");
    assert_eq!(read.attribute(bucket, "object_lock_enabled"), "true");
    assert!(read.object(bucket).is_some_and(|p| p.prevent_destroy && !p.operated));
    let lock = "bucket.my_data.aws_s3_bucket_object_lock_configuration[\"us-west-2\"]";
    let rule = r#"[{"default_retention":[{"days":2557,"mode":"COMPLIANCE"}]}]"#;
    assert_eq!(read.attribute(lock, "rule"), rule);
}

#[test]
fn an_adopted_bucket_is_operated_and_its_settings_are_taken_over() {
    let read = two(r#"bucket "a" {
        name  = { us-east-1 = "aaa", us-west-2 = "bbb" }
        adopt = true
    }"#);
    assert_eq!(read.problems(), none());
    let bucket = read.object("bucket.a.aws_s3_bucket[\"us-east-1\"]");
    assert!(bucket.is_some_and(|p| p.operated && p.document.len() == 2));
    let policy = read.object("bucket.a.aws_s3_bucket_policy[\"us-east-1\"]");
    assert!(policy.is_some_and(|p| !p.operated && p.adopt));
}

#[test]
fn instances_have_names_with_keys() {
    let read = two(r#"
        bucket "b" {
          for_each = toset(["x", "y"])
          name     = { us-east-1 = "web-${each.key}", us-west-2 = "web-${each.key}-dr" }
          tags     = { key = each.key }
        }
        replication "b" {
          for_each = toset(["x", "y"])
          bucket   = bucket.b[each.key]
        }
    "#);
    assert_eq!(read.problems(), none());
    let bucket = "bucket.b[\"x\"].aws_s3_bucket[\"us-east-1\"]";
    assert_eq!(read.attribute(bucket, "tags"), r#"{"key":"x"}"#);
    let rule = "replication.b[\"y\"].aws_s3_bucket_replication_configuration[\"us-east-1\"]";
    assert_eq!(
        read.attribute(rule, "bucket"),
        "bucket.b[\"y\"].aws_s3_bucket[\"us-east-1\"].bucket"
    );
    let values = read.topology.map(|t| t.values()).unwrap_or_default();
    let name = |key: &str, at: &str| {
        let value = values.get(key)?.get("name").or_else(|| values.get(key)?.get("x")?.get("name"));
        Some(value?.get(at)?.as_str()?.to_owned())
    };
    assert_eq!(name("bucket.b", "us-west-2").as_deref(), Some("web-x-dr"));
    assert_eq!(name("bucket.b[\"x\"]", "us-west-2").as_deref(), Some("web-x-dr"));
}

#[test]
fn two_way_replication_is_on_both_buckets() {
    let read = two(r#"
        bucket "b" { name = { us-east-1 = "one", us-west-2 = "two" } }
        replication "b" {
          bucket   = bucket.b
          two_way  = true
          prefix   = "a/"
          priority = 5
        }
    "#);
    assert_eq!(read.problems(), none());
    for region in ["us-east-1", "us-west-2"] {
        // Copies that go both ways make no second writer.
        let policy = format!("bucket.b.aws_s3_bucket_policy[{region:?}]");
        assert_eq!(read.object(&policy).and_then(|p| p.part), Some(Part::Writers));
        let fenced = read.attribute(&policy, "policy").contains("LifeboatFence");
        assert_eq!(fenced, region == "us-west-2");
        let at = format!("replication.b.aws_s3_bucket_replication_configuration[{region:?}]");
        assert!(read.object(&at).is_some_and(|p| !p.only_primary));
        let rule = read.attribute(&at, "rule");
        assert!(rule.contains(r#""replica_modifications":[{"status":"Enabled"}]"#), "{rule}");
        assert!(rule.contains(r#""filter":[{"prefix":"a/"}]"#) && rule.contains(r#""priority":5"#));
        assert!(!rule.contains("metrics"), "{rule}");
    }
}

#[test]
fn each_further_region_has_a_rule_of_its_own_priority() {
    let read = read(
        r#"
        topology "t" {
          strategy = "pilot_light"
          regions  = ["us-east-1", "us-west-2", "eu-west-1"]
          primary  = "us-west-2"
        }
        region "us-east-1" {}
        region "us-west-2" {}
        region "eu-west-1" {}
        bucket "b" { name = { us-east-1 = "one", us-west-2 = "two", eu-west-1 = "three" } }
        replication "b" {
          bucket = bucket.b
          tags   = { a = "1", b = "2" }
        }
    "#,
    );
    assert_eq!(read.problems(), none());
    let rule = read
        .attribute("replication.b.aws_s3_bucket_replication_configuration[\"us-west-2\"]", "rule");
    assert!(rule.contains(r#""id":"us-east-1","priority":1"#), "{rule}");
    assert!(rule.contains(r#""id":"eu-west-1","priority":2"#), "{rule}");
    assert!(rule.contains(r#""delete_marker_replication":[{"status":"Disabled"}]"#), "{rule}");
    assert!(rule.contains(r#""filter":[{"and":[{"tags":{"a":"1","b":"2"}}]}]"#), "{rule}");
}

#[test]
fn retention_of_one_bucket_is_one_document() {
    let read = two(r#"
        bucket "b" { name = { us-east-1 = "one", us-west-2 = "two" } }
        retention "a" {
          bucket = bucket.b
          tier "logs" {
            prefix          = "logs/"
            keep            = "90d"
            noncurrent_keep = "7d"
          }
        }
        retention "b" {
          bucket        = bucket.b
          small_objects = "stay"
          tier "data" {
            prefix           = "data/"
            keep             = "1y"
            noncurrent_keep  = "30d"
            storage_class    = "STANDARD_IA"
            transition_after = "30d"
          }
        }
    "#);
    assert_eq!(read.problems(), none());
    let documents: Vec<String> =
        read.addresses().into_iter().filter(|a| a.contains("lifecycle")).collect();
    let at = |r| format!("retention.b.aws_s3_bucket_lifecycle_configuration[{r:?}]");
    assert_eq!(documents, [at("us-east-1"), at("us-west-2")]);
    let rule = read.attribute(&at("us-east-1"), "rule");
    assert!(
        rule.contains(r#""id":"a/logs","noncurrent_version_expiration":[{"noncurrent_days":7}]"#)
    );
    assert!(rule.contains(r#""transition":[{"days":30,"storage_class":"STANDARD_IA"}]"#), "{rule}");
}

/// A name with the given lines.
fn name(lines: &str) -> String {
    format!(
        r#"dns_failover "w" {{
          zone = "Z0123456789ABC"
          name = "www.example.com"
          {lines}
          health_check {{ path = "/health" }}
          endpoint "us-east-1" {{ address = "one.example.com" }}
          endpoint "us-west-2" {{ address = "two.example.com" }}
        }}"#
    )
}

#[test]
fn the_gate_is_on_the_primary_record_only() {
    let read = two(&name(r#"gate { https = "gate.us-west-2.example.com/switch" }"#));
    assert_eq!(read.problems(), none());
    let gate = "dns_failover.w.aws_route53_health_check[\"us-east-1/gate\"]";
    assert!(read.object(gate).is_some_and(|p| !p.only_primary), "it is there before it is needed");
    assert_eq!(read.attribute(gate, "invert_healthcheck"), "true");
    assert_eq!(read.attribute(gate, "fqdn"), "\"gate.us-west-2.example.com\"");
    assert_eq!(read.attribute(gate, "resource_path"), "\"/switch/us-east-1\"");
    let check = |region: &str| {
        read.attribute(&format!("dns_failover.w.aws_route53_record[{region:?}]"), "health_check_id")
    };
    assert_eq!(check("us-east-1"), format!("{gate}.id"));
    assert_eq!(check("us-west-2"), "none");
    let own = "dns_failover.w.aws_route53_health_check[\"us-west-2\"]";
    assert_eq!(read.attribute(own, "fqdn"), "\"two.example.com\"");
    let record = "dns_failover.w.aws_route53_record[\"us-west-2\"]";
    assert_eq!(read.attribute(record, "type"), "\"CNAME\"");
}

#[test]
fn by_weights_the_primary_carries_its_gate_and_each_standby_its_entry() {
    let gate = "policy = \"weighted\"\n gate { https = \"gate.us-west-2.example.com/switch\" }";
    let read = two(&name(gate));
    assert_eq!(read.problems(), none());
    let check = |key: &str| format!("dns_failover.w.aws_route53_health_check[{key:?}]");
    for (region, other) in [("us-east-1", "us-west-2"), ("us-west-2", "us-east-1")] {
        assert!(read.object(&check(&format!("{region}/gate"))).is_some(), "{other} may follow it");
        let entry = check(&format!("{region}/entry"));
        assert_eq!(read.attribute(&entry, "invert_healthcheck"), "none");
        let path = format!("\"/switch/{region}.entry\"");
        assert_eq!(read.attribute(&entry, "resource_path"), path);
    }
    let record = |region: &str| {
        let at = format!("dns_failover.w.aws_route53_record[{region:?}]");
        (read.attribute(&at, "weighted_routing_policy"), read.attribute(&at, "health_check_id"))
    };
    let carried = |weight: &str, key: &str| (weight.to_owned(), format!("{}.id", check(key)));
    assert_eq!(record("us-east-1"), carried(r#"[{"weight":100}]"#, "us-east-1/gate"));
    assert_eq!(record("us-west-2"), carried(r#"[{"weight":0}]"#, "us-west-2/entry"));
}

#[test]
fn with_health_each_record_has_its_own_check() {
    let read = two(&name("switch = \"health\""));
    assert_eq!(read.problems(), none());
    let record = "dns_failover.w.aws_route53_record[\"us-west-2\"]";
    let own = "dns_failover.w.aws_route53_health_check[\"us-west-2\"].id";
    assert_eq!(read.attribute(record, "health_check_id"), own);
}

#[test]
fn weights_follow_the_role_and_carry_no_check() {
    let read = two(&name(
        "switch = \"record\"\npolicy = \"weighted\"\nweights = { primary = 90, standby = 10 }",
    ));
    assert_eq!(read.problems(), none());
    let weight = |region: &str| {
        let at = format!("dns_failover.w.aws_route53_record[{region:?}]");
        (read.attribute(&at, "weighted_routing_policy"), read.attribute(&at, "health_check_id"))
    };
    assert_eq!(weight("us-east-1"), (r#"[{"weight":90}]"#.into(), "none".into()));
    assert_eq!(weight("us-west-2"), (r#"[{"weight":10}]"#.into(), "none".into()));
}

#[test]
fn a_record_is_told_its_weight_and_its_ttl_and_keeps_everything_else() {
    use super::dns::{leads, ttl, weight, with_ttl, with_weight};
    let policy =
        |weight| Value::tuple(vec![Value::object([("weight".into(), Value::int(weight))])]);
    let record = |ttl, weight| {
        Value::object([
            ("name".into(), Value::string("www")),
            ("ttl".into(), Value::int(ttl)),
            ("weighted_routing_policy".into(), policy(weight)),
        ])
    };
    assert_eq!((ttl(&record(60, 5)), weight(&record(60, 5))), (Some(60), Some(5)));
    assert_eq!(with_weight(&record(60, 5), 90), record(60, 90));
    assert_eq!(with_ttl(&record(60, 5), 10), Some(record(10, 5)));
    let other = Value::object([("name".into(), Value::string("www"))]);
    assert_eq!((ttl(&other), weight(&other), with_weight(&other, 1)), (None, None, other.clone()));
    let pair = |part: &str| {
        let part = Value::object([("type".into(), Value::string(part))]);
        other.clone().with("failover_routing_policy", Value::tuple(vec![part]))
    };
    let lead = [record(60, 5), record(60, 0), pair("PRIMARY"), pair("SECONDARY"), other.clone()];
    assert_eq!(lead.map(|it| leads(&it)), [true, false, true, false, false]);
}

#[test]
fn what_objects_decide_stays_an_expression() {
    let read = two(r#"
        resource "aws_route53_zone" "main" { name = "example.com" }
        locals { zone = aws_route53_zone.main.zone_id }
        dns_failover "w" {
          zone   = local.zone
          name   = "www.example.com"
          switch = "record"
          type   = "A"
          health_check { path = "/" }
          endpoint "us-east-1" { address = aws_route53_zone.main.comment }
          endpoint "us-west-2" { address = "203.0.113.9" }
        }
        bucket "b" {
          name       = { us-east-1 = "one", us-west-2 = "two" }
          tags       = { zone = aws_route53_zone.main.zone_id }
          depends_on = [aws_route53_zone.main, dns_failover.w]
        }
    "#);
    assert_eq!(read.problems(), none());
    let record = "dns_failover.w.aws_route53_record[\"us-east-1\"]";
    assert_eq!(read.attribute(record, "zone_id"), "an expression");
    assert_eq!(read.attribute(record, "records"), "[an expression]");
    let bucket = "bucket.b.aws_s3_bucket[\"us-east-1\"]";
    assert_eq!(read.attribute(bucket, "tags"), "an expression");
    let after = read.object(bucket).map(|p| p.after.len());
    assert_eq!(after, Some(5));
}

#[test]
fn a_service_has_the_capacity_of_its_role_and_none_of_it_while_its_region_is_left() {
    let read = two(r#"
        service "api" {
          instances         = { us-east-1 = ["i-0123456789abcdef0"], us-west-2 = ["i-01234567"] }
          autoscaling_group = { us-east-1 = "api", us-west-2 = "api-dr" }
          capacity          = { primary = 6, standby = 1 }
          min_size          = { primary = 2, standby = 1 }
        }
    "#);
    assert_eq!(read.problems(), none());
    let at = |kind: &str, key: &str| format!("service.api.{kind}[{key:?}]");
    let machine = at("aws_ec2_instance_state", "us-west-2/i-01234567");
    let group = at("aws_autoscaling_group", "us-west-2");
    assert_eq!(read.attribute(&machine, "state"), "\"running\"");
    assert_eq!(read.attribute(&group, "name"), "\"api-dr\"");
    assert_eq!(read.attribute(&group, "desired_capacity"), "1");
    let primary = at("aws_autoscaling_group", "us-east-1");
    assert_eq!(read.attribute(&primary, "desired_capacity"), "6");
    assert_eq!(read.attribute(&primary, "min_size"), "2");
    assert_eq!(read.attribute(&primary, "max_size"), "none");
    let leaving = |address: &str| -> Vec<String> {
        let planned = read.object(address).expect("an object");
        assert!(planned.operated && planned.part == Some(Part::Capacity { fences: true }));
        planned.leaving.iter().map(|(name, t)| format!("{name} {}", shown(t))).collect()
    };
    assert_eq!(leaving(&machine), ["state \"stopped\""]);
    assert_eq!(leaving(&primary), ["desired_capacity 0", "min_size 0"]);
}

#[test]
fn security_groups_are_open_in_the_primary_alone_however_much_runs_in_a_standby() {
    let read = two(r#"
        service "api" {
          security_groups = { us-east-1 = ["sg-01234567"], us-west-2 = ["sg-89abcdef"] }
          capacity        = { primary = 6, standby = 1 }
        }
    "#);
    assert_eq!(read.problems(), none());
    for (key, state) in [("us-east-1/sg-01234567", "open"), ("us-west-2/sg-89abcdef", "closed")] {
        let at = format!("service.api.aws_security_group_ingress[{key:?}]");
        assert_eq!(read.attribute(&at, "state"), format!("{state:?}"));
        let planned = read.object(&at).expect("an object");
        assert!(planned.operated && planned.part == Some(Part::Reach));
        let leaving: Vec<String> =
            planned.leaving.iter().map(|(name, t)| format!("{name} {}", shown(t))).collect();
        assert_eq!(leaving, ["state \"closed\""]);
    }
}

#[test]
fn a_service_that_all_regions_write_fences_nothing() {
    let read = two(r#"
        service "api" {
          autoscaling_group = { us-east-1 = "api", us-west-2 = "api" }
          capacity          = { primary = 6, standby = 1 }
          writers           = "all"
        }
    "#);
    assert_eq!(read.problems(), none());
    let group = read.object("service.api.aws_autoscaling_group[\"us-east-1\"]");
    let group = group.expect("an object");
    assert_eq!((group.part, group.leaving.len()), (Some(Part::Capacity { fences: false }), 0));
}

const ORDERS: &str = r#"
    database "orders" {
      engine                   = "postgres"
      instance_class           = "db.r6g.large"
      allocated_storage        = 100
      endpoint_parameter       = "/orders/writer"
      kms_key_id               = { us-west-2 = "arn:aws:kms:us-west-2:123456789012:key/k" }
      fence_security_group_ids = { us-east-1 = ["sg-a"], us-west-2 = ["sg-b"] }
    }
"#;

#[test]
fn a_database_is_writable_in_the_primary_and_copied_by_the_standby_which_is_fenced_while_it_is_left()
 {
    let read = two(ORDERS);
    assert_eq!(read.problems(), none());
    let at = |kind: &str, key: &str| format!("database.orders.{kind}[{key:?}]");
    let (writer, replica) =
        (at("aws_db_instance", "us-east-1"), at("aws_db_instance", "us-west-2"));
    assert_eq!(read.attribute(&writer, "replicate_source_db"), "none");
    assert_eq!(read.attribute(&writer, "retire_as"), "none");
    assert_eq!(read.attribute(&writer, "fence_security_group_ids"), "[\"sg-a\"]");
    let source = read.attribute(&replica, "replicate_source_db");
    assert!(source.contains(&writer), "{source}");
    let replica = read.object(&replica).expect("an object");
    assert_eq!(replica.part, Some(Part::Database));
    assert_eq!(replica.follows, Some(("replicate_source_db".into(), Follows::Rebuild)));
    let leaving: Vec<&str> = replica.leaving.iter().map(|(name, _)| &**name).collect();
    assert_eq!(leaving, ["fenced", "replicate_source_db", "retire_as"]);
    // All that is said instead is said at all: else it would have no effect.
    let said = |name: &&str| replica.document.iter().any(|(n, _)| **n == **name);
    assert!(leaving.iter().all(said));
    for region in ["us-east-1", "us-west-2"] {
        let endpoint = at("aws_ssm_parameter", region);
        let value = read.attribute(&endpoint, "value");
        assert!(value.contains(&writer), "{value}");
        assert_eq!(read.object(&endpoint).expect("an object").part, Some(Part::Endpoint));
    }
}

#[test]
fn a_global_database_has_one_object_that_says_who_writes_and_clusters_that_are_the_same_in_each_role()
 {
    let read = two(r#"
        database "orders" {
          engine                   = "aurora-postgresql"
          instance_class           = "db.r6g.large"
          instances                = 2
          password_secret          = "orders/password"
          endpoint_parameter       = "/orders/writer"
          fence_security_group_ids = { us-east-1 = ["sg-a"], us-west-2 = ["sg-b"] }
        }
    "#);
    assert_eq!(read.problems(), none());
    let at = |kind: &str, key: &str| format!("database.orders.{kind}[{key:?}]");
    let whole = at("aws_rds_global_cluster", "global");
    assert_eq!(read.object(&whole).expect("an object").part, Some(Part::Writer));
    for name in ["writer", "region"] {
        assert_eq!(read.attribute(&whole, name), "\"us-east-1\"", "asked where it writes");
    }
    let cluster = |region: &str| read.object(&at("aws_rds_cluster", region)).expect("an object");
    let (writer, standby) = (cluster("us-east-1"), cluster("us-west-2"));
    assert_eq!((writer.part, standby.part), (Some(Part::Database), Some(Part::Database)));
    let names = |planned: &crate::desired::Planned| {
        planned.document.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(writer), names(standby), "nothing of them follows from the role");
    assert_eq!(standby.leaving.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["fenced"]);
    let first = at("aws_rds_cluster", "us-east-1");
    assert!(standby.after.iter().any(|after| after.to_string() == first), "{:?}", standby.after);
    for region in ["us-east-1", "us-west-2"] {
        let value = read.attribute(&at("aws_ssm_parameter", region), "value");
        assert!(value.contains(&first), "{value}");
        let second = at("aws_rds_cluster_instance", &format!("{region}/2"));
        assert_eq!(read.attribute(&second, "cluster_identifier"), "\"web-orders\"");
    }
}

#[test]
fn a_table_and_its_replicas_are_the_same_in_each_role_and_never_fenced() {
    let files = r#"
        database "carts" {
          engine          = "dynamodb"
          hash_key        = "customer"
          range_key       = "item"
          attribute_types = { item = "N" }
          kms_key_id      = { us-west-2 = "arn:aws:kms:us-west-2:123456789012:key/k" }
        }
    "#;
    let read = two(files);
    assert_eq!(read.problems(), none());
    let at = |kind: &str, key: &str| format!("database.carts.{kind}[{key:?}]");
    let (table, replica) =
        (at("aws_dynamodb_table", "us-east-1"), at("aws_dynamodb_table_replica", "us-west-2"));
    let attribute = read.attribute(&table, "attribute");
    assert!(attribute.contains(r#""name":"item","type":"N""#), "{attribute}");
    assert!(read.attribute(&replica, "global_table_arn").contains(&table));
    assert_eq!(
        read.attribute(&replica, "kms_key_arn"),
        "\"arn:aws:kms:us-west-2:123456789012:key/k\""
    );
    for address in [&table, &replica] {
        let planned = read.object(address).expect("an object");
        assert_eq!((planned.part, planned.leaving.len()), (Some(Part::Replica), 0), "{address}");
        assert!(!Part::Replica.fences());
    }
}
