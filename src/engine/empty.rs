//! A plan before anything was read: what it is made for, and what state says of the whole. Pure.

use std::collections::BTreeMap;

use lifeboat_sdk::Diagnostics;
use lifeboat_state::model::State;

use super::asked::Asked;
use super::load::{Loaded, Settings};
use super::{alone, evacuation, retiring};
use crate::plan::leg::Legs;
use crate::plan::{Inputs, Plan};

/// A plan without changes and steps.
pub(super) fn empty(
    loaded: &Loaded,
    settings: &Settings,
    state: Option<&State>,
    asked: &Asked,
) -> Plan {
    let now = settings.now;
    let expires = now.checked_add(jiff::SignedDuration::from_hours(asked.valid_hours));
    let seed = format!("{}:{now}:{}", settings.seed, settings.root.display());
    let topology = loaded.topology.as_ref();
    Plan {
        id: uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, seed.as_bytes()).to_string(),
        created: now.to_string(),
        expires: expires.unwrap_or(now).to_string(),
        mode: asked.mode,
        inputs: Inputs {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            root: settings.root.display().to_string(),
            files: BTreeMap::new(),
            variables: loaded.variables.clone(),
            lineage: state.map(|s| s.lineage.clone()),
            serial: state.map_or(0, |s| s.serial),
            epoch: state.map_or(0, |s| s.epoch),
            primary: topology.map(|t| t.primary.clone()),
            topology: topology.map(|t| t.name.clone()),
            standing: None,
            identities: BTreeMap::new(),
            now: now.to_string(),
            targets: asked.targets.clone(),
            excludes: asked.excludes.clone(),
            exclude_regions: asked.exclude_regions.iter().map(ToString::to_string).collect(),
        },
        promotion: None,
        lasting: None,
        fencing: None,
        retiring: None,
        retired: retiring::kept(state, topology),
        diverged: state.map(alone::diverged).unwrap_or_default(),
        discards: asked.discards.clone(),
        backfills: BTreeMap::new(),
        fenced: state.map(|s| s.promotions.fenced.clone()).unwrap_or_default(),
        evacuated: evacuation::marked(state),
        approvers: None,
        unprotected: state.and_then(|s| s.promotions.unprotected.clone()),
        returns_writable: Vec::new(),
        changes: Vec::new(),
        drift: Vec::new(),
        outputs: BTreeMap::new(),
        legs: Legs::new(),
        steps: Vec::new(),
        scopes: Vec::new(),
        findings: Diagnostics::new(),
        checks: Vec::new(),
    }
}
