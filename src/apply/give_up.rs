//! A promotion that is given up while the region that was to be left is still the primary.

use lifeboat_sdk::Diagnostic;
use lifeboat_state::backend::{BackendError, Loaded, StateBackend};
use lifeboat_state::journal::{RunId, RunStatus};
use lifeboat_state::lock::LockGuard;

use super::crash::Crash;
use super::fold::begun;
use super::recorder::Recorder;
use super::{Copies, Save};
use crate::plan::Plan;

/// What giving up needs.
pub struct GiveUp<'a> {
    /// Where state and journals are.
    pub backend: &'a dyn StateBackend,
    /// The lock, held.
    pub guard: &'a LockGuard,
    /// The version of lifeboat.
    pub tool_version: String,
    /// The time as text, for people.
    pub now: &'a (dyn Fn() -> String + Sync),
    /// Where to abort, in builds that can.
    pub crash: Crash,
    /// Where other machines see that it is given up, if there is such a place.
    pub copies: Option<&'a dyn Copies>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenUp {
    /// The run is over: what it changed is what the next plan takes back.
    Done,
    /// The claim has begun, so that there is only forward.
    TooLate,
    /// It could not be recorded, or another machine goes on with it: the promotion is still open.
    Unrecorded(Box<Diagnostic>),
}

impl GiveUp<'_> {
    /// Ends a run that recovery has settled, with state as it is.
    ///
    /// # Errors
    /// State or journal cannot be read or written.
    pub async fn run(
        &self,
        run: &RunId,
        plan: &Plan,
        loaded: Loaded,
    ) -> Result<GivenUp, BackendError> {
        let (journal, journalled) =
            self.backend.journal_resume(self.guard, run, &(self.now)()).await?;
        let mut late = plan.final_steps();
        if late.any(|step| begun(plan, &journalled, step)) {
            return Ok(GivenUp::TooLate);
        }
        // A machine that goes on with it meanwhile stops, or is further than this one.
        if let Some(copies) = self.copies
            && let Err(why) = copies.copy().await
        {
            return Ok(GivenUp::Unrecorded(why));
        }
        let mut recorder = Recorder::new(self.backend, self.guard, journal);
        let Loaded { mut state, head, .. } = loaded;
        state.tool_version.clone_from(&self.tool_version);
        let token = format!("{run}-{}", self.guard.term());
        let save =
            Save { backend: self.backend, guard: self.guard, crash: &self.crash, now: self.now };
        let status = Some(RunStatus::Interrupted);
        let saved = save.commit(&mut recorder, Some(&head), &token, &mut state, status).await;
        Ok(match saved {
            Ok(_) => GivenUp::Done,
            Err(why) => GivenUp::Unrecorded(Box::new(super::unrecorded(run, &why))),
        })
    }
}
