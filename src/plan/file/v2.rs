//! The stored form of plans, version 2: promotions, and steps without objects. Frozen: a change
//! makes a version 3 beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::v1::{self, Change, Check, Finding, Inputs, Member, Output, Scope, Status};

#[derive(Serialize, Deserialize)]
pub(super) struct Plan {
    pub format: u32,
    pub id: String,
    pub created: String,
    pub expires: String,
    pub mode: String,
    pub inputs: Inputs,
    pub exclude_regions: Vec<String>,
    /// In wire form; nothing in what version 1 wrote.
    pub standing: Option<v1::Doc>,
    pub promotion: Option<Promotion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Lasting>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fencing: Option<Fencing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring: Option<Retiring>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Kept>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fenced: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evacuated: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub diverged: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discards: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub backfills: BTreeMap<String, BTreeMap<String, bool>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvers: Option<PolicyChange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unprotected: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns_writable: Vec<String>,
    pub changes: Vec<Change>,
    /// What becomes of copies that follow another object than so far.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub follows: BTreeMap<String, String>,
    pub drift: Vec<Change>,
    pub outputs: BTreeMap<String, Output>,
    /// What objects are on the way that are written several times.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub legs: BTreeMap<String, Vec<Leg>>,
    pub steps: Vec<Step>,
    pub scopes: Vec<Status>,
    pub findings: Vec<Finding>,
    pub checks: Vec<Check>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Promotion {
    pub from: String,
    pub to: String,
    pub epoch: u64,
    pub owed: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    pub silent: Vec<String>,
    pub records: usize,
    pub attest: Vec<String>,
    pub waiting: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    #[serde(default, skip_serializing_if = "none")]
    pub approvals: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_write: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lowered: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Exposure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproven: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rolls_back: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reprotects: bool,
    /// By step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timings: BTreeMap<u32, Timing>,
    /// In milliseconds, by phase.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Timing {
    pub takes_ms: u64,
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Exposure {
    pub about: String,
    pub copied: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<Proven>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Proven {
    pub until: String,
    pub at: String,
    pub how: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Leg {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ahead: bool,
    pub document: v1::Doc,
    pub note: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Lasting {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assume_down: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Fencing {
    /// `close`, `open`, `owed`, `leave`, `return`
    pub wish: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    pub marks: bool,
    pub places: Vec<String>,
    pub waiting: usize,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Retiring {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub early: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub waiting: usize,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub address: String,
    pub name: String,
    pub region: String,
    pub epoch: u64,
    pub since: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

fn none(count: &u32) -> bool {
    *count == 0
}

#[derive(Serialize, Deserialize)]
pub(super) struct PolicyChange {
    pub before: Policy,
    pub after: Policy,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Policy {
    pub needed: u32,
    /// Public keys as OpenSSH writes them, with names.
    pub approvers: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Step {
    pub id: u32,
    pub phase: String,
    pub act: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    pub members: Vec<Member>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<usize>,
    pub needs: Vec<u32>,
    pub scope: Option<Scope>,
    pub plane: Option<String>,
    pub weight: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Task {
    pub about: String,
    pub arguments: v1::Doc,
    pub limit_ms: u64,
    pub optional: bool,
    pub on: Option<Operand>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Operand {
    pub provider: String,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub scope: Scope,
    pub document: v1::Doc,
}

impl From<v1::Plan> for Plan {
    fn from(old: v1::Plan) -> Self {
        Self {
            format: old.format,
            id: old.id,
            created: old.created,
            expires: old.expires,
            mode: old.mode,
            inputs: old.inputs,
            exclude_regions: Vec::new(),
            standing: None,
            promotion: None,
            lasting: None,
            fencing: None,
            retiring: None,
            retired: Vec::new(),
            fenced: BTreeMap::new(),
            evacuated: BTreeMap::new(),
            diverged: BTreeMap::new(),
            discards: None,
            backfills: BTreeMap::new(),
            approvers: None,
            unprotected: None,
            returns_writable: Vec::new(),
            changes: old.changes,
            follows: BTreeMap::new(),
            drift: old.drift,
            outputs: old.outputs,
            legs: BTreeMap::new(),
            steps: old.steps.into_iter().map(Step::from).collect(),
            scopes: old.scopes,
            findings: old.findings,
            checks: old.checks,
        }
    }
}

impl From<v1::Step> for Step {
    fn from(old: v1::Step) -> Self {
        let v1::Step { id, members, needs, scope, plane, weight } = old;
        // All that there was then.
        let (phase, act, task, leg) = ("change".to_owned(), None, None, None);
        Self { id, phase, act, task, members, leg, needs, scope, plane, weight }
    }
}
