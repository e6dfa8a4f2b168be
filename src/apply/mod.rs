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
mod finish;
pub mod fold;
pub mod give_up;
mod item;
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
use lifeboat_state::journal::{Frame, Journal, RunBegin, RunId};
use lifeboat_state::lock::LockGuard;
use lifeboat_state::model::State;

use crash::Crash;
use current::Current;
use executor::{Executor, Halt};
use finish::{Save, finish, unrecorded};
use fold::Doubtful;
use prepare::Item;
use recorder::Recorder;
use request::Controls;

use crate::event::Events;
use crate::plan::{Finalise, Plan, StepId};
use crate::registry::Providers;

pub use act::{Deed, Rehearsal, Say, gates};
pub use outcome::{Counts, Fate, ObjectOutcome, Outcome, RunEnding};
pub use recover::{Known, Open, OpenPromotion, Opened, Recovered, Recovery, known};

/// How long it is waited before something that cannot be seen is looked for once more.
pub const CONFIRM: Duration = Duration::from_secs(2);

/// What is told where another machine goes on with a promotion.
pub const TAKEN_OVER: &str = "promotion::taken_over";

/// Puts what is known of a promotion where another machine can go on from it.
pub trait Copies: Send + Sync {
    /// Does so before calls are made whose intents are durable. That it failed keeps nothing from
    /// being done.
    ///
    /// # Errors
    /// Another machine has gone on with the promotion: nothing more is done here.
    fn copy(&self) -> BoxFuture<'_, Result<(), Box<Diagnostic>>>;
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
    let Begun { current, journal, done, made, in_doubt, again, controls } = match begun {
        Ok(begun) => begun,
        Err(error) => return refused(run, &error),
    };
    let mut recorder = Recorder::new(run.backend, run.guard, journal);
    recorder.add(again);
    let executor = Executor::new(&run, current, recorder, (&done, made), in_doubt, controls);
    let (current, recorder, report) = executor.run().await;
    finish(&run, current, recorder, report).await
}

/// What a run has when its first step may start.
struct Begun<'r> {
    current: Current<'r>,
    journal: Journal,
    /// The steps that are done.
    done: BTreeSet<StepId>,
    /// What is done of the others, by the places of their members.
    made: BTreeMap<StepId, BTreeSet<usize>>,
    /// The steps of which nobody knows whether they happened.
    in_doubt: Vec<Doubtful>,
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
    let (done, made, in_doubt, again, controls) = Default::default();
    Ok(Begun { current, journal, done, made, in_doubt, again, controls })
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
        made: fold::made(run.plan, &journalled),
        in_doubt: folded.doubtful.into_iter().filter(Doubtful::is_sure).collect(),
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
