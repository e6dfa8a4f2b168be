//! The frozen form of the record, version 1: one line in the envelope of [`crate::line`]. Nothing
//! here changes: a new version is a new file.

use serde::{Deserialize, Serialize};

use super::{Position, Positions};
use crate::digest::Digest;
use crate::line;

const VERSION: u32 = 1;

/// Why a record was not read.
pub(super) enum Unread {
    Damaged,
    Newer,
}

#[derive(Deserialize)]
struct AnyVersion {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    lineage: String,
    positions: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    about: String,
    from: String,
    to: String,
    epoch: u64,
    until: i64,
    at: i64,
    how: String,
}

/// The bytes; `None` only if numbers and texts had no JSON form.
pub(super) fn encode(positions: &Positions) -> Option<String> {
    let entry = |position: &Position| {
        let Position { about, from, to, epoch, until, at, how } = position.clone();
        Entry { about, from, to, epoch, until, at, how }
    };
    let record = Record {
        version: VERSION,
        lineage: positions.lineage.clone(),
        positions: positions.all.iter().map(entry).collect(),
    };
    Some(line::encode(0, Digest::ZERO, &serde_json::to_string(&record).ok()?))
}

pub(super) fn decode(bytes: &[u8]) -> Result<Positions, Unread> {
    let (line, length) = line::parse(bytes).map_err(|_| Unread::Damaged)?;
    if length != bytes.len() {
        return Err(Unread::Damaged);
    }
    let AnyVersion { version } = serde_json::from_str(line.json).map_err(|_| Unread::Damaged)?;
    if version != VERSION {
        return Err(Unread::Newer);
    }
    let record: Record = serde_json::from_str(line.json).map_err(|_| Unread::Damaged)?;
    let position = |entry: Entry| {
        let Entry { about, from, to, epoch, until, at, how } = entry;
        Position { about, from, to, epoch, until, at, how }
    };
    let all = record.positions.into_iter().map(position).collect();
    Ok(Positions { lineage: record.lineage, all })
}
