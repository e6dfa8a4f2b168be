//! `Sky`: regions and the global plane that are lost and return, at any call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lifeboat_sdk::{Location, RegionName};
use lifeboat_sim::{Blackout, SimCloud};

use super::judge::Judge;
use crate::simulation::chance::Chance;

/// A region, or the plane at home in us-east-1.
type Place = Option<&'static str>;

/// What happens at a call.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at: u64,
    place: Place,
    /// It is lost in this way, for clients too if the second is true; or it returns.
    lost: Option<(Blackout, bool)>,
}

#[derive(Default)]
struct Inner {
    turns: Vec<Turn>,
    dark: BTreeMap<Place, Blackout>,
    /// How often something was lost.
    losses: usize,
}

/// What is lost of one world. Clones are the same.
#[derive(Clone)]
pub(super) struct Sky {
    cloud: SimCloud,
    judge: Judge,
    inner: Arc<Mutex<Inner>>,
}

impl Sky {
    pub(super) fn new(cloud: &SimCloud, judge: &Judge) -> Self {
        let this = Self { cloud: cloud.clone(), judge: judge.clone(), inner: Arc::default() };
        let turning = this.clone();
        cloud.watch(move |_| turning.turn());
        this
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn losses(&self) -> usize {
        self.lock().losses
    }

    /// Draws what is lost from the beginning, and what changes at which of the next calls.
    pub(super) fn draw(&self, regions: &[&'static str], chance: &mut Chance) -> String {
        let ways = [Blackout::Refuse, Blackout::Hang, Blackout::Unavailable];
        let mut turns = Vec::new();
        for _ in 0..chance.below(3) {
            let place = (!chance.percent(15)).then(|| *chance.pick(regions));
            let lost = chance.percent(75).then(|| (*chance.pick(&ways), chance.percent(50)));
            let after = if chance.percent(40) { 0 } else { chance.below(120) as u64 };
            turns.push(Turn { at: self.cloud.calls() + after, place, lost });
        }
        let told = format!("{turns:?}");
        self.lock().turns = turns;
        self.turn();
        told
    }

    fn turn(&self) {
        let now = self.cloud.calls();
        let due: Vec<Turn> = {
            let mut inner = self.lock();
            let turns = std::mem::take(&mut inner.turns);
            let (due, later) = turns.into_iter().partition(|turn| turn.at <= now);
            inner.turns = later;
            due
        };
        for Turn { place, lost, .. } in due {
            match lost {
                Some((how, down)) => self.lose(place, how, down),
                None => self.give_back(place),
            }
        }
    }

    pub(super) fn lose(&self, place: Place, how: Blackout, down: bool) {
        let mut inner = self.lock();
        inner.dark.insert(place, how);
        inner.losses += 1;
        drop(inner);
        self.cloud.blackout(location(place), how);
        if let Some(region) = place {
            self.judge.lose(region, down);
        }
    }

    pub(super) fn give_back(&self, place: Place) {
        self.lock().dark.remove(&place);
        self.cloud.restore(&location(place));
        if let Some(region) = place {
            self.judge.returns(region);
        }
    }

    /// The commands are over: some of what is lost returns, or all.
    pub(super) fn clear(&self, mut returns: impl FnMut() -> bool) {
        let dark: Vec<Place> = {
            let mut inner = self.lock();
            inner.turns.clear();
            inner.dark.keys().copied().collect()
        };
        for place in dark {
            if returns() {
                self.give_back(place);
            }
        }
    }
}

fn location(place: Place) -> Location {
    match place {
        Some(region) => Location::Region(RegionName::from(region)),
        None => Location::Global { home: RegionName::from("us-east-1") },
    }
}
