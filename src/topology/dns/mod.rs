//! `dns_failover` blocks: a name whose answer follows the primary, or the health of regions.

mod endpoint;
mod gate;
mod health;
mod lint;
mod reach;
mod resolvers;
mod shift;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::bucket::Bucket;
use super::database::Database;
use super::objective::{self, Objective};
use super::read::{Open, Reader, Source};
use super::service::Service;
use super::{Ground, Needs, codes, region};
use crate::config::ast::Body;
pub use endpoint::{Address, Alias, Endpoint, EndpointBlock};
pub use gate::{Gate, GateBlock, Target};
pub use health::{HealthCheck, HealthCheckBlock};
use lint::OneWriter;
pub use shift::{Shift, ShiftBlock};

/// Who moves the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// An operator, by a gate in the healthy region: nothing of Route 53's control plane.
    Operator,
    /// Route 53, by the health of the regions.
    Health,
    /// lifeboat, by rewriting the records. It needs Route 53's control plane in us-east-1.
    Record,
}

/// How the records of the regions share the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The primary, else the secondary.
    Failover,
    /// In proportion to weights.
    Weighted,
    /// The nearest region.
    Latency,
}

/// A name that fails over.
#[derive(Clone, Debug)]
pub struct DnsFailover {
    /// The block's name with its key.
    pub name: Name,
    /// The id of the zone.
    pub zone: Open,
    /// The name in the zone.
    pub record: Name,
    /// The type of the records.
    pub kind: Name,
    /// How long resolvers keep an answer, in seconds.
    pub ttl: u64,
    /// The same in seconds while a promotion moves the traffic.
    pub ttl_during: u64,
    /// Who moves the traffic.
    pub switch: Switch,
    /// How the records share the name.
    pub policy: Policy,
    /// The weights of the primary and of standbys.
    pub weights: Option<(i64, i64)>,
    /// How endpoints are checked.
    pub check: Option<HealthCheck>,
    /// The operator's gate.
    pub gate: Option<Gate>,
    /// How traffic moves in steps.
    pub shift: Option<Shift>,
    /// Whom a promotion asks what they still answer.
    pub resolvers: Vec<SocketAddr>,
    /// By region.
    pub endpoints: BTreeMap<Name, Endpoint>,
    /// The objective, where it is not the topology's.
    pub objective: Option<Objective>,
    /// What it must come after.
    pub needs: Needs,
    /// The block's header.
    pub span: Span,
}

/// A name in a Route 53 zone with an endpoint in each region.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct DnsFailoverBlock {
    /// The id of the zone, as a rule that of a resource or data source.
    pub zone: String,
    /// The name: whole, or relative to the zone.
    pub name: String,
    /// How long resolvers keep an answer.
    #[kind(default = "\"60s\"")]
    pub ttl: Option<String>,
    /// How long resolvers keep an answer while a promotion moves the traffic, where that is less: the
    /// records get it before writes stop. For the policy `failover`.
    #[kind(default = "\"60s\"")]
    pub ttl_during: Option<String>,
    /// Who moves the traffic: `operator`, `health` or `record`.
    #[kind(default = "\"operator\"")]
    pub switch: Option<String>,
    /// How the records share the name: `failover`, `weighted` or `latency`.
    #[kind(default = "\"failover\"")]
    pub policy: Option<String>,
    /// The type of the records: `A`, `AAAA` or `CNAME`; by the addresses where it is left out.
    #[kind(optional)]
    pub r#type: Option<String>,
    /// The weights by role, where the policy is weighted: `{ primary = 100, standby = 0 }`.
    #[kind(optional)]
    pub weights: BTreeMap<String, i64>,
    /// Resolvers that a promotion asks, after it switched the traffic, what they still answer:
    /// addresses, with a port where it is not 53. None are asked that are not named here.
    #[kind(optional)]
    pub resolvers: Vec<String>,
    /// How the endpoints are checked.
    #[kind(block(max = 1))]
    pub health_check: Vec<HealthCheckBlock>,
    /// What moves the traffic for an operator.
    #[kind(block(max = 1))]
    pub gate: Vec<GateBlock>,
    /// How the weights move in steps, where the policy is weighted and all regions may write.
    #[kind(block(max = 1))]
    pub shift: Vec<ShiftBlock>,
    /// What answers in a region: `endpoint "us-east-1" { … }`.
    #[kind(block)]
    pub endpoint: Vec<EndpointBlock>,
}

/// The weights of the primary and of standbys where none are given.
const WEIGHTS: (i64, i64) = (100, 0);

impl DnsFailover {
    /// The weight of a region that is the primary or a standby.
    pub fn weight(&self, endpoint: &Endpoint, primary: bool) -> i64 {
        let (first, other) = self.weights.unwrap_or(WEIGHTS);
        endpoint.weight.unwrap_or(if primary { first } else { other })
    }

    /// Whether standbys have an entry each besides the gate: there may be several of them, and the gate alone
    /// says only that the primary is left.
    pub fn has_entries(&self) -> bool {
        self.gate.is_some() && self.policy == Policy::Weighted
    }

    /// Whether the records carry a check of their own, the gate's or that of endpoints; see
    /// [`crate::desired::blocks`].
    fn carries_checks(&self) -> bool {
        match self.switch {
            Switch::Operator => self.gate.is_some(),
            Switch::Health | Switch::Record => self.check.is_some(),
        }
    }
}

/// The time to live where none is given: what AWS recommends at most for records with health
/// checks (Route 53 developer guide, "Best practices for Amazon Route 53 DNS").
const TTL: u64 = 60;

/// The longest time to live (Route 53 API reference, `ResourceRecordSet`).
const LONGEST_TTL: u64 = 2_147_483_647;

/// Reads all `dns_failover` blocks.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    (buckets, services, databases): (&[Bucket], &[Service], &[Database]),
) -> Vec<DnsFailover> {
    let databases = databases.iter().filter(|d| d.one_writer());
    let databases = databases.map(|d| (format!("database.{}", d.name), d.span));
    let buckets = buckets.iter().filter(|b| b.one_writer);
    let buckets = buckets.map(|b| (format!("bucket.{}", b.name), b.span));
    let services = services.iter().filter(|s| s.one_writer);
    let services = services.map(|s| (format!("service.{}", s.name), s.span));
    let writers =
        buckets.chain(services).chain(databases).map(|(block, span)| OneWriter { block, span });
    let writers: Vec<OneWriter> = writers.collect();
    let sources = reader.sources("dns_failover");
    let mut all = Vec::new();
    for source in &sources {
        if let Some(dns) = one(reader, ground, source) {
            lint::check(reader, ground, &writers, source, &dns);
            lint::once(reader, &all, &dns);
            all.push(dns);
        }
    }
    all
}

fn one(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    source: &Source<'_>,
) -> Option<DnsFailover> {
    let mut body = source.body.clone();
    let objective = objective::of_component(reader, source, &mut body, ground.tiers);
    let zone = reader.open(source, &mut body, "zone");
    let written = reader.labelled(&mut body, "endpoint", "the region");
    let endpoints = endpoint::read(reader, ground, source, &written);
    let given = reader.decode::<DnsFailoverBlock>(source, &body)?;
    let zone = zone_id(reader, zone, source.at("zone"));
    let ttl = ttl(reader, given.ttl.as_deref(), source.at("ttl"));
    let ttl_during = during(reader, given.ttl_during.as_deref(), source.at("ttl_during"));
    let switch = switch(reader, given.switch.as_deref(), source);
    let policy = policy(reader, given.policy.as_deref(), source);
    let weights = weights(reader, &given.weights, source);
    let check = health::read(reader, &given.health_check, &body);
    let gate = gate::read(reader, ground, &given.gate, &body);
    let shift = shift::read(reader, &given.shift, &body);
    let resolvers = resolvers::read(reader, &given.resolvers, &body);
    let endpoints = endpoints?;
    let kind = lint::record_type(reader, given.r#type.as_deref(), &endpoints, source);
    Some(DnsFailover {
        name: source.name.clone(),
        zone: zone?,
        record: given.name.as_str().into(),
        kind: kind?,
        ttl: ttl?,
        ttl_during: ttl_during?,
        switch: switch?,
        policy: policy?,
        weights,
        check: check.ok()?,
        gate: gate.ok()?,
        shift: shift.ok()?,
        resolvers: resolvers?,
        endpoints,
        objective,
        needs: Needs::of(source.block),
        span: source.span,
    })
}

/// The zone: an expression, or an id that is written out.
fn zone_id(reader: &mut Reader<'_, '_>, zone: Option<Open>, span: Span) -> Option<Open> {
    let zone = zone?;
    let Open::Known(value) = &zone else { return Some(zone) };
    let text = value.as_str().unwrap_or_default();
    // Route 53 API reference, `HostedZone`: at most 32 characters; in practice Z and upper case.
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    if text.starts_with('Z') && text.len() <= 32 && text.chars().all(plain) {
        return Some(zone);
    }
    let name = if text.is_empty() { "example.com" } else { text.trim_end_matches('.') };
    let detail =
        format!("{text:?} is no id of a zone, and a name alone may stand for several zones.");
    let help = format!(
        "Write data \"aws_route53_zone\" \"main\" {{ name = {name:?} }} and \
         zone = data.aws_route53_zone.main.zone_id."
    );
    reader.found.push(codes::ZONE_NAME.error(detail).at(span).help(help));
    None
}

fn ttl(reader: &mut Reader<'_, '_>, given: Option<&str>, span: Span) -> Option<u64> {
    let Some(given) = given else { return Some(TTL) };
    let ttl = reader.duration(given, span)?;
    if ttl.seconds > LONGEST_TTL {
        let seconds = i64::try_from(ttl.seconds).unwrap_or(i64::MAX);
        reader.in_range("ttl", seconds, 0..=2_147_483_647, span);
        return None;
    }
    if ttl.seconds > TTL {
        let detail = format!(
            "Resolvers keep the answer for {given}, so clients follow a move of the traffic that \
             much later. AWS recommends {TTL} s at most."
        );
        let help = "Write ttl = \"60s\" or less.";
        reader.found.push(codes::TTL_LONG.warning(detail).at(span).help(help));
    }
    Some(ttl.seconds)
}

/// What is longer than the TTL lowers nothing, and is no mistake.
fn during(reader: &mut Reader<'_, '_>, given: Option<&str>, span: Span) -> Option<u64> {
    let Some(given) = given else { return Some(TTL) };
    Some(reader.duration(given, span)?.seconds)
}

fn switch(reader: &mut Reader<'_, '_>, given: Option<&str>, source: &Source<'_>) -> Option<Switch> {
    let span = source.at("switch");
    match given.unwrap_or("operator") {
        "operator" => Some(Switch::Operator),
        "health" => Some(Switch::Health),
        "record" => Some(Switch::Record),
        "arc_routing_control" => {
            let help =
                "Write switch = \"operator\" with a gate, which needs no control plane either.";
            reader.unsupported("switch = \"arc_routing_control\"", span, help);
            None
        }
        other => {
            reader.choice(
                "switch",
                other,
                &["operator", "health", "record", "arc_routing_control"],
                span,
            );
            None
        }
    }
}

fn policy(reader: &mut Reader<'_, '_>, given: Option<&str>, source: &Source<'_>) -> Option<Policy> {
    match given.unwrap_or("failover") {
        "failover" => Some(Policy::Failover),
        "weighted" => Some(Policy::Weighted),
        "latency" => Some(Policy::Latency),
        other => {
            let all = ["failover", "weighted", "latency"];
            reader.choice("policy", other, &all, source.at("policy"));
            None
        }
    }
}

/// Weights by role, from 0 to 255 (Route 53 API reference, `ResourceRecordSet.Weight`).
fn weights(
    reader: &mut Reader<'_, '_>,
    given: &BTreeMap<String, i64>,
    source: &Source<'_>,
) -> Option<(i64, i64)> {
    let span = source.at("weights");
    let weights = region::numbers_by_role(reader, "weights", given, span)?;
    let fits = reader.in_range("primary", weights.0, 0..=255, span);
    (reader.in_range("standby", weights.1, 0..=255, span) && fits).then_some(weights)
}

/// The place of an argument in the one nested block `ident`.
fn inside(body: &Body, ident: &str, name: &str) -> Span {
    let block = body.blocks_of(ident).next();
    block.map_or(body.missing, |b| super::read::at(&b.body, name))
}
