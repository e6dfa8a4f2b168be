//! Addresses that cannot do what they are for: out of the checkers' reach, or not two of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Address, DnsFailover, Endpoint};
use crate::topology::codes;
use crate::topology::read::Reader;

/// The checks of the addresses of a block.
pub(super) fn check(reader: &mut Reader<'_, '_>, dns: &DnsFailover) {
    if dns.check.is_some() {
        for endpoint in dns.endpoints.values() {
            reachable(reader, endpoint);
        }
    }
    let endpoints: Vec<&Endpoint> = dns.endpoints.values().collect();
    for (i, endpoint) in endpoints.iter().enumerate() {
        let Some(target) = target(endpoint) else { continue };
        let mut before = endpoints.iter().take(i);
        if let Some(first) = before.find(|e| self::target(e).as_ref() == Some(&target)) {
            let detail = format!(
                "Two regions answer with {target:?}, so that a move of the traffic moves nothing."
            );
            let help = "Write the region's own address.";
            let diagnostic = codes::SAME_ADDRESS.warning(detail).at(endpoint.address_span);
            reader.found.push(diagnostic.help(help).label(first.address_span, "the other region"));
        }
    }
}

/// What an endpoint leads to, where it is known.
fn target(endpoint: &Endpoint) -> Option<String> {
    let text = match &endpoint.address {
        Address::Plain(address) => address.as_str(),
        Address::Alias(alias) => alias.name.as_str(),
    };
    text.map(|text| text.trim_end_matches('.').to_ascii_lowercase())
}

/// Route 53 refuses to check addresses that are not public (API reference, `HealthCheckConfig`:
/// RFC 5735, RFC 6598 and RFC 5156). Those for documentation stand for real ones in examples.
fn reachable(reader: &mut Reader<'_, '_>, endpoint: &Endpoint) {
    let Address::Plain(address) = &endpoint.address else { return };
    let Some(text) = address.as_str() else { return };
    let inside = match text.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => inside_v4(ip),
        Ok(IpAddr::V6(ip)) => inside_v6(ip),
        Err(_) => false,
    };
    if inside {
        let detail = format!(
            "Route 53 checks from the internet, where {text:?} is no address, and refuses such checks."
        );
        let help = "Write a public address, or the host name of one.";
        let diagnostic = codes::PRIVATE_ADDRESS.error(detail).at(endpoint.address_span);
        reader.found.push(diagnostic.help(help));
    }
}

fn inside_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
}

fn inside_v6(ip: Ipv6Addr) -> bool {
    ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_unique_local()
        || ip.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_the_internet() {
        for ip in ["10.1.2.3", "127.0.0.1", "169.254.1.1", "192.168.0.1", "100.64.0.1", "0.0.0.0"] {
            assert!(ip.parse().is_ok_and(inside_v4), "{ip}");
        }
        for ip in ["203.0.113.10", "8.8.8.8", "100.128.0.1", "172.32.0.1", "198.20.0.1"] {
            assert!(!ip.parse().is_ok_and(inside_v4), "{ip}");
        }
        for (ip, inside) in
            [("::1", true), ("fd00::1", true), ("fe80::1", true), ("2600::1", false)]
        {
            assert_eq!(ip.parse().map(inside_v6), Ok(inside), "{ip}");
        }
    }
}
