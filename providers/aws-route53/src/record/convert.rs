//! Records to and from the API's record sets: pure.

use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{
    AliasTarget, GeoLocation, ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover,
    ResourceRecordSetRegion, RrType,
};
use lifeboat_sdk::{Class, Failure};

use super::name::{self, RecordId};
use super::{
    Alias, FailoverPolicy, GeolocationPolicy, LatencyPolicy, Record, WeightedPolicy, text,
};

/// The id that a record has by its configuration.
pub(super) fn id(record: &Record) -> RecordId {
    RecordId {
        zone: name::zone_id(&record.zone_id).to_owned(),
        name: name::canonical(&record.name),
        kind: record.r#type.to_ascii_uppercase(),
        set: record.set_identifier.clone().filter(|set| !set.is_empty()),
    }
}

/// A record as it was answered; `id` is what it was asked for by, and `allow_overwrite` what only
/// its configuration knows.
///
/// # Errors
/// Where it uses what this version does not support: changing it would lose that.
pub(super) fn from_api(
    set: &ResourceRecordSet,
    id: &RecordId,
    allow_overwrite: bool,
) -> Result<Record, Failure> {
    let unsupported = [
        (set.cidr_routing_config.is_some(), "CIDR routing"),
        (set.geo_proximity_location.is_some(), "geoproximity routing"),
        (set.traffic_policy_instance_id.is_some(), "a traffic policy"),
    ];
    if let Some((_, what)) = unsupported.iter().find(|(used, _)| *used) {
        let text = format!("the record {id} uses {what}, which is not supported in this version");
        return Err(Failure::new(Class::Other, text));
    }
    let kind = set.r#type.as_str();
    let records = set.resource_records.as_deref().unwrap_or_default();
    Ok(Record {
        zone_id: id.zone.clone(),
        name: id.name.clone(),
        r#type: kind.to_owned(),
        ttl: if set.alias_target.is_some() { None } else { set.ttl },
        records: records.iter().map(|r| text::canonical(kind, &r.value)).collect(),
        alias: set.alias_target.iter().map(alias_from_api).collect(),
        set_identifier: set.set_identifier.clone().filter(|s| !s.is_empty()),
        failover_routing_policy: set
            .failover
            .iter()
            .map(|f| FailoverPolicy { r#type: f.as_str().to_owned() })
            .collect(),
        weighted_routing_policy: set.weight.iter().map(|w| WeightedPolicy { weight: *w }).collect(),
        latency_routing_policy: set
            .region
            .iter()
            .map(|r| LatencyPolicy { region: r.as_str().to_owned() })
            .collect(),
        geolocation_routing_policy: set.geo_location.iter().map(place_from_api).collect(),
        multivalue_answer_routing_policy: set.multi_value_answer.filter(|on| *on),
        health_check_id: set.health_check_id.clone().filter(|id| !id.is_empty()),
        allow_overwrite,
        fqdn: Some(name::canonical(&set.name)),
        id: Some(id.to_string()),
    })
}

fn alias_from_api(target: &AliasTarget) -> Alias {
    Alias {
        name: name::canonical(&target.dns_name),
        zone_id: name::zone_id(&target.hosted_zone_id).to_owned(),
        evaluate_target_health: target.evaluate_target_health,
    }
}

fn place_from_api(place: &GeoLocation) -> GeolocationPolicy {
    GeolocationPolicy {
        continent: place.continent_code.clone(),
        country: place.country_code.clone(),
        subdivision: place.subdivision_code.clone(),
    }
}

/// A record as requests take it; `fqdn` is its whole canonical name.
///
/// # Errors
/// Where a part that the API needs is missing.
pub(super) fn to_api(record: &Record, fqdn: &str) -> Result<ResourceRecordSet, Failure> {
    let id = id(record);
    let missing = |e: BuildError| Failure::new(Class::Invalid, e.to_string());
    let mut values = Vec::new();
    for value in &record.records {
        let value = text::wire(&id.kind, &text::canonical(&id.kind, value));
        values.push(ResourceRecord::builder().value(value).build().map_err(missing)?);
    }
    let alias = record.alias.first().map(|alias| {
        AliasTarget::builder()
            .dns_name(name::wire(&name::canonical(&alias.name)))
            .hosted_zone_id(name::zone_id(&alias.zone_id))
            .evaluate_target_health(alias.evaluate_target_health)
            .build()
    });
    let alias = alias.transpose().map_err(missing)?;
    let ttl = if alias.is_some() { None } else { record.ttl };
    ResourceRecordSet::builder()
        .name(name::wire(fqdn))
        .r#type(RrType::from(id.kind.as_str()))
        .set_set_identifier(id.set)
        .set_ttl(ttl)
        .set_resource_records((!values.is_empty()).then_some(values))
        .set_alias_target(alias)
        .set_failover(
            record
                .failover_routing_policy
                .first()
                .map(|p| ResourceRecordSetFailover::from(p.r#type.to_ascii_uppercase().as_str())),
        )
        .set_weight(record.weighted_routing_policy.first().map(|p| p.weight))
        .set_region(
            record
                .latency_routing_policy
                .first()
                .map(|p| ResourceRecordSetRegion::from(p.region.as_str())),
        )
        .set_geo_location(record.geolocation_routing_policy.first().map(place_to_api))
        .set_multi_value_answer(record.multivalue_answer_routing_policy.filter(|on| *on))
        .set_health_check_id(record.health_check_id.clone())
        .build()
        .map_err(missing)
}

fn place_to_api(place: &GeolocationPolicy) -> GeoLocation {
    GeoLocation::builder()
        .set_continent_code(place.continent.clone())
        .set_country_code(place.country.clone())
        .set_subdivision_code(place.subdivision.clone())
        .build()
}

/// The routing policy of a record: the members of a group must have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// None.
    Simple,
    /// Failover.
    Failover,
    /// Weighted.
    Weighted,
    /// By latency.
    Latency,
    /// By geolocation.
    Geolocation,
    /// Multivalue answer.
    Multivalue,
}

/// The routing policy of a record.
pub(super) fn policy(record: &Record) -> Policy {
    if !record.failover_routing_policy.is_empty() {
        Policy::Failover
    } else if !record.weighted_routing_policy.is_empty() {
        Policy::Weighted
    } else if !record.latency_routing_policy.is_empty() {
        Policy::Latency
    } else if !record.geolocation_routing_policy.is_empty() {
        Policy::Geolocation
    } else if record.multivalue_answer_routing_policy == Some(true) {
        Policy::Multivalue
    } else {
        Policy::Simple
    }
}
