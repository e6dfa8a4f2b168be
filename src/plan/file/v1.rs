//! The stored form of plans, version 1. Frozen: a change makes a version 2 beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A value in wire form, sensitive parts sealed.
pub(super) type Doc = Box<RawValue>;

#[derive(Serialize, Deserialize)]
pub(super) struct Plan {
    pub format: u32,
    pub id: String,
    pub created: String,
    pub expires: String,
    pub mode: String,
    pub inputs: Inputs,
    pub changes: Vec<Change>,
    pub drift: Vec<Change>,
    pub outputs: BTreeMap<String, Output>,
    pub steps: Vec<Step>,
    pub scopes: Vec<Status>,
    pub findings: Vec<Finding>,
    pub checks: Vec<Check>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Inputs {
    pub tool_version: String,
    pub root: String,
    /// Content in base64.
    pub files: BTreeMap<String, String>,
    pub variables: BTreeMap<String, Doc>,
    pub lineage: Option<String>,
    pub serial: u64,
    pub epoch: u64,
    pub primary: Option<String>,
    pub topology: Option<String>,
    pub identities: BTreeMap<String, String>,
    pub now: String,
    pub targets: Vec<String>,
    pub excludes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Change {
    pub address: String,
    pub previous_address: Option<String>,
    pub provider: String,
    pub provider_source: String,
    pub scope: Option<Scope>,
    pub action: String,
    pub reason: Option<String>,
    pub before: Option<Doc>,
    pub after: Option<Doc>,
    pub replace_paths: Vec<Vec<Step1>>,
    pub id: Option<String>,
    pub importing: Option<String>,
    pub deposed: Option<String>,
    pub deferred: Option<Deferral>,
    pub unread: Option<Deferral>,
    pub depends_on: Vec<String>,
    pub create_before_destroy: bool,
    pub prevent_destroy: bool,
    pub holds_data: bool,
    pub one_way: Option<String>,
    pub operated: bool,
    pub schema_version: u32,
}

/// A step of a path.
#[derive(Serialize, Deserialize)]
pub(super) enum Step1 {
    #[serde(rename = "a")]
    Attr(String),
    #[serde(rename = "k")]
    Key(String),
    #[serde(rename = "i")]
    Index(usize),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Scope {
    pub provider: String,
    pub account: String,
    pub region: String,
    pub global: bool,
    pub service: String,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Deferral {
    Unreachable { scope: Scope, message: String },
    Needs(String),
    UnknownInstances,
    InDoubt(String),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Output {
    pub before: Option<Doc>,
    pub after: Option<Doc>,
    pub sensitive: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Step {
    pub id: u32,
    pub members: Vec<Member>,
    pub needs: Vec<u32>,
    pub scope: Option<Scope>,
    pub plane: Option<String>,
    pub weight: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Member {
    pub change: usize,
    pub operation: String,
    pub depose: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Status {
    pub scope: Scope,
    pub cause: Option<String>,
    pub action: Option<String>,
    pub message: Option<String>,
    pub objects: usize,
    pub unread: usize,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Finding {
    pub code: String,
    pub summary: String,
    pub detail: String,
    pub help: Option<String>,
    pub address: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Check {
    pub address: String,
    pub kind: String,
    pub passed: Option<bool>,
    pub messages: Vec<String>,
}
