//! Checkers: they judge from the cloud's ledger, its objects and the disk, and know nothing of
//! the code that they judge.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lifeboat_sdk::{Access, Class, Path, Value};
use lifeboat_sim::{Entry, Outcome, Sent, SimCloud, SimObject};
use lifeboat_state::store::MemoryDisk;
use serde_json::Value as Json;

use super::disk::{self, Journals, Run};

/// An object by what people know it by: kind, own name, place.
pub(super) type Known = (String, String, String);

/// What the checkers know, and what they found.
#[derive(Default)]
struct Inner {
    /// Of everybody who is at work.
    disks: Vec<MemoryDisk>,
    journals: Journals,
    /// Whether the command may change something.
    changes: bool,
    /// What must stay: every version of the files since the last convergence wants it.
    stays: BTreeSet<Known>,
    serial: u64,
    lineage: Option<String>,
    found: Vec<String>,
}

/// The checkers of one world. Clones are the same.
#[derive(Clone)]
pub(super) struct Checkers {
    cloud: SimCloud,
    inner: Arc<Mutex<Inner>>,
}

impl Checkers {
    /// Checkers that see every call to the cloud.
    pub(super) fn new(cloud: &SimCloud) -> Self {
        let this = Self { cloud: cloud.clone(), inner: Arc::default() };
        let watching = this.clone();
        cloud.watch(move |call| {
            if call.access == Access::Write {
                watching.call(call);
            }
        });
        this
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A command begins on this disk.
    pub(super) fn begin(&self, disk: &MemoryDisk, changes: bool) {
        self.begin_all(std::slice::from_ref(disk), changes);
    }

    /// Commands begin on these disks.
    pub(super) fn begin_all(&self, disks: &[MemoryDisk], changes: bool) {
        let mut inner = self.lock();
        (inner.disks, inner.changes) = (disks.to_vec(), changes);
    }

    /// What no version of the files gave up since the last convergence.
    pub(super) fn must_stay(&self, stays: BTreeSet<Known>) {
        self.lock().stays = stays;
    }

    /// What was found since this was asked last.
    pub(super) fn found(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().found)
    }

    fn report(&self, checker: &str, text: &str) {
        self.lock().found.push(format!("{checker}: {text}"));
    }

    /// The next command goes on with another copy of the state.
    #[cfg(feature = "aws")]
    pub(super) fn forget(&self) {
        let mut inner = self.lock();
        (inner.serial, inner.journals) = (0, Journals::default());
    }

    /// After a command, on the disk as it is then.
    pub(super) fn end(&self, disk: &MemoryDisk) {
        let generations = disk::generations(disk);
        let mut inner = self.lock();
        let newest = generations.keys().next_back().copied().unwrap_or_default();
        if newest < inner.serial {
            let text = format!("serials: generation {newest} came after {}", inner.serial);
            inner.found.push(text);
        }
        inner.serial = newest;
        for lineage in generations.into_values() {
            let first = inner.lineage.get_or_insert_with(|| lineage.clone()).clone();
            if first != lineage {
                inner.found.push(format!("lineage: {lineage} after {first}"));
            }
        }
    }

    /// A call that may change something is made.
    fn call(&self, call: &Entry) {
        let (disks, changes, runs) = {
            let mut inner = self.lock();
            let Inner { disks, changes, journals, .. } = &mut *inner;
            let runs: Vec<Arc<Run>> = disks.iter().flat_map(|disk| journals.runs(disk)).collect();
            (disks.clone(), *changes, runs)
        };
        let what = format!("{} {} in {}", call.operation, call.kind, call.location);
        if !changes {
            self.report("reading only", &format!("a plan called {what}"));
        }
        let unwritten = disks.iter().flat_map(MemoryDisk::failed).find(|failed| {
            failed.contains(" journal/")
                && !failed.starts_with("read")
                && !failed.starts_with("list")
        });
        if let Some(failed) = unwritten {
            self.report("journal failed", &format!("{what} after a failure to {failed}"));
        }
        for sent in &call.sent {
            let what = format!("{what} for {}", sent.address);
            let run = runs.iter().find(|run| run.step(&sent.token).is_some());
            let Some(run) = run else {
                self.report("intent first", &format!("{what}: no intent was durable"));
                continue;
            };
            self.announced(call, sent, run, &what);
            if sent.removes {
                self.removal(call, sent, run, &what);
            } else if sent.id.is_none() {
                self.creation(call, sent, run, &what);
            }
        }
    }

    /// The newest thing that the journal says of the member is that it is about to be called; and
    /// what was in doubt before was read.
    fn announced(&self, call: &Entry, sent: &Sent, run: &Run, what: &str) {
        let step = run.step(&sent.token).unwrap_or_default();
        if run.holds(step, &sent.address) {
            return;
        }
        // A deposed object has a longer name than its address.
        let is = |name: &Json| {
            let name = name.as_str().unwrap_or_default();
            name == &*sent.address || name.starts_with(&format!("{} (", sent.address))
        };
        let last = run.frames.iter().rev().filter(|(_, body)| body["step"] == step);
        let last = last.map(|(frame, body)| (&**frame, body)).find(|(frame, body)| match *frame {
            "intent" => body["members"].as_array().is_some_and(|members| members.iter().any(is)),
            "outcome" => is(&body["member"]) && body["result"]["in_doubt"].is_null(),
            "settled" => is(&body["member"]),
            _ => false,
        });
        match last {
            Some(("intent", _)) => {}
            Some((frame, _)) => {
                self.report("intent first", &format!("{what}: the newest frame is {frame}"));
            }
            None => self.report("intent first", &format!("{what}: no frame is about it")),
        }
        let ledger = self.cloud.ledger();
        let (_, earlier) = ledger.split_last().unwrap_or((call, &[]));
        let same = |e: &Entry| {
            let same = |s: &Sent| s.token == sent.token && s.address == sent.address;
            e.sent.iter().any(same) && in_doubt(e)
        };
        let Some(last) = earlier.iter().rposition(same) else { return };
        let read = earlier[last..].iter().any(|e| {
            e.access == Access::Read && e.kind == call.kind && e.location == call.location
        });
        if !read {
            self.report("doubt is read", &format!("{what}: tried again without reading"));
        }
        let doubted = earlier.iter().filter(|e| same(e)).count();
        let settled =
            run.count("settled", step, |body| is(&body["member"]) && body["verdict"] == "not_done");
        if settled < doubted {
            self.report("doubt is read", &format!("{what}: {doubted} doubts, {settled} settled"));
        }
    }

    /// Nothing is made where something of that address is, unless the plan said so.
    fn creation(&self, call: &Entry, sent: &Sent, run: &Run, what: &str) {
        let beside: Vec<&str> = of_address(run, &sent.address)
            .filter(|c| c["create_before_destroy"] == true || !c["deposed"].is_null())
            .filter_map(|c| c["id"].as_str())
            .collect();
        for object in self.cloud.objects() {
            let tagged = object.owner.as_ref().is_some_and(|o| o.address == sent.address);
            let (kind, id) = (&object.key.kind, &*object.key.id);
            if tagged && *kind == call.kind && !beside.contains(&id) {
                self.report("nothing twice", &format!("{what}: {id} is there already"));
            }
        }
    }

    /// Nothing is removed but what the plan named, and nothing that others still need.
    fn removal(&self, call: &Entry, sent: &Sent, run: &Run, what: &str) {
        let id = sent.id.as_deref().unwrap_or_default();
        let named = of_address(run, &sent.address).find(|c| {
            c["id"] == id
                && c["deferred"].is_null()
                && (c["action"] == "delete" || c["action"] == "replace")
        });
        let Some(named) = named else {
            self.report("as planned", &format!("{what}: the plan removes no {id}"));
            return;
        };
        let objects = self.cloud.objects();
        let here = |o: &&SimObject| {
            o.key.kind == call.kind && *o.key.id == *id && o.key.location == call.location
        };
        let Some(object) = objects.iter().find(here) else { return };
        if self.lock().stays.contains(&known(object)) {
            self.report("as planned", &format!("{what}: the files never gave {id} up"));
        }
        let successor_last =
            |c: &Json| c["action"] == "replace" && c["create_before_destroy"] != true;
        // Where something else goes before its successor comes, what is only removed cannot always
        // wait until all are told: who is told needs the successor, and that needs the removal.
        let pure = named["action"] == "delete" && named["deposed"].is_null();
        let forced = pure && run.changes().iter().any(successor_last);
        let first = successor_last(named) || forced;
        let same = |o: &SimObject| o.key != object.key && *o.key.id == *id;
        if first || objects.iter().any(same) {
            // Who needs it is told of its successor afterwards, or means that already.
            return;
        }
        for other in objects.iter().filter(|o| o.key != object.key && mentions(&o.document, id)) {
            let text = format!("{what}: {} {} still needs {id}", other.key.kind, other.key.id);
            self.report("dependants first", &text);
        }
    }
}

/// The planned changes of an address.
fn of_address<'a>(run: &'a Run, address: &'a str) -> impl Iterator<Item = &'a Json> {
    run.changes().iter().filter(move |change| change["address"] == address)
}

/// Whether nobody was told what came of a call.
fn in_doubt(call: &Entry) -> bool {
    match call.outcome {
        Outcome::Unanswered | Outcome::Lost => true,
        Outcome::Failed(class) => matches!(class, Class::Unreachable | Class::Garbled),
        Outcome::Done | Outcome::Vain => false,
    }
}

/// What people know an object by.
fn known(object: &SimObject) -> Known {
    let text = |name: &str| object.document.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("store").or_else(|| text("name")).unwrap_or_default();
    (object.key.kind.to_string(), name, object.key.location.region().to_string())
}

/// Whether a document holds an id as a value, or in a list of ids.
fn mentions(document: &Value, id: &str) -> bool {
    let mut found = false;
    document.walk(&Path::root(), &mut |path, value| {
        let own = path.first_attr().is_some_and(|a| matches!(a, "id" | "name" | "arn"));
        let text = value.as_str().unwrap_or_default();
        found |= !own && text.split(',').any(|part| part == id);
    });
    found
}
