//! What a journal says: one frame for each thing that happened.

use std::fmt;

use bytes::Bytes;

use crate::model::Document;

/// The name of a run, and of its journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

/// A text that cannot name a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot name a run: up to 64 lower-case letters, digits and hyphens are needed")]
pub struct RunIdError {
    /// What was given.
    pub text: String,
}

impl RunId {
    /// Checks a name: up to 64 lower-case letters, digits and hyphens.
    ///
    /// # Errors
    /// It holds something else.
    pub fn new(text: impl Into<String>) -> Result<Self, RunIdError> {
        let text = text.into();
        let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
        if (1..=64).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text))
        } else {
            Err(RunIdError { text: text.chars().take(80).collect() })
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub String);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for StepId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// The run begins; always the first, and synced by itself.
    RunBegin(RunBegin),
    /// Another holder of the lock goes on with the run.
    RunResumed(RunResumed),
    /// A step is about to call.
    Intent(Intent),
    /// A step that has no intent, or whose last one may be lost, is treated as if it had called.
    Doubted(Intent),
    /// The API told the id of what it makes.
    Identified(Identified),
    /// How a member of a step ended.
    Outcome(Outcome),
    /// What reading told about a member in doubt.
    Settled(Settled),
    /// A generation was committed.
    StateCommitted(StateCommitted),
    /// The run is over.
    RunEnd(RunEnd),
}

/// What a run is, and all that it needs to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunBegin {
    /// Its name.
    pub run: RunId,
    /// The command: `apply`, `promote`.
    pub command: String,
    /// The plan's digest, which is consumed.
    pub plan_digest: String,
    /// The whole plan, as it was saved.
    pub plan: Bytes,
    /// The generation that it starts from; 0 for none.
    pub base_serial: u64,
    /// Which state this is.
    pub lineage: String,
    /// How many promotions there were.
    pub epoch: u64,
    /// The term of the lock's holder.
    pub term: u64,
    /// The version of lifeboat.
    pub tool_version: String,
    /// When, as text: for people only.
    pub at: String,
}

/// Who goes on with a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunResumed {
    /// The term of the new holder.
    pub term: u64,
    /// Whether the end of the journal was unreadable when it took over.
    pub dropped_tail: bool,
    /// When, as text: for people only.
    pub at: String,
}

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The step.
    pub step: StepId,
    /// The idempotency token.
    pub token: String,
    /// The addresses of the objects that the call changes. A step without objects (a gate, a wait, a
    /// hook) has none: then the step's own id stands for its only member.
    pub members: Vec<String>,
}

/// An id, as soon as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The step.
    pub step: StepId,
    /// The member.
    pub member: String,
    /// The id.
    pub id: String,
}

/// How a member of a step ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The step.
    pub step: StepId,
    /// The member.
    pub member: String,
    /// How it ended.
    pub result: StepResult,
}

/// How a member of a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum StepResult {
    /// As planned.
    Done {
        /// The object as it is now; none if it is gone, or if the step has no object.
        document: Option<Document>,
    },
    /// It did not happen, or half.
    Failed {
        /// The class of the failure, as the provider names it.
        class: String,
        /// What to show.
        message: String,
        /// What is there of the object, if anything.
        half_made: Option<Document>,
    },
    /// Nobody knows.
    InDoubt {
        /// Why.
        message: String,
    },
}

/// What reading told about a member in doubt.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The step.
    pub step: StepId,
    /// The member.
    pub member: String,
    /// What it told.
    pub verdict: Verdict,
}

/// What reading told about a member in doubt.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It happened.
    Done {
        /// The object as it is now.
        document: Option<Document>,
    },
    /// It did not happen: it may be tried again.
    NotDone,
}

/// A generation was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCommitted {
    /// Its serial.
    pub serial: u64,
    /// Its digest.
    pub digest: String,
}

/// The run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// How it ended.
    pub status: RunStatus,
    /// The newest generation then; 0 for none.
    pub serial: u64,
    /// When, as text: for people only.
    pub at: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunStatus {
    /// All of it is done.
    Done,
    /// Some steps failed; what was done is in state.
    Failed,
    /// It was interrupted; what was done is in state.
    Interrupted,
    /// It never began: its plan was used before, or is refused.
    Refused,
    /// It was settled by a later command, folded into a generation and planned anew.
    Folded,
}
