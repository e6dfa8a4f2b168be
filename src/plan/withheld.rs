//! Removals that must wait: what an object that cannot be changed now still uses stays. Pure.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::Diagnostic;

use super::order::Needs;
use super::{Deferral, ObjectChange};
use crate::address::Address;
use crate::diff::Action;

/// Replacements, by their place in the plan, whose predecessor stays, and who still uses it. The
/// predecessor is deposed, and a later plan removes it.
pub type Kept = BTreeMap<usize, Address>;

/// Defers the removal of whatever a deferred object uses as state has it.
///
/// Without this the loss of one region would make a plan take away from its objects what they
/// still refer to: they could not be told of a successor before.
pub fn withhold(changes: &mut [ObjectChange], needs: &Needs) -> Kept {
    let mut kept = Kept::new();
    let deferred = changes.iter().filter(|change| change.deferred.is_some());
    let mut waiting: BTreeSet<Address> = deferred.map(|change| change.address.clone()).collect();
    loop {
        let mut more = Vec::new();
        for (index, change) in changes.iter_mut().enumerate() {
            let removes = change.action == Action::Delete;
            let replaces = change.action == Action::Replace && change.create_before_destroy;
            if change.deferred.is_some() || kept.contains_key(&index) || !(removes || replaces) {
                continue;
            }
            let Some(user) = user(&change.address, &waiting, needs) else { continue };
            more.push(change.address.clone());
            if removes {
                change.deferred = Some(Deferral::Needs(user.to_string()));
            } else {
                kept.insert(index, user);
            }
        }
        if more.is_empty() {
            return kept;
        }
        waiting.extend(more);
    }
}

/// Who of those that wait uses an object.
fn user(used: &Address, waiting: &BTreeSet<Address>, needs: &Needs) -> Option<Address> {
    let whole = used.whole();
    let uses = |user: &&Address| {
        let mut stored = needs.stored.get(*user).into_iter().flatten();
        **user != *used && stored.any(|need| *need == *used || *need == whole)
    };
    waiting.iter().find(uses).cloned()
}

/// Tells of predecessors that stay.
pub fn told<'a>(
    kept: &'a Kept,
    changes: &'a [ObjectChange],
) -> impl Iterator<Item = Diagnostic> + 'a {
    kept.iter().filter_map(|(index, user)| {
        let address = &changes.get(*index)?.address;
        let detail = format!(
            "{address} is replaced, but {user} uses the object that is there now and cannot be \
             changed yet. The old object stays beside the new one until then."
        );
        let told = Diagnostic::warning(
            "plan::predecessor_stays",
            "An object that is replaced stays for the time being",
            detail,
        );
        Some(told.about(address).help("Apply again once what is deferred can be reached."))
    })
}
