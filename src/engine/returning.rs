//! Which regions may take writes as soon as they return: a fence is owed there, and no guard keeps what
//! starts there from writing until it is placed. Pure.

use std::collections::BTreeSet;

use lifeboat_sdk::Name;
use lifeboat_state::model::State;

use super::load::Loaded;
use crate::plan::Plan;
use crate::plan::promotion::region_of;
use crate::topology::Topology;

/// The regions that have a guard.
pub fn guarded(topology: &Topology) -> impl Iterator<Item = &Name> {
    topology.regions.iter().filter(|region| region.guard).map(|region| &region.name)
}

/// Notes in a plan the regions that owe a fence which it does not place, and that have no guard.
pub(super) fn note(plan: &mut Plan, loaded: &Loaded, state: Option<&State>) {
    let Some(topology) = &loaded.topology else { return };
    let placed = |address: &str| {
        let mut pending = plan.pending();
        pending.any(|change| change.address.to_string() == address)
    };
    let owed = state.map(|state| &state.promotions.owed);
    let before = owed.into_iter().flatten().filter(|(address, _)| !placed(address));
    let before = before.map(|(_, owed)| Name::from(&*owed.region));
    let now = plan.promotion.iter().flat_map(|promotion| &promotion.owed);
    let now = now.filter_map(|address| Some(Name::from(region_of(address)?)));
    let mut regions: BTreeSet<Name> = before.chain(now).collect();
    for region in guarded(topology) {
        regions.remove(region);
    }
    plan.returns_writable = regions.into_iter().collect();
}
