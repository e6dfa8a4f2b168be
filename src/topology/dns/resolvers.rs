//! `resolvers`: whom a promotion asks what they still answer.

use std::net::{IpAddr, SocketAddr};

use crate::config::ast::Body;
use crate::topology::codes;
use crate::topology::read::{Reader, element};

/// Where resolvers answer if nothing is said.
const PORT: u16 = 53;

/// How many at most: each is asked every few seconds while a promotion waits.
const MOST: usize = 16;

/// Each once, in the order in which they stand; nothing where one is wrong.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    given: &[String],
    body: &Body,
) -> Option<Vec<SocketAddr>> {
    let mut all = Vec::new();
    let mut fits = true;
    for (i, text) in given.iter().enumerate() {
        let at = element(body, "resolvers", i);
        match address(text) {
            Some(address) if !all.contains(&address) => all.push(address),
            Some(_) => {}
            None => {
                let detail = format!(
                    "{text:?} is no address with a port: while traffic moves no name of a resolver is looked up."
                );
                let help =
                    "Write resolvers = [\"9.9.9.9\", \"192.0.2.53:5353\", \"[2620:fe::fe]:53\"].";
                reader.found.push(codes::RESOLVER.error(detail).at(at).help(help));
                fits = false;
            }
        }
        if i == MOST {
            let detail =
                format!("{} resolvers are named, and at most {MOST} are asked.", given.len());
            let help =
                "Name a few whose answers tell something: those of large providers, and your own.";
            reader.found.push(codes::RESOLVER.error(detail).at(at).help(help));
            fits = false;
        }
    }
    fits.then_some(all)
}

/// `9.9.9.9`, `9.9.9.9:53`, `2620:fe::fe`, `[2620:fe::fe]:53`.
fn address(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let plain = bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    let address = plain.ok().or_else(|| text.parse().ok())?;
    (address.port() > 0 && !address.ip().is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_port_of_dns_where_it_says_none() {
        let read = |text: &str| address(text).map(|address| address.to_string());
        for (text, should) in [
            ("9.9.9.9", Some("9.9.9.9:53")),
            ("127.0.0.1:5353", Some("127.0.0.1:5353")),
            ("2620:fe::fe", Some("[2620:fe::fe]:53")),
            ("[2620:fe::fe]", Some("[2620:fe::fe]:53")),
            ("[2620:fe::fe]:5353", Some("[2620:fe::fe]:5353")),
            ("9.9.9.9:0", None),
            ("0.0.0.0", None),
            ("dns.example.com", None),
            ("", None),
        ] {
            assert_eq!(read(text).as_deref(), should, "{text}");
        }
    }
}
