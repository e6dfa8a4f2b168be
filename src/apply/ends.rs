//! How a member ended: as frames of the journal, as a change of state, and in words.

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{Attribute, Class, Diagnostic, Failure, Name, Path, Present, Value};
use lifeboat_state::journal::{
    Frame, Identified, MemberRecord, Outcome as OutcomeFrame, Settled, StepId as JournalStep,
    StepResult, StepStatus, Verdict,
};
use lifeboat_state::model::Document;

use super::current::Ended;
use super::document::{for_write, list, load, remark, store};
use super::outcome::Fate;
use super::prepare::Item;
use super::ready::End as StepEnd;
use super::settle::{Finding, differs};
use super::task::Called;
use crate::plan::{Operation, StepId};

/// The class in the journal of an object that is finished, though not as planned.
const INCONSISTENT: &str = "Inconsistent";
/// The class in the journal of an object that is neither as it was nor as planned.
const CONFLICT: &str = "Conflict";

/// How a member ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    /// As planned.
    Done(Option<Present<Value>>),
    /// As planned, as was read afterwards.
    Settled(Option<Present<Value>>),
    /// Reading told that it did not happen; why it was in doubt.
    NotDone(String),
    /// It happened, and these attributes are not as planned.
    Inconsistent(Present<Value>, Vec<Path>),
    /// It failed.
    Failed {
        /// Why.
        failure: Failure,
        /// What exists all the same.
        half_made: Option<Present<Value>>,
    },
    /// Reading found something that is neither as it was nor as planned.
    Conflict {
        /// What is there.
        live: Present<Value>,
        /// Whether it is ours all the same.
        ours: bool,
        /// Where it differs from the plan.
        paths: Vec<Path>,
    },
    /// Nobody knows; why.
    InDoubt(String),
}

impl End {
    /// Of a call that was answered; `None` where reading must tell.
    pub(super) fn of_call(kind: &dyn DynKind, item: &Item, called: Called) -> Option<Self> {
        match called {
            Called::Done(Some(present)) => {
                let paths = match &item.doubt.planned {
                    Some(_) => differs(kind, item.doubt.planned.as_ref(), &present.object),
                    None => Vec::new(),
                };
                Some(if paths.is_empty() {
                    Self::Done(Some(present))
                } else {
                    Self::Inconsistent(present, paths)
                })
            }
            Called::Done(None) => Some(Self::Done(None)),
            Called::Failed { failure, half_made } => Some(Self::Failed { failure, half_made }),
            Called::InDoubt(_) => None,
        }
    }

    /// Of a call that was read back; `why` it was in doubt.
    pub(super) fn of_finding(kind: &dyn DynKind, item: &Item, finding: Finding, why: &str) -> Self {
        match finding {
            Finding::Done(present) => Self::Settled(present),
            Finding::NotDone => Self::NotDone(why.to_owned()),
            Finding::Predecessor(id) => Self::NotDone(format!(
                "{why}{}its tags were found only on {id}, which it was to replace; look for a \
                 second object with these tags before you apply again",
                if why.is_empty() { "" } else { "; " }
            )),
            Finding::Conflict { live, ours } => {
                let paths = differs(kind, item.doubt.planned.as_ref(), &live.object);
                // It is shown: what is sensitive is marked first.
                let live = live.map(|object| marked(item, kind.schema().attributes, &object));
                Self::Conflict { live, ours, paths }
            }
            Finding::Unread(unread) if why.is_empty() => Self::InDoubt(unread.message),
            Finding::Unread(unread) => Self::InDoubt(format!("{why}; then {}", unread.message)),
        }
    }

    /// The same, unless what is there has no stored form: then it is kept as it was planned, and
    /// the next plan finishes or replaces it.
    pub(super) fn storable(self, item: &Item, attributes: &[Attribute]) -> Self {
        let Some(present) = self.present() else { return self };
        let Err(why) = store(&marked(item, attributes, &present.object)) else { return self };
        let planned = item.doubt.planned.as_ref().or(item.doubt.prior.as_ref());
        let known = planned.and_then(|planned| for_write(attributes, planned).ok());
        let object = known.map_or_else(Value::null, |known| known.value().clone());
        let text = format!("what the provider answered cannot be stored: {why}");
        let half_made = Some(Present::new(present.id.clone(), object));
        Self::Failed { failure: Failure::new(Class::Garbled, text), half_made }
    }

    /// What it means for the steps that need this one.
    pub(super) fn step(&self) -> StepEnd {
        match self {
            Self::Done(_) | Self::Settled(_) => StepEnd::Done,
            Self::InDoubt(_) => StepEnd::InDoubt,
            Self::NotDone(_)
            | Self::Inconsistent(..)
            | Self::Failed { .. }
            | Self::Conflict { .. } => StepEnd::Failed,
        }
    }

    /// What is there, as far as the run knows and state shall know.
    fn present(&self) -> Option<&Present<Value>> {
        match self {
            Self::Done(present) | Self::Settled(present) => present.as_ref(),
            Self::Inconsistent(present, _) => Some(present),
            Self::Failed { half_made, .. } => half_made.as_ref(),
            Self::Conflict { live, ours, .. } => Some(live).filter(|_| *ours),
            Self::NotDone(_) | Self::InDoubt(_) => None,
        }
    }

    /// What becomes of the object, in words.
    pub(super) fn fate(&self) -> Fate {
        match self {
            Self::Done(_) | Self::Settled(_) => Fate::Done,
            Self::NotDone(why) => Fate::Failed(format!("it did not happen: {why}")),
            Self::Inconsistent(_, paths) => Fate::Failed(format!(
                "the provider made it otherwise than planned: {}",
                list(paths)
            )),
            Self::Failed { failure, .. } => Fate::Failed(failure.to_string()),
            Self::Conflict { paths, .. } => {
                Fate::Failed(format!("it is neither as it was nor as planned: {}", list(paths)))
            }
            Self::InDoubt(why) => Fate::InDoubt(why.clone()),
        }
    }

    /// The failure for events.
    pub(super) fn failure(&self) -> Option<Failure> {
        match (self, self.fate()) {
            (Self::Failed { failure, .. }, _) => Some(failure.clone()),
            (_, Fate::Failed(why)) => Some(Failure::new(Class::Other, why)),
            (_, Fate::InDoubt(why)) => Some(Failure::new(Class::Unreachable, why)),
            (_, Fate::Done | Fate::NotTried(_)) => None,
        }
    }
}

/// What the journal and state take over.
pub(super) struct Recorded {
    /// The frames, ids first.
    pub(super) frames: Vec<Frame>,
    /// The object's id, where the end tells one.
    pub(super) id: Option<Name>,
    /// What state takes over.
    pub(super) ended: Ended,
}

/// The name of a step in the journal.
pub(super) fn journal_step(step: StepId) -> JournalStep {
    JournalStep(step.to_string())
}

/// Writes down how a member ended. `told` is the id that the journal knows already.
pub(super) fn record(
    step: StepId,
    item: &Item,
    attributes: &[Attribute],
    end: &End,
    told: Option<&str>,
) -> Recorded {
    let mut frames = Vec::new();
    let mut id = told.map(Name::from);
    let (mut object, mut document) = (None, None);
    if let Some(present) = end.present() {
        if told != Some(&*present.id) && !present.id.is_empty() {
            frames.push(Frame::Identified(Identified {
                step: journal_step(step),
                member: item.name.clone(),
                id: present.id.to_string(),
            }));
        }
        id = Some(present.id.clone()).filter(|id| !id.is_empty());
        let marked = marked(item, attributes, &present.object);
        document = store(&marked).ok();
        object = Some(marked);
    }
    let (frame, ended) = framed(end, document, object);
    frames.push(frame.of(journal_step(step), item.name.clone()));
    Recorded { frames, id, ended }
}

/// What a kind answered, with the marks of what was planned, or of what was there before.
fn marked(item: &Item, attributes: &[Attribute], object: &Value) -> Value {
    let planned = item.doubt.planned.as_ref().or(item.doubt.prior.as_ref());
    remark(attributes, planned, object)
}

enum Told {
    Result(StepResult),
    Verdict(Verdict),
}

impl Told {
    fn of(self, step: JournalStep, member: String) -> Frame {
        match self {
            Self::Result(result) => Frame::Outcome(OutcomeFrame { step, member, result }),
            Self::Verdict(verdict) => Frame::Settled(Settled { step, member, verdict }),
        }
    }
}

fn framed(end: &End, document: Option<Document>, object: Option<Value>) -> (Told, Ended) {
    match end {
        End::Done(_) => (Told::Result(StepResult::Done { document }), Ended::Done(object)),
        End::Settled(_) => (Told::Verdict(Verdict::Done { document }), Ended::Done(object)),
        End::NotDone(_) => (Told::Verdict(Verdict::NotDone), Ended::Nothing),
        End::InDoubt(why) => {
            (Told::Result(StepResult::InDoubt { message: why.clone() }), Ended::Nothing)
        }
        End::Inconsistent(_, paths) => failed(INCONSISTENT, list(paths), document, object),
        End::Conflict { paths, .. } => failed(CONFLICT, list(paths), document, object),
        End::Failed { failure, .. } => {
            failed(&format!("{:?}", failure.class), failure.to_string(), document, object)
        }
    }
}

fn failed(
    class: &str,
    message: String,
    half_made: Option<Document>,
    object: Option<Value>,
) -> (Told, Ended) {
    let ended = match object {
        Some(object) => Ended::Left { object, whole: class == INCONSISTENT },
        None => Ended::Nothing,
    };
    (Told::Result(StepResult::Failed { class: class.to_owned(), message, half_made }), ended)
}

/// How a member ended, as the journal tells it; `None` where it did not end.
///
/// # Errors
/// A document is damaged.
pub(super) fn replayed(member: &MemberRecord) -> Result<Option<(Option<&str>, Ended)>, String> {
    let object = member.document.as_ref().map(load).transpose()?;
    let ended = match (member.status, object) {
        (StepStatus::Done, object) => Ended::Done(object),
        (StepStatus::Failed, Some(object)) => {
            let class = member.failure.as_ref().map(|f| &*f.class);
            Ended::Left { object, whole: class == Some(INCONSISTENT) }
        }
        (StepStatus::Failed, None) => Ended::Nothing,
        (StepStatus::NeverStarted | StepStatus::InDoubt | StepStatus::NotDone, _) => {
            return Ok(None);
        }
    };
    Ok(Some((member.ids.last().map(String::as_str), ended)))
}

/// The error that a member's end is shown as.
pub(super) fn diagnostic(item: &Item, end: &End) -> Option<Diagnostic> {
    let address = &item.address;
    let doing = doing(item.member.operation);
    let again = "What is done is in state. Correct the cause and apply again: only the rest is \
                 planned.";
    let error = |code, summary, detail| Diagnostic::error(code, summary, detail).about(address);
    Some(match end {
        End::Done(_) | End::Settled(_) => return None,
        End::NotDone(why) => error(
            "apply::did_not_happen",
            "A change did not happen",
            format!("{doing} {address}: {why}. It was read back, and it did not happen."),
        )
        .help("Apply again: it is planned again."),
        End::Inconsistent(_, paths) => error(
            "apply::inconsistent",
            "Provider produced inconsistent result after apply",
            format!(
                "{doing} {address} was answered with other values than were planned: {}. State \
                 holds the object as it is now. This is a defect of the provider, please report it.",
                list(paths)
            ),
        )
        .help("Plan again to see what would be changed."),
        End::Failed { failure, half_made } => {
            let left = match half_made {
                Some(half) => format!(
                    " {} exists all the same, unfinished: the next plan finishes or replaces it.",
                    half.id
                ),
                None => String::new(),
            };
            error(
                "apply::failed",
                "A change failed",
                format!("{doing} {address}: {failure}.{left}"),
            )
            .help(advice(failure.class).unwrap_or(again))
        }
        End::Conflict { live, ours, paths } => conflict(item, live, *ours, paths),
        End::InDoubt(why) => error(
            "apply::in_doubt",
            "It is not known whether a change happened",
            format!(
                "{doing} {address}: {why}. It may have happened, and reading it back gave no \
                 answer. What depends on it was not tried."
            ),
        )
        .help(
            "Apply again when its region answers: it is read first, and nothing is made twice. \
             Until then nothing is planned for it.",
        ),
    })
}

fn conflict(item: &Item, live: &Present<Value>, ours: bool, paths: &[Path]) -> Diagnostic {
    let address = &item.address;
    let shown: Vec<String> = paths
        .iter()
        .map(|path| {
            let planned = item.doubt.planned.as_ref().map(|planned| show(planned, path));
            let planned = planned.unwrap_or_else(|| "nothing".to_owned());
            format!("{path} is {}, planned was {planned}", show(&live.object, path))
        })
        .collect();
    let detail = format!(
        "{} {address} was interrupted, and {} is neither as it was nor as planned: {}.",
        doing(item.member.operation),
        live.id,
        shown.join("; ")
    );
    let help = if ours {
        "State holds it as it is now. Plan again to see what would be changed.".to_owned()
    } else {
        let over = if address.of_block() {
            "with `adopt = true` in the block".to_owned()
        } else {
            format!("with:\n\nimport {{\n  to = {address}\n  id = {:?}\n}}", live.id)
        };
        format!(
            "It may be somebody else's, so state does not hold it. If it is yours, take it over {over}"
        )
    };
    Diagnostic::error("apply::conflict", "An object is neither as it was nor as planned", detail)
        .about(address)
        .help(help)
}

/// The part at a path; nothing of it where it or what it lies in is sensitive.
fn show(value: &Value, path: &Path) -> String {
    let mut part = Some(value);
    for step in path.0.iter().map(|step| Path(vec![step.clone()])) {
        if part.is_some_and(|part| !part.unmark().1.is_empty()) {
            return "(sensitive value)".to_owned();
        }
        part = part.and_then(|part| part.at(&step));
    }
    part.map_or_else(|| "nothing".to_owned(), |part| format!("{part:?}"))
}

/// The beginning of a sentence about an operation.
pub(super) fn doing(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "Creating",
        Operation::Update => "Changing",
        Operation::Delete => "Removing",
        Operation::DeleteDeposed => "Removing the predecessor of",
        Operation::Read => "Reading",
        Operation::Import => "Importing",
        Operation::Forget => "Forgetting",
    }
}

fn advice(class: Class) -> Option<&'static str> {
    match class {
        Class::Exists => Some(
            "Something of that name exists already. Import it with an `import` block, or choose \
             another name.",
        ),
        Class::Denied => {
            Some("Grant the permission that is named, then apply again: only the rest is planned.")
        }
        Class::Credentials => Some(
            "Renew the credentials, then apply again: what is done is in state, only the rest is \
             planned.",
        ),
        Class::Interrupted => Some("Apply again: only the rest is planned."),
        Class::Refused | Class::Unreachable | Class::NotTried | Class::TooSlow => Some(
            "The region did not answer. Apply again when it does, or plan without it: what cannot \
             be reached is deferred.",
        ),
        Class::NotFound
        | Class::Conflict
        | Class::Throttled
        | Class::Garbled
        | Class::Invalid
        | Class::Other => None,
    }
}
