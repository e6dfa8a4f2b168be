//! How a run ends: its outputs, the generation that holds what was done, and the end of the journal.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Value};
use lifeboat_state::backend::StateBackend;
use lifeboat_state::generation::Head;
use lifeboat_state::journal::{Frame, RunEnd, RunId, RunStatus, StateCommitted};
use lifeboat_state::lock::LockGuard;
use lifeboat_state::model::{Output, State};

use super::crash::{Crash, CrashPoint};
use super::current::Current;
use super::executor::Halt;
use super::outcome::{Fate, ObjectOutcome, Outcome, RunEnding};
use super::recorder::Recorder;
use super::{Report, Run, chain, document};
use crate::plan::PlanMode;

/// How often a commit of state is tried whose fate is not known.
const COMMITS: usize = 3;

/// Outputs, the new generation, and the end of the journal.
pub(super) async fn finish(
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
        diagnostics.push(Diagnostic::clone(why));
        ending = RunEnding::Unrecorded;
    } else {
        outputs = evaluate(run, &mut current, failed, &mut diagnostics);
        if ending == RunEnding::Done && diagnostics.has_errors() {
            ending = RunEnding::Failed;
        }
        if ending == RunEnding::Done {
            done(run, &mut current);
        }
        current.state.tool_version.clone_from(&run.tool_version);
        current.state.note_consumed(&run.plan_digest);
        let status = status(run, &ending, &objects);
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

/// Writes into state what holds once all of the plan is done: traffic is where it should be, and the data
/// is protected again where nothing more is owed for that.
fn done(run: &Run<'_>, current: &mut Current<'_>) {
    if run.plan.mode == PlanMode::Normal {
        current.placed();
    }
    let promotions = &mut current.state.promotions;
    if run.plan.is_whole()
        && promotions.owed.is_empty()
        && promotions.backfills.is_empty()
        && promotions.unprotected.take().is_some()
    {
        promotions.protected = Some((run.now)());
    }
}

/// What the journal is told at the end; nothing where the run stays open.
fn status(run: &Run<'_>, ending: &RunEnding, objects: &[ObjectOutcome]) -> Option<RunStatus> {
    // A promotion goes on where it stopped, or is given up in so many words.
    let stays = run.plan.promotion.is_some() && *ending != RunEnding::Done;
    if stays || objects.iter().any(|o| matches!(o.fate, Fate::InDoubt(_))) {
        return None;
    }
    Some(match ending {
        RunEnding::Interrupted => RunStatus::Interrupted,
        RunEnding::Done => RunStatus::Done,
        RunEnding::Failed | RunEnding::Refused | RunEnding::Unrecorded => RunStatus::Failed,
    })
}

/// Evaluates the outputs into state. After a failure those that cannot be told stay as they were.
fn evaluate(
    run: &Run<'_>,
    current: &mut Current<'_>,
    failed: bool,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<Name, Value> {
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
pub(super) struct Save<'a> {
    pub(super) backend: &'a dyn StateBackend,
    pub(super) guard: &'a LockGuard,
    pub(super) crash: &'a Crash,
    pub(super) now: &'a (dyn Fn() -> String + Sync),
}

impl Save<'_> {
    /// Commits a generation, and tells the journal; with a status it ends the run.
    pub(super) async fn commit(
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

pub(super) fn unrecorded(run: &RunId, why: &str) -> Diagnostic {
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
