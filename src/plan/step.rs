//! `Step`: one thing that apply does: a call or a batch of calls, with everything decided.

use std::fmt;

use std::time::Duration;

use lifeboat_sdk::{Name, Plane, Scope, Value};

pub use crate::event::{Act, Operation};

/// The number of a step in its plan; its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub u32);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

/// The phase of a promotion that a step belongs to, in their order; ordinary plans have only
/// `Change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Ordinary work.
    Change,
    /// It is written down who approved what.
    Approve,
    /// The new primary gets the capacity that it will need; whoever writes is left alone.
    Prepare,
    /// The region that is left takes no more writes.
    Fence,
    /// What the region that is left took last is in the new primary, and that is proven.
    Sync,
    /// The epoch is claimed: from here on the other region is the primary.
    Claim,
    /// The new primary takes writes.
    Promote,
    /// What answers there is well.
    Verify,
    /// Traffic goes there.
    Switch,
    /// It stays well for a while.
    Commit,
}

impl Phase {
    /// All, in their order.
    pub const ALL: [Self; 10] = [
        Self::Change,
        Self::Approve,
        Self::Prepare,
        Self::Fence,
        Self::Sync,
        Self::Claim,
        Self::Promote,
        Self::Verify,
        Self::Switch,
        Self::Commit,
    ];

    /// What its gate does, besides waiting for all before it.
    pub fn act(self) -> Option<Act> {
        match self {
            Self::Change => None,
            Self::Approve => Some(Act::Approve),
            Self::Claim => Some(Act::Claim),
            Self::Prepare
            | Self::Fence
            | Self::Sync
            | Self::Promote
            | Self::Verify
            | Self::Switch
            | Self::Commit => Some(Act::Reach),
        }
    }

    /// Its name in plans.
    pub fn word(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Approve => "approve",
            Self::Prepare => "prepare",
            Self::Fence => "fence",
            Self::Sync => "final_sync",
            Self::Claim => "claim",
            Self::Promote => "promote",
            Self::Verify => "verify",
            Self::Switch => "switch",
            Self::Commit => "commit",
        }
    }
}

/// One object of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its index in `Plan::changes`.
    pub change: usize,
    /// What is done to it.
    pub operation: Operation,
    /// Create before destroy: the object made is the new one and the old becomes deposed first.
    pub depose: bool,
}

/// What an act is done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What it is about: `hook.vpn`, `dns_failover.api`.
    pub about: Name,
    /// All that it needs, in the form of its act.
    pub arguments: Value,
    /// How long it may take.
    pub limit: Duration,
    /// Whether what comes after it goes on where it fails.
    pub optional: bool,
    /// The object that it works on, where it is one.
    pub on: Option<Operand>,
}

/// An object that a kind works on without changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// The provider instance.
    pub provider: Name,
    /// The kind.
    pub kind: Name,
    /// Its id, where it is known.
    pub id: Option<Name>,
    /// Where it lives.
    pub scope: Scope,
    /// The object as it was read.
    pub document: Value,
}

impl Step {
    /// A step that changes no object: it acts, or only joins what it needs.
    pub fn without_objects(
        id: StepId,
        phase: Phase,
        act: Option<Act>,
        task: Option<Task>,
        needs: Vec<StepId>,
    ) -> Self {
        let (members, leg, scope, plane) = (Vec::new(), None, None, None);
        Self { id, phase, members, leg, act, task, needs, scope, plane, weight: 0 }
    }

    /// Whether it does anything outside lifeboat; others join steps, or write down how far it is.
    pub fn does(&self) -> bool {
        !self.members.is_empty() || self.task.is_some()
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// Its phase.
    pub phase: Phase,
    /// What it does: several objects only where the kind takes them in one call.
    pub members: Vec<Member>,
    /// Which of [`Plan::legs`](super::Plan::legs) its members come to; nothing where they come to their end.
    pub leg: Option<usize>,
    /// What it does instead, where it has no members. With neither it only joins others.
    pub act: Option<Act>,
    /// What the act is done with, where it needs anything.
    pub task: Option<Task>,
    /// Steps that must be done first; all have smaller numbers.
    pub needs: Vec<StepId>,
    /// Where it calls; `None` where nothing is called.
    pub scope: Option<Scope>,
    /// The plane that it needs.
    pub plane: Option<Plane>,
    /// How many steps follow on the longest chain behind it: longer chains start first.
    pub weight: u32,
}

/// Counts the longest chain behind each step.
pub(super) fn weigh(steps: &mut [Step]) {
    for at in (0..steps.len()).rev() {
        let weight = steps[at].weight.saturating_add(1);
        for need in steps[at].needs.clone() {
            let behind = &mut steps[need.0 as usize].weight;
            *behind = (*behind).max(weight);
        }
    }
}
