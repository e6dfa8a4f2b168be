//! The event loop: starts what may start, records what ended, and waits for either.
//!
//! It owns every task and the journal. One append holds the outcomes of what ended and the
//! intents of what they release; the calls begin when it is durable.

mod acts;
mod aside;
mod handle;
mod objects;
mod requests;
mod wait;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Ctx, Diagnostic, Diagnostics, Failure, Interrupt, Present, Value};
use lifeboat_state::journal::{Frame, Intent};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::act::Deed;
use super::crash::CrashPoint;
use super::current::{Current, Ended};
use super::ends::{End, journal_step};
use super::fold::Doubtful;
use super::outcome::Fate;
use super::prepare::{Env, Item, Prepared, Read, Write, token};
use super::ready::{End as StepEnd, Ready};
use super::recorder::{Recorder, Sink, Told};
use super::request::{Controls, Taken};
use super::settle::Finding;
use super::task::{Called, read, within};
use super::{Report, Run, chain, unrecorded};
use crate::event::Event;
use crate::plan::{Plan, Step, StepId};

/// How often a running change is reported.
const PROGRESS: Duration = Duration::from_secs(10);

/// Why nothing more is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The run was interrupted.
    Interrupted(Interrupt),
    /// The journal could not be written, the lock is lost, or another machine goes on with the promotion.
    Unrecorded(Box<Diagnostic>),
    /// An operator ended it.
    Asked(Box<Taken>),
}

/// What a task came to.
enum Came {
    Wrote(Vec<Called>),
    Read(Result<Value, Failure>),
    Looked(Vec<usize>, Vec<Finding>),
    Acted(Result<Value, Failure>),
}

/// What a step does.
#[derive(Clone)]
enum Work {
    Local,
    Read(Arc<Read>),
    Write(Arc<Write>),
    Act(Arc<Deed>),
}

/// A step that has begun.
struct Running {
    work: Work,
    items: Vec<Item>,
    since: Instant,
    tell: Instant,
    attempts: u32,
    /// Ids that the API told, by member.
    told: BTreeMap<String, String>,
    ends: Vec<Option<End>>,
    /// Members that were answered as done, and count as done when that is seen; with what was answered.
    answered: BTreeMap<usize, Value>,
    /// Why members are in doubt.
    why: Option<Failure>,
}

impl Running {
    fn new(work: Work, items: Vec<Item>) -> Self {
        let (since, ends) = (Instant::now(), vec![None; items.len()]);
        let (told, answered, why) = (BTreeMap::new(), BTreeMap::new(), None);
        Self { work, items, since, tell: since + PROGRESS, attempts: 1, told, ends, answered, why }
    }
}

pub(super) struct Executor<'a> {
    run: &'a Run<'a>,
    env: Env<'a>,
    ready: Ready,
    current: Current<'a>,
    recorder: Recorder<'a>,
    tasks: JoinSet<(StepId, Came)>,
    owners: BTreeMap<Id, StepId>,
    /// Those of steps that only look, by which they are ended early.
    looking: BTreeMap<StepId, AbortHandle>,
    running: BTreeMap<StepId, Running>,
    /// Steps that are tried once more: their call was lost and had no effect.
    again: Vec<StepId>,
    told: mpsc::UnboundedReceiver<Told>,
    tell: mpsc::UnboundedSender<Told>,
    /// What acts tell while they run; nothing waits for it.
    said: mpsc::UnboundedReceiver<Event>,
    says: mpsc::UnboundedSender<Event>,
    /// `None` when nobody can interrupt any more.
    interrupt: Option<watch::Receiver<Interrupt>>,
    halt: Option<Halt>,
    report: BTreeMap<(StepId, usize), (Fate, Duration)>,
    /// What ended and is not durable yet.
    unsaved: Vec<(StepId, usize)>,
    /// What is told about it when it is durable: a reader may act on "complete".
    news: Vec<Event>,
    /// Of which step each is.
    diagnostics: Vec<(StepId, Diagnostic)>,
    /// What is done of each step, by the places of its members: where it is tried once more, only the rest is.
    made: BTreeMap<StepId, BTreeSet<usize>>,
    /// What earlier processes of the run left in doubt, and nobody could read since.
    in_doubt: BTreeMap<StepId, Doubtful>,
    /// What follows when its region answers: the promotion went on without it.
    behind: BTreeSet<StepId>,
    /// What operators asked.
    controls: Controls,
    /// What is known of their requests.
    requests: requests::Known,
}

impl<'a> Executor<'a> {
    /// With the steps that are `done` already, and what is done of others.
    pub(super) fn new(
        run: &'a Run<'a>,
        current: Current<'a>,
        recorder: Recorder<'a>,
        (done, made): (&BTreeSet<StepId>, BTreeMap<StepId, BTreeSet<usize>>),
        in_doubt: Vec<Doubtful>,
        mut controls: Controls,
    ) -> Self {
        controls.skips.extend(run.skips.clone());
        let ((tell, told), (says, said)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let &Run { plan, providers, finalise, root, .. } = run;
        let mut ready = Ready::new(&plan.steps, run.parallelism);
        ready.resume(done);
        let mut this = Self {
            env: Env { plan, providers, finalise, root },
            ready,
            current,
            recorder,
            tasks: JoinSet::new(),
            owners: BTreeMap::new(),
            looking: BTreeMap::new(),
            running: BTreeMap::new(),
            again: Vec::new(),
            told,
            tell,
            said,
            says,
            interrupt: Some(run.session.interrupt()),
            halt: None,
            report: BTreeMap::new(),
            unsaved: Vec::new(),
            news: Vec::new(),
            diagnostics: Vec::new(),
            made,
            in_doubt: in_doubt.into_iter().map(|doubtful| (doubtful.step, doubtful)).collect(),
            behind: BTreeSet::new(),
            controls,
            requests: requests::Known::default(),
            run,
        };
        this.interrupted();
        this.cut();
        this
    }

    pub(super) async fn run(mut self) -> (Current<'a>, Recorder<'a>, Report) {
        // Another machine may have done all that an earlier process left, and more.
        if self.run.resumes {
            self.copy().await;
        }
        loop {
            self.listen().await;
            let wave = self.wave();
            let recorded = self.record(!wave.is_empty()).await;
            if recorded && (wave.is_empty() || self.copy().await) {
                for step in wave {
                    self.call(step);
                }
            } else {
                self.withdraw(wave);
            }
            if self.stopped() {
                self.abandon().await;
            }
            self.tell_paused();
            if self.tasks.is_empty() {
                if self.halt.is_some() || self.ready.is_over() {
                    break;
                }
                if self.is_paused() {
                    self.rest().await;
                }
                // What changed state only may have released more.
                continue;
            }
            self.wait().await;
        }
        let objects = self.objects();
        let diagnostics = self.diagnostics.into_iter().map(|(_, told)| told).collect();
        let report = Report { objects, diagnostics: Diagnostics(diagnostics), halt: self.halt };
        (self.current, self.recorder, report)
    }

    /// Everything that may start now, prepared and with its intents in the next append.
    fn wave(&mut self) -> Vec<StepId> {
        if self.is_paused() {
            return Vec::new();
        }
        let mut wave = std::mem::take(&mut self.again);
        while self.halt.is_none() {
            let Some(id) = self.ready.start() else { break };
            let Some(step) = self.step(id) else {
                self.ready.finish(id, StepEnd::Failed);
                continue;
            };
            if self.put_aside(step) {
                continue;
            }
            let running = match self.env.prepare(&self.current, &self.rest_of(step)) {
                Ok(Prepared::Join) => {
                    self.ready.finish(id, StepEnd::Done);
                    continue;
                }
                Ok(Prepared::Act(act)) => {
                    self.act(id, act);
                    continue;
                }
                Ok(Prepared::Deed(deed)) if self.skipped(id, &deed) => continue,
                Ok(Prepared::Deed(deed)) => Running::new(Work::Act(self.telling(deed)), Vec::new()),
                Ok(Prepared::Local { item, ended, id: object }) => {
                    self.local(id, *item, &ended, object.as_deref());
                    continue;
                }
                Ok(Prepared::Read { item, read }) => Running::new(Work::Read(read), vec![*item]),
                Ok(Prepared::Write(write)) => {
                    let items = write.items.clone();
                    Running::new(Work::Write(write), items)
                }
                Err(why) => {
                    self.unprepared(step, why);
                    continue;
                }
            };
            self.recorder.add([intent(self.env.plan, id, &running.items)]);
            self.running.insert(id, running);
            wave.push(id);
        }
        wave
    }

    /// Another machine can go on with a promotion from before its next calls. Answers whether none has.
    async fn copy(&mut self) -> bool {
        let promotes = self.run.plan.promotion.is_some();
        let Some(copies) = self.run.copies.filter(|_| promotes) else { return true };
        let taken = copies.copy().await.err();
        let goes_on = taken.is_none();
        taken.into_iter().for_each(|why| self.unrecorded(why));
        goes_on
    }

    /// Nothing more is recorded, so nothing more is done.
    fn unrecorded(&mut self, why: Box<Diagnostic>) {
        // Nor does what has begun, and waits, make its call.
        self.run.session.close();
        self.halt = Some(Halt::Unrecorded(why));
    }

    fn step(&self, id: StepId) -> Option<&'a Step> {
        let steps = &self.run.plan.steps;
        let at = steps.get(id.0 as usize).filter(|step| step.id == id);
        at.or_else(|| steps.iter().find(|step| step.id == id))
    }

    /// What is still to be done of a step: all of it, but where a batch happened in part.
    fn rest_of(&self, step: &'a Step) -> Cow<'a, Step> {
        let Some(made) = self.made.get(&step.id) else { return Cow::Borrowed(step) };
        let members = step.members.iter().enumerate().filter(|(at, _)| !made.contains(at));
        let members = members.map(|(_, member)| member.clone()).collect();
        Cow::Owned(Step { members, ..step.clone() })
    }

    /// The place of a member in its step.
    fn place(&self, step: StepId, item: &Item) -> usize {
        let members = self.step(step).map(|step| &*step.members).unwrap_or_default();
        members.iter().position(|member| *member == item.member).unwrap_or_default()
    }

    /// A step that changes state only: begun and ended in one append.
    fn local(&mut self, id: StepId, item: Item, ended: &Ended, object: Option<&str>) {
        let mut running = Running::new(Work::Local, vec![item]);
        let present = match ended {
            Ended::Done(Some(document)) => {
                Some(Present::new(object.unwrap_or_default(), document.clone()))
            }
            Ended::Done(None) | Ended::Left { .. } | Ended::Nothing => None,
        };
        running.ends = vec![Some(End::Done(present))];
        self.recorder.add([intent(self.env.plan, id, &running.items)]);
        self.news.extend(Self::starting(&running));
        self.conclude(id, running);
    }

    /// Makes all that is to be recorded durable; answers whether the calls may begin.
    async fn record(&mut self, calls: bool) -> bool {
        if let Some(Halt::Unrecorded(_)) = self.halt {
            return false;
        }
        let crash = &self.run.crash;
        let (intents, outcomes) = (calls, !self.unsaved.is_empty());
        if outcomes {
            crash.point(CrashPoint::BeforeOutcome);
        }
        if intents {
            crash.point(CrashPoint::BeforeIntent);
        }
        let mut result = self.recorder.flush().await;
        if result.is_ok() {
            self.unsaved.clear();
            for event in self.news.drain(..) {
                self.run.events.event(event);
            }
            if calls {
                result = self.recorder.hold().await;
            }
        }
        if let Err(error) = result {
            self.unrecorded(Box::new(unrecorded(&self.run.id, &chain(&error))));
            return false;
        }
        if outcomes {
            crash.point(CrashPoint::AfterOutcome);
        }
        if intents {
            crash.point(CrashPoint::AfterIntent);
        }
        true
    }

    /// Steps whose intents could not be made durable are not called, nor those that another machine does.
    fn withdraw(&mut self, wave: Vec<StepId>) {
        for step in wave {
            let Some(running) = self.running.remove(&step) else { continue };
            for item in &running.items {
                let why = "the run ended before it was called".to_owned();
                let at = self.place(step, item);
                self.report.insert((step, at), (Fate::NotTried(why), Duration::ZERO));
            }
            self.ready.finish(step, StepEnd::Failed);
        }
    }

    fn call(&mut self, step: StepId) {
        let Some(running) = self.running.get_mut(&step) else { return };
        if running.attempts == 1 {
            // What went before it, copies of a promotion, is no part of how long it takes.
            running.since = Instant::now();
        }
        let running = &*running;
        let since = running.since;
        for event in Self::starting(running) {
            self.run.events.event(event);
        }
        let session = Arc::clone(&self.run.session);
        let task = match running.work.clone() {
            Work::Local => return,
            Work::Act(deed) => {
                let looks = deed.act.only_looks();
                let task = self.perform(step, deed);
                if looks {
                    self.looking.insert(step, task.clone());
                }
                task
            }
            Work::Read(work) => {
                let ctx = Ctx::read_only(session);
                let work = async move { (step, Came::Read(read(work, ctx).await)) };
                self.tasks.spawn(work.in_current_span())
            }
            Work::Write(work) => {
                let sink = Sink::new(step, self.tell.clone(), self.run.crash.clone());
                let ctx = Ctx::writing(session, Arc::new(sink));
                let limit = self.limit(step).map(|limit| limit.saturating_sub(since.elapsed()));
                let work = async move { (step, Came::Wrote(within(limit, work, ctx).await)) };
                self.tasks.spawn(work.in_current_span())
            }
        };
        self.owners.insert(task.id(), step);
    }

    /// How long the change of a step may take, where the files say so of its phase.
    fn limit(&self, step: StepId) -> Option<Duration> {
        let promotion = self.run.plan.promotion.as_ref()?;
        promotion.limits.get(&self.step(step)?.phase).copied()
    }

    fn starting(running: &Running) -> impl Iterator<Item = Event> {
        running.items.iter().filter(|_| running.attempts == 1).map(|item| Event::ApplyStart {
            address: item.address.clone(),
            operation: item.member.operation,
            id: item.doubt.id.clone(),
        })
    }
}

/// The frame that announces a step.
fn intent(plan: &Plan, step: StepId, items: &[Item]) -> Frame {
    Frame::Intent(Intent {
        step: journal_step(step),
        token: token(plan, step).to_string(),
        members: items.iter().map(|item| item.name.clone()).collect(),
    })
}
