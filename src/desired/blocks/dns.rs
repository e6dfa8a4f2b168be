//! `dns_failover` -> health checks of the regions' own endpoints, and a record for each region.
//!
//! Which record carries which check decides who moves the traffic (domain.md C1.3, C1.4):
//!
//! * `operator`: the PRIMARY record carries only the inverted check of the gate, the SECONDARY
//!   none, so that it is always answered once the gate is open. The regions' checks observe.
//!   Of records by weight the one of the primary carries the inverted check of its gate, and each of the
//!   standbys, whose weight is 0, the check of its own entry: at rest they are unhealthy. What is answered
//!   when gate and entry open `engine/gates.rs` tells.
//! * `health`: each record carries the check of its region.
//! * `record`: both records of a pair carry the *same* check, that of the first region. Route 53
//!   takes a PRIMARY record that is no alias only with a check ("A non-alias primary
//!   ResourceRecordSet must have an associated health check", as quoted in
//!   kubernetes-sigs/external-dns#2362), and where that is unhealthy the
//!   SECONDARY is so too, at the same time and everywhere: "when the secondary is unhealthy, Route
//!   53 answers with the primary, regardless of the primary's health" (API reference,
//!   `ResourceRecordSet.Failover`). So the primary is answered always, until the records are
//!   rewritten. It is the check of the first region and not of the primary, so that a promotion
//!   changes the roles of the two records and nothing else.
//!   Weighted records carry no check there: Route 53 answers records of weight 0 only when all
//!   others are unhealthy, and without checks none is.

use std::net::Ipv4Addr;

use lifeboat_sdk::{Name, Value};

use super::build::{Made, address, block, list, number, object, of, open, planned, text, value};
use crate::address::Address as At;
use crate::desired::{Part, Planned, Template};
use crate::topology::Topology;
use crate::topology::dns::{
    Address, DnsFailover, Endpoint, Gate, HealthCheck, Policy, Switch, Target,
};
use crate::topology::region::Region;

/// The block of a record that has its weight, and the weight.
const WEIGHTED: &str = "weighted_routing_policy";
const WEIGHT: &str = "weight";

/// The block of a record that says which of a pair it is, and what it says of the first.
const FAILOVER: &str = "failover_routing_policy";
const PRIMARY: &str = "PRIMARY";

/// How long resolvers keep it, in seconds.
const TTL: &str = "ttl";

/// How long resolvers keep a record, in seconds.
pub fn ttl(record: &Value) -> Option<u64> {
    u64::try_from(record.get(TTL)?.as_i64()?).ok()
}

/// A record that resolvers keep for so many seconds.
pub fn with_ttl(record: &Value, seconds: u64) -> Option<Value> {
    Some(record.with(TTL, Value::int(i64::try_from(seconds).ok()?)))
}

/// The name with whose addresses Route 53 answers in place of values of a record.
pub fn alias(record: &Value) -> Option<&str> {
    record.get("alias")?.items()?.first()?.get("name")?.as_str()
}

/// The weight of a record.
pub fn weight(record: &Value) -> Option<i64> {
    record.get(WEIGHTED)?.items()?.first()?.get(WEIGHT)?.as_i64()
}

/// A record with another weight.
pub fn with_weight(record: &Value, weight: i64) -> Value {
    let policy = |block: &Value| {
        block.map_children(&mut |_, entry| match entry.get(WEIGHT) {
            Some(_) => entry.with(WEIGHT, Value::int(weight)),
            None => entry.clone(),
        })
    };
    match record.get(WEIGHTED) {
        Some(block) => record.with(WEIGHTED, policy(block)),
        None => record.clone(),
    }
}

/// Whether a record is the one of its name that is answered while all are healthy.
pub fn leads(record: &Value) -> bool {
    let pair = record.get(FAILOVER).and_then(|block| block.items()?.first()?.get("type"));
    pair.and_then(Value::as_str) == Some(PRIMARY) || weight(record) > Some(0)
}

/// Adds what a block stands for.
pub(super) fn expand(made: &mut Made, topology: &Topology, dns: &DnsFailover) {
    for region in &topology.regions {
        let Some(endpoint) = dns.endpoints.get(&region.name) else { continue };
        let label = format!("{} {}", dns.name, region.name);
        if let Some(check) = &dns.check {
            let planned = self::check(dns, check, endpoint, &label);
            made.add(check_at(dns, &region.name), planned);
        }
        if let Some(gate) = &dns.gate {
            gates(made, dns, gate, region);
        }
        made.add(record_at(dns, &region.name), record(topology, dns, region, endpoint));
    }
}

fn check_at(dns: &DnsFailover, key: &str) -> At {
    address("dns_failover", &dns.name, "aws_route53_health_check", key)
}

fn gate_at(dns: &DnsFailover, region: &str) -> At {
    check_at(dns, &format!("{region}/gate"))
}

fn entry_at(dns: &DnsFailover, region: &str) -> At {
    check_at(dns, &format!("{region}/entry"))
}

fn record_at(dns: &DnsFailover, region: &str) -> At {
    address("dns_failover", &dns.name, "aws_route53_record", region)
}

/// The check of a region's own endpoint.
fn check(dns: &DnsFailover, check: &HealthCheck, endpoint: &Endpoint, label: &str) -> Planned {
    let HealthCheck { kind, port, path, interval, threshold, search, checkers } = check;
    let mut planned = planned(
        endpoint.span,
        [
            ("type", value(text(kind))),
            ("request_interval", value(Value::int(*interval))),
            ("failure_threshold", value(Value::int(*threshold))),
            ("tags", value(object([("Name", text(label))]))),
        ],
    );
    let mut set = |name: &str, template: Template| planned.document.push((name.into(), template));
    let named = &*dns.kind == "CNAME";
    match &endpoint.address {
        Address::Plain(address) if named => set("fqdn", open(address)),
        Address::Plain(address) => {
            set("ip_address", open(address));
            if let Some(host) = &endpoint.host {
                set("fqdn", value(text(host)));
            }
        }
        Address::Alias(alias) => match &endpoint.host {
            Some(host) => set("fqdn", value(text(host))),
            None => set("fqdn", open(&alias.name)),
        },
    }
    if let Some(port) = port {
        set("port", value(Value::int(*port)));
    }
    if let Some(path) = path {
        set("resource_path", value(text(path)));
    }
    if let Some(search) = search {
        set("search_string", value(text(search)));
    }
    if !checkers.is_empty() {
        set("regions", value(list(checkers.iter().map(|c| text(c)))));
    }
    planned.part = Some(Part::Health);
    planned
}

/// The inverted check of the gate by which a region is left, which its record carries while the region is
/// the primary; and the check of its entry, where standbys have one.
fn gates(made: &mut Made, dns: &DnsFailover, gate: &Gate, region: &Region) {
    let Some(target) = gate.targets.get(&region.name) else { return };
    made.add(gate_at(dns, &region.name), turned(dns, gate, region, (target, "gate")));
    if dns.has_entries() {
        let entry = turned(dns, gate, region, (&target.entry(), "entry"));
        made.add(entry_at(dns, &region.name), entry);
    }
}

/// The check of what lifeboat or a person turns. The one of a gate is inverted.
fn turned(
    dns: &DnsFailover,
    gate: &Gate,
    region: &Region,
    (target, what): (&Target, &str),
) -> Planned {
    let label = format!("{} {} {what}", dns.name, region.name);
    let host = if target.host.parse::<Ipv4Addr>().is_ok() { "ip_address" } else { "fqdn" };
    let mut planned = planned(
        gate.span,
        [
            ("type", value(text("HTTPS"))),
            (host, value(text(&target.host))),
            ("port", value(Value::int(target.port))),
            ("resource_path", value(text(&target.path))),
            ("request_interval", value(Value::int(gate.interval))),
            ("failure_threshold", value(Value::int(gate.threshold))),
            ("tags", value(object([("Name", text(&label))]))),
        ],
    );
    if what == "gate" {
        planned.document.push(("invert_healthcheck".into(), value(Value::Bool(true))));
    }
    planned
}

fn record(topology: &Topology, dns: &DnsFailover, region: &Region, endpoint: &Endpoint) -> Planned {
    let primary = region.name == topology.primary;
    let mut planned = planned(
        endpoint.span,
        [
            ("zone_id", open(&dns.zone)),
            ("name", value(text(&dns.record))),
            ("type", value(text(&dns.kind))),
            ("set_identifier", value(text(&region.name))),
        ],
    );
    planned.part = Some(Part::Traffic);
    let mut set = |name: &str, template: Template| planned.document.push((name.into(), template));
    match &endpoint.address {
        Address::Plain(address) => {
            set(TTL, value(number(dns.ttl)));
            set("records", Template::List(vec![open(address)]));
        }
        Address::Alias(alias) => {
            let parts = [
                ("name", open(&alias.name)),
                ("zone_id", open(&alias.zone_id)),
                ("evaluate_target_health", value(Value::Bool(alias.evaluate))),
            ];
            set("alias", Template::List(vec![Template::object(parts)]));
        }
    }
    let (policy, content) = match dns.policy {
        Policy::Failover => {
            let part = if primary { PRIMARY } else { "SECONDARY" };
            (FAILOVER, block([("type", text(part))]))
        }
        Policy::Weighted => {
            let weight = |weight: i64| block([(WEIGHT, Value::int(weight))]);
            planned.leaving.push((WEIGHTED.into(), value(weight(0))));
            (WEIGHTED, weight(dns.weight(endpoint, primary)))
        }
        Policy::Latency => ("latency_routing_policy", block([("region", text(&region.aws))])),
    };
    set(policy, value(content));
    if let Some(check) = carried(topology, dns, &region.name, primary) {
        set("health_check_id", of(&check, "id"));
    }
    planned
}

/// The check that a record carries; see above.
fn carried(topology: &Topology, dns: &DnsFailover, region: &Name, primary: bool) -> Option<At> {
    let checked = dns.check.is_some();
    match dns.switch {
        Switch::Operator if primary => dns.gate.is_some().then(|| gate_at(dns, region)),
        Switch::Operator => dns.has_entries().then(|| entry_at(dns, region)),
        Switch::Health => checked.then(|| check_at(dns, region)),
        Switch::Record if dns.policy == Policy::Failover && checked => {
            let first = topology.regions.first()?;
            Some(check_at(dns, &first.name))
        }
        Switch::Record => None,
    }
}
