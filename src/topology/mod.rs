//! Stage 2, config -> topology: blocks to the typed disaster-recovery model.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostics, Name, Value};

use crate::config::Config;
use crate::desired::Environment;

/// A disaster-recovery topology.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Its name.
    pub name: Name,
    /// The primary region.
    pub primary: Name,
}

/// The topology of the root module, where it declares one.
pub fn build(_config: &Config, _environment: &Environment<'_>) -> (Option<Topology>, Diagnostics) {
    (None, Diagnostics::new())
}

impl Topology {
    /// AWS regions.
    pub fn cloud_regions(&self) -> Vec<Name> {
        Vec::new()
    }

    /// The account that the region blocks name.
    pub fn account(&self) -> Option<Name> {
        None
    }

    /// What expressions see of blocks.
    pub fn values(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }
}
