//! Names and ids of records: as Route 53 writes them, as they are compared, as Terraform joins them.

use aws_sdk_route53::types::RrType;

/// The types that a record may have, as the API writes them.
pub(crate) const TYPES: [&str; 17] = [
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV",
    "SSHFP", "SVCB", "TLSA", "TXT",
];

/// The form in which equal names are equal: lower case, no trailing dot, characters instead of
/// the escapes that Route 53 answers with (`\052` for `*`). A dot or backslash inside a label
/// stays escaped. (Route 53 Developer Guide, "DNS domain name format".)
pub(crate) fn canonical(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if let Some(code) = octal(rest) {
            rest = &rest[4..];
            match char::from(code) {
                '.' | '\\' => out.push_str(&format!("\\{code:03o}")),
                c if c.is_ascii_graphic() => out.push(c.to_ascii_lowercase()),
                _ => out.push_str(&format!("\\{code:03o}")),
            }
        } else {
            out.push(c.to_ascii_lowercase());
            rest = &rest[c.len_utf8()..];
        }
    }
    if out.ends_with('.') {
        out.pop();
    }
    out
}

/// The byte that an escape at the beginning of `text` stands for.
fn octal(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('\\')?.get(..3)?;
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        u8::from_str_radix(digits, 8).ok()
    } else {
        None
    }
}

/// A canonical name as requests take it: what is no letter, digit, `-`, `_`, `.` or `*` is
/// escaped; escapes stay.
pub(crate) fn wire(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'\\' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("\\{other:03o}")),
        }
    }
    out
}

/// The whole name of a record that may be given relative to its zone; both canonical.
pub(crate) fn absolute(name: &str, zone: &str) -> String {
    if name.is_empty() || name == zone {
        return zone.to_owned();
    }
    match name.strip_suffix(zone) {
        Some(prefix) if prefix.ends_with('.') => name.to_owned(),
        _ => format!("{name}.{zone}"),
    }
}

/// A zone's id without the prefix that some answers carry.
pub(crate) fn zone_id(id: &str) -> &str {
    id.strip_prefix("/hostedzone/").unwrap_or(id)
}

/// The parts of a record's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordId {
    /// The zone.
    pub(crate) zone: String,
    /// The canonical name, as configured: maybe relative to the zone.
    pub(crate) name: String,
    /// `A`
    pub(crate) kind: String,
    /// The identifier in a group of records of one name and type.
    pub(crate) set: Option<String>,
}

impl RecordId {
    /// Reads `ZONE_NAME_TYPE[_SET]`. Names are in lower case and types are not, so that `_A_`
    /// cannot be a part of the name (`_acme-challenge` can).
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let (zone, rest) = zone_id(id).split_once('_')?;
        let mut found: Option<(usize, &str)> = None;
        for kind in TYPES {
            let mark = format!("_{kind}");
            let hits = rest.match_indices(&mark).map(|(at, _)| at);
            let at = hits
                .filter(|at| matches!(rest.as_bytes().get(at + mark.len()), None | Some(b'_')))
                .min();
            if let Some(at) = at
                && found.is_none_or(|(first, _)| at < first)
            {
                found = Some((at, kind));
            }
        }
        let (at, kind) = found?;
        let set = rest.get(at + kind.len() + 2..).filter(|s| !s.is_empty());
        Some(Self {
            zone: zone.to_owned(),
            name: canonical(rest.get(..at)?),
            kind: kind.to_owned(),
            set: set.map(str::to_owned),
        })
    }

    /// What tells it apart from the other records of its zone, given the zone's name.
    pub(crate) fn key(&self, zone_name: &str) -> Key {
        Key {
            name: absolute(&self.name, zone_name),
            kind: self.kind.clone(),
            set: self.set.clone(),
        }
    }
}

impl std::fmt::Display for RecordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}_{}", self.zone, self.name, self.kind)?;
        self.set.as_ref().map_or(Ok(()), |set| write!(f, "_{set}"))
    }
}

/// What tells a record apart in its zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The whole canonical name.
    pub(crate) name: String,
    /// The type.
    pub(crate) kind: String,
    /// The identifier.
    pub(crate) set: Option<String>,
}

impl Key {
    /// Of a record set as it was answered.
    pub(crate) fn new(name: &str, kind: &RrType, set: Option<&str>) -> Self {
        let set = set.filter(|s| !s.is_empty()).map(str::to_owned);
        Self { name: canonical(name), kind: kind.as_str().to_owned(), set }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_equal_and_go_back() {
        for (given, expected) in [
            ("WWW.Example.com.", "www.example.com"),
            ("\\052.example.com.", "*.example.com"),
            ("*.example.com", "*.example.com"),
            ("a\\100b.example.com.", "a@b.example.com"),
            ("a\\056b.example.com", "a\\056b.example.com"),
            ("\\134x.example.com", "\\134x.example.com"),
            ("\\09.example.com", "\\09.example.com"),
            ("_acme-challenge.example.com", "_acme-challenge.example.com"),
            ("\\101bc", "abc"),
            ("", ""),
            (".", ""),
        ] {
            assert_eq!(canonical(given), expected, "{given}");
            assert_eq!(canonical(&wire(expected)), expected, "{given}");
        }
        assert_eq!(wire("a@b.example.com"), "a\\100b.example.com");
        assert_eq!(wire("*.example.com"), "*.example.com");
    }

    #[test]
    fn a_name_may_be_relative() {
        assert_eq!(absolute("", "example.com"), "example.com");
        assert_eq!(absolute("example.com", "example.com"), "example.com");
        assert_eq!(absolute("www", "example.com"), "www.example.com");
        assert_eq!(absolute("www.example.com", "example.com"), "www.example.com");
        assert_eq!(absolute("myexample.com", "example.com"), "myexample.com.example.com");
    }

    #[test]
    fn ids_are_read_as_they_are_written() {
        for (id, name, kind, set) in [
            ("Z1_www.example.com_A", "www.example.com", "A", None),
            ("Z1_www.example.com_A_primary", "www.example.com", "A", Some("primary")),
            ("Z1__acme-challenge.example.com_TXT", "_acme-challenge.example.com", "TXT", None),
            ("Z1__sip._tcp.example.com_SRV_a_b", "_sip._tcp.example.com", "SRV", Some("a_b")),
            ("Z1__A", "", "A", None),
            ("Z1_www_AAAA_x_A_y", "www", "AAAA", Some("x_A_y")),
            ("Z1_*.example.com_CNAME", "*.example.com", "CNAME", None),
            ("Z1_www_A_AAAA", "www", "A", Some("AAAA")),
        ] {
            let read = RecordId::parse(id).expect(id);
            assert_eq!((read.zone.as_str(), &*read.name), ("Z1", name), "{id}");
            assert_eq!((&*read.kind, read.set.as_deref()), (kind, set), "{id}");
            assert_eq!(read.to_string(), id);
        }
        assert_eq!(RecordId::parse("Z1_www.example.com"), None);
        assert_eq!(RecordId::parse("www"), None);
        let long = RecordId::parse("/hostedzone/Z1_WWW.Example.com._A").expect("id");
        assert_eq!(long.to_string(), "Z1_www.example.com_A");
    }
}
