//! What an apply came to: what was done, what failed, what was not tried, what is in doubt.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::{Diagnostics, Name, Value};
use lifeboat_state::generation::Head;
use lifeboat_state::journal::RunId;
use lifeboat_state::model::State;

use super::TAKEN_OVER;
use super::request::Taken;
use crate::address::Address;
use crate::plan::{Operation, StepId};

/// What became of one object in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was done.
    Done,
    /// It failed; why.
    Failed(String),
    /// It was not tried; why.
    NotTried(String),
    /// Nobody knows whether it happened; why.
    InDoubt(String),
}

/// One object in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectOutcome {
    /// The step.
    pub step: StepId,
    /// The object.
    pub address: Address,
    /// What was to be done.
    pub operation: Operation,
    /// What became of it.
    pub fate: Fate,
    /// How long it took.
    pub elapsed: Duration,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnding {
    /// All of it is done.
    Done,
    /// Some steps failed or are in doubt.
    Failed,
    /// It was interrupted.
    Interrupted,
    /// It was refused before its first call: the plan was applied before, or the lock is lost.
    Refused,
    /// Journal or state could not be written: nothing was started after that.
    Unrecorded,
}

/// What an apply came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub ending: RunEnding,
    /// Every object of every step, in the order of steps.
    pub objects: Vec<ObjectOutcome>,
    /// State as it is now; committed if there is a head.
    pub state: State,
    /// The generation that holds it.
    pub head: Option<Head>,
    /// Outputs of the root module, as far as they can be told.
    pub outputs: BTreeMap<Name, Value>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
    /// The request of an operator that ended it.
    pub asked: Option<Box<Taken>>,
}

/// How many objects a run changed, as the summary line counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken into state.
    pub imported: usize,
    /// Made.
    pub added: usize,
    /// Changed in place.
    pub changed: usize,
    /// Removed.
    pub destroyed: usize,
    /// Dropped from state.
    pub forgotten: usize,
}

impl Outcome {
    /// Whether another machine goes on with what this run began: nothing is to be done here.
    pub fn is_taken_over(&self) -> bool {
        self.diagnostics.0.iter().any(|found| found.code == TAKEN_OVER)
    }

    /// How many objects were changed.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for object in self.objects.iter().filter(|o| o.fate == Fate::Done) {
            match object.operation {
                Operation::Create => counts.added += 1,
                Operation::Update => counts.changed += 1,
                Operation::Delete | Operation::DeleteDeposed => counts.destroyed += 1,
                Operation::Import => counts.imported += 1,
                Operation::Forget => counts.forgotten += 1,
                Operation::Read => {}
            }
        }
        counts
    }

    /// Objects that are not done.
    pub fn undone(&self) -> impl Iterator<Item = &ObjectOutcome> {
        self.objects.iter().filter(|o| o.fate != Fate::Done)
    }

    /// Whether something was done and something was not, so that the next apply goes on.
    pub fn partial(&self) -> bool {
        self.undone().next().is_some() && self.objects.iter().any(|o| o.fate == Fate::Done)
    }
}
