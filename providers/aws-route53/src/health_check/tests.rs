//! Health checks: comparison, conversion, validation.

use aws_sdk_route53::Client;
use aws_sdk_route53::config::{BehaviorVersion, Config};
use lifeboat_sdk::{Object as _, Type};

use super::*;

fn https() -> HealthCheck {
    HealthCheck {
        r#type: "HTTPS".into(),
        fqdn: Some("gate.example.com".into()),
        port: Some(443),
        resource_path: Some("/health".into()),
        request_interval: Some(30),
        failure_threshold: Some(3),
        enable_sni: Some(true),
        ..HealthCheck::default()
    }
}

fn calculated(threshold: i64) -> HealthCheck {
    HealthCheck {
        r#type: "CALCULATED".into(),
        child_healthchecks: BTreeSet::from(["a".to_owned(), "b".to_owned()]),
        child_health_threshold: Some(threshold),
        ..HealthCheck::default()
    }
}

#[test]
fn equal_meaning_is_equal_content() {
    let mut written = https();
    written.r#type = "https".into();
    written.fqdn = Some("Gate.example.com.".into());
    written.ip_address = Some(String::new());
    written.resource_path = Some("health".into());
    (written.port, written.request_interval, written.failure_threshold) = (None, None, None);
    let document = written.encode().with("regions", Value::null());
    assert_eq!(hooks::normalise(&document), https().encode());
    let unknown = document.with("port", Value::unknown(Type::Number));
    assert!(hooks::normalise(&unknown).get("port").is_some_and(Value::is_unknown));
    let other = calculated(1).encode();
    assert_eq!(hooks::normalise(&other), other);
}

#[test]
fn what_is_written_is_what_is_read() {
    let alarm = HealthCheck {
        r#type: "CLOUDWATCH_METRIC".into(),
        cloudwatch_alarm_name: Some("alarm".into()),
        cloudwatch_alarm_region: Some("us-west-2".into()),
        insufficient_data_health_status: Some("LastKnownStatus".into()),
        ..HealthCheck::default()
    };
    let text = HealthCheck {
        r#type: "HTTPS_STR_MATCH".into(),
        search_string: Some("OK".into()),
        regions: ["us-east-1", "us-west-2", "eu-west-1"].map(str::to_owned).into(),
        invert_healthcheck: true,
        measure_latency: true,
        reference_name: Some("gate".into()),
        ..https()
    };
    for check in [https(), calculated(2), alarm, text] {
        let config = convert::to_api(&check).unwrap();
        let live = sdk::HealthCheck::builder()
            .id("h1")
            .caller_reference(reference::make(check.reference_name.as_deref(), "a", "t"))
            .health_check_config(config)
            .health_check_version(1)
            .build()
            .unwrap();
        let (arn, id) = (Some(arn("h1")), Some("h1".to_owned()));
        let expected = HealthCheck { arn, id, ..check };
        assert_eq!(written(&live, &Tags::new(), None).unwrap().object, expected);
        let document = expected.encode();
        assert_eq!(hooks::normalise(&document), document);
    }
}

#[test]
fn an_update_sends_only_what_differs() {
    let config = Config::builder().behavior_version(BehaviorVersion::v2026_01_12()).build();
    let client = Client::from_conf(config);
    let after = HealthCheck {
        resource_path: None,
        invert_healthcheck: true,
        failure_threshold: Some(1),
        ..https()
    };
    let input = convert::update(&https(), &after, client.update_health_check()).unwrap();
    assert_eq!((input.get_inverted(), input.get_failure_threshold()), (&Some(true), &Some(1)));
    assert_eq!(input.get_reset_elements().as_ref().map(Vec::len), Some(1));
    assert_eq!((input.get_port(), input.get_enable_sni()), (&None, &None));
    assert_eq!(input.get_fully_qualified_domain_name(), &None);
    let before = HealthCheck { ip_address: Some("192.0.2.1".into()), ..https() };
    let failure = convert::update(&before, &https(), client.update_health_check()).unwrap_err();
    assert_eq!(failure.class, Class::Invalid);
    assert!(convert::same_config(&https(), &HealthCheck { id: Some("x".into()), ..https() }));
    assert!(!convert::same_config(&https(), &after));
}

#[test]
fn what_route_53_refuses_or_takes_otherwise_than_meant_is_found_before() {
    let regions = |regions: &[&str]| regions.iter().map(|r| (*r).to_owned()).collect();
    let cases: Vec<(HealthCheck, &[&str], &[&str])> = vec![
        (https(), &[], &[]),
        (HealthCheck { r#type: "PING".into(), ..https() }, &["type"], &[]),
        (HealthCheck { fqdn: None, ..https() }, &["fqdn"], &[]),
        (HealthCheck { request_interval: Some(15), ..https() }, &["request_interval"], &[]),
        (HealthCheck { failure_threshold: Some(11), ..https() }, &["failure_threshold"], &[]),
        (HealthCheck { port: Some(0), ..https() }, &["port"], &[]),
        (HealthCheck { search_string: Some("x".into()), ..https() }, &["search_string"], &[]),
        (HealthCheck { r#type: "HTTP_STR_MATCH".into(), ..https() }, &["search_string"], &[]),
        (HealthCheck { r#type: "TCP".into(), port: None, ..https() }, &["port"], &[]),
        (HealthCheck { regions: regions(&["us-east-1"]), ..https() }, &["regions"], &[]),
        (
            HealthCheck { regions: regions(&["us-east-1", "us-west-2", "moon-1"]), ..https() },
            &["regions"],
            &[],
        ),
        (HealthCheck { disabled: true, ..https() }, &[], &["disabled"]),
        (calculated(2), &[], &[]),
        (calculated(0), &[], &["child_health_threshold"]),
        (calculated(3), &[], &["child_health_threshold"]),
        (HealthCheck { fqdn: Some("a.b".into()), ..calculated(1) }, &["fqdn"], &[]),
        (
            HealthCheck { r#type: "CLOUDWATCH_METRIC".into(), ..HealthCheck::default() },
            &["cloudwatch_alarm_name", "cloudwatch_alarm_region"],
            &[],
        ),
        (HealthCheck { reference_name: Some("x".repeat(28)), ..https() }, &["reference_name"], &[]),
    ];
    for (check, errors, warnings) in cases {
        let findings = hooks::validate(&check.encode());
        let paths = |warning: bool| -> Vec<String> {
            let of = findings.iter().filter(|f| f.warning == warning);
            of.map(|f| f.path.to_string()).collect()
        };
        assert_eq!(paths(false), errors, "{check:?}");
        assert_eq!(paths(true), warnings, "{check:?}");
    }
    let unknown = https().encode().with("fqdn", Value::unknown(Type::String));
    assert!(hooks::validate(&unknown).is_empty());
}
