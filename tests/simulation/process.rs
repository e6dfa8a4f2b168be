//! `Command`: a command as a process that may die, on a cloud and a disk.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::Duration;

use lifeboat::apply::crash::Crash;
use lifeboat::apply::give_up::GivenUp;
use lifeboat::apply::{Fate, OpenPromotion, Recovered, Rehearsal, RunEnding, chain};
use lifeboat::engine::applying::{Holding, Ready, Unsettled};
use lifeboat::engine::context::Contexts;
use lifeboat::engine::files::Files;
use lifeboat::engine::retiring::Retire;
use lifeboat::engine::{
    Asked, Loaded, Settings, going_on, ground, load, planning, reopened, validate,
};
use lifeboat::event::Silent;
use lifeboat::plan::{ByHand, Plan, PlanMode, Promotion, Wish, file};
use lifeboat::registry::Catalogue;
use lifeboat::view::paint::Paint;
use lifeboat::view::plan::PlanView;
use lifeboat_sdk::provider::Provider;
use lifeboat_sdk::{Diagnostics, Interrupt, Value};
use lifeboat_sim::SimCloud;
use lifeboat_state::backend::{StateBackend as _, StoreBackend};
use lifeboat_state::journal::RunId;
use lifeboat_state::lock::LockInfo;
use lifeboat_state::secret::{FixedKey, Key};
use lifeboat_state::store::MemoryDisk;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

use super::looked::Looked;

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Plan,
    Apply,
    /// An apply by somebody who means the primary that the files name.
    Promote,
    /// `preflight` of the region that the files name, which notes how far its copies are.
    Preflight,
    /// `adopt` of the primary that the files name.
    Adopt,
    /// `promote -continue` of it.
    Continue,
    /// `promote -abort`
    Abort,
    Destroy,
    /// `apply -refresh-only`
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "without AWS nothing is owed"))]
    Refresh,
    /// `apply -exclude-region=REGION`
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "without AWS nothing is owed"))]
    Without(&'static str),
    /// `retire` of all that was kept for long enough
    Retire,
    /// `retire ADDRESS`
    RetireOf(&'static str),
    /// `retire -early=NAME -reason=TEXT`
    RetireEarly(&'static str),
    /// `evacuate REGION`
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "without DNS there is no traffic"))]
    Leave(&'static str),
    /// `evacuate -end REGION`
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "without DNS there is no traffic"))]
    Return(&'static str),
}

/// What a command came to, where it lived to its end.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// What the plan says that there is to do; `None` where none was made.
    pub(super) changes: Option<Vec<String>>,
    /// How the run ended; `None` where there was nothing to do.
    pub(super) ending: Option<RunEnding>,
    /// Whether it was a promotion, begun by it or gone on with.
    pub(super) promotion: bool,
    /// What was told.
    pub(super) told: Vec<String>,
    /// What a plan that was read from its file says of each change to people, without attributes.
    pub(super) text: String,
}

impl Ended {
    fn of(told: Vec<String>) -> Self {
        Self { told, ..Self::default() }
    }

    fn diagnostics(&mut self, found: &Diagnostics) {
        let line = |d: &lifeboat_sdk::Diagnostic| {
            format!("{:?} {}: {} {}", d.severity, d.code, d.summary, d.detail)
        };
        self.told.extend(found.0.iter().map(line));
    }

    /// Whether something could not be reached and waits for another command.
    pub(super) fn put_off(&self) -> bool {
        let waits = |change: &String| ["deferred", "unread"].iter().any(|w| change.starts_with(w));
        self.changes.iter().flatten().any(waits)
    }

    /// Whether it did all it was asked for.
    pub(super) fn is_done(&self) -> bool {
        let begun = self.changes.is_some() || self.promotion;
        begun && self.ending.is_none_or(|ending| ending == RunEnding::Done)
    }
}

/// When a process dies or is interrupted, counted in its polls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fatality {
    pub(super) dies: Option<u64>,
    pub(super) interrupted: Option<(u64, Interrupt)>,
}

/// What a person says to a promotion: the approval that the run keeps, or no.
pub(super) type Approve = fn(&Promotion) -> Option<Value>;

/// A command, where it runs and what it is asked for.
pub(super) struct Command<'a> {
    pub(super) cloud: &'a SimCloud,
    pub(super) disk: &'a MemoryDisk,
    /// The provider on the cloud.
    pub(super) provider: Arc<dyn Provider>,
    pub(super) seed: u64,
    /// Counts commands: it decides their chance and ids, and their time where nothing else does.
    pub(super) number: u64,
    /// When the world began, where the clock of commands is that of the world.
    pub(super) begun: Option<Instant>,
    pub(super) verb: Verb,
    pub(super) text: &'a str,
    pub(super) approve: Approve,
    /// Stands in for what is outside of the cloud.
    pub(super) rehearsal: Option<Arc<dyn Rehearsal>>,
}

/// The clock of commands, so long after the world began.
pub(super) fn at(passed: Duration) -> jiff::Timestamp {
    let millis = 1_767_225_600_000 + i64::try_from(passed.as_millis()).unwrap();
    jiff::Timestamp::from_millisecond(millis).unwrap()
}

/// The state on a disk.
pub(super) async fn backend(disk: &MemoryDisk) -> Result<StoreBackend, String> {
    let keys = FixedKey::new(Key::new([7; 32]), "the simulation's key");
    let backend = StoreBackend::memory(disk, Arc::new(keys)).await;
    backend.map_err(|error| chain(&error))
}

impl Command<'_> {
    /// As a process: `None` if it died.
    pub(super) async fn process(self, fatality: Fatality) -> Option<Ended> {
        let (interrupt, receiver) = watch::channel(Interrupt::None);
        let (cloud, disk) = (self.cloud.clone(), self.disk.clone());
        let process = Process { command: self, interrupt: receiver };
        // Nothing may hang for ever: each call has a deadline, and so has each wait.
        let bounded = async {
            match tokio::time::timeout(Duration::from_secs(7200), process.run()).await {
                Ok(ended) => ended,
                Err(_) => Ended::of(vec!["HUNG: two hours passed".to_owned()]),
            }
        };
        let activity = move || (cloud.calls(), disk.calls());
        Mortal::new(bounded, fatality, interrupt, activity).await
    }
}

struct Process<'a> {
    command: Command<'a>,
    interrupt: watch::Receiver<Interrupt>,
}

impl Process<'_> {
    /// Chance and clock of this command.
    fn settings(&self) -> Settings {
        let Command { seed, number, begun, .. } = self.command;
        let passed = begun.map_or(Duration::from_secs(number * 60), |begun| begun.elapsed());
        Settings {
            root: PathBuf::from("simulated"),
            variables: Vec::new(),
            environment: BTreeMap::new(),
            now: at(passed),
            assume_down: Vec::new(),
            parallelism: 10,
            seed: seed.wrapping_mul(1_000_003).wrapping_add(number),
        }
    }

    fn catalogue(&self) -> Catalogue {
        let builtin = Arc::new(lifeboat::builtin::Builtin);
        Catalogue::of(vec![builtin, Arc::clone(&self.command.provider)])
    }

    fn load(&self, settings: &Settings, contexts: &Contexts) -> Result<Loaded, Ended> {
        let catalogue = self.catalogue();
        let (loaded, mut found) =
            contexts.with(|context| load::load(settings, catalogue, &*contexts.files, context));
        found.extend(contexts.with(|context| validate::check(&loaded, context)));
        if !found.has_errors() {
            return Ok(loaded);
        }
        let mut ended = Ended::of(vec![format!("INVALID:\n{}", self.command.text)]);
        ended.diagnostics(&found);
        Err(ended)
    }

    async fn run(self) -> Ended {
        let settings = self.settings();
        let files =
            BTreeMap::from([("main.dr.hcl".to_owned(), self.command.text.as_bytes().to_vec())]);
        let contexts = Contexts {
            files: Arc::new(Files::stored(files, &settings.root)),
            now: settings.now,
            settled: false,
            seed: settings.seed,
        };
        let loaded = match self.load(&settings, &contexts) {
            Ok(loaded) => loaded,
            Err(ended) => return ended,
        };
        let backend = match backend(self.command.disk).await {
            Ok(backend) => backend,
            Err(error) => return Ended::of(vec![error]),
        };
        let result = match self.command.verb {
            Verb::Plan | Verb::Preflight => {
                self.planned(&settings, &contexts, &loaded, &backend).await
            }
            Verb::Apply
            | Verb::Promote
            | Verb::Adopt
            | Verb::Continue
            | Verb::Abort
            | Verb::Destroy
            | Verb::Refresh
            | Verb::Without(_)
            | Verb::Retire
            | Verb::RetireOf(_)
            | Verb::RetireEarly(_)
            | Verb::Leave(_)
            | Verb::Return(_) => self.applied(&settings, contexts, loaded, &backend).await,
        };
        result.unwrap_or_else(|error| Ended::of(vec![error]))
    }

    fn asked(&self) -> Asked {
        let mode = match self.command.verb {
            Verb::Destroy => PlanMode::Destroy,
            Verb::Refresh => PlanMode::RefreshOnly,
            _ => PlanMode::Normal,
        };
        let by_hand = match self.command.verb {
            Verb::Adopt => Some(ByHand::Adopted),
            Verb::Continue => Some(ByHand::Continued),
            _ => None,
        };
        let promotes = matches!(self.command.verb, Verb::Promote | Verb::Preflight);
        let (back, acting) = (by_hand.is_some() || promotes, by_hand.is_some());
        let fencing = match self.command.verb {
            Verb::Leave(region) => Some(Wish::Leave(region.into())),
            Verb::Return(region) => Some(Wish::Return(region.into())),
            _ => None,
        };
        let named = |name: &str| vec![name.to_owned()];
        let wanted = match self.command.verb {
            Verb::Retire => Some((Vec::new(), Vec::new())),
            Verb::RetireOf(address) => Some((named(address), Vec::new())),
            Verb::RetireEarly(name) => Some((Vec::new(), named(name))),
            _ => None,
        };
        let reason = Some("the simulation".to_owned());
        let now = self.settings().now;
        let retire = wanted.map(|(addresses, early)| Retire { addresses, early, reason, now });
        let exclude_regions = match self.command.verb {
            Verb::Without(region) => named(region),
            _ => Vec::new(),
        };
        let asked = Asked { mode, back, by_hand, acting, fencing, retire, ..Asked::default() };
        Asked { exclude_regions, ..asked }
    }

    /// `plan`: without the lock, from what the journals tell.
    async fn planned(
        &self,
        settings: &Settings,
        contexts: &Contexts,
        loaded: &Loaded,
        backend: &StoreBackend,
    ) -> Result<Ended, String> {
        let opener = reopened::Opener {
            catalogue: loaded.catalogue.clone(),
            root: settings.root.clone(),
            sealer: backend.sealer(),
            providers: Default::default(),
        };
        let known = lifeboat::apply::known(backend, &opener.providers, &|b| opener.open(b)).await;
        let known = known.map_err(|error| chain(&error))?;
        let mut ended = Ended::default();
        ended.diagnostics(&known.diagnostics);
        if known.diagnostics.has_errors() {
            return Ok(ended);
        }
        let positions = backend.copies().known().await.map_err(|error| chain(&error))?;
        let in_doubt = known.in_doubt.clone();
        let asked = Asked { in_doubt, positions, ..self.asked() };
        let (state, interrupt) = (known.state.as_ref(), self.interrupt.clone());
        let made =
            planning::plan(loaded, settings, contexts, state, &asked, &Silent, interrupt).await;
        ended.diagnostics(&made.diagnostics);
        if !made.diagnostics.has_errors() {
            ended.changes = Some(changes(&made.plan));
            let bytes = file::write(&made.plan, &backend.sealer()).map_err(|e| chain(&e))?;
            let read = file::read(&bytes, &backend.sealer()).map_err(|e| chain(&e))?;
            let (catalogue, paint) = (&loaded.catalogue, Paint::default());
            ended.text = PlanView { catalogue, paint, compact: true }.text(&read);
        }
        if self.command.verb == Verb::Preflight {
            let looked = Looked { loaded, made: &made, known: &known, settings, backend };
            looked.note(self.interrupt.clone()).await?;
        }
        Ok(ended)
    }

    /// `apply` and `destroy`: lock, settle, plan, carry out, unlock.
    async fn applied(
        &self,
        settings: &Settings,
        contexts: Contexts,
        loaded: Loaded,
        backend: &StoreBackend,
    ) -> Result<Ended, String> {
        let info = LockInfo {
            id: format!("lock-{}", self.command.number),
            operation: "OperationTypeApply".to_owned(),
            info: String::new(),
            who: "operator@simulation".to_owned(),
            version: "0".to_owned(),
            created: settings.now.to_string(),
            path: String::new(),
            host: "simulation".to_owned(),
            pid: 1,
        };
        let guard = backend.lock(info, Duration::ZERO).await.map_err(|error| chain(&error))?;
        let holding = Holding {
            backend,
            guard: &guard,
            settings,
            events: &Silent,
            interrupt: self.interrupt.clone(),
            now: &|| settings.now.to_string(),
            crash: Crash::default(),
        };
        let result = self.under_lock(&holding, contexts, loaded).await;
        let unlocked = backend.unlock(guard).await;
        let mut ended = result?;
        if let Err(error) = unlocked {
            ended.told.push(chain(&error));
        }
        Ok(ended)
    }

    async fn under_lock(
        &self,
        holding: &Holding<'_>,
        contexts: Contexts,
        loaded: Loaded,
    ) -> Result<Ended, String> {
        let newest = holding.settle(&loaded, &contexts).await.map_err(unsettled)?;
        let mut ended = Ended::default();
        ended.diagnostics(&newest.diagnostics);
        if newest.diagnostics.has_errors() {
            return Ok(ended);
        }
        if self.command.verb == Verb::Abort {
            self.gives_up(holding, (&loaded, &contexts), newest, &mut ended).await?;
            return Ok(ended);
        }
        let ready = match &newest.promotion {
            Some(open) => self.goes_on(holding, open, &newest, &loaded, &contexts).await?,
            None => {
                let Some(ready) =
                    self.begins(holding, &newest, loaded, contexts, &mut ended).await?
                else {
                    return Ok(ended);
                };
                ready
            }
        };
        ended.promotion = ready.plan.promotion.is_some();
        let id = match &newest.promotion {
            Some(open) => open.run.clone(),
            None => RunId::new(format!("run-{}", self.command.number)).map_err(|e| chain(&e))?,
        };
        let (_, outcome, _) = holding.carry_out(id, ready, newest).await;
        ended.diagnostics(&outcome.diagnostics);
        let not_done = outcome.objects.iter().filter(|o| o.fate != Fate::Done);
        ended.told.extend(not_done.map(|o| format!("{}: {:?}", o.address, o.fate)));
        ended.ending = Some(outcome.ending);
        Ok(ended)
    }

    /// Ends an open promotion whose claim has not begun.
    async fn gives_up(
        &self,
        holding: &Holding<'_>,
        files: (&Loaded, &Contexts),
        newest: Recovered,
        ended: &mut Ended,
    ) -> Result<(), String> {
        let (Some(open), Some(state)) = (newest.promotion, newest.loaded) else { return Ok(()) };
        let plan = file::read(&open.plan, &holding.backend.sealer()).map_err(|e| chain(&e))?;
        let given_up = holding.give_up((&open.run, &plan), files, state).await;
        match given_up.map_err(unsettled)? {
            GivenUp::Done => ended.ending = Some(RunEnding::Done),
            GivenUp::TooLate => ended.told.push("too late to give it up".to_owned()),
            GivenUp::Unrecorded(why) => ended.diagnostics(&(*why).into()),
        }
        Ok(())
    }

    /// Plans; nothing where there is nothing to do, or it may not be done.
    async fn begins(
        &self,
        holding: &Holding<'_>,
        newest: &Recovered,
        loaded: Loaded,
        contexts: Contexts,
        ended: &mut Ended,
    ) -> Result<Option<Ready>, String> {
        let positions = holding.backend.copies().known().await.map_err(|error| chain(&error))?;
        let asked = Asked { in_doubt: newest.in_doubt.clone(), positions, ..self.asked() };
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        let interrupt = self.interrupt.clone();
        let made =
            planning::plan(&loaded, holding.settings, &contexts, state, &asked, &Silent, interrupt)
                .await;
        ended.diagnostics(&made.diagnostics);
        if made.diagnostics.has_errors() {
            return Ok(None);
        }
        let approval = match &made.plan.promotion {
            None => None,
            Some(promotion) => match (self.command.approve)(promotion) {
                Some(approval) => Some(approval),
                None => {
                    ended.told.push("refused: nobody approves it".to_owned());
                    return Ok(None);
                }
            },
        };
        ended.changes = Some(changes(&made.plan));
        let bytes = file::write(&made.plan, &holding.backend.sealer()).map_err(|e| chain(&e))?;
        let (plan, providers) = (made.plan, made.providers);
        let ready = Ready::new(plan, bytes, loaded, contexts, providers);
        if ready.has_nothing_to_do(newest) {
            return Ok(None);
        }
        let rehearsal = self.command.rehearsal.clone();
        Ok(Some(Ready { approval, rehearsal, ..ready }))
    }

    /// A promotion that another process began.
    async fn goes_on(
        &self,
        holding: &Holding<'_>,
        open: &OpenPromotion,
        newest: &Recovered,
        current: &Loaded,
        contexts: &Contexts,
    ) -> Result<Ready, String> {
        let mut plan = file::read(&open.plan, &holding.backend.sealer()).map_err(|e| chain(&e))?;
        let reopened = reopened::reopen(&current.catalogue, &holding.settings.root, &plan);
        let (loaded, stored) = reopened.map_err(|found| format!("{found:?}"))?;
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        let entropy = contexts.entropy();
        let renderer = contexts.renderer(&entropy);
        let context = contexts.context(&entropy, &renderer);
        let interrupt = self.interrupt.clone();
        let providers =
            ground::connect(&loaded, holding.settings, &context, state, interrupt).await;
        let providers = providers.map_err(|found| format!("{found:?}"))?;
        let (settings, interrupt) = (holding.settings, self.interrupt.clone());
        let newest =
            going_on::is_newest(&mut plan, &loaded, settings, state, &providers, interrupt).await;
        newest.map_err(|refused| {
            format!("{}: {} {}", refused.code, refused.summary, refused.detail)
        })?;
        let ready = Ready::new(plan, open.plan.clone(), loaded, stored, providers);
        let rehearsal = self.command.rehearsal.clone();
        Ok(Ready { resumes: true, rehearsal, ..ready })
    }
}

/// What a plan says that there is to do, and what it puts off.
fn changes(plan: &Plan) -> Vec<String> {
    let drift = plan.drift.iter().map(|c| format!("drift {:?} {}", c.action, c.address));
    let changes = plan.changes.iter().filter(|c| {
        let moved = c.previous_address.is_some();
        let away = c.deferred.is_some() || c.unread.is_some();
        c.action != lifeboat::diff::Action::NoOp || away || moved
    });
    let line = |c: &lifeboat::plan::ObjectChange| {
        let put_off = match (&c.deferred, &c.unread) {
            (Some(_), _) => "deferred ",
            (None, Some(_)) => "unread ",
            (None, None) => "",
        };
        format!("{put_off}{:?} {} because {:?}", c.action, c.address, c.reason)
    };
    drift.chain(changes.map(line)).collect()
}

/// How often nothing is polled again at once before time may pass.
const IDLE: u32 = 16;

/// A process: it is looked at after each poll of a task, and ends with everything in it when its
/// time has come.
struct Mortal<F, A> {
    inner: Pin<Box<F>>,
    fatality: Fatality,
    interrupt: watch::Sender<Interrupt>,
    activity: A,
    seen: (u64, u64),
    polls: u64,
    idle: u32,
    pause: Duration,
    sleeps: Option<Pin<Box<Sleep>>>,
}

impl<F: Future, A: Fn() -> (u64, u64)> Mortal<F, A> {
    fn new(inner: F, fatality: Fatality, interrupt: watch::Sender<Interrupt>, activity: A) -> Self {
        let pause = Duration::from_millis(1);
        let (seen, inner) = (activity(), Box::pin(inner));
        Self { inner, fatality, interrupt, activity, seen, polls: 0, idle: 0, pause, sleeps: None }
    }

    /// Sees to it that it is polled again: at once while something happens, else a moment later.
    fn come_back(&mut self, task: &mut Task<'_>) {
        let seen = (self.activity)();
        if std::mem::replace(&mut self.seen, seen) != seen {
            (self.idle, self.pause) = (0, Duration::from_millis(1));
        }
        self.idle += 1;
        if self.idle < IDLE {
            self.polls += 1;
            task.waker().wake_by_ref();
            return;
        }
        let mut sleeps = Box::pin(sleep(self.pause));
        self.pause = (self.pause * 2).min(Duration::from_secs(1));
        if sleeps.as_mut().poll(task).is_ready() {
            task.waker().wake_by_ref();
        }
        self.sleeps = Some(sleeps);
    }
}

impl<F: Future, A: Fn() -> (u64, u64) + Unpin> Future for Mortal<F, A> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        if self.fatality.dies.is_some_and(|dies| self.polls >= dies) {
            return Poll::Ready(None);
        }
        if let Some((at, how)) = self.fatality.interrupted
            && self.polls >= at
        {
            self.fatality.interrupted = None;
            self.interrupt.send_replace(how);
        }
        match self.inner.as_mut().poll(task) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => {
                if self.fatality != Fatality::default() {
                    self.come_back(task);
                }
                Poll::Pending
            }
        }
    }
}

fn unsettled(why: Unsettled) -> String {
    match why {
        Unsettled::State(error) => chain(&error),
        Unsettled::Providers(found) => format!("{found:?}"),
    }
}
