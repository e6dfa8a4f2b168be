//! The one transition function of steps, for recording and for replay.

use std::collections::BTreeMap;

use super::frame::{Frame, Intent, StepId, StepResult, Verdict};

/// Where a member of a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum StepStatus {
    /// No intent is recorded.
    #[default]
    NeverStarted,
    /// An intent and no end: it may or may not have happened.
    InDoubt,
    /// It happened.
    Done,
    /// It failed; it may be started again.
    Failed,
    /// Reading told that it did not happen; it may be started again.
    NotDone,
}

/// What can happen to a member of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Its intent is recorded.
    Started,
    /// It is to be settled as if it had started.
    Doubted,
    /// Its id is known.
    Identified,
    /// It ended as planned.
    Succeeded,
    /// It ended otherwise.
    Failed,
    /// Its end is not known.
    LostSight,
    /// Reading told that it happened.
    SettledDone,
    /// Reading told that it did not happen.
    SettledNotDone,
}

/// An event that cannot happen to a member in its status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} cannot follow {status:?}")]
pub struct IllegalEvent {
    /// Where the member stood.
    pub status: StepStatus,
    /// What was to happen.
    pub event: Event,
}

impl StepStatus {
    /// The status after an event.
    ///
    /// # Errors
    /// The event cannot happen in this status.
    pub fn next(&self, event: &Event) -> Result<Self, IllegalEvent> {
        match (self, event) {
            (
                Self::NeverStarted | Self::Failed | Self::NotDone,
                Event::Started | Event::Doubted,
            )
            | (Self::InDoubt, Event::Doubted | Event::Identified | Event::LostSight) => {
                Ok(Self::InDoubt)
            }
            (Self::InDoubt, Event::Succeeded | Event::SettledDone) => Ok(Self::Done),
            (Self::InDoubt, Event::Failed) => Ok(Self::Failed),
            (Self::InDoubt, Event::SettledNotDone) => Ok(Self::NotDone),
            // A member in doubt is settled before it starts again; one that is done stays done.
            (Self::InDoubt, Event::Started)
            | (Self::Done, _)
            | (
                Self::NeverStarted | Self::Failed | Self::NotDone,
                Event::Identified
                | Event::Succeeded
                | Event::Failed
                | Event::LostSight
                | Event::SettledDone
                | Event::SettledNotDone,
            ) => Err(IllegalEvent { status: *self, event: *event }),
        }
    }
}

impl Intent {
    /// The members, or the step itself where it has none.
    pub fn members(&self) -> &[String] {
        if self.members.is_empty() { std::slice::from_ref(&self.step.0) } else { &self.members }
    }
}

impl Frame {
    /// What the frame does to which members of which step.
    pub fn events(&self) -> Option<(&StepId, &[String], Event)> {
        use std::slice::from_ref;
        match self {
            Self::Intent(intent) => Some((&intent.step, intent.members(), Event::Started)),
            Self::Doubted(intent) => Some((&intent.step, intent.members(), Event::Doubted)),
            Self::Identified(it) => Some((&it.step, from_ref(&it.member), Event::Identified)),
            Self::Outcome(outcome) => {
                let event = match &outcome.result {
                    StepResult::Done { .. } => Event::Succeeded,
                    StepResult::Failed { .. } => Event::Failed,
                    StepResult::InDoubt { .. } => Event::LostSight,
                };
                Some((&outcome.step, from_ref(&outcome.member), event))
            }
            Self::Settled(settled) => {
                let event = match &settled.verdict {
                    Verdict::Done { .. } => Event::SettledDone,
                    Verdict::NotDone => Event::SettledNotDone,
                };
                Some((&settled.step, from_ref(&settled.member), event))
            }
            Self::RunBegin(_) | Self::RunResumed(_) | Self::StateCommitted(_) | Self::RunEnd(_) => {
                None
            }
        }
    }
}

/// A frame that cannot follow those before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalFrame {
    /// A step's event is illegal.
    #[error("`{member}` of step `{step}`: {}", illegal)]
    Step {
        /// The step.
        step: StepId,
        /// The member.
        member: String,
        /// What is illegal about it.
        illegal: IllegalEvent,
    },
    /// The run has not begun.
    #[error("a run begins with RunBegin, and only once")]
    Begin,
    /// The run is over.
    #[error("nothing follows RunEnd")]
    Ended,
}

/// Where a run stands: enough to tell which frame may follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    began: bool,
    ended: bool,
    steps: BTreeMap<StepId, BTreeMap<String, StepStatus>>,
}

impl Progress {
    pub(super) fn status(&self, step: &StepId, member: &str) -> StepStatus {
        let members = self.steps.get(step);
        members.and_then(|members| members.get(member)).copied().unwrap_or_default()
    }

    /// Whether the frames may follow, one after the other; changes nothing. Costs what the frames
    /// cost, however long the run is.
    pub(super) fn allows(&self, frames: &[Frame]) -> Result<(), IllegalFrame> {
        let (mut began, mut ended) = (self.began, self.ended);
        let mut touched: BTreeMap<(&StepId, &str), StepStatus> = BTreeMap::new();
        for frame in frames {
            let begins = matches!(frame, Frame::RunBegin(_));
            if ended {
                return Err(IllegalFrame::Ended);
            } else if begins == began {
                return Err(IllegalFrame::Begin);
            }
            began = true;
            ended = matches!(frame, Frame::RunEnd(_));
            let Some((step, members, event)) = frame.events() else {
                continue;
            };
            for member in members {
                let key = (step, member.as_str());
                let status = touched.get(&key).copied();
                let status = status.unwrap_or_else(|| self.status(step, member));
                let next = status.next(&event).map_err(|illegal| IllegalFrame::Step {
                    step: step.clone(),
                    member: member.clone(),
                    illegal,
                })?;
                touched.insert(key, next);
            }
        }
        Ok(())
    }

    /// Takes over one frame.
    pub(super) fn apply(&mut self, frame: &Frame) -> Result<(), IllegalFrame> {
        self.allows(std::slice::from_ref(frame))?;
        self.began = true;
        self.ended = matches!(frame, Frame::RunEnd(_));
        if let Some((step, members, event)) = frame.events() {
            let statuses = self.steps.entry(step.clone()).or_default();
            for member in members {
                let status = statuses.entry(member.clone()).or_default();
                if let Ok(next) = status.next(&event) {
                    *status = next;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StepStatus::{Done, Failed, InDoubt, NeverStarted, NotDone};

    #[test]
    fn the_table_of_transitions() {
        let events = [
            Event::Started,
            Event::Doubted,
            Event::Identified,
            Event::Succeeded,
            Event::Failed,
            Event::LostSight,
            Event::SettledDone,
            Event::SettledNotDone,
        ];
        let startable = [Some(InDoubt), Some(InDoubt), None, None, None, None, None, None];
        let table = [
            (NeverStarted, startable),
            (Failed, startable),
            (NotDone, startable),
            (Done, [None; 8]),
            (
                InDoubt,
                [
                    None,
                    Some(InDoubt),
                    Some(InDoubt),
                    Some(Done),
                    Some(Failed),
                    Some(InDoubt),
                    Some(Done),
                    Some(NotDone),
                ],
            ),
        ];
        for (status, expected) in table {
            for (event, expected) in events.iter().zip(expected) {
                assert_eq!(status.next(event).ok(), expected, "{status:?} {event:?}");
            }
        }
    }
}
