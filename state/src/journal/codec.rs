//! Between frames and their frozen form, sealing and opening documents on the way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::frame;
use super::v1::{
    FORMAT, Frame, Identified, Intent, Outcome, Payload, RunBegin, RunEnd, RunResumed, RunStatus,
    Settled, StateCommitted, StepResult, Verdict,
};
use crate::model::Document;
use crate::secret::{Sealer, SecretError, open_document, seal_document};

/// The JSON of a frame that was appended together with the frames from `batch` on.
pub(super) fn encode(
    frame: &frame::Frame,
    batch: u64,
    seals: Seals<'_>,
) -> Result<String, SecretError> {
    let payload = Payload { v: FORMAT, batch, frame: Frame::from_model(frame, seals)? };
    serde_json::to_string(&payload).map_err(|error| SecretError::BadDocument {
        address: "the journal".to_owned(),
        source: Some(error),
    })
}

/// What a document needs to be sealed or opened.
#[derive(Clone, Copy)]
pub(super) struct Seals<'a> {
    pub(super) sealer: &'a Sealer,
    pub(super) lineage: &'a str,
}

impl Seals<'_> {
    fn seal(
        self,
        member: &str,
        document: Option<&Document>,
    ) -> Result<Option<Box<RawValue>>, SecretError> {
        let Some(document) = document else {
            return Ok(None);
        };
        let sealed = seal_document(self.sealer, self.lineage, member, document.raw())?;
        Ok(Some(sealed.unwrap_or_else(|| document.raw().to_owned())))
    }

    fn open(
        self,
        member: &str,
        stored: Option<Box<RawValue>>,
    ) -> Result<Option<Document>, SecretError> {
        let Some(stored) = stored else {
            return Ok(None);
        };
        let opened = open_document(self.sealer, self.lineage, member, &stored)?;
        Ok(Some(Document::from(opened.unwrap_or(stored))))
    }
}

/// Why a stored frame is none.
pub(super) enum Unreadable {
    Secret(SecretError),
    Content,
}

impl From<SecretError> for Unreadable {
    fn from(error: SecretError) -> Self {
        Self::Secret(error)
    }
}

impl Frame {
    pub(super) fn from_model(model: &frame::Frame, seals: Seals<'_>) -> Result<Self, SecretError> {
        Ok(match model {
            frame::Frame::RunBegin(begin) => Self::RunBegin(begin.into()),
            frame::Frame::RunResumed(resumed) => Self::RunResumed(RunResumed {
                term: resumed.term,
                dropped_tail: resumed.dropped_tail,
                at: resumed.at.clone(),
            }),
            frame::Frame::Intent(intent) => Self::Intent(intent.into()),
            frame::Frame::Doubted(intent) => Self::Doubted(intent.into()),
            frame::Frame::Identified(frame::Identified { step, member, id }) => {
                let (step, member, id) = (step.0.clone(), member.clone(), id.clone());
                Self::Identified(Identified { step, member, id })
            }
            frame::Frame::Outcome(outcome) => Self::Outcome(Outcome {
                step: outcome.step.0.clone(),
                member: outcome.member.clone(),
                result: StepResult::from_model(&outcome.member, &outcome.result, seals)?,
            }),
            frame::Frame::Settled(settled) => Self::Settled(Settled {
                step: settled.step.0.clone(),
                member: settled.member.clone(),
                verdict: match &settled.verdict {
                    frame::Verdict::Done { document } => {
                        Verdict::Done { document: seals.seal(&settled.member, document.as_ref())? }
                    }
                    frame::Verdict::NotDone => Verdict::NotDone,
                },
            }),
            frame::Frame::StateCommitted(frame::StateCommitted { serial, digest }) => {
                Self::StateCommitted(StateCommitted { serial: *serial, digest: digest.clone() })
            }
            frame::Frame::RunEnd(frame::RunEnd { status, serial, at }) => {
                let (status, serial, at) = ((*status).into(), *serial, at.clone());
                Self::RunEnd(RunEnd { status, serial, at })
            }
        })
    }

    pub(super) fn into_model(self, seals: Seals<'_>) -> Result<frame::Frame, Unreadable> {
        Ok(match self {
            Self::RunBegin(begin) => frame::Frame::RunBegin(begin.into_model()?),
            Self::RunResumed(RunResumed { term, dropped_tail, at }) => {
                frame::Frame::RunResumed(frame::RunResumed { term, dropped_tail, at })
            }
            Self::Intent(intent) => frame::Frame::Intent(intent.into()),
            Self::Doubted(intent) => frame::Frame::Doubted(intent.into()),
            Self::Identified(Identified { step, member, id }) => {
                let step = frame::StepId(step);
                frame::Frame::Identified(frame::Identified { step, member, id })
            }
            Self::Outcome(Outcome { step, member, result }) => {
                let (step, result) = (frame::StepId(step), result.into_model(&member, seals)?);
                frame::Frame::Outcome(frame::Outcome { step, member, result })
            }
            Self::Settled(Settled { step, member, verdict }) => {
                let step = frame::StepId(step);
                let verdict = match verdict {
                    Verdict::Done { document } => {
                        frame::Verdict::Done { document: seals.open(&member, document)? }
                    }
                    Verdict::NotDone => frame::Verdict::NotDone,
                };
                frame::Frame::Settled(frame::Settled { step, member, verdict })
            }
            Self::StateCommitted(StateCommitted { serial, digest }) => {
                frame::Frame::StateCommitted(frame::StateCommitted { serial, digest })
            }
            Self::RunEnd(RunEnd { status, serial, at }) => {
                frame::Frame::RunEnd(frame::RunEnd { status: status.into(), serial, at })
            }
        })
    }

    /// The lineage, if this is where the run says it.
    pub(super) fn lineage(&self) -> Option<&str> {
        if let Self::RunBegin(begin) = self { Some(&begin.lineage) } else { None }
    }

    /// The end, if it is one.
    pub(super) fn end(self) -> Option<frame::RunEnd> {
        match self {
            Self::RunEnd(RunEnd { status, serial, at }) => {
                Some(frame::RunEnd { status: status.into(), serial, at })
            }
            Self::RunBegin(_)
            | Self::RunResumed(_)
            | Self::Intent(_)
            | Self::Doubted(_)
            | Self::Identified(_)
            | Self::Outcome(_)
            | Self::Settled(_)
            | Self::StateCommitted(_) => None,
        }
    }
}

impl StepResult {
    fn from_model(
        member: &str,
        model: &frame::StepResult,
        seals: Seals<'_>,
    ) -> Result<Self, SecretError> {
        Ok(match model {
            frame::StepResult::Done { document } => {
                Self::Done { document: seals.seal(member, document.as_ref())? }
            }
            frame::StepResult::Failed { class, message, half_made } => Self::Failed {
                class: class.clone(),
                message: message.clone(),
                half_made: seals.seal(member, half_made.as_ref())?,
            },
            frame::StepResult::InDoubt { message } => Self::InDoubt { message: message.clone() },
        })
    }

    fn into_model(self, member: &str, seals: Seals<'_>) -> Result<frame::StepResult, SecretError> {
        Ok(match self {
            Self::Done { document } => {
                frame::StepResult::Done { document: seals.open(member, document)? }
            }
            Self::Failed { class, message, half_made } => {
                let half_made = seals.open(member, half_made)?;
                frame::StepResult::Failed { class, message, half_made }
            }
            Self::InDoubt { message } => frame::StepResult::InDoubt { message },
        })
    }
}

impl From<&frame::RunBegin> for RunBegin {
    fn from(begin: &frame::RunBegin) -> Self {
        Self {
            run: begin.run.as_str().to_owned(),
            command: begin.command.clone(),
            plan_digest: begin.plan_digest.clone(),
            plan: STANDARD.encode(&begin.plan),
            base_serial: begin.base_serial,
            lineage: begin.lineage.clone(),
            epoch: begin.epoch,
            term: begin.term,
            tool_version: begin.tool_version.clone(),
            at: begin.at.clone(),
        }
    }
}

impl RunBegin {
    fn into_model(self) -> Result<frame::RunBegin, Unreadable> {
        Ok(frame::RunBegin {
            run: frame::RunId::new(self.run).map_err(|_| Unreadable::Content)?,
            command: self.command,
            plan_digest: self.plan_digest,
            plan: STANDARD.decode(self.plan).map_err(|_| Unreadable::Content)?.into(),
            base_serial: self.base_serial,
            lineage: self.lineage,
            epoch: self.epoch,
            term: self.term,
            tool_version: self.tool_version,
            at: self.at,
        })
    }
}

impl From<&frame::Intent> for Intent {
    fn from(frame::Intent { step, token, members }: &frame::Intent) -> Self {
        Self { step: step.0.clone(), token: token.clone(), members: members.clone() }
    }
}

impl From<Intent> for frame::Intent {
    fn from(Intent { step, token, members }: Intent) -> Self {
        Self { step: frame::StepId(step), token, members }
    }
}

impl From<frame::RunStatus> for RunStatus {
    fn from(status: frame::RunStatus) -> Self {
        match status {
            frame::RunStatus::Done => Self::Done,
            frame::RunStatus::Failed => Self::Failed,
            frame::RunStatus::Interrupted => Self::Interrupted,
            frame::RunStatus::Refused => Self::Refused,
            frame::RunStatus::Folded => Self::Folded,
        }
    }
}

impl From<RunStatus> for frame::RunStatus {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Done => Self::Done,
            RunStatus::Failed => Self::Failed,
            RunStatus::Interrupted => Self::Interrupted,
            RunStatus::Refused => Self::Refused,
            RunStatus::Folded => Self::Folded,
        }
    }
}
