//! What a promotion took and what it lost, as state keeps it: measured from what was written down
//! while it ran. Pure.

use std::time::Duration;

use jiff::Timestamp;
use lifeboat_state::model::{Evidence, Passage, Promotions, Resolver};

use crate::apply::Known;
use crate::event::Act;
use crate::plan::promotion::Mode;
use crate::plan::{BY_HAND, Phase};
use crate::topology::objective::Objective;

/// How far a promotion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has not ended: `apply` goes on with it.
    Open,
    /// It was given up before the claim.
    GivenUp,
    /// It has ended.
    Over,
}

impl Standing {
    /// Its word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::GivenUp => "given_up",
            Self::Over => "over",
        }
    }
}

/// Where a promotion stands, by the names of what it comes to (design.md, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The region that is left is still the primary.
    Unclaimed,
    /// It was given up there.
    GivenUp,
    /// The other region is the primary, and does not take all writes yet.
    Claimed,
    /// It takes writes, and has not all traffic.
    Promoting,
    /// It has the traffic, and is watched.
    Switched,
    /// It is over.
    Committed,
    /// It is over, and the data has no copy that follows.
    Unprotected,
    /// It is over, and the data has its copies again.
    Protected,
}

impl Stage {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unclaimed => "unclaimed",
            Self::GivenUp => "given_up",
            Self::Claimed => "claimed",
            Self::Promoting => "promoting",
            Self::Switched => "switched",
            Self::Committed => "committed",
            Self::Unprotected => "unprotected",
            Self::Protected => "protected",
        }
    }
}

/// A phase that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Which.
    pub phase: Phase,
    /// When it was over, RFC 3339.
    pub at: String,
    /// How long it took: since the phase before it; nothing for the approval, which begins all.
    pub took: Option<Duration>,
}

/// What a step told that changes no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<'p> {
    /// What it is about: a hook, what copies, a block with a gate.
    pub about: &'p str,
    /// What came of it, in a line.
    pub line: &'p str,
    /// What else is known of it.
    pub evidence: &'p Evidence,
}

impl Told<'_> {
    /// Whether it ended before a phase was over.
    pub fn is_before(&self, reached: &Reached) -> bool {
        let instant = |text: &str| text.parse::<Timestamp>().ok();
        instant(&self.evidence.at) <= instant(&reached.at)
    }
}

/// What is known of what was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: so many copies were proven to hold all.
    Nothing {
        /// How many.
        copies: usize,
    },
    /// At most so much of what was written last.
    AtMost(Duration),
    /// It was not measured.
    Unmeasured(Unmeasured),
}

/// Why nothing is known of what was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmeasured {
    /// The proofs are still to come, or never came.
    NotReached,
    /// The region that was left did not answer, so that nobody can tell what it took last.
    Silent,
    /// No copy of what it took was compared.
    NoCopies,
    /// A part of it, or all, was done by hand.
    ByHand,
}

/// The last promotion, or the one that is open, with what was measured of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured<'p> {
    /// What state keeps of it.
    pub passage: &'p Passage,
    /// How far it is.
    pub standing: Standing,
    /// The phases that are over, in their order.
    pub reached: Vec<Reached>,
    /// What hooks, proofs and gates told, in the order in which they ended.
    pub told: Vec<Told<'p>>,
    /// From the approval until the traffic was switched; nothing before that.
    pub rto: Option<Duration>,
    /// How long nobody took writes, at most: from the beginning of the fence until the new primary
    /// took them. Nothing where the region that was left could not be fenced.
    pub still: Option<Duration>,
    /// What was lost.
    pub loss: Loss,
    /// What resolvers were seen to answer after the switch, by what it is about.
    pub seen: Vec<Seen<'p>>,
}

/// What resolvers were seen to answer for one name after its traffic was switched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<'p> {
    /// Whose resolvers they are.
    pub about: &'p str,
    /// When they were asked for the last time, RFC 3339.
    pub at: &'p str,
    /// How many answered with the new primary.
    pub moved: usize,
    /// How many still answered with the region that was left.
    pub old: usize,
    /// Until when (RFC 3339) the last of those may.
    pub until: Option<&'p str>,
    /// How many told nothing.
    pub unknown: usize,
    /// When (RFC 3339) the last that moved was seen to have moved.
    pub last: Option<&'p str>,
    /// How long that was after the approval.
    pub after: Option<Duration>,
    /// Each of them.
    pub resolvers: &'p [Resolver],
}

/// Measures the promotion that opened an epoch, or else the last one; nothing where state knows none.
pub fn measure(known: &Known, epoch: Option<u64>) -> Option<Measured<'_>> {
    let promotions: &Promotions = &known.state.as_ref()?.promotions;
    let passage = match epoch {
        Some(epoch) => promotions.of(epoch)?,
        None => promotions.last.as_ref()?,
    };
    let open = known.promotion.as_ref().is_some_and(|open| open.epoch + 1 == passage.epoch);
    Some(Measured::of(passage, open))
}

impl<'p> Measured<'p> {
    /// Of what state keeps of a promotion.
    pub fn of(passage: &'p Passage, open: bool) -> Self {
        let at = |phase: Phase| passage.reached.get(phase.word());
        let between = |from: Phase, to: Phase| span(at(from)?, at(to)?);
        let mut reached: Vec<Reached> = Vec::new();
        let mut phases: Vec<(Phase, &String)> =
            Phase::ALL.into_iter().filter_map(|phase| Some((phase, at(phase)?))).collect();
        // Where it can be rolled back the claim comes last.
        phases.sort_by_key(|(_, at)| at.parse::<Timestamp>().ok());
        for (phase, at) in phases {
            let took = reached.last().and_then(|last| span(&last.at, at));
            reached.push(Reached { phase, at: at.clone(), took });
        }
        let told = passage.told.iter().filter_map(|(name, line)| {
            let evidence = passage.evidence.get(name)?;
            // The opening and the closing of a gate are told apart by a word.
            let about = name.strip_suffix(&format!(" {}", evidence.act)).unwrap_or(name);
            Some(Told { about, line, evidence })
        });
        let mut told: Vec<Told<'_>> = told.collect();
        told.sort_by_key(|told| told.evidence.at.parse::<Timestamp>().ok());
        let standing = match at(Phase::Switch).and(at(Phase::Claim)) {
            _ if open => Standing::Open,
            Some(_) => Standing::Over,
            None => Standing::GivenUp,
        };
        let fenced = passage.mode == GRACEFUL.word();
        let still = between(Phase::Prepare, Phase::Promote).filter(|_| fenced);
        let loss = loss(passage, &told);
        // What people did before was not timed.
        let by_hand = passage.approval.contains_key(BY_HAND);
        let rto = between(Phase::Approve, Phase::Switch).filter(|_| !by_hand);
        let still = still.filter(|_| !by_hand);
        let begun = at(Phase::Approve).map(String::as_str).filter(|_| !by_hand);
        let asked = told.iter().filter(|it| !it.evidence.resolvers.is_empty());
        let seen = asked.map(|told| seen(passage, told, begun)).collect();
        Self { passage, standing, reached, told, rto, still, loss, seen }
    }

    /// Where it stands; `unprotected` as state says since when, and `protected` likewise.
    pub fn stage(&self, unprotected: Option<&str>, protected: Option<&str>) -> Stage {
        let over = |phase: Phase| self.passage.reached.contains_key(phase.word());
        match self.standing {
            Standing::GivenUp => Stage::GivenUp,
            Standing::Over if unprotected.is_some() => Stage::Unprotected,
            Standing::Over if protected.is_some() => Stage::Protected,
            Standing::Over => Stage::Committed,
            Standing::Open if !over(Phase::Claim) => Stage::Unclaimed,
            Standing::Open if over(Phase::Switch) => Stage::Switched,
            Standing::Open if over(Phase::Promote) => Stage::Promoting,
            Standing::Open => Stage::Claimed,
        }
    }

    /// How much of it was done by hand: `adopted`, `continued`.
    pub fn by_hand(&self) -> Option<&'p str> {
        self.passage.approval.get(BY_HAND).map(String::as_str)
    }

    /// When it began, RFC 3339.
    pub fn begun(&self) -> Option<&str> {
        self.reached.first().map(|first| &*first.at)
    }

    /// When it ended, RFC 3339; nothing for one that did not.
    pub fn ended(&self) -> Option<&str> {
        let last = self.reached.last().filter(|_| self.standing == Standing::Over);
        last.map(|last| &*last.at)
    }

    /// Whether no more was lost than the RPO allows, where one is declared and that is known.
    pub fn within(&self, objective: &Objective) -> Option<bool> {
        let rpo = Duration::from_secs(objective.rpo.as_ref()?.seconds);
        match self.loss {
            Loss::Nothing { .. } => Some(true),
            // A bound above it does not say that so much was lost.
            Loss::AtMost(bound) => (bound <= rpo).then_some(true),
            Loss::Unmeasured(_) => None,
        }
    }

    /// Whether it took no longer than the RTO, where one is declared and it is known.
    pub fn in_time(&self, objective: &Objective) -> Option<bool> {
        let (rto, objective) = (self.rto?, objective.rto.as_ref()?);
        Some(rto <= Duration::from_secs(objective.seconds))
    }
}

/// The mode in which the region that was left took part.
const GRACEFUL: Mode = Mode::Graceful;

fn loss(passage: &Passage, told: &[Told<'_>]) -> Loss {
    let proofs = told.iter().filter(|told| told.evidence.act == Act::Sync.word());
    let (mut copies, mut all) = (0, true);
    for proof in proofs {
        copies += 1;
        all &= !proof.evidence.failed;
    }
    // The phase is over when every copy of the plan has its proof: none of them is optional.
    let over = passage.reached.contains_key(Phase::Sync.word());
    // As it was told to whoever accepted it.
    let bound = passage.approval.get("loss_bound").and_then(|bound| bound.strip_suffix('s'));
    let bound = bound.and_then(|bound| bound.parse().ok()).map(Duration::from_secs);
    let by_hand = passage.approval.contains_key(BY_HAND);
    Loss::Unmeasured(match copies {
        _ if passage.mode != GRACEFUL.word() => match bound {
            Some(bound) => return Loss::AtMost(bound),
            None if by_hand => Unmeasured::ByHand,
            None => Unmeasured::Silent,
        },
        _ if by_hand => Unmeasured::ByHand,
        _ if !over || !all => Unmeasured::NotReached,
        0 => Unmeasured::NoCopies,
        copies => return Loss::Nothing { copies },
    })
}

fn seen<'p>(passage: &Passage, told: &Told<'p>, begun: Option<&str>) -> Seen<'p> {
    let resolvers = &told.evidence.resolvers;
    let latest = |of: fn(&Resolver) -> Option<&String>| {
        let all = resolvers.iter().filter_map(of).map(String::as_str);
        all.max_by_key(|at| at.parse::<Timestamp>().ok())
    };
    let with =
        |region: &str| resolvers.iter().filter(|it| it.region.as_deref() == Some(region)).count();
    let (moved, old) = (with(&passage.to), with(&passage.from));
    let last = latest(|it| it.moved.as_ref());
    Seen {
        about: told.about,
        at: &told.evidence.at,
        moved,
        old,
        until: latest(|it| it.until.as_ref()),
        unknown: resolvers.iter().filter(|it| it.region.is_none()).count(),
        last,
        after: begun.zip(last).and_then(|(begun, last)| span(begun, last)),
        resolvers,
    }
}

/// The time between two instants; nothing where a clock was set back.
fn span(from: &str, to: &str) -> Option<Duration> {
    let (from, to): (Timestamp, Timestamp) = (from.parse().ok()?, to.parse().ok()?);
    Duration::try_from(to.duration_since(from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promotion_that_stopped_has_a_name() {
        let at = |phases: &[Phase], open, unprotected: Option<&str>, protected: Option<&str>| {
            let reached = phases.iter().map(|phase| (phase.word().to_owned(), "then".to_owned()));
            let passage = Passage { reached: reached.collect(), ..Passage::default() };
            Measured::of(&passage, open).stage(unprotected, protected).word()
        };
        let all = [Phase::Approve, Phase::Claim, Phase::Promote, Phase::Switch];
        let open: Vec<&str> = (1..=4).map(|n| at(&all[..n], true, None, None)).collect();
        assert_eq!(open, ["unclaimed", "claimed", "promoting", "switched"]);
        assert_eq!(at(&all[..1], false, None, None), "given_up");
        assert_eq!(at(&all, false, None, None), "committed");
        assert_eq!(at(&all, false, Some("since"), None), "unprotected");
        assert_eq!(at(&all, false, None, Some("since")), "protected");
        // That it is unprotected already says nothing of one that is not over.
        assert_eq!(at(&all[..2], true, Some("since"), None), "claimed");
    }
}
