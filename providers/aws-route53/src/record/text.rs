//! Values of records: the form in which equal values are equal, and the one that requests take.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The form in which values of one type are compared. `TXT` values are without the outer quotes,
/// as in Terraform; domain names are in lower case without the trailing dot.
pub(crate) fn canonical(kind: &str, value: &str) -> String {
    let value = value.trim();
    match kind {
        "A" => value.parse::<Ipv4Addr>().map_or_else(|_| value.to_owned(), |ip| ip.to_string()),
        "AAAA" => value.parse::<Ipv6Addr>().map_or_else(|_| value.to_owned(), |ip| ip.to_string()),
        "CNAME" | "NS" | "PTR" => super::name::canonical(value),
        "MX" | "SRV" => target_last(value),
        "TXT" | "SPF" => strings(value),
        _ => value.to_owned(),
    }
}

/// Numbers and a domain name, one blank between them.
fn target_last(value: &str) -> String {
    let mut words: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
    if let Some(last) = words.last_mut() {
        *last = super::name::canonical(last);
    }
    words.join(" ")
}

/// The strings of a text record, joined by `" "` and without the outer quotes.
fn strings(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let inner = inner.unwrap_or(value);
    text_strings(inner).map_or_else(|| inner.to_owned(), |strings| strings.join("\" \""))
}

/// The quoted strings of a text; nothing if anything but blanks lies between them.
fn split(text: &str) -> Option<Vec<String>> {
    let mut strings = Vec::new();
    let mut inside: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        inside = match (inside, c) {
            (None, '"') => Some(String::new()),
            (None, c) if c.is_ascii_whitespace() => None,
            (None, _) => return None,
            (Some(string), '"') => {
                strings.push(string);
                None
            }
            (Some(mut string), '\\') => {
                string.push('\\');
                string.push(chars.next()?);
                Some(string)
            }
            (Some(mut string), c) => {
                string.push(c);
                Some(string)
            }
        };
    }
    inside.is_none().then_some(strings)
}

/// The strings of a canonical text value, to check their length.
pub(crate) fn text_strings(value: &str) -> Option<Vec<String>> {
    split(&format!("\"{value}\""))
}

/// A canonical value as requests take it.
pub(crate) fn wire(kind: &str, value: &str) -> String {
    match kind {
        "TXT" | "SPF" => format!("\"{value}\""),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_equal() {
        for (kind, given, expected) in [
            ("A", " 192.0.2.1", "192.0.2.1"),
            ("AAAA", "2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("CNAME", "LB.Example.com.", "lb.example.com"),
            ("MX", "10  Mail.Example.com.", "10 mail.example.com"),
            ("SRV", "1 2 443 A.example.com.", "1 2 443 a.example.com"),
            ("TXT", "v=spf1 -all", "v=spf1 -all"),
            ("TXT", "\"v=spf1 -all\"", "v=spf1 -all"),
            ("TXT", "a\"\"b", "a\" \"b"),
            ("TXT", "\"a\"  \"b\"", "a\" \"b"),
            ("TXT", "say \\\"hi\\\"", "say \\\"hi\\\""),
            ("TXT", "a\" x \"b", "a\" x \"b"),
            ("TXT", "", ""),
            ("CAA", "0 issue \"letsencrypt.org\"", "0 issue \"letsencrypt.org\""),
            ("A", "not an address", "not an address"),
        ] {
            let found = canonical(kind, given);
            assert_eq!(found, expected, "{kind} {given}");
            assert_eq!(canonical(kind, &found), found, "twice: {kind} {given}");
            assert_eq!(canonical(kind, &wire(kind, &found)), found, "back: {kind} {given}");
        }
    }
}
