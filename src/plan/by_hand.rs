//! Promotions of which people did a part, or all, by hand: what lifeboat still does of them. Pure.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Name};

use super::promotion::{Mode, Parts, Promotion, region_of};
use super::{Act, ObjectChange, Phase, Placed, Plan};
use crate::address::Address;
use crate::desired::Part;
use crate::diff::Action;

/// How much of a promotion was done by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    /// All of it: the records, state and the files follow.
    Adopted,
    /// A part: lifeboat does the rest.
    Continued,
}

impl ByHand {
    /// Its name in plans, and in what is kept of the promotion.
    pub fn word(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Continued => "continued",
        }
    }

    /// The one with this name.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Adopted, Self::Continued].into_iter().find(|one| one.word() == word)
    }
}

/// Under which name it is kept with a promotion how much of it was done by hand.
pub const BY_HAND: &str = "by_hand";

impl Promotion {
    /// Whether it is proven what the new primary has of what the region that was left took; where a part
    /// was done by hand it is listed afterwards what only that region holds.
    pub fn proves(&self) -> bool {
        self.by_hand != Some(ByHand::Adopted) && self.unproven.is_empty()
    }

    /// Whether it goes on only by a proof that the new primary has all: not where nobody answers who could
    /// tell, where all regions write, or where people did all of it before.
    pub fn waits_for_proof(&self) -> bool {
        let people = self.by_hand == Some(ByHand::Adopted);
        self.mode() == Mode::Graceful && !self.all_write && !people
    }

    /// What is kept of it with the approval: how much was done by hand, and what nobody proved.
    pub fn made_by_hand(&self) -> BTreeMap<String, String> {
        let by_hand = self.by_hand.map(|by_hand| (BY_HAND.to_owned(), by_hand.word().to_owned()));
        let unproven = Some(self.unproven.join(", ")).filter(|all| !all.is_empty());
        let unproven = unproven.map(|all| ("unproven".to_owned(), all));
        by_hand.into_iter().chain(unproven).collect()
    }

    /// Leaves out what is no part of a promotion that was made by hand, wholly or in part, and tells what
    /// keeps it from being adopted. `copied` tells whose data a copy holds, by the names of the blocks.
    ///
    /// What was adopted is over: nothing moves, and nothing is proven. Where only the rest is done, a
    /// copy is not waited for whose target takes writes already: what is written there would never
    /// agree with what was left.
    pub fn only_missing(
        &mut self,
        by_hand: Option<ByHand>,
        plan: &Plan,
        parts: &Parts,
        acts: &mut Vec<Placed>,
        copied: &BTreeMap<Name, Name>,
    ) -> Option<Diagnostic> {
        self.by_hand = by_hand;
        match by_hand? {
            ByHand::Adopted => {
                acts.retain(|placed| matches!(placed.act, Act::Confirm | Act::Hold));
                self.left_out.clear();
                self.undone(&plan.changes, parts)
            }
            ByHand::Continued => {
                let block = |placed: &Placed| {
                    let about = Address::parse(&placed.task.about).map(|address| address.name);
                    about.filter(|_| placed.act == Act::Sync)
                };
                let changed = |placed: &Placed| {
                    plan.drift.iter().any(|it| *it.address.to_string() == *placed.task.about)
                };
                let open = |placed: &Placed| {
                    let data = block(placed).and_then(|block| copied.get(&block));
                    data.is_some_and(|data| self.is_open(data, &plan.changes, parts))
                };
                let sync = |placed: &Placed| placed.act == Act::Sync;
                acts.retain(|placed| !sync(placed) || !(changed(placed) || open(placed)));
                None
            }
        }
    }

    /// Whether data takes writes in the new primary before anything is done.
    fn is_open(&self, data: &Name, changes: &[ObjectChange], parts: &Parts) -> bool {
        let part = |change: &ObjectChange| parts.get(&change.address).copied();
        let of = || changes.iter().filter(|change| change.address.name == *data);
        // Where one object says who writes, no other tells it.
        if let Some(says) = of().find(|change| part(change) == Some(Part::Writer)) {
            return says.action == Action::NoOp;
        }
        let mut there = of().filter(|change| {
            matches!(part(change), Some(Part::Writers | Part::Database))
                && region_of(&change.address) == Some(&*self.to)
        });
        there.any(|change| change.action == Action::NoOp)
    }

    /// What of a promotion that shall be adopted is not done: a change besides the claim.
    fn undone(&self, changes: &[ObjectChange], parts: &Parts) -> Option<Diagnostic> {
        let open = changes.iter().find(|change| {
            let phase = self.phase_of(parts, &change.address);
            let moves = change.action != Action::NoOp && change.deferred.is_none();
            moves && phase.is_some_and(|phase| phase != Phase::Claim)
        })?;
        let phase = self.phase_of(parts, &open.address).map(Phase::word).unwrap_or_default();
        let detail = format!(
            "{} is not as it is where {} is the primary: the phase {phase} is not done. Nothing is \
             adopted by halves.",
            open.address, self.to
        );
        let help =
            format!("Run `lifeboat promote -continue {}`, which does what is missing.", self.to);
        let summary = "The promotion by hand is not complete";
        Some(
            Diagnostic::error("promotion::incomplete", summary, detail)
                .about(&open.address)
                .help(help),
        )
    }
}
