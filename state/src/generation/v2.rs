//! The frozen file format, version 2: what promotions left is added to version 1. Nothing here
//! changes: a new version is a new file, with a step in `upgrade.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::v1;

/// Documents are in wire form, their sensitive values sealed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payload {
    pub(super) tool_version: String,
    pub(super) topology: Option<String>,
    pub(super) primary: Option<String>,
    #[serde(default, skip_serializing_if = "Promotions::is_empty")]
    pub(super) promotions: Promotions,
    pub(super) identities: BTreeMap<String, String>,
    pub(super) consumed_plans: Vec<String>,
    pub(super) outputs: BTreeMap<String, v1::Output>,
    pub(super) objects: BTreeMap<String, v1::Object>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Promotions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) left: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unprotected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) protected: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) owed: BTreeMap<String, Owed>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) fenced: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) evacuated: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) alone: BTreeMap<String, Alone>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) backfills: BTreeMap<String, BTreeMap<String, Backfill>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) gates: BTreeMap<String, Gate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Passage>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) earlier: Vec<Passage>,
    #[serde(default, skip_serializing_if = "none")]
    pub(super) approvals: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) approvers: Vec<String>,
    /// Of deposed objects, by address and key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) retired: BTreeMap<String, BTreeMap<String, Retired>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retired {
    pub(super) epoch: u64,
    pub(super) since: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alone {
    pub(super) epoch: u64,
    pub(super) since: String,
    pub(super) found: BTreeMap<String, Unmerged>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backfill {
    pub(super) since: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) given_up: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unmerged {
    pub(super) at: String,
    pub(super) compared: u64,
    pub(super) count: u64,
    pub(super) first: Vec<Lone>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lone {
    pub(super) key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    pub(super) tag: String,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) written: Option<i64>,
    pub(super) differs: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) deleted: bool,
}

fn none(count: &u32) -> bool {
    *count == 0
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gate {
    pub(super) region: String,
    pub(super) since: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Passage {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) epoch: u64,
    pub(super) approval: BTreeMap<String, String>,
    pub(super) reached: BTreeMap<String, String>,
    pub(super) told: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) mode: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) owed: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) evidence: BTreeMap<String, Evidence>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Evidence {
    pub(super) act: String,
    pub(super) phase: String,
    pub(super) at: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) failed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) compared: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resolvers: Vec<Resolver>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolver {
    pub(super) at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moved: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unknown: Option<String>,
}

impl Promotions {
    fn is_empty(&self) -> bool {
        let Self {
            left,
            unprotected,
            protected,
            owed,
            fenced,
            evacuated,
            alone,
            backfills,
            gates,
            last,
            earlier,
            approvals,
            approvers,
            retired,
        } = self;
        let since = unprotected.is_some() || protected.is_some();
        let nothing = left.is_none() && !since && last.is_none() && earlier.is_empty();
        let open = owed.is_empty() && alone.is_empty() && gates.is_empty() && backfills.is_empty();
        let by_hand = fenced.is_empty() && evacuated.is_empty();
        let nobody = *approvals == 0 && approvers.is_empty();
        nothing && open && by_hand && nobody && retired.is_empty()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Owed {
    pub(super) region: String,
    pub(super) epoch: u64,
    pub(super) since: String,
}

impl From<v1::Payload> for Payload {
    fn from(old: v1::Payload) -> Self {
        Self {
            tool_version: old.tool_version,
            topology: old.topology,
            primary: old.primary,
            promotions: Promotions::default(),
            identities: old.identities,
            consumed_plans: old.consumed_plans,
            outputs: old.outputs,
            objects: old.objects,
        }
    }
}
