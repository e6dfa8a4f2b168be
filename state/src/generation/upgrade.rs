//! From any known version of the format to the newest, one step at a time.
//!
//! For version 3: freeze `v3.rs`, let [`payload`] and [`header`] return its types, and add the arm
//! that takes version 2 one step further. Stored files are never rewritten.

use super::{Damage, FORMAT, Header, Link, v1, v2};

/// The header of a generation of any known version.
pub(super) fn header(version: u32, text: &str) -> Result<Header, Damage> {
    match version {
        // The header is that of version 1 still.
        1 | 2 => from_v1(serde_json::from_str(text).map_err(Damage::Content)?),
        found => Err(Damage::Newer { found, supported: FORMAT }),
    }
}

/// The payload of a generation of any known version.
pub(super) fn payload(version: u32, text: &str) -> Result<v2::Payload, Damage> {
    match version {
        1 => serde_json::from_str::<v1::Payload>(text).map(Into::into).map_err(Damage::Content),
        2 => serde_json::from_str(text).map_err(Damage::Content),
        found => Err(Damage::Newer { found, supported: FORMAT }),
    }
}

/// The payload's text in the newest version, byte for byte if it is in that version already.
pub(super) fn payload_text(version: u32, text: &str) -> Result<String, Damage> {
    match version {
        FORMAT => Ok(text.to_owned()),
        older => serde_json::to_string(&payload(older, text)?).map_err(Damage::Content),
    }
}

/// The header's text in the newest version.
pub(super) fn header_text(header: &Header) -> Result<String, Damage> {
    let stored = v1::Header {
        lineage: header.lineage.clone(),
        serial: header.serial,
        term: header.term,
        epoch: header.epoch,
        previous: header
            .previous
            .map(|Link { serial, digest }| v1::Previous { serial, digest: digest.to_string() }),
        commit: header.commit.clone(),
        restored: header.restored,
    };
    serde_json::to_string(&stored).map_err(Damage::Content)
}

fn from_v1(stored: v1::Header) -> Result<Header, Damage> {
    let previous = match stored.previous {
        None => None,
        Some(v1::Previous { serial, digest }) => {
            let digest = digest.parse().map_err(|_| Damage::NotAState)?;
            Some(Link { serial, digest })
        }
    };
    Ok(Header {
        lineage: stored.lineage,
        serial: stored.serial,
        term: stored.term,
        epoch: stored.epoch,
        previous,
        commit: stored.commit,
        restored: stored.restored,
    })
}
