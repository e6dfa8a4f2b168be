//! Caller references: what Route 53 keeps of a creation, so that it is not made twice.
//!
//! A reference is `PREFIX-ADDRESS-TOKEN`: digests of the object's address and of the step's
//! token. Equal tokens give equal references, so an attempt that is repeated makes nothing new
//! (API reference, `CallerReference`). An object whose tags were never written, because the reply
//! to its creation was lost, is found by the part of the address.

use lifeboat_aws_core::tags::digest;

/// The prefix where the configuration names none.
const PREFIX: &str = "lifeboat";

/// The reference of a creation.
pub(crate) fn make(prefix: Option<&str>, address: &str, token: &str) -> String {
    format!("{}{:016x}", stem(prefix, address), digest(token))
}

/// Whether the reference was made for an object of this address.
pub(crate) fn made_for(reference: &str, address: &str) -> bool {
    prefix(reference).is_some_and(|prefix| reference.starts_with(&stem(Some(prefix), address)))
}

/// The prefix of one of our references, where the configuration named it.
pub(crate) fn named(reference: &str) -> Option<&str> {
    prefix(reference).filter(|prefix| *prefix != PREFIX)
}

fn stem(prefix: Option<&str>, address: &str) -> String {
    let prefix = prefix.filter(|p| !p.is_empty()).unwrap_or(PREFIX);
    format!("{prefix}-{:012x}-", digest(address) & 0xffff_ffff_ffff)
}

fn prefix(reference: &str) -> Option<&str> {
    let (rest, token) = reference.rsplit_once('-')?;
    let (prefix, address) = rest.rsplit_once('-')?;
    let hex =
        |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    (hex(token, 16) && hex(address, 12)).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_stable_and_names_its_address() {
        let made = make(None, "aws_route53_health_check.a", "token");
        assert_eq!(made, make(None, "aws_route53_health_check.a", "token"));
        assert_ne!(made, make(None, "aws_route53_health_check.a", "other"));
        assert!(made_for(&made, "aws_route53_health_check.a"), "{made}");
        assert!(!made_for(&made, "aws_route53_health_check.b"));
        assert_eq!(named(&made), None);
        assert!(!made_for("terraform-20240101", "aws_route53_health_check.a"));
        let long = make(Some("a-name-of-up-to-27-letters!"), "x", "t");
        assert_eq!(named(&long), Some("a-name-of-up-to-27-letters!"));
        assert!(made_for(&long, "x") && long.len() <= 64, "{long}");
    }
}
