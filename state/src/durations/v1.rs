//! The frozen form of the record, version 1: one line in the envelope of [`crate::line`]. Nothing
//! here changes: a new version is a new file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Durations, Work};
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
    durations: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: String,
    operation: String,
    location: String,
    /// A median of each run, the newest last.
    milliseconds: Vec<u64>,
}

/// The bytes; `None` only if numbers and texts had no JSON form.
pub(super) fn encode(durations: &Durations) -> Option<String> {
    let entry = |(work, runs): (&Work, &Vec<Duration>)| Entry {
        kind: work.kind.clone(),
        operation: work.operation.clone(),
        location: work.location.clone(),
        milliseconds: runs
            .iter()
            .map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
            .collect(),
    };
    let record = Record { version: VERSION, durations: durations.runs.iter().map(entry).collect() };
    Some(line::encode(0, Digest::ZERO, &serde_json::to_string(&record).ok()?))
}

pub(super) fn decode(bytes: &[u8]) -> Result<Durations, Unread> {
    let (line, length) = line::parse(bytes).map_err(|_| Unread::Damaged)?;
    if length != bytes.len() {
        return Err(Unread::Damaged);
    }
    let AnyVersion { version } = serde_json::from_str(line.json).map_err(|_| Unread::Damaged)?;
    if version != VERSION {
        return Err(Unread::Newer);
    }
    let record: Record = serde_json::from_str(line.json).map_err(|_| Unread::Damaged)?;
    let entry = |entry: Entry| {
        let Entry { kind, operation, location, milliseconds } = entry;
        let runs = milliseconds.into_iter().map(Duration::from_millis).collect();
        (Work { kind, operation, location }, runs)
    };
    Ok(Durations { runs: record.durations.into_iter().map(entry).collect() })
}
