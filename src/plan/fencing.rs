//! Fences by hand: what is kept of a plan that places them, or takes them away, and nothing else. Pure.

use std::collections::BTreeMap;

use lifeboat_sdk::Name;
use lifeboat_state::model::Owed;

use super::ObjectChange;
use super::promotion::{Parts, region_of};
use crate::address::{self, Address};
use crate::desired::Part;
use crate::diff::Action;

/// What is wanted of fences, by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A region takes no more writes.
    Close(Name),
    /// It may write again what its role allows.
    Open(Name),
    /// What is owed is placed where regions answer.
    Owed,
}

impl Wish {
    /// Its name in plans.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Close(_) => "close",
            Self::Open(_) => "open",
            Self::Owed => "owed",
        }
    }

    /// The one with this name.
    pub fn of(word: &str, region: Option<Name>) -> Option<Self> {
        match (word, region) {
            ("close", Some(region)) => Some(Self::Close(region)),
            ("open", Some(region)) => Some(Self::Open(region)),
            ("owed", None) => Some(Self::Owed),
            _ => None,
        }
    }

    /// The region that it is about, where it is one.
    pub fn region(&self) -> Option<&Name> {
        match self {
            Self::Close(region) | Self::Open(region) => Some(region),
            Self::Owed => None,
        }
    }
}

/// A plan that is about fences alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fencing {
    /// What is wanted.
    pub wish: Wish,
    /// Whether state does not have it yet that the region is fenced, or is open.
    pub marks: bool,
    /// Fences that are not in their place: owed until they are.
    pub places: Vec<Address>,
    /// How many other changes wait.
    pub waiting: usize,
}

impl Fencing {
    /// Keeps the fences that are wanted, and the role records where a fence cannot be placed now:
    /// they tell what is owed.
    pub fn keep(
        wish: Wish,
        changes: &mut Vec<ObjectChange>,
        parts: &Parts,
        owed: &BTreeMap<String, Owed>,
    ) -> Self {
        let fences = |change: &ObjectChange| {
            let region = region_of(&change.address);
            let fence = parts.get(&change.address).is_some_and(|part| part.fences());
            match &wish {
                Wish::Close(of) | Wish::Open(of) => fence && region == Some(&**of),
                Wish::Owed => owed.contains_key(&change.address.to_string()),
            }
        };
        let still =
            |change: &ObjectChange| change.action == Action::NoOp && change.deferred.is_none();
        let places: Vec<Address> = match wish {
            Wish::Close(_) => {
                let open = changes.iter().filter(|change| fences(change) && !still(change));
                open.map(|change| change.address.clone()).collect()
            }
            Wish::Open(_) | Wish::Owed => Vec::new(),
        };
        let closes = matches!(wish, Wish::Close(_));
        let tells = closes && changes.iter().any(|c| fences(c) && c.deferred.is_some());
        let mut waiting = 0;
        changes.retain(|change| {
            if still(change) || change.address.mode == address::Mode::Data || fences(change) {
                return true;
            }
            let record = parts.get(&change.address) == Some(&Part::Record);
            let kept = tells && record && change.deferred.is_none();
            waiting += usize::from(!kept);
            kept
        });
        Self { wish, marks: false, places, waiting }
    }
}
