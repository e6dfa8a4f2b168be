//! What changed outside, as changes from the previous to the prior document, and how each object
//! was seen.

use std::collections::BTreeMap;

use lifeboat_sdk::{Cause, Name, Observation, Scope, Value};

use super::ground::Ground;
use super::load::Loaded;
use crate::address::{Address, Mode};
use crate::diff::Action;
use crate::plan::ObjectChange;
use crate::plan::resolve::{Previous, restore_marks};
use crate::refresh::{self, RequestKey};

/// A managed object of the previous state, and how it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Its address.
    pub address: Address,
    /// Where it lives; `None` for what has no remote side.
    pub scope: Option<Scope>,
    /// Its id, where it has one.
    pub id: Option<Name>,
    /// What was seen.
    pub seen: Seen,
}

/// How an object was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was read; whether it drifted is in the plan.
    Read,
    /// It could not be read.
    Unread(Cause, String),
    /// It was not to be looked at.
    Left,
}

/// Every managed object, in the order of addresses.
pub(super) fn looked(
    ground: &Ground,
    places: &BTreeMap<RequestKey, Scope>,
    observed: &BTreeMap<RequestKey, Observation<Value>>,
) -> Vec<Looked> {
    let managed = ground.previous.iter().filter(|(at, _)| at.mode == Mode::Managed);
    let there = managed.filter(|(_, previous)| !previous.only_deposed);
    there
        .map(|(address, previous)| {
            let key = RequestKey::current(address.clone());
            let seen = match observed.get(&key) {
                Some(Observation::Unreadable(u)) => {
                    Seen::Unread(u.cause.clone(), u.message.clone())
                }
                Some(Observation::Present(_) | Observation::Absent(_)) => Seen::Read,
                None if ground.providers.kind(&previous.provider, &address.kind).is_none() => {
                    Seen::Unread(Cause::Other, "this build does not have its type".to_owned())
                }
                None => Seen::Left,
            };
            let scope = places.get(&key).cloned().or_else(|| previous.scope.clone());
            let scope = scope.filter(|_| previous.scope.is_some());
            Looked { address: address.clone(), scope, id: previous.id.clone(), seen }
        })
        .collect()
}

/// What changed outside, as changes from the previous to the prior document.
pub(super) fn drift(
    loaded: &Loaded,
    ground: &Ground,
    observed: &BTreeMap<RequestKey, Observation<Value>>,
) -> Vec<ObjectChange> {
    let mut out = Vec::new();
    for (key, observation) in observed {
        let Some(previous) = ground.previous.get(&key.address) else { continue };
        let Some((_, kind)) = loaded.catalogue.kinds.get(&*key.address.kind) else { continue };
        let (prior, action) = match observation {
            Observation::Present(present) => (Some(&present.object), Action::Update),
            Observation::Absent(_) => (None, Action::Delete),
            Observation::Unreadable(_) => continue,
        };
        let Some(found) = refresh::drift::drift(&**kind, &previous.document, prior) else {
            continue;
        };
        let mut change = blank(key.address.clone(), previous, loaded);
        change.action = action;
        change.before = Some(previous.document.clone());
        change.after = prior.map(|p| restore_marks(p, &previous.document));
        change.replace_paths = match found {
            refresh::drift::Drift::Gone => Vec::new(),
            refresh::drift::Drift::Changed { paths, roles } => {
                paths.into_iter().chain(roles).collect()
            }
        };
        out.push(change);
    }
    out
}

fn blank(address: Address, previous: &Previous, loaded: &Loaded) -> ObjectChange {
    ObjectChange {
        previous_address: previous.moved_from.clone(),
        provider: previous.provider.clone(),
        provider_source: loaded.catalogue.source(&previous.provider).into(),
        scope: previous.scope.clone(),
        id: previous.id.clone(),
        operated: previous.operated,
        ..ObjectChange::new(address, Action::NoOp)
    }
}
