//! The world of a simulation: what state says is live, in a cloud in memory, and what is lost of it.

use std::time::Duration;

use lifeboat_sdk::{Location, Name, Owner, RegionName};
use lifeboat_state::model::{Document, Mode, ObjectRecord, State};

use super::Scene;
use crate::apply::{document, record};
use crate::builtin;
use crate::plan::promotion::Mode as Course;
use crate::registry::Catalogue;
use crate::registry::sim::{Blackout, Fault, Key, Rule, SimCloud};

/// The seed of the cloud: it decides the order of listings, and nothing here depends on it.
const SEED: u64 = 0;

/// A cloud that holds nothing, and answers calls after so long.
pub(super) fn empty(call: Duration) -> SimCloud {
    let cloud = SimCloud::new(SEED);
    cloud.set_latency(call);
    cloud
}

/// A cloud that holds what state says, each object as it was seen last, and answers calls after so
/// long.
pub(super) fn cloud(state: &State, call: Duration) -> SimCloud {
    let cloud = empty(call);
    for object in state.objects.values().filter(|object| object.provider != builtin::NAME) {
        let current = (&object.document, object.identity.as_deref(), &object.scope);
        let deposed = object.deposed.iter().map(|d| (&d.document, d.identity.as_deref(), &d.scope));
        for (document, identity, scope) in std::iter::once(current).chain(deposed) {
            let id = identity.unwrap_or(&object.address);
            let scope = record::scope(scope);
            let (account, location) = (scope.account, scope.location);
            let key = Key { account, location, kind: (&*object.kind).into(), id: id.into() };
            put(&cloud, key, document, owner(state, object));
        }
    }
    cloud
}

/// What cannot be read is told by planning.
fn put(cloud: &SimCloud, key: Key, stored: &Document, owner: Option<Owner>) {
    if let Ok(document) = document::load(stored)
        && !document.is_null()
    {
        cloud.put(key, document, owner);
    }
}

/// Whose tags it carries: those of whoever applied the state.
fn owner(state: &State, object: &ObjectRecord) -> Option<Owner> {
    let ours = object.mode == Mode::Managed;
    ours.then(|| Owner {
        topology: state.topology.as_deref().unwrap_or(&state.lineage).into(),
        address: (&*object.address).into(),
    })
}

/// Lets happen what is to be tried.
pub(super) fn befall(cloud: &SimCloud, scene: &Scene, catalogue: &Catalogue) {
    if scene.mode == Course::Ungraceful {
        let region = Location::Region(scene.cloud_region.clone());
        cloud.blackout(region, Blackout::Hang);
    }
    if scene.global {
        let homes = catalogue.kinds.values().filter_map(|(_, kind)| kind.service().home);
        for home in homes {
            let home = RegionName::from(home);
            cloud.blackout(Location::Global { home }, Blackout::Hang);
        }
    }
}

/// Refuses every change of an object.
pub(super) fn fail(cloud: &SimCloud, address: &Name) {
    cloud.inject(Rule::new(Fault::Denied).address(address));
}
