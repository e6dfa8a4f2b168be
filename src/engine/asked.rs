//! `Asked`: what planning is asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lifeboat_sdk::Name;
use lifeboat_state::durations::Durations;
use lifeboat_state::positions::Positions;

use super::edit::Edit;
use super::retiring::Retire;
use crate::address::Address;
use crate::plan::{ByHand, PlanMode, Wish};

/// What planning is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Normal, destroy, refresh only.
    pub mode: PlanMode,
    /// Whether live objects are read first.
    pub refresh: bool,
    /// `-target`
    pub targets: Vec<String>,
    /// `-exclude`
    pub excludes: Vec<String>,
    /// `-replace`
    pub replace: Vec<Address>,
    /// `-exclude-region`
    pub exclude_regions: Vec<String>,
    /// The object that `import` takes in, and its id.
    pub import: Option<(Address, Name)>,
    /// Whether objects that carry our tags and are in no state are looked for.
    pub unmanaged: bool,
    /// Objects that an earlier run may have changed, and why that is not known.
    pub in_doubt: BTreeMap<Address, String>,
    /// Whether the region that the last promotion left is meant where the files name it.
    pub back: bool,
    /// Whether a promotion is refused that would leave a region which does not answer.
    pub graceful: bool,
    /// Regions that count as down by the operator's word: the fences of one that is left are asked for all
    /// the same, and what answers there is fenced.
    pub listens: Vec<String>,
    /// The region of which it is given up what it holds alone.
    pub discards: Option<String>,
    /// The region of which it is copied to the primary what it holds alone.
    pub copies: Option<String>,
    /// What is wanted of fences, and of nothing else.
    pub fencing: Option<Wish>,
    /// What is deleted that promotions left, and nothing else.
    pub retire: Option<Retire>,
    /// Up to when copies were seen to have all that their sources had.
    pub positions: Positions,
    /// How long changes took in earlier runs: what a promotion is expected to take.
    pub durations: Durations,
    /// Since when the region that is left takes no writes, as a person knows it.
    pub since: Option<Timestamp>,
    /// How much of a promotion was done by hand before.
    pub by_hand: Option<ByHand>,
    /// What a promotion writes into the files before it fences anything.
    pub edit: Option<Edit>,
    /// Whether it is looked which region acts as the primary, whatever has changed.
    pub acting: bool,
    /// How long the plan may be applied, in hours.
    pub valid_hours: i64,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            mode: PlanMode::Normal,
            refresh: true,
            targets: Vec::new(),
            excludes: Vec::new(),
            replace: Vec::new(),
            exclude_regions: Vec::new(),
            import: None,
            unmanaged: false,
            in_doubt: BTreeMap::new(),
            back: false,
            graceful: false,
            listens: Vec::new(),
            discards: None,
            copies: None,
            fencing: None,
            retire: None,
            positions: Positions::default(),
            durations: Durations::default(),
            since: None,
            by_hand: None,
            edit: None,
            acting: false,
            valid_hours: 24,
        }
    }
}

impl Asked {
    /// Whether it is about what a person types, and about nothing else.
    pub(super) fn is_by_hand(&self) -> bool {
        self.fencing.is_some() || self.retire.is_some()
    }

    /// To take one object into state by its id. Nothing else is read but what its place in the
    /// cloud depends on.
    pub fn import(address: Address, id: Name) -> Self {
        Self {
            mode: PlanMode::Import,
            refresh: false,
            targets: vec![address.to_string()],
            import: Some((address, id)),
            ..Self::default()
        }
    }
}
