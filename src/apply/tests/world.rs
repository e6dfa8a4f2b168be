//! A cloud, a disk and processes that apply: what every test of apply stands on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifeboat_sdk::{Diagnostic, Diagnostics, Interrupt, Name, Purpose, Session, Type, Value};
use lifeboat_state::backend::{Loaded, StateBackend, StoreBackend};
use lifeboat_state::journal::{Frame, RunId};
use lifeboat_state::lock::{LockGuard, LockInfo};
use lifeboat_state::model::{ObjectStatus, State};
use lifeboat_state::secret::{FixedKey, Key};
use lifeboat_state::store::MemoryDisk;
use lifeboat_state::store::memory::Fault as DiskFault;
use tokio::sync::watch;

use crate::address::Address;
use crate::apply::crash::Crash;
use crate::apply::document::load;
use crate::apply::{Fate, Known, Opened, Outcome, Recovered, Recovery, Run, apply, known};
use crate::event::{Event, Events};
use crate::plan::{Finalise, Plan};
use crate::refresh::fake::{Cloud, PART, ROW};

pub(super) use super::wants::*;

pub(super) const LINEAGE: &str = "6f1e8a52-6c1d-4d5e-9a55-0d9f5a3f7a11";

/// A process: what dies with it is in here, what stays is in the cloud and on the disk.
#[derive(Clone)]
pub(super) struct World {
    pub(super) cloud: Cloud,
    pub(super) disk: MemoryDisk,
    pub(super) plans: Arc<Mutex<BTreeMap<Vec<u8>, Plan>>>,
    pub(super) interrupt: Arc<watch::Sender<Interrupt>>,
    pub(super) events: Arc<Recorder>,
    pub(super) parallelism: usize,
    /// The call of the disk that fails in the next run, and whether all after it do.
    pub(super) disk_fault: Option<(u64, DiskFault, bool)>,
    /// How often the disk was called before that.
    pub(super) armed: Arc<AtomicU64>,
    pub(super) counter: Arc<AtomicU32>,
}

#[derive(Default)]
pub(super) struct Recorder(pub(super) Mutex<Vec<Event>>);

impl Events for Recorder {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Default for World {
    fn default() -> Self {
        Self {
            cloud: Cloud::default(),
            disk: MemoryDisk::new(),
            plans: Arc::default(),
            interrupt: Arc::new(watch::channel(Interrupt::None).0),
            events: Arc::default(),
            parallelism: 10,
            disk_fault: None,
            armed: Arc::default(),
            counter: Arc::default(),
        }
    }
}

impl World {
    /// After the process died: the disk as the next one finds it, its memory gone.
    pub(super) fn reborn(&self, disk: MemoryDisk) -> Self {
        Self {
            disk,
            interrupt: Arc::new(watch::channel(Interrupt::None).0),
            events: Arc::default(),
            ..self.clone()
        }
    }

    fn number(&self) -> u32 {
        self.counter.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) async fn backend(&self) -> StoreBackend {
        let keys = FixedKey::new(Key::new([7; 32]), "the test's key");
        StoreBackend::memory(&self.disk, Arc::new(keys)).await.unwrap()
    }

    /// Takes the lock; whoever held it is dead.
    pub(super) async fn lock(&self, backend: &StoreBackend) -> LockGuard {
        if let Some(holder) = backend.holder().await.unwrap() {
            backend.force_unlock(&holder.info.id, "test", "dead").await.unwrap();
        }
        let info = LockInfo {
            id: format!("lock-{}", self.number()),
            operation: "OperationTypeApply".to_owned(),
            info: String::new(),
            who: "test@host".to_owned(),
            version: "0".to_owned(),
            created: String::new(),
            path: String::new(),
            host: String::new(),
            pid: 1,
        };
        backend.lock(info, Duration::ZERO).await.unwrap()
    }

    pub(super) async fn state(&self) -> Option<State> {
        self.backend().await.load().await.unwrap().map(|loaded| loaded.state)
    }

    pub(super) async fn frames(&self, run: &RunId) -> Vec<Frame> {
        self.backend().await.journal_read(run).await.unwrap().frames
    }

    /// Recovers, plans and applies, as a command does.
    pub(super) async fn command(&self, wants: &[Want]) -> Outcome {
        let recovered = self.recover().await;
        let plan = planned(&self.next_plan(), recovered.loaded.map(|l| l.state).as_ref(), wants);
        self.apply(&plan).await
    }

    pub(super) fn next_plan(&self) -> String {
        format!("plan-{}", self.number())
    }

    pub(super) async fn apply(&self, plan: &Plan) -> Outcome {
        self.apply_with(plan, &References(plan.clone())).await
    }

    pub(super) async fn apply_with(&self, plan: &Plan, finalise: &dyn Finalise) -> Outcome {
        self.apply_as(&plan.id, plan, finalise).await
    }

    /// Applies under the name of a run of its own.
    pub(super) async fn apply_as(
        &self,
        run: &str,
        plan: &Plan,
        finalise: &dyn Finalise,
    ) -> Outcome {
        let backend = self.backend().await;
        let guard = self.lock(&backend).await;
        let outcome = self.apply_under(run, plan, finalise, &backend, &guard).await;
        // Fails where the lock was broken, as it does for a command.
        drop(backend.unlock(guard).await);
        outcome
    }

    pub(super) async fn apply_under(
        &self,
        run: &str,
        plan: &Plan,
        finalise: &dyn Finalise,
        backend: &StoreBackend,
        guard: &LockGuard,
    ) -> Outcome {
        let bytes = plan.id.as_bytes().to_vec();
        self.plans.lock().unwrap().insert(bytes.clone(), plan.clone());
        let (state, head) = match backend.load().await.unwrap() {
            Some(Loaded { state, head, .. }) => (state, Some(head)),
            None => (State::new(LINEAGE, "0.1.0"), None),
        };
        let session = Session::interruptible(Purpose::Apply, self.interrupt.subscribe());
        let providers = self.cloud.providers();
        let id = RunId::new(format!("run-{run}")).unwrap();
        if let Some((nth, fault, sticky)) = self.disk_fault {
            self.armed.store(self.disk.calls(), Ordering::SeqCst);
            self.disk.fail(nth, fault, sticky);
        }
        apply(Run {
            rehearsal: None,
            root: std::path::Path::new(""),
            resumes: false,
            skips: Default::default(),
            approval: None,
            id,
            plan,
            plan_bytes: bytes.clone(),
            plan_digest: lifeboat_state::digest::Digest::of(&bytes).to_string(),
            providers: &providers,
            finalise,
            state,
            head,
            backend,
            guard,
            copies: None,
            session: Arc::new(session),
            events: &*self.events,
            parallelism: self.parallelism,
            command: "apply".to_owned(),
            tool_version: "0.1.0".to_owned(),
            now: &|| "now".to_owned(),
            confirm: Duration::from_secs(2),
            crash: Crash::default(),
        })
        .await
    }

    pub(super) async fn recover(&self) -> Recovered {
        let backend = self.backend().await;
        let guard = self.lock(&backend).await;
        let providers = self.cloud.providers();
        let recovery = Recovery {
            backend: &backend,
            guard: &guard,
            providers: &providers,
            open: &|bytes| self.open(bytes),
            events: &*self.events,
            interrupt: self.interrupt.subscribe(),
            down: Vec::new(),
            tool_version: "0.1.0".to_owned(),
            now: &|| "now".to_owned(),
            confirm: Duration::from_secs(2),
            crash: Crash::default(),
        };
        let recovered = recovery.run().await.unwrap();
        backend.unlock(guard).await.unwrap();
        recovered
    }

    pub(super) async fn known(&self) -> Known {
        let backend = self.backend().await;
        known(&backend, &self.cloud.providers(), &|bytes| self.open(bytes)).await.unwrap()
    }

    fn open(&self, bytes: &[u8]) -> Result<Opened, Diagnostics> {
        let plan = self.plans.lock().unwrap()[bytes].clone();
        Ok(Opened { finalise: Box::new(References(plan.clone())), plan })
    }
}

/// Completes `input` with the id of the first object that a change depends on.
pub(super) struct References(pub(super) Plan);

impl References {
    /// An object with the policy `refused before` or `refused after` does not meet its conditions.
    fn demanded(&self, change: usize, when: &str) -> Diagnostics {
        let after = self.0.changes[change].after.as_ref();
        let policy = after.and_then(|after| after.get("policy")).and_then(Value::as_str);
        if policy != Some(&format!("refused {when}")) {
            return Diagnostics::new();
        }
        Diagnostic::error("plan::condition", "Condition failed", when).into()
    }
}

impl Finalise for References {
    fn finalise(
        &self,
        change: usize,
        objects: &BTreeMap<Address, Value>,
    ) -> Result<Value, Diagnostics> {
        let change = &self.0.changes[change];
        let after = change.after.clone().unwrap();
        let input = after.get("input").is_some_and(Value::is_unknown);
        let Some(first) = change.depends_on.first().filter(|_| input) else { return Ok(after) };
        let id = objects.get(first).and_then(|object| object.get("id")).cloned();
        Ok(after.with("input", id.expect("what it needs is done")))
    }

    fn before(&self, change: usize, _: &BTreeMap<Address, Value>) -> Diagnostics {
        self.demanded(change, "before")
    }

    fn after(&self, change: usize, objects: &BTreeMap<Address, Value>) -> Diagnostics {
        assert!(objects.contains_key(&self.0.changes[change].address), "it is known by then");
        self.demanded(change, "after")
    }

    fn leftovers(&self, _: &BTreeMap<Address, Value>) -> Diagnostics {
        Diagnostics::new()
    }

    fn outputs(
        &self,
        objects: &BTreeMap<Address, Value>,
    ) -> Result<BTreeMap<Name, Value>, Diagnostics> {
        let names = objects.keys().map(|a| Value::string(a.to_string())).collect();
        Ok([("all".into(), Value::list(Type::String, names))].into())
    }
}

/// The fate of each object, by the name of its address and operation.
pub(super) fn fates(outcome: &Outcome) -> Vec<(String, &'static str)> {
    let word = |fate: &Fate| match fate {
        Fate::Done => "done",
        Fate::Failed(_) => "failed",
        Fate::NotTried(_) => "not tried",
        Fate::InDoubt(_) => "in doubt",
    };
    outcome.objects.iter().map(|o| (o.address.name.to_string(), word(&o.fate))).collect()
}

/// What must hold after everything is applied: state and cloud say the same, once each.
pub(super) async fn converged(world: &World, wants: &[Want]) {
    let state = world.state().await.expect("a state");
    let expected: BTreeSet<String> = wants.iter().map(|w| w.address().to_string()).collect();
    let in_state: BTreeSet<String> = state.objects.keys().cloned().collect();
    assert_eq!(in_state, expected);
    let live: usize = ["a_thing", PART, ROW].iter().map(|k| world.cloud.all(k).len()).sum();
    assert_eq!(live, wants.len(), "nothing twice and nothing left: {:?}", world.cloud.ledger());
    for want in wants {
        let record = &state.objects[&want.address().to_string()];
        assert_eq!(record.status, ObjectStatus::Ok);
        assert!(record.deposed.is_empty());
        let id = record.identity.clone().expect("an id");
        let live = world.cloud.live(want.kind, &id).expect("what state names is live");
        let stored = load(&record.document).unwrap();
        assert_eq!(stored, live.document);
        assert_eq!(stored.get("size"), Some(&Value::int(want.size)));
        assert_eq!(stored.get("name"), Some(&Value::string(want.label)));
        if let Some(first) = want.needs.first() {
            let first = wants.iter().find(|w| w.name == *first).unwrap().address();
            let id = state.objects[&first.to_string()].identity.clone().unwrap();
            assert_eq!(stored.get("input").and_then(Value::as_str), Some(&*id));
        }
    }
    assert!(world.backend().await.open_runs().await.unwrap().is_empty());
}
