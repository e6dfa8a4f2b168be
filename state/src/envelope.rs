//! The envelope of texts that are kept whole: a first line `MAGIC VERSION LENGTH DIGEST` over what
//! follows, so that every flipped bit and every cut is noticed.

use bytes::Bytes;

use crate::digest::Digest;

/// Longer than any first line.
const LONGEST: usize = 200;

/// What is wrong with the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It does not begin as it should.
    Other,
    /// It was cut, or something was added.
    Length,
    /// The bytes are not those that were written.
    Checksum,
}

/// What was in an envelope.
pub(crate) struct Opened<'a> {
    pub(crate) version: u32,
    pub(crate) digest: Digest,
    pub(crate) text: &'a str,
}

/// The bytes of a text in parts, and their digest.
pub(crate) fn wrap(magic: &str, version: u32, parts: &[&str]) -> (Bytes, Digest) {
    let length = parts.iter().map(|part| part.len()).sum();
    let bytes: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    let digest = digest(magic, version, &bytes, length);
    let text = first_line(magic, version, length, digest) + &parts.concat();
    (Bytes::from(text), digest)
}

/// The text of an envelope.
pub(crate) fn unwrap<'a>(magic: &str, bytes: &'a [u8]) -> Result<Opened<'a>, Flaw> {
    let end = bytes.iter().take(LONGEST).position(|&byte| byte == b'\n').ok_or(Flaw::Other)?;
    let (first, rest) = bytes.split_at(end + 1);
    let (version, length, claimed) = fields(magic, first).ok_or(Flaw::Other)?;
    if length != rest.len() {
        return Err(Flaw::Length);
    }
    // Before anything in it is believed, the version included.
    let digest = digest(magic, version, &[rest], length);
    if digest != claimed {
        return Err(Flaw::Checksum);
    }
    let text = std::str::from_utf8(rest).map_err(|_| Flaw::Checksum)?;
    Ok(Opened { version, digest, text })
}

fn first_line(magic: &str, version: u32, length: usize, digest: Digest) -> String {
    format!("{magic} {version} {length} {digest}\n")
}

fn fields(magic: &str, line: &[u8]) -> Option<(u32, usize, Digest)> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.trim_end().split(' ').skip(1);
    let version = words.next()?.parse().ok()?;
    let length = words.next()?.parse().ok()?;
    let digest = words.next()?.parse().ok()?;
    // Written again it must be the same, so that no second spelling of it passes.
    let same = line == first_line(magic, version, length, digest);
    same.then_some((version, length, digest))
}

fn digest(magic: &str, version: u32, parts: &[&[u8]], length: usize) -> Digest {
    let first = format!("{magic} {version} {length}\n");
    let mut all = vec![first.as_bytes()];
    all.extend_from_slice(parts);
    Digest::of_parts(&all)
}
