//! `World`: a cloud, a disk and the commands that run between them, each as a process that may
//! die.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::Duration;

use lifeboat::apply::crash::Crash;
use lifeboat::apply::{Fate, RunEnding, chain};
use lifeboat::engine::applying::{Holding, Ready, Unsettled};
use lifeboat::engine::context::Contexts;
use lifeboat::engine::files::Files;
use lifeboat::engine::{Asked, Loaded, Settings, load, planning, validate};
use lifeboat::event::Silent;
use lifeboat::plan::{Plan, PlanMode, file};
use lifeboat::registry::Catalogue;
use lifeboat_sdk::{Diagnostics, Interrupt};
use lifeboat_sim::{SimCloud, SimProvider};
use lifeboat_state::backend::{StateBackend as _, StoreBackend};
use lifeboat_state::journal::RunId;
use lifeboat_state::lock::LockInfo;
use lifeboat_state::secret::{FixedKey, Key};
use lifeboat_state::store::MemoryDisk;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Plan,
    Apply,
    Destroy,
}

/// What a command came to, where it lived to its end.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// What the plan says that there is to do; `None` where none was made.
    pub(super) changes: Option<Vec<String>>,
    /// How the run ended; `None` where there was nothing to do.
    pub(super) ending: Option<RunEnding>,
    /// What was told.
    pub(super) told: Vec<String>,
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
        self.changes.is_some() && self.ending.is_none_or(|ending| ending == RunEnding::Done)
    }
}

/// When a process dies or is interrupted, counted in its polls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fatality {
    pub(super) dies: Option<u64>,
    pub(super) interrupted: Option<(u64, Interrupt)>,
}

/// What outlives processes.
pub(super) struct World {
    seed: u64,
    pub(super) cloud: SimCloud,
    pub(super) disk: MemoryDisk,
    /// How many commands were typed.
    commands: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let (cloud, disk) = (SimCloud::new(seed), MemoryDisk::new());
        Self { seed, cloud, disk, commands: 0 }
    }

    pub(super) async fn backend(&self) -> Result<StoreBackend, String> {
        let keys = FixedKey::new(Key::new([7; 32]), "the simulation's key");
        let backend = StoreBackend::memory(&self.disk, Arc::new(keys)).await;
        backend.map_err(|error| chain(&error))
    }

    /// A command as a process: `None` if it died.
    pub(super) async fn process(
        &mut self,
        verb: Verb,
        text: &str,
        fatality: Fatality,
    ) -> Option<Ended> {
        self.commands += 1;
        let (interrupt, receiver) = watch::channel(Interrupt::None);
        let command = Command { world: self, verb, text, interrupt: receiver };
        // Nothing may hang for ever: each call has a deadline, and so has each wait.
        let bounded = async {
            match tokio::time::timeout(Duration::from_secs(7200), command.run()).await {
                Ok(ended) => ended,
                Err(_) => Ended::of(vec!["HUNG: two hours passed".to_owned()]),
            }
        };
        let (cloud, disk) = (self.cloud.clone(), self.disk.clone());
        let activity = move || (cloud.calls(), disk.calls());
        Mortal::new(bounded, fatality, interrupt, activity).await
    }

    /// What is left of the disk when the process died: of what was not synced as much as `keep`.
    pub(super) fn reboot(&mut self, mut keep: impl FnMut(usize) -> usize) {
        self.disk = self.disk.crash(|unsynced| keep(unsynced.units));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The checkers hold the cloud that holds them.
        self.cloud.unwatch();
    }
}

struct Command<'a> {
    world: &'a World,
    verb: Verb,
    text: &'a str,
    interrupt: watch::Receiver<Interrupt>,
}

impl Command<'_> {
    /// Chance and clock of this command.
    fn settings(&self) -> Settings {
        let number = self.world.commands;
        let seconds = 1_767_225_600 + i64::try_from(number).unwrap() * 60;
        Settings {
            root: PathBuf::from("simulated"),
            variables: Vec::new(),
            environment: BTreeMap::new(),
            now: jiff::Timestamp::from_second(seconds).unwrap(),
            assume_down: Vec::new(),
            parallelism: 10,
            seed: self.world.seed.wrapping_mul(1_000_003).wrapping_add(number),
        }
    }

    fn load(&self, settings: &Settings, contexts: &Contexts) -> Result<Loaded, Ended> {
        let provider = SimProvider::new(&self.world.cloud);
        let builtin = Arc::new(lifeboat::builtin::Builtin);
        let catalogue = Catalogue::of(vec![builtin, Arc::new(provider)]);
        let (loaded, mut found) =
            contexts.with(|context| load::load(settings, catalogue, &*contexts.files, context));
        found.extend(contexts.with(|context| validate::check(&loaded, context)));
        if !found.has_errors() {
            return Ok(loaded);
        }
        let mut ended = Ended::of(vec![format!("INVALID:\n{}", self.text)]);
        ended.diagnostics(&found);
        Err(ended)
    }

    async fn run(self) -> Ended {
        let settings = self.settings();
        let files = BTreeMap::from([("main.dr.hcl".to_owned(), self.text.as_bytes().to_vec())]);
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
        let backend = match self.world.backend().await {
            Ok(backend) => backend,
            Err(error) => return Ended::of(vec![error]),
        };
        let result = match self.verb {
            Verb::Plan => self.planned(&settings, &contexts, &loaded, &backend).await,
            Verb::Apply | Verb::Destroy => {
                self.applied(&settings, contexts, loaded, &backend).await
            }
        };
        result.unwrap_or_else(|error| Ended::of(vec![error]))
    }

    fn asked(&self) -> Asked {
        let destroy = self.verb == Verb::Destroy;
        let mode = if destroy { PlanMode::Destroy } else { PlanMode::Normal };
        Asked { mode, ..Asked::default() }
    }

    /// `plan`: without the lock, from what the journals tell.
    async fn planned(
        &self,
        settings: &Settings,
        contexts: &Contexts,
        loaded: &Loaded,
        backend: &StoreBackend,
    ) -> Result<Ended, String> {
        use lifeboat::engine::reopened::Opener;
        let opener = Opener {
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
        let asked = Asked { in_doubt: known.in_doubt, ..self.asked() };
        let (state, interrupt) = (known.state.as_ref(), self.interrupt.clone());
        let made =
            planning::plan(loaded, settings, contexts, state, &asked, &Silent, interrupt).await;
        ended.diagnostics(&made.diagnostics);
        if !made.diagnostics.has_errors() {
            ended.changes = Some(changes(&made.plan));
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
            id: format!("lock-{}", self.world.commands),
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
        let newest = match holding.settle(&loaded, &contexts).await {
            Ok(newest) => newest,
            Err(Unsettled::State(error)) => return Err(chain(&error)),
            Err(Unsettled::Providers(found)) => return Err(format!("{found:?}")),
        };
        let mut ended = Ended::default();
        ended.diagnostics(&newest.diagnostics);
        if newest.diagnostics.has_errors() {
            return Ok(ended);
        }
        let asked = Asked { in_doubt: newest.in_doubt.clone(), ..self.asked() };
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        let interrupt = self.interrupt.clone();
        let made =
            planning::plan(&loaded, holding.settings, &contexts, state, &asked, &Silent, interrupt)
                .await;
        ended.diagnostics(&made.diagnostics);
        if made.diagnostics.has_errors() {
            return Ok(ended);
        }
        ended.changes = Some(changes(&made.plan));
        let bytes = file::write(&made.plan, &holding.backend.sealer()).map_err(|e| chain(&e))?;
        let (plan, providers) = (made.plan, made.providers);
        let ready = Ready::new(plan, bytes, loaded, contexts, providers);
        if ready.has_nothing_to_do(&newest) {
            return Ok(ended);
        }
        let id = RunId::new(format!("run-{}", self.world.commands)).map_err(|e| chain(&e))?;
        let (_, outcome, _) = holding.carry_out(id, ready, newest).await;
        ended.diagnostics(&outcome.diagnostics);
        let not_done = outcome.objects.iter().filter(|o| o.fate != Fate::Done);
        ended.told.extend(not_done.map(|o| format!("{}: {:?}", o.address, o.fate)));
        ended.ending = Some(outcome.ending);
        Ok(ended)
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
