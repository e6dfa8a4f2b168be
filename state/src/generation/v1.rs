//! The frozen file format, version 1. Nothing here changes: a new version is a new file, with a
//! step in `upgrade.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What stands before the payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) lineage: String,
    pub(super) serial: u64,
    pub(super) term: u64,
    pub(super) epoch: u64,
    pub(super) previous: Option<Previous>,
    pub(super) commit: String,
    pub(super) restored: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Previous {
    pub(super) serial: u64,
    pub(super) digest: String,
}

/// Documents are in wire form, their sensitive values sealed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payload {
    pub(super) tool_version: String,
    pub(super) topology: Option<String>,
    pub(super) primary: Option<String>,
    pub(super) identities: BTreeMap<String, String>,
    pub(super) consumed_plans: Vec<String>,
    pub(super) outputs: BTreeMap<String, Output>,
    pub(super) objects: BTreeMap<String, Object>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) sensitive: bool,
    pub(super) document: Box<RawValue>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Object {
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) module: String,
    pub(super) mode: Mode,
    pub(super) kind: String,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) index: Option<Index>,
    pub(super) provider: String,
    pub(super) schema_version: u64,
    pub(super) status: Status,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) stale: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) identity: Option<String>,
    pub(super) scope: Scope,
    pub(super) ownership: Ownership,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) depends_on: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) create_before_destroy: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) prevent_destroy: bool,
    pub(super) document: Box<RawValue>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) secret_hashes: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) deposed: Vec<Deposed>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deposed {
    pub(super) key: String,
    pub(super) provider: String,
    pub(super) schema_version: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) identity: Option<String>,
    pub(super) scope: Scope,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) depends_on: Vec<String>,
    pub(super) document: Box<RawValue>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mode {
    Managed,
    Data,
    Operated,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Index {
    Number(u64),
    Text(String),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Ok,
    Incomplete,
    Fenced,
    Tainted,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    pub(super) provider: String,
    pub(super) account: String,
    pub(super) location: String,
    pub(super) service: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ownership {
    Tags,
    Parent,
    Name,
    StateOnly,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
