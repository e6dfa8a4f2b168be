//! Replay: from frames to where a run stands.

use std::collections::BTreeMap;

use super::frame::{Frame, RunBegin, RunEnd, StateCommitted, StepId, StepResult, Verdict};
use super::status::{IllegalFrame, Progress, StepStatus};
use crate::model::Document;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// How it began.
    pub begin: RunBegin,
    /// The term of its last holder.
    pub term: u64,
    /// The steps that have an intent, or were doubted.
    pub steps: BTreeMap<StepId, StepRecord>,
    /// The generations that it committed.
    pub committed: Vec<StateCommitted>,
    /// How it ended, if it did.
    pub ended: Option<RunEnd>,
    /// Whether frames may be missing: then every step whose needs were met is in doubt unless it is
    /// done. Its holder records [`Frame::Doubted`] for those before it settles them.
    pub dropped_tail: bool,
}

impl Run {
    /// The steps that must be settled before they are started again.
    pub fn in_doubt(&self) -> impl Iterator<Item = (&StepId, &StepRecord)> {
        self.steps.iter().filter(|(_, step)| step.status() == StepStatus::InDoubt)
    }

    /// Where a member of a step stands.
    pub fn status(&self, step: &StepId, member: &str) -> StepStatus {
        let member = self.steps.get(step).and_then(|step| step.members.get(member));
        member.map_or(StepStatus::NeverStarted, |member| member.status)
    }
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepRecord {
    /// The idempotency token of its last intent.
    pub token: String,
    /// Its members by address; the step's own id if it has none.
    pub members: BTreeMap<String, MemberRecord>,
}

impl StepRecord {
    /// The worst of its members: in doubt, failed, not done; done only if all are.
    pub fn status(&self) -> StepStatus {
        let rank = |status: &StepStatus| match status {
            StepStatus::InDoubt => 4,
            StepStatus::Failed => 3,
            StepStatus::NotDone => 2,
            StepStatus::NeverStarted => 1,
            StepStatus::Done => 0,
        };
        let worst = self.members.values().map(|member| member.status).max_by_key(rank);
        worst.unwrap_or_default()
    }
}

/// Where a member of a step stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MemberRecord {
    /// Where it stands.
    pub status: StepStatus,
    /// The ids that the API told, oldest first.
    pub ids: Vec<String>,
    /// The object after it was done, or what is there of it after it failed.
    pub document: Option<Document>,
    /// Why it failed, or is in doubt.
    pub failure: Option<Failure>,
    /// The number of the last frame about it: folding goes in this order.
    pub last: u64,
}

/// Why a member failed, or is in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The class, as the provider names it; empty if in doubt.
    pub class: String,
    /// What to show.
    pub message: String,
}

/// Where the run stands after these frames.
///
/// # Errors
/// A frame cannot follow those before it.
pub fn replay(frames: &[Frame]) -> Result<Run, IllegalFrame> {
    let Some(Frame::RunBegin(begin)) = frames.first() else {
        return Err(IllegalFrame::Begin);
    };
    let mut run = Run {
        begin: begin.clone(),
        term: begin.term,
        steps: BTreeMap::new(),
        committed: Vec::new(),
        ended: None,
        dropped_tail: false,
    };
    let mut progress = Progress::default();
    for (frame, sequence) in frames.iter().zip(0..) {
        progress.apply(frame)?;
        run.take(frame, sequence, &progress);
    }
    Ok(run)
}

impl Run {
    fn take(&mut self, frame: &Frame, sequence: u64, progress: &Progress) {
        if let Some((id, members, _)) = frame.events() {
            let step = self.steps.entry(id.clone()).or_default();
            for member in members {
                let record = step.members.entry(member.clone()).or_default();
                record.status = progress.status(id, member);
                record.last = sequence;
                record.take(frame);
            }
            if let Frame::Intent(intent) | Frame::Doubted(intent) = frame {
                step.token.clone_from(&intent.token);
            }
        }
        match frame {
            Frame::RunResumed(resumed) => {
                self.term = resumed.term;
                self.dropped_tail |= resumed.dropped_tail;
            }
            Frame::StateCommitted(committed) => self.committed.push(committed.clone()),
            Frame::RunEnd(end) => self.ended = Some(end.clone()),
            Frame::RunBegin(_)
            | Frame::Intent(_)
            | Frame::Doubted(_)
            | Frame::Identified(_)
            | Frame::Outcome(_)
            | Frame::Settled(_) => {}
        }
    }
}

impl MemberRecord {
    fn take(&mut self, frame: &Frame) {
        match frame {
            // A new attempt: what the last one left behind stays known by its ids.
            Frame::Intent(_) | Frame::Doubted(_) => self.failure = None,
            Frame::Identified(identified) => self.ids.push(identified.id.clone()),
            Frame::Outcome(outcome) => match &outcome.result {
                StepResult::Done { document } => self.document.clone_from(document),
                StepResult::Failed { class, message, half_made } => {
                    self.document.clone_from(half_made);
                    self.failure = Some(Failure { class: class.clone(), message: message.clone() });
                }
                StepResult::InDoubt { message } => {
                    self.failure = Some(Failure { class: String::new(), message: message.clone() });
                }
            },
            Frame::Settled(settled) => match &settled.verdict {
                Verdict::Done { document } => {
                    self.document.clone_from(document);
                    self.failure = None;
                }
                Verdict::NotDone => self.failure = None,
            },
            Frame::RunBegin(_)
            | Frame::RunResumed(_)
            | Frame::StateCommitted(_)
            | Frame::RunEnd(_) => {}
        }
    }
}
