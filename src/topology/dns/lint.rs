//! What a name needs so that its traffic moves when it shall, and only then (domain.md C1.3 to
//! C1.5 and C1.8).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use lifeboat_sdk::{Name, Span};

use super::{Address, DnsFailover, Endpoint, Policy, Switch, gate, reach, shift};
use crate::config::reference::references;
use crate::topology::read::{Open, Reader, Source};
use crate::topology::{Ground, codes};

/// The zone of all CloudFront distributions (Route 53 API reference, `AliasTarget`).
const CLOUDFRONT: &str = "Z2FDTNDATAQYW2";

/// A block of which one region writes at a time.
pub(super) struct OneWriter {
    /// As expressions name it.
    pub(super) block: String,
    /// Its header.
    pub(super) span: Span,
}

/// The type of all records: as given, else by the addresses.
pub(super) fn record_type(
    reader: &mut Reader<'_, '_>,
    given: Option<&str>,
    endpoints: &BTreeMap<Name, Endpoint>,
    source: &Source<'_>,
) -> Option<Name> {
    if let Some(given) = given {
        let fits = reader.choice("type", given, &["A", "AAAA", "CNAME"], source.at("type"));
        for endpoint in endpoints.values().filter(|_| fits) {
            if let Some(kind) = kind_of(endpoint).filter(|k| *k != given) {
                let detail = format!(
                    "The records are of the type {given}, but this address makes one of the type {kind}."
                );
                let help = format!("Write type = {kind:?}, or an address of the type {given}.");
                reader
                    .found
                    .push(codes::RECORD_TYPE.error(detail).at(endpoint.address_span).help(help));
            }
        }
        return fits.then(|| given.into());
    }
    let mut kinds: Vec<&str> = endpoints.values().filter_map(kind_of).collect();
    kinds.dedup();
    match kinds.as_slice() {
        [kind] => Some((*kind).into()),
        // An alias answers with the addresses of its target.
        [] if endpoints.values().all(|e| matches!(e.address, Address::Alias(_))) => {
            Some("A".into())
        }
        [] => {
            let detail = "The addresses are known only when objects are planned, and the type of \
                          the records before that.";
            let help = "Add type = \"A\", \"AAAA\" or \"CNAME\".";
            reader.found.push(codes::RECORD_TYPE.error(detail).at(source.span).help(help));
            None
        }
        _ => {
            let detail = format!(
                "Records of one group have one type, but the addresses make {}.",
                kinds.join(" and ")
            );
            let help = "Write addresses of one family, or a block for each type.";
            reader.found.push(codes::RECORD_TYPE.error(detail).at(source.span).help(help));
            None
        }
    }
}

fn kind_of(endpoint: &Endpoint) -> Option<&'static str> {
    let Address::Plain(Open::Known(value)) = &endpoint.address else { return None };
    let text = value.as_str()?;
    Some(if text.parse::<Ipv4Addr>().is_ok() {
        "A"
    } else if text.parse::<Ipv6Addr>().is_ok() {
        "AAAA"
    } else {
        "CNAME"
    })
}

/// All checks of a block that was read.
pub(super) fn check(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    writers: &[OneWriter],
    source: &Source<'_>,
    dns: &DnsFailover,
) {
    policy(reader, source, dns);
    gate::check(reader, writers, source, dns);
    reach::check(reader, dns);
    needed(reader, source, dns);
    if dns.switch == Switch::Health {
        one_writer(reader, writers, source);
    }
    if dns.policy == Policy::Weighted {
        standby_traffic(reader, ground, writers, source, dns);
    }
    shift::check(reader, writers, dns);
    for (region, endpoint) in &dns.endpoints {
        circular(reader, dns, endpoint);
        aliases(reader, ground, writers, dns, region, endpoint);
        if endpoint.weight.is_some() && dns.policy != Policy::Weighted {
            let detail = "A weight has a meaning only where policy = \"weighted\".";
            reader.conflict(
                detail,
                endpoint.span,
                "Remove weight, or write policy = \"weighted\".",
            );
        }
    }
    if dns.weights.is_some() {
        weights(reader, source, dns);
    }
    let weightless =
        |(region, e): (&Name, &Endpoint)| dns.weight(e, *region == ground.primary) == 0;
    if dns.policy == Policy::Weighted && dns.endpoints.iter().all(weightless) {
        let detail = "Where all weights are 0 Route 53 answers with all regions alike.";
        let help = "Give the regions that shall be answered a weight above 0.";
        let written = source.body.attribute("weights").map_or(source.span, |a| a.expr.span);
        reader.found.push(codes::ZERO_WEIGHTS.error(detail).at(written).help(help));
    }
    let only_aliases = dns.endpoints.values().all(|e| matches!(e.address, Address::Alias(_)));
    let during = source.body.attribute("ttl_during").is_some();
    if during && (dns.policy != Policy::Failover || dns.switch == Switch::Health) {
        let detail = "A promotion lowers the TTL of records with policy = \"failover\" whose traffic it \
                      moves itself, so ttl_during has no effect.";
        reader.conflict(detail, source.at("ttl_during"), "Remove ttl_during.");
    }
    if dns.policy == Policy::Latency && !dns.resolvers.is_empty() {
        let detail = "With policy = \"latency\" both regions answer, whoever is the primary, so there is \
                      nothing that resolvers could forget.";
        reader.conflict(detail, source.at("resolvers"), "Remove resolvers.");
    }
    if only_aliases && source.body.attribute("ttl").is_some() {
        let detail = "Aliases answer with the time to live of their targets, so ttl has no effect.";
        reader.conflict(detail, source.at("ttl"), "Remove ttl.");
    }
}

/// A record belongs to one block: each would take the other's for its own.
pub(super) fn once(reader: &mut Reader<'_, '_>, before: &[DnsFailover], dns: &DnsFailover) {
    let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let same = |other: &&DnsFailover| {
        other.kind == dns.kind
            && plain(&other.record) == plain(&dns.record)
            && same_zone(&other.zone, &dns.zone)
    };
    if let Some(first) = before.iter().find(same) {
        let detail = format!(
            "The records of the type {} of {:?} in this zone are declared by dns_failover.{} already.",
            dns.kind, dns.record, first.name
        );
        let help = "Keep one of the two blocks, or give one another name.";
        let diagnostic = codes::RECORD_TWICE.error(detail).at(dns.span).help(help);
        reader.found.push(diagnostic.label(first.span, "the first is here"));
    }
}

/// Whether two zones are written alike: by one id, or by references to one object.
fn same_zone(a: &Open, b: &Open) -> bool {
    match (a, b) {
        (Open::Known(a), Open::Known(b)) => a.as_str() == b.as_str(),
        (Open::Later(a), Open::Later(b)) => {
            let (a, b) = (references(a), references(b));
            a.iter().map(|r| &r.target).eq(b.iter().map(|r| &r.target))
        }
        _ => false,
    }
}

/// Weights by role go with the policy, and not with weights by region.
fn weights(reader: &mut Reader<'_, '_>, source: &Source<'_>, dns: &DnsFailover) {
    let span = source.at("weights");
    if dns.policy != Policy::Weighted {
        let detail = "Weights have a meaning only where policy = \"weighted\".";
        reader.conflict(detail, span, "Remove weights, or write policy = \"weighted\".");
    }
    if dns.endpoints.values().any(|e| e.weight.is_some()) {
        let detail = "Weights are given by role and by endpoint.";
        reader.conflict(
            detail,
            span,
            "Keep weights, which follow the primary, or those of the endpoints.",
        );
    }
}

/// What the policies need.
fn policy(reader: &mut Reader<'_, '_>, source: &Source<'_>, dns: &DnsFailover) {
    if dns.policy == Policy::Failover && dns.endpoints.len() != 2 {
        let detail = format!(
            "A failover pair of Route 53 is one primary and one secondary record, but there are {} regions.",
            dns.endpoints.len()
        );
        let help = "Write policy = \"weighted\".";
        reader.found.push(codes::ENDPOINTS.error(detail).at(source.span).help(help));
    }
}

/// Blocks that a switch needs, or that have no effect with it.
fn needed(reader: &mut Reader<'_, '_>, source: &Source<'_>, dns: &DnsFailover) {
    let at = source.span;
    match (dns.switch, &dns.gate) {
        (Switch::Operator, None) => {
            let detail = "With switch = \"operator\" traffic moves when the operator opens a gate \
                          outside the primary: no control plane is needed for that.";
            let help = "Add gate { https = \"gate.us-west-2.example.com/switch\" }, or write switch = \"record\".";
            reader.found.push(codes::NEEDED.error(detail).at(at).help(help));
        }
        (Switch::Health | Switch::Record, Some(gate)) => {
            let detail = "A gate moves the traffic only where switch = \"operator\".";
            reader.conflict(detail, gate.span, "Remove the gate, or write switch = \"operator\".");
        }
        _ => {}
    }
    let pair = dns.policy == Policy::Failover;
    // What an alias needs is said below.
    let plain = dns.endpoints.values().any(|e| matches!(e.address, Address::Plain(_)));
    let wanted = match dns.switch {
        Switch::Health => plain || !pair,
        Switch::Record => pair && plain,
        Switch::Operator => false,
    };
    if wanted && dns.check.is_none() {
        let detail = match dns.switch {
            Switch::Health => {
                "Route 53 moves the traffic by the health of the regions, so it must be checked."
            }
            _ => "Route 53 takes a PRIMARY record that is no alias only with a health check.",
        };
        let help = "Add health_check { type = \"HTTPS\" path = \"/health\" }.";
        reader.found.push(codes::NEEDED.error(detail).at(at).help(help));
    }
}

/// Route 53 does not fence: where it moves traffic by itself, both regions may write.
fn one_writer(reader: &mut Reader<'_, '_>, writers: &[OneWriter], source: &Source<'_>) {
    let Some(one) = writers.first() else { return };
    let detail = format!(
        "With switch = \"health\" Route 53 moves traffic without a fence, but {} has one writer: both \
         regions could write.",
        one.block
    );
    let help = "Write switch = \"operator\", or writers = \"all\" there if both regions may write.";
    let diagnostic = codes::ONE_WRITER.error(detail).at(source.at("switch")).help(help);
    reader.found.push(diagnostic.label(one.span, "has one writer"));
}

/// What goes to a region that takes no writes is not served. Weights by endpoint stay where they are
/// when another region becomes the primary.
fn standby_traffic(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    writers: &[OneWriter],
    source: &Source<'_>,
    dns: &DnsFailover,
) {
    let Some(one) = writers.first() else { return };
    let mut fixed = dns.endpoints.values().filter(|endpoint| endpoint.weight.is_some());
    let mut standbys = dns.endpoints.iter().filter(|(region, _)| **region != ground.primary);
    let (detail, at) = match (fixed.next(), standbys.find(|(_, e)| dns.weight(e, false) > 0)) {
        (Some(endpoint), _) => {
            let detail = format!(
                "The weight of an endpoint stays when another region becomes the primary, but {} has \
                 one writer: its traffic must follow the primary.",
                one.block
            );
            (detail, endpoint.span)
        }
        (None, Some((region, _))) => {
            let detail = format!(
                "Traffic would go to {region}, which takes no writes as a standby: {} has one writer.",
                one.block
            );
            (detail, source.at("weights"))
        }
        (None, None) => return,
    };
    let help = "Write weights = { primary = 100, standby = 0 }, or writers = \"all\" there if all regions \
                may write.";
    let diagnostic = codes::STANDBY_TRAFFIC.error(detail).at(at).help(help);
    reader.found.push(diagnostic.label(one.span, "has one writer"));
}

/// An endpoint that is the name itself: the check follows what it should decide.
fn circular(reader: &mut Reader<'_, '_>, dns: &DnsFailover, endpoint: &Endpoint) {
    let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let address = match &endpoint.address {
        Address::Plain(address) => address.as_str(),
        Address::Alias(alias) => alias.name.as_str(),
    };
    if address.is_some_and(|a| plain(a) == plain(&dns.record)) {
        let detail = "The endpoint is the name that fails over, so it leads to itself and its check \
                      looks at whichever region is served.";
        let help = "Write the region's own name, such as api.us-east-1.example.com.";
        reader.found.push(codes::CIRCULAR.error(detail).at(endpoint.address_span).help(help));
    }
}

/// Aliases in a failover pair.
fn aliases(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    writers: &[OneWriter],
    dns: &DnsFailover,
    region: &Name,
    endpoint: &Endpoint,
) {
    let Address::Alias(alias) = &endpoint.address else { return };
    let cloudfront = alias.zone_id.as_str() == Some(CLOUDFRONT);
    let at = alias.evaluate_span;
    if cloudfront && alias.evaluate {
        let detail =
            "Route 53 cannot evaluate the health of CloudFront distributions and refuses this.";
        reader.conflict(detail, at, "Write evaluate_target_health = false.");
    } else if dns.policy == Policy::Failover
        && !alias.evaluate
        && !cloudfront
        && !dns.carries_checks()
    {
        // Route 53 developer guide, "How Amazon Route 53 chooses records when health checking is
        // configured": a record is as healthy as its check, its target or both; domain.md C1.4.
        let detail = "Neither a health check nor the health of its target says when this record is \
                      unhealthy, so it counts as healthy for ever.";
        let help = "Write evaluate_target_health = true, or add a health_check.";
        reader.found.push(codes::ALIAS_HEALTH.error(detail).at(at).help(help));
    } else if alias.evaluate && dns.switch != Switch::Health && *region == ground.primary {
        moves(reader, writers, dns.switch, at);
    }
}

/// A target that is evaluated moves traffic without anybody's word.
fn moves(reader: &mut Reader<'_, '_>, writers: &[OneWriter], switch: Switch, at: Span) {
    let detail = "When the target of this alias is unhealthy Route 53 leaves the primary by itself, \
                  although somebody else is to move the traffic.";
    let one = writers.first();
    let help = match switch {
        Switch::Operator => "Write evaluate_target_health = false: the gate says when it moves.",
        _ => {
            "Write evaluate_target_health = false: both records carry the health_check, so only \
             you move the traffic."
        }
    };
    let diagnostic = match one {
        Some(_) => {
            codes::ALIAS_MOVES.error(format!("{detail} Data with one writer would not be fenced."))
        }
        None => codes::ALIAS_MOVES.warning(detail),
    };
    let diagnostic = diagnostic.at(at).help(help);
    reader.found.push(match one {
        Some(one) => diagnostic.label(one.span, "has one writer"),
        None => diagnostic,
    });
}
