//! Stage 7, steps -> effects: the journal first, then the call, then state.
//!
//! Nothing here decides what to do: the plan has decided. What the journal does not hold has not
//! begun; what it holds without an end is in doubt and is settled by reading, never by trying
//! again. A journal that cannot be written ends the run before the next call.

mod act;
pub mod crash;
pub mod current;
pub mod document;
mod ends;
mod executor;
pub mod fold;
pub mod give_up;
pub mod outcome;
mod passage;
pub mod prepare;
pub mod ready;
pub mod record;
mod recorder;
pub mod recover;
pub mod request;
pub mod settle;
mod task;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{Diagnostic, Diagnostics, Session, Value};
use lifeboat_state::backend::{BackendError, StateBackend};
use lifeboat_state::generation::Head;
use lifeboat_state::journal::{Frame, Journal, RunBegin, RunEnd, RunId, RunStatus, StateCommitted};
use lifeboat_state::lock::LockGuard;
use lifeboat_state::model::{Output, State};

use crash::{Crash, CrashPoint};
use current::Current;
use executor::{Executor, Halt};
use prepare::Item;
use recorder::Recorder;
use request::Controls;

use crate::event::Events;
use crate::plan::{Finalise, Plan, PlanMode, StepId};
use crate::registry::Providers;

pub use act::{Deed, Rehearsal, Say};
pub use outcome::{Counts, Fate, ObjectOutcome, Outcome, RunEnding};
pub use recover::{Known, Open, OpenPromotion, Opened, Recovered, Recovery, known};

/// How long it is waited before something that cannot be seen is looked for once more.
pub const CONFIRM: Duration = Duration::from_secs(2);

/// How often a commit of state is tried whose fate is not known.
const COMMITS: usize = 3;

/// Puts what is known of a promotion where another machine can go on from it.
pub trait Copies: Send + Sync {
    /// Does so before calls are made whose intents are durable. That it failed keeps nothing from
    /// being done.
    fn copy(&self) -> BoxFuture<'_, ()>;
}

/// Everything that carrying out a plan needs. Nothing is read from anywhere else.
pub struct Run<'a> {
    /// Its name.
    pub id: RunId,
    /// The plan.
    pub plan: &'a Plan,
    /// The plan as it was saved.
    pub plan_bytes: Vec<u8>,
    /// Its digest, which this run consumes.
    pub plan_digest: String,
    /// Whether an earlier process began it: what is done stays done, and the rest is carried out.
    pub resumes: bool,
    /// What an operator goes on without, by the names of tasks, and why.
    pub skips: BTreeMap<String, String>,
    /// Who approved a promotion, and what they attested and accepted.
    pub approval: Option<Value>,
    /// Kinds, able to make calls.
    pub providers: &'a Providers,
    /// What acts are played by where nothing real may happen; `None` in every run that is meant.
    pub rehearsal: Option<Arc<dyn Rehearsal>>,
    /// Completes planned documents.
    pub finalise: &'a dyn Finalise,
    /// The folder of the root module, where commands of hooks run.
    pub root: &'a Path,
    /// The previous state, or a new one.
    pub state: State,
    /// The generation that holds it; `None` before the first.
    pub head: Option<Head>,
    /// Where state and journal are.
    pub backend: &'a dyn StateBackend,
    /// The lock, held until after the outcome.
    pub guard: &'a LockGuard,
    /// Told before each wave of a promotion's steps; nothing where there is no place for copies.
    pub copies: Option<&'a dyn Copies>,
    /// The guards of calls; made for [`lifeboat_sdk::Purpose::Apply`]. Its interrupt is the run's.
    pub session: Arc<Session>,
    /// Told what happens.
    pub events: &'a dyn Events,
    /// Steps with a scope that run at a time.
    pub parallelism: usize,
    /// The command, for people.
    pub command: String,
    /// The version of lifeboat.
    pub tool_version: String,
    /// The time as text, for people.
    pub now: &'a (dyn Fn() -> String + Sync),
    /// [`CONFIRM`], shorter in tests.
    pub confirm: Duration,
    /// Where to abort, in builds that can.
    pub crash: Crash,
}

/// Carries out a plan. State holds afterwards what was done, whatever else happened.
pub async fn apply(run: Run<'_>) -> Outcome {
    let begun = if run.resumes { resume(&run).await } else { begin(&run).await };
    let Begun { current, journal, done, again, controls } = match begun {
        Ok(begun) => begun,
        Err(error) => return refused(run, &error),
    };
    let mut recorder = Recorder::new(run.backend, run.guard, journal);
    recorder.add(again);
    let executor = Executor::new(&run, current, recorder, &done, controls);
    let (current, recorder, report) = executor.run().await;
    finish(&run, current, recorder, report).await
}

/// What a run has when its first step may start.
struct Begun<'r> {
    current: Current<'r>,
    journal: Journal,
    /// The steps that are done.
    done: BTreeSet<StepId>,
    /// What the journal is told of those that are done again.
    again: Vec<Frame>,
    /// What operators asked before.
    controls: Controls,
}

/// Begins a run, which consumes its plan.
async fn begin<'r>(run: &Run<'r>) -> Result<Begun<'r>, BackendError> {
    let begin = RunBegin {
        run: run.id.clone(),
        command: run.command.clone(),
        plan_digest: run.plan_digest.clone(),
        plan: run.plan_bytes.clone().into(),
        base_serial: run.head.as_ref().map_or(0, |head| head.serial),
        lineage: run.state.lineage.clone(),
        epoch: run.state.epoch,
        term: run.guard.term(),
        tool_version: run.tool_version.clone(),
        at: (run.now)(),
    };
    let journal = run.backend.journal_begin(run.guard, begin).await?;
    let mut current = Current::new(run.plan, run.providers, run.state.clone());
    current.begin();
    let (done, again, controls) = Default::default();
    Ok(Begun { current, journal, done, again, controls })
}

/// Goes on with a run that recovery has settled.
async fn resume<'r>(run: &Run<'r>) -> Result<Begun<'r>, BackendError> {
    let frames = run.backend.journal_read(&run.id).await?.frames;
    let now = (run.now)();
    let (journal, journalled) = run.backend.journal_resume(run.guard, &run.id, &now).await?;
    let state = run.state.clone();
    let folded = fold::fold(run.plan, run.providers, state, &journalled, &frames);
    Ok(Begun {
        current: folded.current,
        journal,
        done: fold::done(run.plan, &journalled),
        again: fold::done_again(run.plan, &journalled),
        controls: Controls::replayed(&frames),
    })
}

/// What the event loop came to.
struct Report {
    objects: Vec<ObjectOutcome>,
    diagnostics: Diagnostics,
    halt: Option<Halt>,
}

fn refused(run: Run<'_>, error: &BackendError) -> Outcome {
    let diagnostic = Diagnostic::error(
        "apply::refused",
        "The plan was not applied",
        format!("{}. Nothing was called.", chain(error)),
    );
    Outcome {
        run: run.id,
        ending: RunEnding::Refused,
        objects: Vec::new(),
        state: run.state,
        head: run.head,
        outputs: Default::default(),
        diagnostics: diagnostic.into(),
        asked: None,
    }
}

/// The error with all that caused it.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

/// Outputs, the new generation, and the end of the journal.
async fn finish(
    run: &Run<'_>,
    mut current: Current<'_>,
    mut recorder: Recorder<'_>,
    report: Report,
) -> Outcome {
    let Report { objects, mut diagnostics, halt } = report;
    let undone = objects.iter().any(|o| o.fate != Fate::Done);
    if halt.is_none() && run.plan.mode == PlanMode::Normal {
        diagnostics.extend(run.finalise.leftovers(&current.objects));
    }
    let failed = undone || diagnostics.has_errors();
    let mut outputs = Default::default();
    let mut ending = match &halt {
        Some(Halt::Interrupted(_) | Halt::Asked(_)) => RunEnding::Interrupted,
        _ if failed => RunEnding::Failed,
        _ => RunEnding::Done,
    };
    for problem in std::mem::take(&mut current.problems) {
        diagnostics.push(Diagnostic::error("apply::state", "State is damaged", problem));
    }
    let mut head = None;
    if let Some(Halt::Unrecorded(why)) = &halt {
        diagnostics.push(unrecorded(&run.id, why));
        ending = RunEnding::Unrecorded;
    } else {
        outputs = evaluate(run, &mut current, failed, &mut diagnostics);
        if ending == RunEnding::Done && diagnostics.has_errors() {
            ending = RunEnding::Failed;
        }
        if ending == RunEnding::Done && run.plan.mode == PlanMode::Normal {
            current.placed();
        }
        let promotions = &mut current.state.promotions;
        if ending == RunEnding::Done
            && run.plan.is_whole()
            && promotions.owed.is_empty()
            && promotions.backfills.is_empty()
            && promotions.unprotected.take().is_some()
        {
            promotions.protected = Some((run.now)());
        }
        current.state.tool_version.clone_from(&run.tool_version);
        current.state.note_consumed(&run.plan_digest);
        let in_doubt = objects.iter().any(|o| matches!(o.fate, Fate::InDoubt(_)));
        let status = match ending {
            // A promotion goes on where it stopped, or is given up in so many words.
            _ if run.plan.promotion.is_some() && ending != RunEnding::Done => None,
            _ if in_doubt => None,
            RunEnding::Interrupted => Some(RunStatus::Interrupted),
            RunEnding::Done => Some(RunStatus::Done),
            RunEnding::Failed | RunEnding::Refused | RunEnding::Unrecorded => {
                Some(RunStatus::Failed)
            }
        };
        let token = run.id.as_str();
        let save = Save { backend: run.backend, guard: run.guard, crash: &run.crash, now: run.now };
        match save.commit(&mut recorder, run.head.as_ref(), token, &mut current.state, status).await
        {
            Ok(new) => head = Some(new),
            Err(why) => {
                diagnostics.push(unrecorded(&run.id, &why));
                ending = RunEnding::Unrecorded;
            }
        }
    }
    let asked = match halt {
        Some(Halt::Asked(taken)) if ending == RunEnding::Interrupted => Some(taken),
        _ => None,
    };
    let state = current.state;
    Outcome { run: run.id.clone(), ending, objects, state, head, outputs, diagnostics, asked }
}

/// A batch that happened in part.
fn mixed(items: &[Item], why: &str) -> Diagnostic {
    let names: Vec<String> = items.iter().map(|item| item.address.to_string()).collect();
    Diagnostic::error(
        "apply::batch",
        "A batch happened in part",
        format!(
            "One call was to change {} together, all or nothing: {why}. Read back, some of them \
             are changed and some are not. State holds each as it is.",
            names.join(", ")
        ),
    )
    .help("Look at them, then plan again: what is missing is planned.")
}

fn unrecorded(run: &RunId, why: &str) -> Diagnostic {
    Diagnostic::error(
        "apply::unrecorded",
        "What was done could not be recorded",
        format!(
            "{why}. Nothing was started after that. What the journal of run {run} holds is safe; \
             what was under way is in doubt."
        ),
    )
    .help("Mend the disk or the store, then apply again: it reads what is in doubt and goes on.")
}

/// Evaluates the outputs into state. After a failure those that cannot be told stay as they were.
fn evaluate(
    run: &Run<'_>,
    current: &mut Current<'_>,
    failed: bool,
    diagnostics: &mut Diagnostics,
) -> std::collections::BTreeMap<lifeboat_sdk::Name, lifeboat_sdk::Value> {
    match run.plan.mode {
        PlanMode::Normal | PlanMode::RefreshOnly => {}
        // Outputs may need what is not there yet, and nobody asked for them.
        PlanMode::Import => return Default::default(),
        PlanMode::Destroy => {
            if !failed {
                current.state.outputs.clear();
            }
            return Default::default();
        }
    }
    let outputs = match run.finalise.outputs(&current.objects) {
        Ok(outputs) => outputs,
        Err(_) if failed => return Default::default(),
        Err(why) => {
            diagnostics.extend(why);
            return Default::default();
        }
    };
    current.state.outputs.retain(|name, _| outputs.contains_key(name.as_str()));
    for (name, value) in &outputs {
        if !value.is_wholly_known() {
            continue;
        }
        let declared = run.plan.outputs.get(name).is_some_and(|o| o.sensitive);
        let sensitive = declared || !value.marks_deep().is_empty();
        let value = if declared { value.clone().sensitive() } else { value.clone() };
        match document::store(&value) {
            Ok(document) => {
                let output = Output { document, sensitive };
                current.state.outputs.insert(name.to_string(), output);
            }
            Err(why) => {
                let text = format!("output.{name}: {why}.");
                diagnostics.push(
                    Diagnostic::error("apply::output", "An output cannot be stored", text)
                        .help("All else is in state. Give the output a simpler value, then apply."),
                );
            }
        }
    }
    outputs
}

/// What saving state needs.
struct Save<'a> {
    backend: &'a dyn StateBackend,
    guard: &'a LockGuard,
    crash: &'a Crash,
    now: &'a (dyn Fn() -> String + Sync),
}

impl Save<'_> {
    /// Commits a generation, and tells the journal; with a status it ends the run.
    async fn commit(
        &self,
        recorder: &mut Recorder<'_>,
        head: Option<&Head>,
        token: &str,
        state: &mut State,
        status: Option<RunStatus>,
    ) -> Result<Head, String> {
        self.crash.point(CrashPoint::BeforeCommit);
        let mut tries = 0;
        let new = loop {
            tries += 1;
            match self.backend.commit(self.guard, head, token, state).await {
                Ok(new) => break new,
                // Trying again with the same token finds what the first try may have written.
                Err(error) if tries >= COMMITS => {
                    return Err(format!("state could not be saved: {}", chain(&error)));
                }
                Err(_) => {}
            }
        };
        self.crash.point(CrashPoint::AfterCommit);
        (state.serial, state.term) = (new.serial, self.guard.term());
        let (serial, digest) = (new.serial, new.digest.to_string());
        recorder.add([Frame::StateCommitted(StateCommitted { serial, digest })]);
        if let Some(status) = status {
            recorder.add([Frame::RunEnd(RunEnd { status, serial, at: (self.now)() })]);
        }
        match recorder.flush().await {
            Ok(()) => Ok(new),
            Err(error) => Err(format!(
                "state was saved as generation {serial}, but the journal could not be ended: {}",
                chain(&error)
            )),
        }
    }
}
