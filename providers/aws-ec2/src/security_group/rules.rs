//! Rules of a security group: EC2 keeps one for each source, files have blocks of several. Both are
//! compared as the single rules that they stand for.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};
use lifeboat_sdk::{Failure, Object as _, Value};

use super::Rule;

/// All protocols.
const ALL: &str = "-1";

/// Whom a rule lets in or out to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    /// A range of IPv4 addresses.
    V4(String),
    /// A range of IPv6 addresses.
    V6(String),
    /// A list of ranges.
    Prefix(String),
    /// Another group: `sg-…`, or `ACCOUNT/sg-…` of a peered VPC.
    Group(String),
    /// The group itself.
    Itself,
}

/// What a rule allows; EC2 has no two that are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Single {
    protocol: String,
    from: i64,
    to: i64,
    peer: Peer,
}

/// Single rules, each with what it is for.
pub(crate) type Singles = BTreeMap<Single, Option<String>>;

/// The single rules of blocks.
pub(crate) fn singles(rules: &[Rule]) -> Singles {
    rules.iter().flat_map(of_block).collect()
}

fn of_block(rule: &Rule) -> impl Iterator<Item = (Single, Option<String>)> {
    let protocol = protocol(&rule.protocol);
    let ports = ports(&protocol, rule.from_port, rule.to_port);
    let description = rule.description.clone().filter(|text| !text.is_empty());
    let peers = peers(rule).into_iter();
    peers.map(move |peer| {
        let (protocol, (from, to)) = (protocol.clone(), ports);
        (Single { protocol, from, to, peer }, description.clone())
    })
}

fn peers(rule: &Rule) -> Vec<Peer> {
    let v4 = rule.cidr_blocks.iter().map(|cidr| Peer::V4(canonical_v4(cidr)));
    let v6 = rule.ipv6_cidr_blocks.iter().map(|cidr| Peer::V6(canonical_v6(cidr)));
    let lists = rule.prefix_list_ids.iter().cloned().map(Peer::Prefix);
    let groups = rule.security_groups.iter().cloned().map(Peer::Group);
    let own = rule.itself.then_some(Peer::Itself);
    v4.chain(v6).chain(lists).chain(groups).chain(own).collect()
}

/// The fewest blocks for single rules, in one form whatever they came from.
pub(crate) fn blocks(singles: &Singles) -> Vec<Rule> {
    let mut blocks: BTreeMap<(&str, i64, i64, &Option<String>), Rule> = BTreeMap::new();
    for (single, description) in singles {
        let key = (&*single.protocol, single.from, single.to, description);
        let block = blocks.entry(key).or_insert_with(|| Rule {
            protocol: single.protocol.clone(),
            from_port: single.from,
            to_port: single.to,
            description: description.clone(),
            ..Rule::default()
        });
        match &single.peer {
            Peer::V4(cidr) => block.cidr_blocks.push(cidr.clone()),
            Peer::V6(cidr) => block.ipv6_cidr_blocks.push(cidr.clone()),
            Peer::Prefix(id) => block.prefix_list_ids.push(id.clone()),
            Peer::Group(id) => {
                block.security_groups.insert(id.clone());
            }
            Peer::Itself => block.itself = true,
        }
    }
    blocks.into_values().collect()
}

/// The blocks of an attribute in that form; those with unknown parts stay as they are.
pub(super) fn normalise(document: &Value, name: &str) -> Value {
    let Some(value) = document.get(name) else { return document.clone() };
    let Value::Set(set) = value.bare() else { return document.clone() };
    let known = |item: &Value| {
        let rule = item.is_wholly_known().then(|| Rule::decode(&item.unmark_deep()).ok());
        // A block for nobody is told by `validate`.
        rule.flatten().filter(|rule| !peers(rule).is_empty())
    };
    let (mut rules, mut items) = (Vec::new(), Vec::new());
    for item in &set.items {
        match known(item) {
            Some(rule) => rules.push(rule),
            None => items.push(item.clone()),
        }
    }
    items.extend(blocks(&singles(&rules)).iter().map(Rule::encode));
    document.with(name, Value::set(set.element.clone(), items).mark(value.unmark().1))
}

/// The name of a protocol: `-1` is all of them (IANA's numbers; EC2 API reference, `IpPermission`).
pub(super) fn protocol(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let name = match &*lower {
        "all" => ALL,
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        other => other,
    };
    name.to_owned()
}

/// Ports mean something with four protocols only.
pub(super) fn has_ports(protocol: &str) -> bool {
    ["tcp", "udp", "icmp", "icmpv6"].contains(&protocol)
}

fn ports(protocol: &str, from: i64, to: i64) -> (i64, i64) {
    if has_ports(protocol) { (from, to) } else { (0, 0) }
}

/// A range of addresses by its first one, as EC2 keeps it; what is none stays as it is.
fn canonical_v4(text: &str) -> String {
    v4(text).map_or_else(|| text.to_owned(), |(address, bits)| format!("{address}/{bits}"))
}

fn canonical_v6(text: &str) -> String {
    v6(text).map_or_else(|| text.to_owned(), |(address, bits)| format!("{address}/{bits}"))
}

/// The first address of a range and how many bits all have in common.
pub(super) fn v4(text: &str) -> Option<(Ipv4Addr, u32)> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits): (Ipv4Addr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or_default();
    Some((Ipv4Addr::from_bits(address.to_bits() & mask), bits))
}

/// The same with IPv6.
pub(super) fn v6(text: &str) -> Option<(Ipv6Addr, u32)> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits): (Ipv6Addr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let mask = u128::MAX.checked_shl(128_u32.checked_sub(bits)?).unwrap_or_default();
    Some((Ipv6Addr::from_bits(address.to_bits() & mask), bits))
}

// Conversion

/// The single rules that EC2 answers of a group; `owner` is the group's account.
pub(crate) fn from_api(permissions: &[IpPermission], id: &str, owner: Option<&str>) -> Singles {
    let mut singles = Singles::new();
    for permission in permissions {
        let protocol = protocol(permission.ip_protocol.as_deref().unwrap_or(ALL));
        let port = |port: Option<i32>| port.map(i64::from).unwrap_or_default();
        let (from, to) = ports(&protocol, port(permission.from_port), port(permission.to_port));
        let mut add = |peer: Peer, description: Option<&String>| {
            let single = Single { protocol: protocol.clone(), from, to, peer };
            singles.insert(single, description.filter(|text| !text.is_empty()).cloned());
        };
        for range in permission.ip_ranges() {
            let cidr = range.cidr_ip.as_deref().unwrap_or_default();
            add(Peer::V4(canonical_v4(cidr)), range.description.as_ref());
        }
        for range in permission.ipv6_ranges() {
            let cidr = range.cidr_ipv6.as_deref().unwrap_or_default();
            add(Peer::V6(canonical_v6(cidr)), range.description.as_ref());
        }
        for list in permission.prefix_list_ids() {
            let list_id = list.prefix_list_id.clone().unwrap_or_default();
            add(Peer::Prefix(list_id), list.description.as_ref());
        }
        for pair in permission.user_id_group_pairs() {
            add(peer_group(pair, id, owner), pair.description.as_ref());
        }
    }
    singles
}

fn peer_group(pair: &UserIdGroupPair, id: &str, owner: Option<&str>) -> Peer {
    let group = pair.group_id.clone().unwrap_or_default();
    let elsewhere = pair.user_id.as_deref().filter(|user| Some(*user) != owner);
    match elsewhere {
        _ if group == id => Peer::Itself,
        Some(user) => Peer::Group(format!("{user}/{group}")),
        None => Peer::Group(group),
    }
}

/// Single rules as EC2 is told them, one permission each.
///
/// # Errors
/// A port that is no number of EC2's.
pub(crate) fn to_api(singles: &Singles, id: &str) -> Result<Vec<IpPermission>, Failure> {
    singles.iter().map(|(single, description)| permission(single, description, id)).collect()
}

fn permission(
    single: &Single,
    description: &Option<String>,
    id: &str,
) -> Result<IpPermission, Failure> {
    let port = |port: i64| {
        let text = format!("{port} is no port");
        i32::try_from(port).map_err(|_| Failure::new(lifeboat_sdk::Class::Invalid, text))
    };
    let mut built = IpPermission::builder().ip_protocol(&single.protocol);
    if has_ports(&single.protocol) {
        built = built.from_port(port(single.from)?).to_port(port(single.to)?);
    }
    let description = description.clone();
    let built = match &single.peer {
        Peer::V4(cidr) => {
            let range = IpRange::builder().cidr_ip(cidr).set_description(description);
            built.ip_ranges(range.build())
        }
        Peer::V6(cidr) => {
            let range = Ipv6Range::builder().cidr_ipv6(cidr).set_description(description);
            built.ipv6_ranges(range.build())
        }
        Peer::Prefix(list) => {
            let list = PrefixListId::builder().prefix_list_id(list).set_description(description);
            built.prefix_list_ids(list.build())
        }
        Peer::Group(_) | Peer::Itself => {
            let (user, group) = match &single.peer {
                Peer::Group(text) => match text.split_once('/') {
                    Some((user, group)) => (Some(user.to_owned()), group),
                    None => (None, text.as_str()),
                },
                _ => (None, id),
            };
            let pair = UserIdGroupPair::builder().group_id(group).set_user_id(user);
            built.user_id_group_pairs(pair.set_description(description).build())
        }
    };
    Ok(built.build())
}
