//! Promotions: the changes that follow from the roles, in phases, around the claim of the epoch.
//! Pure.
//!
//! The resolver has planned everything with the new roles. What follows from the roles is carried
//! out here, in the order of design.md, section 9; all other changes wait for the ordinary plan
//! after it, and so does re-protection.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lifeboat_sdk::{Diagnostic, Diagnostics, Location, Name};

use super::loss::Losses;
use super::outlook::Timing;
use super::step::{Member, Phase, Step, StepId};
use super::{ByHand, Deferral, Leg, Legs, ObjectChange};
use crate::address::{self, Address, Key};
use crate::desired::Part;
use crate::desired::blocks::dns;
use crate::diff::Action;

/// In the arguments of a gate that is opened: the region that its record leads to, where that is another than the
/// one that is left.
pub const LEAVES: &str = "leaves";

/// Another region becomes the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The region that is left.
    pub from: Name,
    /// The new primary.
    pub to: Name,
    /// The epoch in which it begins; it opens the next.
    pub epoch: u64,
    /// Fences that cannot be placed now, because their region does not answer.
    pub owed: Vec<Address>,
    /// Fences of further regions that do not answer: nobody knows whether they are still in their place.
    pub unseen: Vec<Address>,
    /// Regions whose role records cannot be moved now.
    pub silent: Vec<Name>,
    /// How many role records there are.
    pub records: usize,
    /// The regions of which a person must attest that they cannot write: the one that is left, where it
    /// cannot be fenced; and where too few records answer, every silent one that may be the primary.
    pub attest: Vec<Name>,
    /// How many other changes wait until it is over.
    pub waiting: usize,
    /// Hooks that are left out, because they need the region that is left.
    pub left_out: Vec<Name>,
    /// How many must sign an approval, as state had it; none where a name that is typed will do.
    pub approvals: u32,
    /// Whether all regions may write whatever there is: traffic and the role move, and nothing else.
    pub all_write: bool,
    /// Records that resolvers shall keep for so many seconds only while the traffic moves: lowered
    /// before the fence, and as declared again with the switch.
    pub lowered: BTreeMap<Address, u64>,
    /// What may be lost with the region that is left, where it does not answer.
    pub losses: Losses,
    /// How much of it was done by hand before; nothing where lifeboat does all of it.
    pub by_hand: Option<ByHand>,
    /// Blocks whose copies nobody proves to hold all, because a part was done by hand.
    pub unproven: Vec<Name>,
    /// Whether it is given up where what gets the traffic is ill: then the traffic moves and is watched
    /// first, and the claim comes last.
    pub rolls_back: bool,
    /// Whether hooks of the operators protect something after it, so that it is not protected before.
    pub reprotects: bool,
    /// How long its steps should take, and may, as it was known when the plan was made.
    pub timings: BTreeMap<StepId, Timing>,
    /// How long each change of a phase may take, where the files say so.
    pub limits: BTreeMap<Phase, Duration>,
}

/// Whether the region that is left takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is fenced.
    Graceful,
    /// It does not answer: what cannot be done there is owed.
    Ungraceful,
}

impl Mode {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Graceful => "graceful",
            Self::Ungraceful => "ungraceful",
        }
    }
}

/// What objects do in a promotion, by address.
pub type Parts = BTreeMap<Address, Part>;

/// The region in the key of an object that a topology block stands for.
pub fn region_of(address: &Address) -> Option<&str> {
    match &address.key {
        Some(Key::Text(key)) => key.split('/').next(),
        Some(Key::Index(_)) | None => None,
    }
}

/// Keeps the changes that follow from the roles, and tells what keeps the promotion from being
/// carried out.
pub fn promote(
    changes: &mut Vec<ObjectChange>,
    parts: &Parts,
    from: &Name,
    to: &Name,
    epoch: u64,
    gated: &BTreeSet<Name>,
) -> (Promotion, Diagnostics) {
    let records = parts.values().filter(|part| **part == Part::Record).count();
    let mut promotion = Promotion { records, ..Promotion::new(from, to, epoch) };
    let mut found = Diagnostics::new();
    let unfenced = promotion.unfenced(changes, parts);
    changes.retain_mut(|change| {
        // It was placed once; nobody knows whether it still is.
        let fences = parts.get(&change.address).is_some_and(|part| part.fences());
        let region = region_of(&change.address).filter(|region| *region != &*promotion.to);
        if fences && change.unread.is_some() && change.action == Action::NoOp {
            match region {
                Some(left) if *left == *promotion.from => {
                    promotion.owed.push(change.address.clone());
                }
                Some(_) => promotion.unseen.push(change.address.clone()),
                None => {}
            }
        }
        let still = change.action == Action::NoOp && change.deferred.is_none();
        if still || change.address.mode == address::Mode::Data {
            return true;
        }
        let Some(phase) = promotion.phase_of(parts, &change.address) else {
            promotion.waiting += 1;
            return false;
        };
        let region = region_of(&change.address);
        if phase == Phase::Claim && change.deferred.is_none() {
            // Nothing comes before a fence that is owed, in its region.
            change.deferred = region.and_then(|region| unfenced.get(region).cloned());
        }
        let Some(why) = &change.deferred else { return true };
        match (phase, region) {
            (Phase::Fence, Some(region)) if *region == *promotion.from => {
                promotion.owed.push(change.address.clone());
            }
            // It was owed before, and stays so.
            (Phase::Fence, _) => {}
            (Phase::Claim, Some(region)) if *region != *promotion.to => {
                promotion.silent.push(region.into());
            }
            // Nothing there asks for it, or can be told.
            (Phase::Switch, Some(region))
                if *region != *promotion.to
                    && parts.get(&change.address) == Some(&Part::Endpoint) => {}
            // Its gate moves the traffic; the records follow when they can be rewritten.
            (Phase::Switch, _) if gated.contains(&change.address.name) => {}
            _ => found.push(blocked(change, phase, why, &promotion.to)),
        }
        true
    });
    promotion.attest = promotion.unsure(parts);
    (promotion, found)
}

/// How long resolvers keep a record as it is, in seconds.
pub fn ttl(change: &ObjectChange) -> Option<u64> {
    dns::ttl(change.before.as_ref()?)
}

/// A step that needs what does not answer.
fn blocked(change: &ObjectChange, phase: Phase, why: &Deferral, to: &Name) -> Diagnostic {
    let detail = format!(
        "{} is changed in the phase {}, and cannot be changed now: {why}.",
        change.address,
        phase.word()
    );
    let help = match phase {
        Phase::Switch => "Where the control plane of the zone may be lost with the primary, use \
             switch = \"operator\" with a gate in the dns_failover block (policy = \"failover\", or \
             \"weighted\" with 0 for standbys)."
            .to_owned(),
        _ => format!("{to} cannot be promoted while this does not answer."),
    };
    Diagnostic::error("promotion::unreachable", "The promotion needs what does not answer", detail)
        .about(&change.address)
        .help(help)
}

impl Promotion {
    /// One of which nothing is known but its regions, and the epoch in which it begins.
    pub fn new(from: &Name, to: &Name, epoch: u64) -> Self {
        Self {
            from: from.clone(),
            to: to.clone(),
            epoch,
            owed: Vec::new(),
            unseen: Vec::new(),
            silent: Vec::new(),
            records: 0,
            attest: Vec::new(),
            waiting: 0,
            left_out: Vec::new(),
            approvals: 0,
            all_write: false,
            lowered: BTreeMap::new(),
            losses: Losses::default(),
            by_hand: None,
            unproven: Vec::new(),
            rolls_back: false,
            reprotects: false,
            timings: BTreeMap::new(),
            limits: BTreeMap::new(),
        }
    }

    /// Its phases in their order.
    pub fn phases(&self) -> Vec<Phase> {
        let (mut first, last): (Vec<Phase>, Vec<Phase>) = Phase::ALL
            .into_iter()
            .skip(1)
            .partition(|phase| !self.rolls_back || !matches!(phase, Phase::Claim | Phase::Promote));
        first.extend(last);
        first
    }

    /// Whether the region that is left does not answer.
    pub fn is_silent(&self) -> bool {
        !self.owed.is_empty() || self.silent.contains(&self.from)
    }

    /// Whether the region that is left takes part.
    pub fn mode(&self) -> Mode {
        let without = self.all_write && self.is_silent();
        if without || self.needs_attestation() { Mode::Ungraceful } else { Mode::Graceful }
    }

    /// Takes note that all regions may write: of none it must be known that it cannot.
    pub fn all_write(&mut self) {
        self.all_write = true;
        self.attest.clear();
    }

    /// Takes note that somebody says that the region that is left is down, although some of it may answer:
    /// they attest it, and nothing there is proven.
    pub fn say_down(&mut self) {
        if !self.all_write && !self.attest.contains(&self.from) {
            self.attest.insert(0, self.from.clone());
        }
    }

    /// Notes whose TTL is lowered, by the seconds that blocks declare: records that the switch will
    /// rewrite. Where the region that is left does not answer nobody waits for resolvers.
    pub fn lower(
        &mut self,
        changes: &[ObjectChange],
        parts: &Parts,
        during: &BTreeMap<Name, u64>,
        legs: &mut Legs,
    ) {
        if self.mode() == Mode::Ungraceful {
            return;
        }
        for change in changes {
            let switched = self.phase_of(parts, &change.address) == Some(Phase::Switch);
            let rewritten = change.action == Action::Update && change.deferred.is_none();
            let to = during.get(&change.address.name).filter(|to| ttl(change) > Some(**to));
            let to = to.filter(|_| switched && rewritten);
            let lowered = to.zip(change.before.as_ref());
            if let Some((to, document)) =
                lowered.and_then(|(to, before)| Some((to, dns::with_ttl(before, *to)?)))
            {
                self.lowered.insert(change.address.clone(), *to);
                let leg = Leg { ahead: true, document, note: format!("ttl {to}").into() };
                legs.insert(change.address.clone(), vec![leg]);
            }
        }
    }

    /// The regions in which a fence cannot be placed now, and why.
    fn unfenced(&self, changes: &[ObjectChange], parts: &Parts) -> BTreeMap<Name, Deferral> {
        let fence =
            |change: &&ObjectChange| self.phase_of(parts, &change.address) == Some(Phase::Fence);
        let fences = changes.iter().filter(fence);
        let waits = fences.filter_map(|fence| {
            Some((Name::from(region_of(&fence.address)?), fence.deferred.clone()?))
        });
        waits.collect()
    }

    /// Whether a person must attest that a region cannot write.
    pub fn needs_attestation(&self) -> bool {
        !self.attest.is_empty()
    }

    /// The regions of which it is not known that they cannot write. The one that is left, if it cannot
    /// be fenced, or if too few records can be moved to tell it and all others; then those that are
    /// silent, too, because one of them may have been promoted since.
    fn unsure(&self, parts: &Parts) -> Vec<Name> {
        let moved = self.records - self.silent.len().min(self.records);
        let few = few(moved, self.records);
        let runs = |region: &&Name| {
            let mut parts = parts.iter().filter(|(at, _)| region_of(at) == Some(&***region));
            parts.any(|(_, part)| part.fences())
        };
        let others = self.silent.iter().filter(|region| few && **region != self.from).filter(runs);
        let left = (few || !self.owed.is_empty()).then_some(&self.from);
        left.into_iter().chain(others).cloned().collect()
    }

    /// The phase in which an object changes; nothing where the roles do not decide it.
    pub fn phase_of(&self, parts: &Parts, address: &Address) -> Option<Phase> {
        let region = region_of(address)?;
        match parts.get(address)? {
            Part::Traffic | Part::Endpoint => Some(Phase::Switch),
            Part::Record => Some(Phase::Claim),
            Part::Writer => Some(Phase::Promote),
            Part::Writers
            | Part::Database
            | Part::Original
            | Part::Triggers { .. }
            | Part::Reach
                if region == &*self.to =>
            {
                Some(Phase::Promote)
            }
            Part::Capacity { .. } if region == &*self.to => Some(Phase::Prepare),
            // Of the region that is left, and of one that was left before and still owes it.
            part if part.fences() => Some(Phase::Fence),
            Part::Writers
            | Part::Database
            | Part::Triggers { .. }
            | Part::Reach
            | Part::Capacity { .. }
            | Part::Replica
            | Part::Original
            | Part::Copies
            | Part::Health => None,
        }
    }

    /// The region of a step that may follow when that answers: it tells programs in another region than the
    /// new primary where to write. The traffic moves without it, and nobody there asks for it while the
    /// region is silent.
    pub fn may_follow<'c>(&self, step: &Step, changes: &'c [ObjectChange]) -> Option<&'c str> {
        let scope = step.scope.as_ref().filter(|_| step.phase == Phase::Switch)?;
        let Location::Region(_) = scope.location else { return None };
        in_one_region(step, changes).filter(|region| **region != *self.to)
    }

    /// The region of a fence that may be owed: of that region somebody attested that it cannot write,
    /// because another fence there, or too few records, did not answer when it was planned.
    pub fn may_owe<'c>(&self, step: &Step, changes: &'c [ObjectChange]) -> Option<&'c str> {
        let region = in_one_region(step, changes).filter(|_| step.phase == Phase::Fence)?;
        let attested = self.attest.iter().any(|attested| **attested == *region);
        (attested && *region == *self.from).then_some(region)
    }

    /// The fences of the region that is left which a run places, as places in these changes.
    pub fn fences<'s>(
        &'s self,
        steps: &'s [Step],
        changes: &'s [ObjectChange],
    ) -> impl Iterator<Item = &'s Member> {
        let of = steps.iter().filter(|step| step.phase == Phase::Fence);
        of.flat_map(|step| &step.members).filter(|member| {
            let change = changes.get(member.change);
            change.is_some_and(|it| region_of(&it.address) == Some(&*self.from))
        })
    }
}

/// Whether so many records of all are too few to decide by: no more than half. Without any, nobody asks.
pub fn few(some: usize, all: usize) -> bool {
    all > 0 && some * 2 <= all
}

/// The region of all members of a step.
fn in_one_region<'c>(step: &Step, changes: &'c [ObjectChange]) -> Option<&'c str> {
    let of = |member: &Member| region_of(&changes.get(member.change)?.address);
    let region = step.members.first().and_then(of)?;
    step.members.iter().all(|member| of(member) == Some(region)).then_some(region)
}
