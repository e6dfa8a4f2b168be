//! `Previous`: an object as the state knows it.

use std::collections::BTreeSet;

use lifeboat_sdk::{Name, Scope, Value};

use crate::address::Address;

/// An object of the previous state.
#[derive(Clone, Debug)]
pub struct Previous {
    /// As stored.
    pub document: Value,
    /// There is no current object: only what replacements left behind.
    pub only_deposed: bool,
    /// Its id.
    pub id: Option<Name>,
    /// The provider instance.
    pub provider: Name,
    /// Where it lives.
    pub scope: Option<Scope>,
    /// What it referred to.
    pub depends_on: Vec<Address>,
    /// The next plan makes it anew.
    pub tainted: bool,
    /// It was left half made: the next plan finishes it in place. What exists is never replaced
    /// only because a run was cut short: it may hold data by now.
    pub incomplete: bool,
    /// How it was to be replaced.
    pub create_before_destroy: bool,
    /// Whether it must not be destroyed.
    pub prevent_destroy: bool,
    /// Somebody else's.
    pub operated: bool,
    /// Objects that replacements left behind: key, id and document.
    pub deposed: Vec<(Name, Name, Value)>,
    /// The keys of those that are kept on purpose, because a promotion left them.
    pub retired: BTreeSet<Name>,
    /// Where it was, if a `moved` block says so.
    pub moved_from: Option<Address>,
}
