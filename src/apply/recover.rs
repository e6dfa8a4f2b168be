//! Runs that did not end: folded into state from their journal, and settled by reading.
//!
//! [`Recovery::run`] comes before any new plan of a command that holds the lock; [`known`] gives
//! commands without the lock the same state without writing anything. Nothing is ever tried again
//! here: what did not happen is planned anew.

use std::collections::BTreeMap;
use std::path::Path;

use lifeboat_sdk::{Diagnostic, Diagnostics, Down, Interrupt, Name, Severity};
use lifeboat_state::backend::{BackendError, Loaded, StateBackend};
use lifeboat_state::generation::Head;
use lifeboat_state::journal::{Frame, Intent, OpenRun, Run as Journalled, RunId, RunStatus};
use lifeboat_state::lock::LockGuard;
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::crash::Crash;
use super::current::Current;
use super::ends::{End, diagnostic, journal_step, record};
use super::fold::{Doubtful, Folded, fold, promotes};
use super::outcome::Fate;
use super::prepare::{Env, Item, token};
use super::recorder::Recorder;
use super::request::Controls;
use super::settle::{Finding, Whole, whole};
use super::task::{Patience, look, reading};
use super::{Save, chain};
use crate::address::Address;
use crate::event::{Event, Events};
use crate::plan::{Finalise, Operation, Plan, Promotion, StepId};
use crate::registry::Providers;

/// A plan, read back from the journal.
pub struct Opened {
    /// The plan.
    pub plan: Plan,
    /// What completes its documents.
    pub finalise: Box<dyn Finalise>,
}

/// Reads the plan that a run stored.
pub type Open<'a> = &'a (dyn Fn(&[u8]) -> Result<Opened, Diagnostics> + Sync);

/// Everything that recovery needs.
pub struct Recovery<'a> {
    /// Where state and journals are.
    pub backend: &'a dyn StateBackend,
    /// The lock, held.
    pub guard: &'a LockGuard,
    /// Kinds, able to make calls.
    pub providers: &'a Providers,
    /// Reads stored plans.
    pub open: Open<'a>,
    /// Told what happens.
    pub events: &'a dyn Events,
    /// The interrupt of the command.
    pub interrupt: watch::Receiver<Interrupt>,
    /// Regions that the operator says are down.
    pub down: Vec<Down>,
    /// The version of lifeboat.
    pub tool_version: String,
    /// The time as text, for people.
    pub now: &'a (dyn Fn() -> String + Sync),
    /// [`super::CONFIRM`], shorter in tests.
    pub confirm: std::time::Duration,
    /// Where to abort, in builds that can.
    pub crash: Crash,
}

/// What recovery came to.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// The newest state, settled runs included; `None` before the first apply.
    pub loaded: Option<Loaded>,
    /// Runs that were settled and are over now.
    pub settled: Vec<RunId>,
    /// A promotion that is settled and not over: nothing else is changed before it is.
    pub promotion: Option<OpenPromotion>,
    /// Objects of which it is still not known what happened, and why: nothing may be planned for
    /// them, nor for what depends on them.
    pub in_doubt: BTreeMap<Address, String>,
    /// With an error the command stops; state is safe, and the next one goes on from it.
    pub diagnostics: Diagnostics,
}

/// A promotion that is not over.
#[derive(Clone, Debug)]
pub struct OpenPromotion {
    /// Its run.
    pub run: RunId,
    /// Its plan as it was saved.
    pub plan: Vec<u8>,
}

/// State as the journals know it, for commands without the lock.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The state, open runs folded in; `None` before the first apply.
    pub state: Option<State>,
    /// The newest generation.
    pub head: Option<Head>,
    /// Runs without an end: interrupted, or at work now.
    pub open: Vec<RunId>,
    /// The one of them that makes another region the primary.
    pub promotion: Option<Promotion>,
    /// What operators asked of it.
    pub controls: Controls,
    /// Objects of which it is not known what happened, and why.
    pub in_doubt: BTreeMap<Address, String>,
    /// What could not be read.
    pub diagnostics: Diagnostics,
}

/// State as the journals know it. Writes nothing and calls nothing.
///
/// # Errors
/// State or journals cannot be read.
pub async fn known(
    backend: &dyn StateBackend,
    providers: &Providers,
    open: Open<'_>,
) -> Result<Known, BackendError> {
    let mut known = Known::default();
    if let Some(Loaded { state, head, .. }) = backend.load().await? {
        (known.state, known.head) = (Some(state), Some(head));
    }
    for OpenRun { id, run } in in_order(backend.open_runs().await?) {
        let run = match run {
            Ok(run) => run,
            Err(error) => {
                known.diagnostics.push(unreadable(&id, &chain(&error)));
                continue;
            }
        };
        let opened = match open(&run.begin.plan) {
            Ok(opened) => opened,
            Err(why) => {
                known.diagnostics.extend(why);
                continue;
            }
        };
        let frames = backend.journal_read(&id).await?.frames;
        let state = known.state.take().unwrap_or_else(|| fresh(&run));
        let Folded { current, doubtful, problems } =
            fold(&opened.plan, providers, state, &run, &frames);
        known.in_doubt.extend(doubtful.iter().flat_map(|d| d.told(&opened.plan)));
        known.diagnostics.extend(problems);
        known.state = Some(current.state);
        known.open.push(id);
        let promotes = promotes(&opened.plan, &run);
        if promotes {
            known.controls = Controls::replayed(&frames);
        }
        known.promotion = known.promotion.or(opened.plan.promotion.filter(|_| promotes));
    }
    Ok(known)
}

/// Older runs first.
fn in_order(mut runs: Vec<OpenRun>) -> Vec<OpenRun> {
    runs.sort_by_key(|open| {
        let begin = open.run.as_ref().map(|run| (run.begin.base_serial, run.begin.term));
        (begin.unwrap_or_default(), open.id.clone())
    });
    runs
}

fn fresh(run: &Journalled) -> State {
    State::new(run.begin.lineage.clone(), run.begin.tool_version.clone())
}

fn unreadable(run: &RunId, why: &str) -> Diagnostic {
    let detail = format!("{why}. Until then it is not known what run {run} did.");
    Diagnostic::error("apply::journal", "The journal of an open run cannot be read", detail)
}

/// A step of an open run with members in doubt.
struct Unsettled {
    step: StepId,
    items: Vec<Item>,
    findings: Vec<Finding>,
}

impl Unsettled {
    /// Whether something new was found to be there.
    fn made(&self) -> bool {
        let mut all = self.items.iter().zip(&self.findings);
        all.any(|(item, found)| {
            item.member.operation == Operation::Create && matches!(found, Finding::Done(_))
        })
    }
}

impl Recovery<'_> {
    /// Folds and settles every open run.
    ///
    /// # Errors
    /// State or journals cannot be read or written.
    pub async fn run(&self) -> Result<Recovered, BackendError> {
        let mut recovered =
            Recovered { loaded: self.backend.load().await?, ..Recovered::default() };
        for OpenRun { id, run } in in_order(self.backend.open_runs().await?) {
            let run = match run {
                Ok(run) => run,
                Err(error) => {
                    recovered.diagnostics.push(unreadable(&id, &chain(&error)));
                    break;
                }
            };
            match (self.open)(&run.begin.plan) {
                Ok(opened) => self.one(&opened, run, &mut recovered).await?,
                Err(why) => {
                    recovered.diagnostics.extend(why);
                    break;
                }
            }
        }
        Ok(recovered)
    }

    async fn one(
        &self,
        opened: &Opened,
        run: Journalled,
        recovered: &mut Recovered,
    ) -> Result<(), BackendError> {
        let id = run.begin.run.clone();
        let promotes = promotes(&opened.plan, &run);
        if promotes {
            let plan = run.begin.plan.to_vec();
            recovered.promotion = Some(OpenPromotion { run: id.clone(), plan });
        }
        let frames = self.backend.journal_read(&id).await?.frames;
        let loaded = recovered.loaded.take();
        let (state, head) = match loaded.clone() {
            Some(Loaded { state, head, .. }) => (state, Some(head)),
            None => (fresh(&run), None),
        };
        let folded = fold(&opened.plan, self.providers, state, &run, &frames);
        let Folded { mut current, doubtful, problems } = folded;
        if problems.has_errors() {
            // Closing the run would lose what could not be read of it.
            recovered.diagnostics.extend(problems);
            recovered.loaded = loaded;
            return Ok(());
        }
        let in_doubt = doubtful.iter().map(|d| d.members.len()).sum();
        self.events.event(Event::Recovering { run: id.to_string(), in_doubt });
        let unsettled = self.look(opened, &current, &doubtful).await;
        if is_idle(&unsettled, &frames) {
            recovered.show_unread(&unsettled);
            recovered.loaded = loaded;
            return Ok(());
        }
        let (journal, _) = self.backend.journal_resume(self.guard, &id, &(self.now)()).await?;
        let mut recorder = Recorder::new(self.backend, self.guard, journal);
        recorder.add(doubtful.iter().filter_map(|d| doubted(&opened.plan, d)));
        let made = unsettled.iter().any(Unsettled::made);
        let seen: usize = unsettled.iter().map(|u| u.items.len()).sum();
        let mut open =
            self.settle(&mut current, &mut recorder, unsettled, recovered) || seen < in_doubt;
        recorder.flush().await?;
        current.state.tool_version.clone_from(&self.tool_version);
        let mut state = current.state;
        let token = format!("{id}-{}", self.guard.term());
        open |= promotes;
        let status = (!open).then_some(RunStatus::Folded);
        let save =
            Save { backend: self.backend, guard: self.guard, crash: &self.crash, now: self.now };
        match save.commit(&mut recorder, head.as_ref(), &token, &mut state, status).await {
            Ok(head) => recovered.loaded = Some(Loaded { state, head, commit: token }),
            Err(why) => {
                recovered.diagnostics.push(super::unrecorded(&id, &why));
                recovered.loaded = loaded;
                return Ok(());
            }
        }
        if !open {
            recovered.settled.push(id);
        }
        if made {
            // What one read showed the next may not show yet, and planning would make it again.
            // An interrupt ends the wait; then nothing is planned.
            let ctx = reading(self.providers, self.interrupt.clone(), self.down.clone());
            drop(ctx.wait(self.confirm).await);
        }
        Ok(())
    }

    /// Reads everything that is in doubt, all scopes at the same time.
    async fn look(
        &self,
        opened: &Opened,
        current: &Current<'_>,
        doubtful: &[Doubtful],
    ) -> Vec<Unsettled> {
        let env = Env {
            plan: &opened.plan,
            providers: self.providers,
            finalise: &*opened.finalise,
            // What is read back runs no commands.
            root: Path::new(""),
        };
        let mut all: Vec<Unsettled> =
            doubtful.iter().filter_map(|d| unsettled(&env, current, d)).collect();
        let mut places = Vec::new();
        let mut items = Vec::new();
        for (s, step) in all.iter().enumerate() {
            for (i, item) in step.items.iter().enumerate() {
                let kind = self.providers.kind(&item.provider, &item.address.kind);
                let remote =
                    kind.is_none_or(|k| k.ownership() != lifeboat_sdk::Ownership::StateOnly);
                if remote && writes(item.member.operation) {
                    places.push((s, i));
                    items.push(item.clone());
                }
            }
        }
        let ctx = || reading(self.providers, self.interrupt.clone(), self.down.clone());
        let patience = Patience { pause: self.confirm, rounds: 1, late: false };
        let findings = look(self.providers, &items, &ctx, patience).await;
        for ((s, i), finding) in places.into_iter().zip(findings) {
            all[s].findings[i] = finding;
        }
        all
    }

    /// Records what reading told; answers whether something is still in doubt.
    fn settle(
        &self,
        current: &mut Current<'_>,
        recorder: &mut Recorder<'_>,
        unsettled: Vec<Unsettled>,
        recovered: &mut Recovered,
    ) -> bool {
        let mut open = false;
        for Unsettled { step, items, findings } in unsettled {
            if whole(&findings.iter().collect::<Vec<_>>()) == Whole::Mixed {
                recovered.diagnostics.push(super::mixed(&items, "the run was interrupted"));
            }
            for (item, finding) in items.iter().zip(findings) {
                let kind = self.providers.kind(&item.provider, &item.address.kind);
                let sure = matches!(finding, Finding::NotDone);
                let end = match kind {
                    Some(kind) => End::of_finding(&**kind, item, finding, ""),
                    None => End::InDoubt(format!("the provider {} is missing", item.provider)),
                };
                let attributes = kind.map(|k| k.schema().attributes).unwrap_or_default();
                let end = end.storable(item, attributes);
                let told = item.doubt.identified.as_deref();
                let recorded = record(step, item, attributes, &end, told);
                recorder.add(recorded.frames);
                current.take(&item.member, recorded.id.as_deref(), &recorded.ended);
                open |= matches!(end, End::InDoubt(_));
                if !sure {
                    recovered.show(item, &end);
                }
            }
        }
        open
    }
}

impl Recovered {
    /// Shows of what could not be read that it is still in doubt.
    fn show_unread(&mut self, unsettled: &[Unsettled]) {
        for (item, finding) in unsettled.iter().flat_map(|u| u.items.iter().zip(&u.findings)) {
            if let Finding::Unread(unread) = finding {
                self.show(item, &End::InDoubt(unread.message.clone()));
            }
        }
    }

    /// Shows how a member ended; what is only not known yet is a warning.
    fn show(&mut self, item: &Item, end: &End) {
        if let Fate::InDoubt(why) = end.fate() {
            self.in_doubt.insert(item.address.clone(), why);
        }
        if let Some(mut shown) = diagnostic(item, end) {
            if matches!(end, End::InDoubt(_) | End::NotDone(_)) {
                shown.severity = Severity::Warning;
            }
            self.diagnostics.push(shown);
        }
    }
}

/// Whether there is nothing to fold and nothing to settle, so that a run stays as it is.
fn is_idle(unsettled: &[Unsettled], frames: &[Frame]) -> bool {
    let unread = |u: &Unsettled| u.findings.iter().all(|f| matches!(f, Finding::Unread(_)));
    let committed = frames.iter().any(|f| matches!(f, Frame::StateCommitted(_)));
    !unsettled.is_empty() && unsettled.iter().all(unread) && committed && !news(frames)
}

/// Whether something happened after the last generation that the run committed.
fn news(frames: &[Frame]) -> bool {
    let last = frames.iter().rposition(|f| matches!(f, Frame::StateCommitted(_)));
    let after = last.map_or(0, |last| last + 1);
    frames[after..].iter().any(|f| f.events().is_some())
}

fn writes(operation: Operation) -> bool {
    match operation {
        Operation::Create | Operation::Update | Operation::Delete | Operation::DeleteDeposed => {
            true
        }
        Operation::Read | Operation::Import | Operation::Forget => false,
    }
}

fn unsettled(env: &Env<'_>, current: &Current<'_>, doubtful: &Doubtful) -> Option<Unsettled> {
    let step = env.plan.steps.iter().find(|s| s.id == doubtful.step)?;
    let mut items = Vec::new();
    for (member, identified) in &doubtful.members {
        let planned = env.planned_in_doubt(current, step, member);
        let Ok(mut item) = env.item(current, step, member, planned) else { continue };
        item.doubt.identified = identified.as_deref().map(Name::from);
        items.push(item);
    }
    let findings = vec![Finding::NotDone; items.len()];
    Some(Unsettled { step: doubtful.step, items, findings })
}

/// The frame that puts members in doubt whose intent may have been lost.
fn doubted(plan: &Plan, doubtful: &Doubtful) -> Option<Frame> {
    let members: Vec<String> = doubtful.lost(plan);
    (!members.is_empty()).then(|| {
        Frame::Doubted(Intent {
            step: journal_step(doubtful.step),
            token: token(plan, doubtful.step).to_string(),
            members,
        })
    })
}
