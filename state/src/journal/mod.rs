//! The journal: what a run is about to do and what came of it, synced before it matters.
//!
//! A run's journal is a segment `journal/<run>`, one line per frame in the envelope of
//! [`crate::line`]. Whoever goes on with the run after its process died does not append to that
//! segment but begins a part of its own, `journal/<run>+2`, which links to the last whole frame: a
//! torn end stays as it is, and what a process that was only asleep still appends to its own part
//! is recognised as late.

mod codec;
mod error;
mod frame;
mod read;
mod replay;
mod runs;
mod status;
#[cfg(test)]
mod tests;
mod v1;

pub use error::JournalError;
pub use frame::{
    Frame, Identified, Intent, Outcome, RunBegin, RunEnd, RunId, RunIdError, RunResumed, RunStatus,
    Settled, StateCommitted, StepId, StepResult, Verdict,
};
pub use read::{Headline, Recorded};
pub use replay::{Failure, MemberRecord, Run, StepRecord, replay};
pub(crate) use runs::is_sealed;
pub use runs::{Journals, KEEP, OpenRun};
pub use status::{Event, IllegalEvent, IllegalFrame, StepStatus};
pub use v1::FORMAT;

use std::sync::Arc;

use bytes::Bytes;

use crate::digest::Digest;
use crate::line;
use crate::secret::Sealer;
use crate::store::Segment;
use codec::Seals;
use status::Progress;

/// A journal that is open for appending.
#[derive(Debug)]
pub struct Journal {
    run: RunId,
    lineage: String,
    segment: Box<dyn Segment>,
    sealer: Arc<Sealer>,
    sequence: u64,
    previous: Digest,
    progress: Progress,
    poisoned: bool,
}

impl Journal {
    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Where a member of a step stands.
    pub fn status(&self, step: &StepId, member: &str) -> StepStatus {
        self.progress.status(step, member)
    }

    /// Writes all frames in one write and returns once they are durable.
    ///
    /// Frames that cannot follow are refused before anything is written. After a failed write, or
    /// one that was given up, the end of the journal is not known: every further append fails.
    ///
    /// # Errors
    /// The caller starts nothing more: what it was about to announce is not announced.
    pub async fn append(&mut self, frames: &[Frame]) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned { run: self.run.clone() });
        }
        if frames.is_empty() {
            return Ok(());
        }
        self.progress
            .allows(frames)
            .map_err(|source| JournalError::Illegal { run: self.run.clone(), source })?;
        let mut text = String::new();
        let (mut sequence, mut previous) = (self.sequence, self.previous);
        for frame in frames {
            let seals = Seals { sealer: &self.sealer, lineage: &self.lineage };
            let json = codec::encode(frame, self.sequence, seals)?;
            let line = line::encode(sequence, previous, &json);
            (sequence, previous) = (sequence + 1, line::link(&line));
            text.push_str(&line);
        }
        // Until it is known to be durable; a future that is dropped here leaves it so.
        self.poisoned = true;
        self.segment.append(Bytes::from(text)).await?;
        for frame in frames {
            self.progress
                .apply(frame)
                .map_err(|source| JournalError::Illegal { run: self.run.clone(), source })?;
        }
        (self.sequence, self.previous) = (sequence, previous);
        self.poisoned = false;
        Ok(())
    }
}

/// What the first frame of a run links to, so that a journal does not read under another's name.
fn genesis(run: &RunId) -> Digest {
    Digest::of_parts(&[b"lifeboat journal\n", run.as_str().as_bytes()])
}
