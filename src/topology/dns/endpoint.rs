//! What answers in each region.

use std::collections::BTreeMap;
use std::net::IpAddr;

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use crate::config::ast::Body;
use crate::topology::names::Labelled;
use crate::topology::read::{Open, Reader, Source, at};
use crate::topology::{Ground, codes, region};

/// What answers in a region.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where it is.
    pub address: Address,
    /// The name that checks ask for, where the address is none.
    pub host: Option<String>,
    /// The weight, where the policy is weighted.
    pub weight: Option<i64>,
    /// Where the address is said.
    pub address_span: Span,
    /// The header.
    pub span: Span,
}

/// An address or an alias.
#[derive(Clone, Debug)]
pub enum Address {
    /// An IP address or a host name.
    Plain(Open),
    /// The addresses of an AWS resource.
    Alias(Alias),
}

/// The addresses of an AWS resource.
#[derive(Clone, Debug)]
pub struct Alias {
    /// Its domain name.
    pub name: Open,
    /// The zone of that name.
    pub zone_id: Open,
    /// Whether the record is healthy only while the resource is.
    pub evaluate: bool,
    /// Where that is said.
    pub evaluate_span: Span,
}

/// What answers in a region.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct EndpointBlock {
    /// An IP address or a host name.
    #[kind(optional)]
    pub address: Option<String>,
    /// The name that health checks ask for, where the address is an IP address.
    #[kind(optional)]
    pub host: Option<String>,
    /// The weight of the region, where the policy is weighted: from 0 to 255.
    #[kind(optional)]
    pub weight: Option<i64>,
    /// The addresses of an AWS resource, such as a load balancer.
    #[kind(block(max = 1))]
    pub alias: Vec<AliasBlock>,
}

/// The addresses of an AWS resource.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct AliasBlock {
    /// Its domain name.
    pub name: String,
    /// The zone of that name: the load balancer's, not yours.
    pub zone_id: String,
    /// Whether the record is healthy only while the resource is.
    pub evaluate_target_health: bool,
}

/// Reads the endpoints: one for each region of the topology.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    source: &Source<'_>,
    written: &[Labelled],
) -> Option<BTreeMap<Name, Endpoint>> {
    let regions = ground.names();
    let mut endpoints = BTreeMap::new();
    let mut ok = true;
    for labelled in written {
        if !regions.contains(&labelled.label) {
            let (label, span) = (&labelled.label, labelled.label_span);
            region::unknown(reader, "An endpoint", label, &regions, span);
            ok = false;
            continue;
        }
        match one(reader, source, &labelled.block.body, labelled.block.header) {
            Some(endpoint) => {
                endpoints.insert(labelled.label.clone(), endpoint);
            }
            None => ok = false,
        }
    }
    let given = |r: &Name| written.iter().any(|l| l.label == *r);
    let missing: Vec<String> =
        regions.iter().filter(|r| !given(r)).map(|r| format!("{r:?}")).collect();
    if !missing.is_empty() {
        let detail =
            format!("The name has an endpoint in each region, but none in {}.", missing.join(", "));
        let lines: Vec<String> =
            missing.iter().map(|m| format!("endpoint {m} {{ address = \"…\" }}")).collect();
        let help = format!("Add {}.", lines.join(" and "));
        reader.found.push(codes::ENDPOINTS.error(detail).at(source.span).help(help));
        ok = false;
    }
    ok.then_some(endpoints)
}

fn one(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    written: &Body,
    span: Span,
) -> Option<Endpoint> {
    let mut body = written.clone();
    let address = reader.open(source, &mut body, "address");
    let mut opened = None;
    if let Some(block) = body.blocks.iter_mut().find(|b| &*b.ident == "alias") {
        let name = reader.open(source, &mut block.body, "name");
        let zone = reader.open(source, &mut block.body, "zone_id");
        opened = Some((name, zone, at(&block.body, "evaluate_target_health")));
    }
    let given = reader.decode::<EndpointBlock>(source, &body)?;
    let address_span = at(&body, "address");
    if let Some(weight) = given.weight {
        reader.in_range("weight", weight, 0..=255, at(&body, "weight"));
    }
    let has_address = given.address.is_some();
    let address = match (address, given.alias.first(), opened) {
        (_, Some(_), _) if has_address => {
            let help = "Keep the one that is meant.";
            reader.conflict(
                "An endpoint has an address or an alias, not both.",
                address_span,
                help,
            );
            return None;
        }
        (Some(address), None, _) => {
            plain(reader, &address, address_span)?;
            Address::Plain(address)
        }
        (_, Some(alias), Some((name, zone_id, evaluate_span))) => Address::Alias(Alias {
            name: name?,
            zone_id: zone_id?,
            evaluate: alias.evaluate_target_health,
            evaluate_span,
        }),
        _ if has_address => return None,
        _ => {
            let detail = "An endpoint has an address or an alias; this one has neither.";
            let help = "Add address = \"203.0.113.10\", or alias { name = … zone_id = … evaluate_target_health = true }.";
            reader.found.push(codes::NEEDED.error(detail).at(span).help(help));
            return None;
        }
    };
    Some(Endpoint { address, host: given.host, weight: given.weight, address_span, span })
}

/// An address that is known must be one.
fn plain(reader: &mut Reader<'_, '_>, address: &Open, span: Span) -> Option<()> {
    let Open::Known(value) = address else { return Some(()) };
    let text = value.as_str().unwrap_or_default();
    if text.parse::<IpAddr>().is_ok() || is_host(text) {
        return Some(());
    }
    let detail = format!("{text:?} is neither an IP address nor a host name.");
    let help = "Write address = \"203.0.113.10\" or address = \"api.us-east-1.example.com\".";
    reader.found.push(codes::ADDRESS.error(detail).at(span).help(help));
    None
}

/// Whether a text has the form of a host name with a dot, and is no IPv4 address.
pub(super) fn is_host(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let named = text.rsplit('.').next().is_some_and(|l| !l.bytes().all(|b| b.is_ascii_digit()));
    text.len() <= 253 && text.contains('.') && named && text.split('.').all(label)
}
