//! The three lines of a generation. This layout holds for every version of the format.

use bytes::Bytes;

use super::Damage;
use crate::digest::Digest;

const MAGIC: &str = "lifeboat-state";

pub(super) struct Raw<'a> {
    pub(super) version: u32,
    pub(super) digest: Digest,
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
}

/// The bytes and their digest. Neither text holds a line break that matters: they are JSON.
pub(super) fn encode(version: u32, header: &str, payload: &str) -> (Bytes, Digest) {
    let length = header.len() + payload.len() + 2;
    let digest = digest(version, &[header.as_bytes(), b"\n", payload.as_bytes(), b"\n"], length);
    let text = format!("{}{header}\n{payload}\n", first_line(version, length, digest));
    (Bytes::from(text), digest)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Raw<'_>, Damage> {
    let end = bytes.iter().take(200).position(|&byte| byte == b'\n').ok_or(Damage::NotAState)?;
    let (first, rest) = bytes.split_at(end + 1);
    let (version, length, claimed) = fields(first).ok_or(Damage::NotAState)?;
    if length != rest.len() {
        return Err(Damage::Length);
    }
    // Before anything in it is believed, the version included.
    let digest = digest(version, &[rest], length);
    if digest != claimed {
        return Err(Damage::Checksum);
    }
    let text = std::str::from_utf8(rest).map_err(|_| Damage::Checksum)?;
    let lines = text.split_once('\n');
    let (header, payload) = lines.ok_or(Damage::NotAState)?;
    let payload = payload.strip_suffix('\n').ok_or(Damage::NotAState)?;
    Ok(Raw { version, digest, header, payload })
}

fn first_line(version: u32, length: usize, digest: Digest) -> String {
    format!("{MAGIC} {version} {length} {digest}\n")
}

fn fields(line: &[u8]) -> Option<(u32, usize, Digest)> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.trim_end().split(' ').skip(1);
    let version = words.next()?.parse().ok()?;
    let length = words.next()?.parse().ok()?;
    let digest = words.next()?.parse().ok()?;
    // Written again it must be the same, so that no second spelling of it passes.
    (line == first_line(version, length, digest)).then_some((version, length, digest))
}

fn digest(version: u32, parts: &[&[u8]], length: usize) -> Digest {
    let first = format!("{MAGIC} {version} {length}\n");
    let mut all = vec![first.as_bytes()];
    all.extend_from_slice(parts);
    Digest::of_parts(&all)
}
