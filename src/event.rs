//! `Event`: what refresh and apply tell while they run; only `view` turns it into text.

use std::time::Duration;

use lifeboat_sdk::{Failure, Name};
use lifeboat_state::request::Request;

use crate::address::Address;

/// What is done to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Make it.
    Create,
    /// Change it in place.
    Update,
    /// Remove it.
    Delete,
    /// Remove the deposed object that a replacement left.
    DeleteDeposed,
    /// Read a data source.
    Read,
    /// Take a live object into state.
    Import,
    /// Drop it from state.
    Forget,
}

impl Operation {
    /// Its name in plans and in what was measured.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::DeleteDeposed => "delete-deposed",
            Self::Read => "read",
            Self::Import => "import",
            Self::Forget => "forget",
        }
    }
}

/// What a step does that changes no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Writes down who approved it, and what they attested and accepted.
    Approve,
    /// Makes the other region the primary, in the next epoch.
    Claim,
    /// Writes down that a phase is over, and when.
    Reach,
    /// Writes the new primary into the files.
    Edit,
    /// Runs what the operators have themselves: a command, or a request to a server.
    Hook,
    /// Waits until the target has all that the region that is left took, and proves it.
    Sync,
    /// Lists what a region holds alone that was left without a fence.
    Survey,
    /// Copies to a region what replication does not bring there by itself.
    Backfill,
    /// Looks once more whether an object is as the plan was made from.
    Confirm,
    /// Looks once more whether a fence is in place, and places it again where it is not.
    Hold,
    /// Looks whether what answers in the new primary is well.
    Probe,
    /// Opens the gate that moves the traffic away from a region.
    Open,
    /// Closes it again.
    Close,
    /// Waits until resolvers have dropped what they were told before the TTL was lowered.
    Wait,
    /// Asks resolvers what they still answer after the traffic was switched.
    Resolve,
}

impl Act {
    /// All.
    pub const ALL: [Self; 15] = [
        Self::Approve,
        Self::Claim,
        Self::Reach,
        Self::Edit,
        Self::Hook,
        Self::Sync,
        Self::Survey,
        Self::Backfill,
        Self::Confirm,
        Self::Hold,
        Self::Probe,
        Self::Open,
        Self::Close,
        Self::Wait,
        Self::Resolve,
    ];

    /// Whether an operator may go on without it. Not without what keeps two regions from taking writes,
    /// nor without the proof of what is lost.
    pub fn may_be_skipped(self) -> bool {
        match self {
            Self::Edit
            | Self::Hook
            | Self::Probe
            | Self::Open
            | Self::Close
            | Self::Wait
            | Self::Resolve => true,
            Self::Approve
            | Self::Claim
            | Self::Reach
            | Self::Sync
            | Self::Survey
            | Self::Backfill
            | Self::Confirm
            | Self::Hold => false,
        }
    }

    /// Whether it changes nothing that lasts, or only what is done again just so, so that it may be
    /// ended at any time.
    pub fn only_looks(self) -> bool {
        match self {
            Self::Sync
            | Self::Survey
            | Self::Backfill
            | Self::Confirm
            | Self::Probe
            | Self::Wait
            | Self::Resolve => true,
            Self::Approve
            | Self::Claim
            | Self::Reach
            | Self::Edit
            | Self::Hook
            | Self::Hold
            | Self::Open
            | Self::Close => false,
        }
    }

    /// Its name in plans.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Claim => "claim",
            Self::Reach => "reach",
            Self::Edit => "edit",
            Self::Hook => "hook",
            Self::Sync => "sync",
            Self::Survey => "survey",
            Self::Backfill => "backfill",
            Self::Confirm => "confirm",
            Self::Hold => "hold",
            Self::Probe => "probe",
            Self::Open => "open",
            Self::Close => "close",
            Self::Wait => "wait",
            Self::Resolve => "resolve",
        }
    }
}

/// What became of a request of an operator.
#[derive(Clone, Debug)]
pub struct Requested {
    /// Its number in the log.
    pub number: u64,
    /// The request; nothing where it cannot be read.
    pub request: Option<Box<Request>>,
    /// Whether it was taken.
    pub taken: bool,
    /// What is done now, or why not, as a sentence.
    pub how: String,
}

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// An object is about to be read.
    RefreshStart {
        /// Which.
        address: Address,
        /// Its id.
        id: Option<Name>,
    },
    /// It was read, or found unreadable.
    RefreshComplete {
        /// Which.
        address: Address,
        /// Its id.
        id: Option<Name>,
        /// Whether something was learnt.
        readable: bool,
    },
    /// A change begins.
    ApplyStart {
        /// Which.
        address: Address,
        /// What.
        operation: Operation,
        /// Its id, where it exists.
        id: Option<Name>,
    },
    /// A change still runs.
    ApplyProgress {
        /// Which.
        address: Address,
        /// What.
        operation: Operation,
        /// Since when.
        elapsed: Duration,
    },
    /// A change is done.
    ApplyComplete {
        /// Which.
        address: Address,
        /// What.
        operation: Operation,
        /// Its id now.
        id: Option<Name>,
        /// How long it took.
        elapsed: Duration,
    },
    /// A change failed or its outcome is not known.
    ApplyErrored {
        /// Which.
        address: Address,
        /// What.
        operation: Operation,
        /// Why.
        failure: Failure,
        /// How long it took.
        elapsed: Duration,
    },
    /// A step that changes no object begins: what it does, and to what.
    ActStart(Act, Name),
    /// A step that changes no object has something to tell before it is done.
    ActTold(Name, String),
    /// A step that changes no object is done.
    Acted {
        /// What.
        act: Act,
        /// To what; nothing where it is about the whole.
        about: Option<Name>,
        /// What came of it, where that is worth a line.
        how: Option<String>,
        /// How long it took.
        elapsed: Duration,
    },
    /// An interrupted earlier run is settled by reading.
    Recovering {
        /// Its id.
        run: String,
        /// Steps in doubt.
        in_doubt: usize,
    },
    /// An operator asked something of the run.
    Requested(Requested),
    /// Nothing more begins until an operator says so.
    Paused {
        /// Who said so.
        by: String,
        /// Since when, RFC 3339.
        since: String,
        /// Why; empty where nobody said so.
        reason: String,
        /// Steps that have not ended yet.
        running: usize,
    },
    /// The run was asked to stop: `true` at the second time.
    Interrupted(bool),
}

/// Where events go.
pub trait Events: Send + Sync {
    /// Takes one; must not block.
    fn event(&self, event: Event);
}

/// Drops all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Events for Silent {
    fn event(&self, _event: Event) {}
}
