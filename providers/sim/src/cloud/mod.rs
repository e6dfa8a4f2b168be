//! `SimCloud`: regions, services and objects in memory, shared by all providers over it.

pub mod fault;
pub mod ledger;
pub mod log;
pub mod store;

pub(crate) mod world;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lifeboat_sdk::{Call, Failure, Location, Name, Owner, Scope, Value};

use fault::{Blackout, Fault, Rule, RuleId};
use ledger::{Entry, Outcome, Sent};
use store::{Key, SimObject, Stored};
use world::World;

/// How the cloud differs from the lenient ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strictness {
    /// What others refer to cannot be deleted.
    pub dependants: bool,
    /// A part of another object cannot be made where that object is missing.
    pub parents: bool,
    /// For this long after a change a read may show what was before.
    pub stale: Duration,
}

impl Default for Strictness {
    fn default() -> Self {
        Self { dependants: true, parents: true, stale: Duration::ZERO }
    }
}

/// A simulated cloud; clones are the same cloud.
#[derive(Clone)]
pub struct SimCloud(Arc<Mutex<World>>);

/// Who makes a call, where and about what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) call: &'static Call,
    pub(crate) kind: &'a str,
    pub(crate) id: Option<&'a str>,
    pub(crate) sent: &'a [Sent],
}

/// Sees each call as it is made, before it has an effect.
#[derive(Clone)]
pub(crate) struct Watcher(Arc<dyn Fn(&Entry) + Send + Sync>);

/// A change of an object, as far as its time is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Timed<'a> {
    /// The object's address.
    pub address: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// `create`, `update` or `delete`.
    pub operation: &'static str,
    /// Where.
    pub location: &'a Location,
}

/// Says how long changes take.
#[derive(Clone)]
pub(crate) struct Times(Arc<dyn Fn(Timed<'_>) -> Option<Duration> + Send + Sync>);

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Times")
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

impl fmt::Debug for SimCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimCloud")
    }
}

impl Default for SimCloud {
    fn default() -> Self {
        Self::new(0)
    }
}

impl SimCloud {
    /// An empty cloud; the seed decides the order of listings, stale reads and chances.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(World::new(seed))))
    }

    /// Nothing is left half changed by a panic, so a poisoned lock is taken as it is.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how strict it is.
    pub fn set_strictness(&self, strictness: Strictness) {
        self.lock().strictness = strictness;
    }

    /// Lets everything that is somebody else's be there, as whoever asks for it first would have it.
    pub fn has_what_others_make(&self) {
        self.lock().others = true;
    }

    /// Sets which regions exist; without this any does.
    pub fn set_regions(&self, regions: &[&str]) {
        self.lock().regions = regions.iter().map(|r| (*r).to_owned()).collect();
    }

    /// Sets how long a call takes.
    pub fn set_latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// Sets how long a call to one location takes.
    pub fn set_latency_at(&self, location: Location, latency: Duration) {
        self.lock().latencies.insert(location, latency);
    }

    /// Sets how long it takes until a new or changed object of a kind is usable.
    pub fn set_pace(&self, kind: &str, pace: Duration) {
        self.lock().paces.insert(kind.to_owned(), pace);
    }

    /// Sets how long changes take from their first call until they are told to be done, where
    /// `times` says so; all others take as long as their calls and the pace of their kind.
    pub fn set_times(&self, times: impl Fn(Timed<'_>) -> Option<Duration> + Send + Sync + 'static) {
        self.lock().times = Some(Times(Arc::new(times)));
    }

    /// How long a change takes, where that was set.
    pub(crate) fn time(&self, change: Timed<'_>) -> Option<Duration> {
        // What says so may look at the cloud: the lock is not held while it does.
        let times = self.lock().times.clone()?;
        (times.0)(change)
    }

    /// Makes calls fail.
    pub fn inject(&self, rule: Rule) -> RuleId {
        self.lock().in_force.inject(rule)
    }

    /// Removes a rule; how many calls it struck.
    pub fn remove_rule(&self, id: RuleId) -> u64 {
        self.lock().in_force.remove(id)
    }

    /// Removes all rules; how many calls they struck. Blackouts stay.
    pub fn clear_rules(&self) -> u64 {
        self.lock().in_force.clear()
    }

    /// Loses a region or a global plane. A region and the plane at home in it are lost apart.
    pub fn blackout(&self, location: Location, how: Blackout) {
        let mut world = self.lock();
        // What has left it by now arrives.
        world.ship();
        crate::ahead::secret::share(&mut world);
        world.blackouts.insert(location, how);
    }

    /// Brings a location back, with all it held.
    pub fn restore(&self, location: &Location) {
        self.lock().blackouts.remove(location);
    }

    /// Shows each call to `watcher` as it is made, before it has an effect.
    pub fn watch(&self, watcher: impl Fn(&Entry) + Send + Sync + 'static) {
        self.lock().watchers.push(Watcher(Arc::new(watcher)));
    }

    /// Shows each call that was carried out or refused to `watcher`, before it is answered.
    pub fn watch_answers(&self, watcher: impl Fn(&Entry) + Send + Sync + 'static) {
        self.lock().witnesses.push(Watcher(Arc::new(watcher)));
    }

    /// Ends [`Self::watch`] and [`Self::watch_answers`]: a watcher that holds the cloud keeps it
    /// alive.
    pub fn unwatch(&self) {
        let mut world = self.lock();
        let watchers = (std::mem::take(&mut world.watchers), std::mem::take(&mut world.witnesses));
        drop(world);
        drop(watchers);
    }

    /// How many calls there were, whatever was taken out of the ledger.
    pub fn calls(&self) -> u64 {
        self.lock().calls()
    }

    /// The calls so far.
    pub fn ledger(&self) -> Vec<Entry> {
        self.lock().ledger.clone()
    }

    /// The calls so far; the ledger begins anew.
    pub fn take_ledger(&self) -> Vec<Entry> {
        self.lock().take_ledger()
    }

    /// Everything that exists.
    pub fn objects(&self) -> Vec<SimObject> {
        self.lock().store.all().map(|(key, stored)| object(key, stored)).collect()
    }

    /// One object, without a call.
    pub fn get(&self, key: &Key) -> Option<SimObject> {
        self.lock().store.get(key).map(|stored| object(key, stored))
    }

    /// The first object of this kind and id, wherever it is.
    pub fn find(&self, kind: &str, id: &str) -> Option<SimObject> {
        let world = self.lock();
        let mut all = world.store.all().filter(|(key, _)| *key.kind == *kind && *key.id == *id);
        all.next().map(|(key, stored)| object(key, stored))
    }

    /// Puts an object there without a call: what was there before the story begins.
    pub fn put(&self, key: Key, document: Value, owner: Option<Owner>) {
        self.lock().store.put(key, Stored::plain(document.unmark_deep(), owner));
    }

    /// Changes an object behind the provider's back; whether it was there.
    pub fn edit(&self, key: &Key, change: impl FnOnce(Value) -> Value) -> bool {
        let mut world = self.lock();
        let Some(old) = world.store.get(key).cloned() else { return false };
        let document = change(old.document.clone());
        world.store.put(key.clone(), Stored { document, revision: old.revision + 1, ..old });
        true
    }

    /// Removes an object and its parts behind the provider's back; whether it was there.
    pub fn remove(&self, key: &Key) -> bool {
        self.lock().vanish(key)
    }

    /// Puts data into an object or takes it out; whether it was there.
    pub fn fill(&self, key: &Key, full: bool) -> bool {
        let mut world = self.lock();
        let Some(old) = world.store.get(key).cloned() else { return false };
        world.store.put(key.clone(), Stored { full, ..old });
        true
    }

    /// Removes all objects, faults and blackouts and empties the ledger.
    pub fn clear(&self) {
        let mut world = self.lock();
        world.clear();
    }

    /// Takes a call: latency, blackouts and faults around its effect.
    pub(crate) async fn request<T>(
        &self,
        site: Site<'_>,
        effect: impl FnOnce(&mut World) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let begun = self.lock().begin(&site);
        // A watcher may look at the cloud: the lock is not held while it does.
        let watchers = self.lock().watchers.clone();
        self.show(&watchers, begun.entry);
        if begun.latency.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(begun.latency).await;
        }
        match begun.fault {
            Some(Fault::BlackHole) => std::future::pending().await,
            Some(fault) if !fault.after_effect() => {
                let failure = fault.failure().unwrap_or_else(|| unavailable(site.scope));
                self.lock().end(begun.entry, Outcome::Failed(failure.class));
                Err(failure)
            }
            fault => {
                let result = {
                    let mut world = self.lock();
                    let vain = fault == Some(Fault::Vain);
                    world.locate(&site.scope.location).and_then(|()| match vain {
                        true => world.in_vain(effect),
                        false => effect(&mut world),
                    })
                };
                self.answer(begun.entry, fault, result).await
            }
        }
    }

    fn show(&self, watchers: &[Watcher], entry: usize) {
        if watchers.is_empty() {
            return;
        }
        let entry = self.lock().entry(entry);
        for Watcher(watcher) in watchers {
            entry.iter().for_each(|entry| watcher(entry));
        }
    }

    async fn answer<T>(
        &self,
        entry: usize,
        fault: Option<Fault>,
        result: Result<T, Failure>,
    ) -> Result<T, Failure> {
        let vain = fault == Some(Fault::Vain);
        let outcome = match &result {
            Ok(_) if vain => Outcome::Vain,
            Ok(_) => Outcome::Lost,
            Err(failure) => Outcome::Failed(failure.class),
        };
        self.lock().end(entry, outcome);
        let witnesses = self.lock().witnesses.clone();
        self.show(&witnesses, entry);
        if let Some(Fault::Slow(time)) = &fault {
            tokio::time::sleep(*time).await;
        }
        if let Some(failure) = fault.and_then(|fault| fault.failure()) {
            return Err(failure);
        }
        if result.is_ok() && !vain {
            self.lock().end(entry, Outcome::Done);
        }
        result
    }
}

fn unavailable(scope: &Scope) -> Failure {
    Failure::new(lifeboat_sdk::Class::Unreachable, format!("{} is down", scope.location))
}

fn object(key: &Key, stored: &Stored) -> SimObject {
    SimObject {
        key: key.clone(),
        document: stored.document.clone(),
        owner: stored.owner.clone(),
        full: stored.full,
    }
}

impl Key {
    /// What names an object in a region.
    pub fn regional(account: &str, region: &str, kind: &str, id: &str) -> Self {
        let location = Location::Region(region.into());
        Self { account: account.into(), location, kind: kind.into(), id: id.into() }
    }

    /// What names an object of a global service.
    pub fn global(account: &str, home: &str, kind: &str, id: &str) -> Self {
        let location = Location::Global { home: home.into() };
        Self { account: account.into(), location, kind: kind.into(), id: id.into() }
    }

    /// What names an object of a scope.
    pub(crate) fn of(scope: &Scope, kind: &str, id: impl Into<Name>) -> Self {
        Self {
            account: scope.account.clone(),
            location: scope.location.clone(),
            kind: kind.into(),
            id: id.into(),
        }
    }
}
