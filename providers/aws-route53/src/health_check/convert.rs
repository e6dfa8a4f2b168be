//! Health checks to and from the API: pure.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::operation::update_health_check::builders::UpdateHealthCheckFluentBuilder;
use aws_sdk_route53::types::{
    self as sdk, AlarmIdentifier, CloudWatchRegion, HealthCheckConfig, HealthCheckRegion,
    HealthCheckType, InsufficientDataHealthStatus, ResettableElementName,
};
use lifeboat_sdk::{Class, Failure};

use super::HealthCheck;
use crate::reference;

/// What a check of this type asks: an endpoint, or something else.
pub(super) fn is_endpoint(kind: &str) -> bool {
    matches!(kind, "HTTP" | "HTTPS" | "HTTP_STR_MATCH" | "HTTPS_STR_MATCH" | "TCP")
}

/// The port of an endpoint whose configuration names none.
pub(super) fn default_port(kind: &str) -> Option<i64> {
    match kind {
        "HTTP" | "HTTP_STR_MATCH" => Some(80),
        "HTTPS" | "HTTPS_STR_MATCH" => Some(443),
        _ => None,
    }
}

/// Seconds between two requests where the configuration names none.
pub(super) const INTERVAL: i64 = 30;
/// Requests in a row that change the status where the configuration names none.
pub(super) const THRESHOLD: i64 = 3;

/// A health check as it was answered.
///
/// # Errors
/// Where the answer lacks what every health check has.
pub(super) fn from_api(
    check: &sdk::HealthCheck,
    arn: String,
    tags: BTreeMap<String, String>,
) -> Result<HealthCheck, Failure> {
    let Some(config) = check.health_check_config.as_ref().filter(|_| !check.id.is_empty()) else {
        return Err(Failure::new(Class::Garbled, "a health check without id or configuration"));
    };
    let alarm = config.alarm_identifier.as_ref();
    let status = config.insufficient_data_health_status.as_ref();
    Ok(HealthCheck {
        r#type: config.r#type.as_str().to_owned(),
        fqdn: filled(config.fully_qualified_domain_name.as_deref()),
        ip_address: filled(config.ip_address.as_deref()),
        port: config.port.map(i64::from),
        resource_path: filled(config.resource_path.as_deref()),
        request_interval: config.request_interval.map(i64::from),
        failure_threshold: config.failure_threshold.map(i64::from),
        search_string: filled(config.search_string.as_deref()),
        measure_latency: config.measure_latency.unwrap_or_default(),
        invert_healthcheck: config.inverted.unwrap_or_default(),
        disabled: config.disabled.unwrap_or_default(),
        enable_sni: config.enable_sni,
        regions: config.regions().iter().map(|r| r.as_str().to_owned()).collect(),
        child_healthchecks: config.child_health_checks().iter().cloned().collect(),
        child_health_threshold: config.health_threshold.map(i64::from),
        cloudwatch_alarm_name: alarm.map(|a| a.name.clone()),
        cloudwatch_alarm_region: alarm.map(|a| a.region.as_str().to_owned()),
        insufficient_data_health_status: status.map(|s| s.as_str().to_owned()),
        routing_control_arn: filled(config.routing_control_arn.as_deref()),
        reference_name: reference::named(&check.caller_reference).map(str::to_owned),
        tags_all: tags.clone(),
        tags,
        arn: Some(arn),
        id: Some(check.id.clone()),
    })
}

fn filled(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The configuration for a creation. Numbers that Route 53 would choose itself are sent too, so
/// that they do not depend on the server; truths only where they are true, because MiniStack
/// answers them as `False`.
///
/// # Errors
/// Where a number does not fit or a part is missing.
pub(super) fn to_api(check: &HealthCheck) -> Result<HealthCheckConfig, Failure> {
    let kind = check.r#type.to_ascii_uppercase();
    let endpoint = is_endpoint(&kind);
    let default = |value: Option<i64>, default: i64| value.or(endpoint.then_some(default));
    HealthCheckConfig::builder()
        .r#type(HealthCheckType::from(kind.as_str()))
        .set_fully_qualified_domain_name(check.fqdn.clone())
        .set_ip_address(check.ip_address.clone())
        .set_port(small(check.port.or(default_port(&kind)), "port")?)
        .set_resource_path(check.resource_path.clone())
        .set_request_interval(small(default(check.request_interval, INTERVAL), "request_interval")?)
        .set_failure_threshold(small(
            default(check.failure_threshold, THRESHOLD),
            "failure_threshold",
        )?)
        .set_search_string(check.search_string.clone())
        .set_measure_latency(check.measure_latency.then_some(true))
        .set_inverted(check.invert_healthcheck.then_some(true))
        .set_disabled(check.disabled.then_some(true))
        .set_enable_sni(check.enable_sni.filter(|_| kind.starts_with("HTTPS")))
        .set_regions(regions(&check.regions))
        .set_child_health_checks(children(&check.child_healthchecks))
        .set_health_threshold(small(check.child_health_threshold, "child_health_threshold")?)
        .set_alarm_identifier(alarm(check)?)
        .set_insufficient_data_health_status(status(check))
        .set_routing_control_arn(check.routing_control_arn.clone())
        .build()
        .map_err(incomplete)
}

/// Adds what differs to an update; what is not sent is not touched.
///
/// # Errors
/// Where Route 53 has no way to take something away, or a number does not fit.
pub(super) fn update(
    before: &HealthCheck,
    after: &HealthCheck,
    input: UpdateHealthCheckFluentBuilder,
) -> Result<UpdateHealthCheckFluentBuilder, Failure> {
    for (what, had, has) in [
        ("ip_address", before.ip_address.is_some(), after.ip_address.is_some()),
        ("search_string", before.search_string.is_some(), after.search_string.is_some()),
        ("cloudwatch_alarm_name", alarm(before)?.is_some(), alarm(after)?.is_some()),
    ] {
        if had && !has {
            let text = format!("Route 53 cannot take {what} away from a health check: replace it");
            return Err(Failure::new(Class::Invalid, text));
        }
    }
    let mut input = input.set_reset_elements(resets(before, after));
    input = input
        .set_fully_qualified_domain_name(changed(&before.fqdn, &after.fqdn))
        .set_ip_address(changed(&before.ip_address, &after.ip_address))
        .set_port(small(changed(&before.port, &after.port), "port")?)
        .set_resource_path(changed(&before.resource_path, &after.resource_path))
        .set_failure_threshold(small(
            changed(&before.failure_threshold, &after.failure_threshold),
            "failure_threshold",
        )?)
        .set_search_string(changed(&before.search_string, &after.search_string))
        .set_inverted(differs(before.invert_healthcheck, after.invert_healthcheck))
        .set_disabled(differs(before.disabled, after.disabled))
        .set_enable_sni(changed(&before.enable_sni, &after.enable_sni))
        .set_health_threshold(small(
            changed(&before.child_health_threshold, &after.child_health_threshold),
            "child_health_threshold",
        )?);
    // Lists are sent also where they do not differ: moto empties what an update does not name.
    input = input
        .set_regions(regions(&after.regions))
        .set_child_health_checks(children(&after.child_healthchecks));
    if alarm(before)? != alarm(after)? {
        input = input.set_alarm_identifier(alarm(after)?);
    }
    if before.insufficient_data_health_status != after.insufficient_data_health_status {
        input = input.set_insufficient_data_health_status(status(after));
    }
    Ok(input)
}

/// Whether nothing but tags and what only lifeboat knows differs.
pub(super) fn same_config(before: &HealthCheck, after: &HealthCheck) -> bool {
    let bare = |check: &HealthCheck| HealthCheck {
        reference_name: None,
        tags: BTreeMap::new(),
        tags_all: BTreeMap::new(),
        arn: None,
        id: None,
        ..check.clone()
    };
    bare(before) == bare(after)
}

/// What an update shall empty.
fn resets(before: &HealthCheck, after: &HealthCheck) -> Option<Vec<ResettableElementName>> {
    let emptied: Vec<_> = [
        (
            ResettableElementName::FullyQualifiedDomainName,
            before.fqdn.is_some() && after.fqdn.is_none(),
        ),
        (
            ResettableElementName::ResourcePath,
            before.resource_path.is_some() && after.resource_path.is_none(),
        ),
        (ResettableElementName::Regions, !before.regions.is_empty() && after.regions.is_empty()),
        (
            ResettableElementName::ChildHealthChecks,
            !before.child_healthchecks.is_empty() && after.child_healthchecks.is_empty(),
        ),
    ]
    .into_iter()
    .filter_map(|(element, emptied)| emptied.then_some(element))
    .collect();
    (!emptied.is_empty()).then_some(emptied)
}

fn changed<T: Clone + PartialEq>(before: &Option<T>, after: &Option<T>) -> Option<T> {
    after.clone().filter(|_| before != after)
}

fn differs(before: bool, after: bool) -> Option<bool> {
    (before != after).then_some(after)
}

fn small(value: Option<i64>, name: &str) -> Result<Option<i32>, Failure> {
    let narrow = |n: i64| {
        i32::try_from(n)
            .map_err(|_| Failure::new(Class::Invalid, format!("{name} = {n} is too large")))
    };
    value.map(narrow).transpose()
}

fn regions(regions: &BTreeSet<String>) -> Option<Vec<HealthCheckRegion>> {
    let regions: Vec<_> = regions.iter().map(|r| HealthCheckRegion::from(r.as_str())).collect();
    (!regions.is_empty()).then_some(regions)
}

fn children(children: &BTreeSet<String>) -> Option<Vec<String>> {
    (!children.is_empty()).then(|| children.iter().cloned().collect())
}

fn status(check: &HealthCheck) -> Option<InsufficientDataHealthStatus> {
    check.insufficient_data_health_status.as_deref().map(InsufficientDataHealthStatus::from)
}

fn alarm(check: &HealthCheck) -> Result<Option<AlarmIdentifier>, Failure> {
    match (&check.cloudwatch_alarm_name, &check.cloudwatch_alarm_region) {
        (Some(name), Some(region)) => AlarmIdentifier::builder()
            .name(name)
            .region(CloudWatchRegion::from(region.as_str()))
            .build()
            .map(Some)
            .map_err(incomplete),
        _ => Ok(None),
    }
}

fn incomplete(error: BuildError) -> Failure {
    Failure::new(Class::Invalid, error.to_string())
}
