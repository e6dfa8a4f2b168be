//! Topology -> the kinds that its blocks stand for.

use lifeboat_sdk::Diagnostics;

use super::Synthetic;
use crate::topology::Topology;

/// All objects that a topology stands for.
pub fn expand(_topology: &Topology) -> (Vec<Synthetic>, Diagnostics) {
    (Vec::new(), Diagnostics::new())
}
