//! The three lines of a generation. This layout holds for every version of the format.

use bytes::Bytes;

use super::Damage;
use crate::digest::Digest;
use crate::envelope::{self, Flaw};

const MAGIC: &str = "lifeboat-state";

pub(super) struct Raw<'a> {
    pub(super) version: u32,
    pub(super) digest: Digest,
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
}

/// The bytes and their digest. Neither text holds a line break that matters: they are JSON.
pub(super) fn encode(version: u32, header: &str, payload: &str) -> (Bytes, Digest) {
    envelope::wrap(MAGIC, version, &[header, "\n", payload, "\n"])
}

pub(super) fn decode(bytes: &[u8]) -> Result<Raw<'_>, Damage> {
    let opened = envelope::unwrap(MAGIC, bytes).map_err(|flaw| match flaw {
        Flaw::Other => Damage::NotAState,
        Flaw::Length => Damage::Length,
        Flaw::Checksum => Damage::Checksum,
    })?;
    let lines = opened.text.split_once('\n');
    let (header, payload) = lines.ok_or(Damage::NotAState)?;
    let payload = payload.strip_suffix('\n').ok_or(Damage::NotAState)?;
    Ok(Raw { version: opened.version, digest: opened.digest, header, payload })
}
