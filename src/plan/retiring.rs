//! What a promotion left and could not follow again: kept under another name, until it is retired. Pure.

use lifeboat_sdk::Name;

use super::{ObjectChange, Reason};
use crate::address::{self, Address};
use crate::diff::Action;

/// Something that a promotion left, kept under another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The address of what has taken its place.
    pub address: Address,
    /// The name under which it is kept.
    pub name: Name,
    /// Where it is.
    pub region: String,
    /// The epoch in which it was left.
    pub epoch: u64,
    /// Since when it is kept, RFC 3339.
    pub since: String,
    /// Until when it must be, RFC 3339; nothing where that cannot be computed.
    pub until: Option<String>,
}

/// A plan that deletes what promotions left, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retiring {
    /// What is deleted before its time.
    pub early: Vec<Name>,
    /// Why.
    pub reason: Option<String>,
    /// How many other changes wait.
    pub waiting: usize,
}

impl Retiring {
    /// Keeps what retires, and drops all other changes: how many those are.
    pub fn keep(changes: &mut Vec<ObjectChange>) -> usize {
        let before = changes.len();
        changes.retain(|change| {
            let still = change.action == Action::NoOp && change.deferred.is_none();
            still || change.address.mode == address::Mode::Data || retires(change)
        });
        before - changes.len()
    }
}

/// Whether a change deletes what a promotion left.
pub fn retires(change: &ObjectChange) -> bool {
    change.deposed.is_some() && change.reason == Some(Reason::Retired)
}
