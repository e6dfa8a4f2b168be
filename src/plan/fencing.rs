//! What is done to a region by hand: what is kept of a plan that places fences or takes them away, or that
//! takes traffic from a region or gives it back, and nothing else. Pure.

use std::collections::BTreeMap;

use lifeboat_sdk::Name;
use lifeboat_state::model::Owed;

use super::ObjectChange;
use super::promotion::{Parts, region_of};
use crate::address::{self, Address};
use crate::desired::Part;
use crate::diff::Action;

/// What is wanted of a region, by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A region takes no more writes.
    Close(Name),
    /// It may write again what its role allows.
    Open(Name),
    /// What is owed is placed where regions answer.
    Owed,
    /// A region gets no more traffic.
    Leave(Name),
    /// It gets again what the files give it.
    Return(Name),
    /// The traffic goes again where the files send it: a promotion that moved it was given up.
    Back,
}

impl Wish {
    /// Its name in plans.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Close(_) => "close",
            Self::Open(_) => "open",
            Self::Owed => "owed",
            Self::Leave(_) => "leave",
            Self::Return(_) => "return",
            Self::Back => "back",
        }
    }

    /// The one with this name.
    pub fn of(word: &str, region: Option<Name>) -> Option<Self> {
        match (word, region) {
            ("close", Some(region)) => Some(Self::Close(region)),
            ("open", Some(region)) => Some(Self::Open(region)),
            ("owed", None) => Some(Self::Owed),
            ("back", None) => Some(Self::Back),
            ("leave", Some(region)) => Some(Self::Leave(region)),
            ("return", Some(region)) => Some(Self::Return(region)),
            _ => None,
        }
    }

    /// The region that it is about, where it is one.
    pub fn region(&self) -> Option<&Name> {
        match self {
            Self::Close(region)
            | Self::Open(region)
            | Self::Leave(region)
            | Self::Return(region) => Some(region),
            Self::Owed | Self::Back => None,
        }
    }

    /// Whether it is about traffic, and about no fence.
    pub fn moves_traffic(&self) -> bool {
        matches!(self, Self::Leave(_) | Self::Return(_) | Self::Back)
    }
}

/// A plan that is about the fences of a region alone, or about its traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fencing {
    /// What is wanted.
    pub wish: Wish,
    /// Whether state does not have it yet.
    pub marks: bool,
    /// Fences that are not in their place: owed until they are.
    pub places: Vec<Address>,
    /// How many other changes wait.
    pub waiting: usize,
}

impl Fencing {
    /// Keeps the fences that are wanted, and the role records that can be written now: they tell which
    /// region is fenced by hand, and what is owed. Or keeps what sends traffic to the region.
    pub fn keep(
        wish: Wish,
        changes: &mut Vec<ObjectChange>,
        parts: &Parts,
        owed: &BTreeMap<String, Owed>,
    ) -> Self {
        let fences = |change: &ObjectChange| {
            let region = region_of(&change.address);
            let part = parts.get(&change.address);
            let fence = part.is_some_and(|part| part.fences());
            match &wish {
                Wish::Leave(of) | Wish::Return(of) => {
                    part == Some(&Part::Traffic) && region == Some(&**of)
                }
                Wish::Back => part == Some(&Part::Traffic),
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
            Wish::Open(_) | Wish::Owed | Wish::Leave(_) | Wish::Return(_) | Wish::Back => {
                Vec::new()
            }
        };
        let tells = matches!(wish, Wish::Close(_) | Wish::Open(_));
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
