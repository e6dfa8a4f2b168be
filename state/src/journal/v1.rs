//! The frozen form of frames, version 1. Nothing here changes: a new version is a new file.
//!
//! Enums are tagged from outside only: other tags make serde copy, which loses a document's text.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// What a line's JSON holds. `batch` is the sequence of the first frame of the same append.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payload {
    pub(super) v: u32,
    pub(super) batch: u64,
    pub(super) frame: Frame,
}

/// The fields that every version has.
#[derive(Deserialize)]
pub(super) struct AnyVersion {
    pub(super) v: u32,
    pub(super) batch: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Frame {
    RunBegin(RunBegin),
    RunResumed(RunResumed),
    Intent(Intent),
    Doubted(Intent),
    Identified(Identified),
    Outcome(Outcome),
    Settled(Settled),
    StateCommitted(StateCommitted),
    RunEnd(RunEnd),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunBegin {
    pub(super) run: String,
    pub(super) command: String,
    pub(super) plan_digest: String,
    /// Base64.
    pub(super) plan: String,
    pub(super) base_serial: u64,
    pub(super) lineage: String,
    pub(super) epoch: u64,
    pub(super) term: u64,
    pub(super) tool_version: String,
    pub(super) at: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunResumed {
    pub(super) term: u64,
    pub(super) dropped_tail: bool,
    pub(super) at: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    pub(super) step: String,
    pub(super) token: String,
    pub(super) members: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identified {
    pub(super) step: String,
    pub(super) member: String,
    pub(super) id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcome {
    pub(super) step: String,
    pub(super) member: String,
    pub(super) result: StepResult,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum StepResult {
    Done { document: Option<Box<RawValue>> },
    Failed { class: String, message: String, half_made: Option<Box<RawValue>> },
    InDoubt { message: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settled {
    pub(super) step: String,
    pub(super) member: String,
    pub(super) verdict: Verdict,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Verdict {
    Done { document: Option<Box<RawValue>> },
    NotDone,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateCommitted {
    pub(super) serial: u64,
    pub(super) digest: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunEnd {
    pub(super) status: RunStatus,
    pub(super) serial: u64,
    pub(super) at: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RunStatus {
    Done,
    Failed,
    Interrupted,
    Refused,
    Folded,
}
