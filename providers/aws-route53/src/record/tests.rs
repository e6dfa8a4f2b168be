//! Records: comparison, conversion both ways, ids, validation.

use aws_sdk_route53::types::{CidrRoutingConfig, ResourceRecordSet, RrType};
use lifeboat_sdk::{Object as _, Type};

use super::*;

fn simple() -> Record {
    Record {
        zone_id: "Z1".into(),
        name: "www.example.com".into(),
        r#type: "A".into(),
        ttl: Some(60),
        records: BTreeSet::from(["192.0.2.1".to_owned()]),
        fqdn: Some("www.example.com".into()),
        id: Some("Z1_www.example.com_A".into()),
        ..Record::default()
    }
}

fn alias(evaluate: bool) -> Vec<Alias> {
    let name = "lb.example.com".to_owned();
    vec![Alias { name, zone_id: "Z2".into(), evaluate_target_health: evaluate }]
}

fn failover(part: &str) -> Vec<FailoverPolicy> {
    vec![FailoverPolicy { r#type: part.into() }]
}

#[test]
fn equal_meaning_is_equal_content() {
    let mut written = simple();
    written.zone_id = "/hostedzone/Z1".into();
    written.name = "WWW.Example.com.".into();
    written.r#type = "a".into();
    written.ttl = None;
    written.set_identifier = Some(String::new());
    written.health_check_id = Some(String::new());
    written.multivalue_answer_routing_policy = Some(false);
    assert_eq!(hooks::normalise(&written.encode()), simple().encode());
    let missing = simple().encode().with("alias", Value::null()).with("records", Value::null());
    let empty = hooks::normalise(&missing);
    assert_eq!(empty.get("alias"), simple().encode().get("alias"));
    let other = Record { alias: alias(true), ttl: None, ..simple() };
    assert!(hooks::normalise(&other.encode()).get("ttl").is_some_and(Value::is_null));
}

#[test]
fn unknown_parts_are_left_alone() {
    let unknown = Value::unknown(Type::String);
    for attribute in ["zone_id", "name", "type", "set_identifier", "health_check_id"] {
        let document = simple().encode().with(attribute, unknown.clone());
        let normalised = hooks::normalise(&document);
        assert!(normalised.get(attribute).is_some_and(Value::is_unknown), "{attribute}");
        let identity = attribute != "health_check_id";
        assert_eq!(hooks::id_of(&document).is_none(), identity, "{attribute}");
        assert!(hooks::validate(&document).iter().all(|f| f.warning), "{attribute}");
    }
    let records = Value::unknown(Type::set(Type::String));
    let document = simple().encode().with("records", records);
    assert!(hooks::normalise(&document).get("records").is_some_and(Value::is_unknown));
    assert!(hooks::validate(&document).is_empty());
}

#[test]
fn what_is_written_is_what_is_read() {
    let grouped = Record { set_identifier: Some("a".into()), ..simple() };
    let records = [
        simple(),
        Record { alias: alias(true), ttl: None, records: BTreeSet::new(), ..simple() },
        Record {
            failover_routing_policy: failover("PRIMARY"),
            health_check_id: Some("h".into()),
            ..grouped.clone()
        },
        Record { weighted_routing_policy: vec![WeightedPolicy { weight: 0 }], ..grouped.clone() },
        Record {
            latency_routing_policy: vec![LatencyPolicy { region: "eu-west-1".into() }],
            ..grouped.clone()
        },
        Record {
            geolocation_routing_policy: vec![GeolocationPolicy {
                country: Some("*".into()),
                ..GeolocationPolicy::default()
            }],
            ..grouped.clone()
        },
        Record { multivalue_answer_routing_policy: Some(true), ..grouped },
        Record {
            r#type: "TXT".into(),
            records: BTreeSet::from(["a\" \"b".to_owned(), "c".to_owned()]),
            ..simple()
        },
    ];
    for mut record in records {
        let id = convert::id(&record);
        record.id = Some(id.to_string());
        let set = convert::to_api(&record, "www.example.com").unwrap();
        assert_eq!(convert::from_api(&set, &id, false).unwrap(), record);
        let document = record.encode();
        assert_eq!(hooks::normalise(&document), document);
        assert_eq!(Record::decode(&document).unwrap(), record);
    }
}

#[test]
fn what_cannot_be_kept_is_not_read() {
    let set = ResourceRecordSet::builder()
        .name("www.example.com.")
        .r#type(RrType::A)
        .cidr_routing_config(
            CidrRoutingConfig::builder().collection_id("c").location_name("l").build().unwrap(),
        )
        .build()
        .unwrap();
    let failure = convert::from_api(&set, &convert::id(&simple()), false).unwrap_err();
    assert!(failure.message.contains("CIDR routing"), "{failure}");
}

/// A record, the attributes with errors, those with warnings.
type Case = (Record, &'static [&'static str], &'static [&'static str]);

fn wrong() -> Vec<Case> {
    let grouped = Record { set_identifier: Some("a".into()), ..simple() };
    let no_values = Record { ttl: None, records: BTreeSet::new(), ..simple() };
    let primary = Record { failover_routing_policy: failover("PRIMARY"), ..grouped.clone() };
    let checked = Record { health_check_id: Some("h".into()), ..primary.clone() };
    let alias_pair = |evaluate, part: &str| Record {
        alias: alias(evaluate),
        set_identifier: Some("a".into()),
        failover_routing_policy: failover(part),
        ..no_values.clone()
    };
    let mut cloudfront = alias_pair(true, "SECONDARY");
    cloudfront.alias[0].zone_id = "Z2FDTNDATAQYW2".into();
    let weight = |weight| vec![WeightedPolicy { weight }];
    let text =
        |text: String| Record { r#type: "TXT".into(), records: BTreeSet::from([text]), ..simple() };
    vec![
        (simple(), &[], &[]),
        (Record { r#type: "AA".into(), ..simple() }, &["type"], &[]),
        (Record { r#type: "AAAA".into(), ..simple() }, &["records"], &[]),
        (text("x".repeat(256)), &["records"], &[]),
        (text(format!("{}\" \"{}", "x".repeat(255), "y".repeat(255))), &[], &[]),
        (no_values.clone(), &["records"], &[]),
        (Record { alias: alias(true), ..simple() }, &["records", "ttl"], &[]),
        (Record { alias: alias(true), ..no_values.clone() }, &[], &[]),
        (grouped.clone(), &["set_identifier"], &[]),
        (
            Record { weighted_routing_policy: weight(1), ..simple() },
            &["weighted_routing_policy"],
            &[],
        ),
        (
            Record { weighted_routing_policy: weight(256), ..grouped.clone() },
            &["weighted_routing_policy"],
            &[],
        ),
        (
            Record { weighted_routing_policy: weight(1), ..checked.clone() },
            &["weighted_routing_policy"],
            &[],
        ),
        (primary, &[], &["health_check_id"]),
        (checked.clone(), &[], &[]),
        (Record { ttl: Some(300), ..checked.clone() }, &[], &["ttl"]),
        (Record { ttl: Some(-1), ..simple() }, &["ttl"], &[]),
        (
            Record { failover_routing_policy: failover("FIRST"), ..checked },
            &["failover_routing_policy"],
            &[],
        ),
        (alias_pair(true, "PRIMARY"), &[], &[]),
        (alias_pair(false, "PRIMARY"), &["alias"], &[]),
        (alias_pair(false, "SECONDARY"), &[], &[]),
        (cloudfront, &["alias"], &[]),
    ]
}

#[test]
fn what_route_53_refuses_or_takes_otherwise_than_meant_is_found_before() {
    for (record, errors, warnings) in wrong() {
        let findings = hooks::validate(&record.encode());
        let paths = |warning: bool| -> Vec<String> {
            let of = findings.iter().filter(|f| f.warning == warning);
            of.map(|f| f.path.to_string()).collect()
        };
        assert_eq!(paths(false), errors, "{record:?}");
        assert_eq!(paths(true), warnings, "{record:?}");
    }
}
