//! What changed outside, as changes from the previous to the prior document.

use std::collections::BTreeMap;

use lifeboat_sdk::{Observation, Value};

use super::ground::Ground;
use super::load::Loaded;
use crate::address::Address;
use crate::diff::Action;
use crate::plan::ObjectChange;
use crate::plan::resolve::{Previous, restore_marks};
use crate::refresh::{self, RequestKey};

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
        address,
        previous_address: None,
        provider: previous.provider.clone(),
        provider_source: loaded.catalogue.source(&previous.provider).into(),
        scope: previous.scope.clone(),
        action: Action::NoOp,
        reason: None,
        before: None,
        after: None,
        replace_paths: Vec::new(),
        id: previous.id.clone(),
        importing: None,
        deposed: None,
        deferred: None,
        unread: None,
        depends_on: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
        holds_data: false,
        one_way: None,
        operated: previous.operated,
        schema_version: 0,
    }
}
