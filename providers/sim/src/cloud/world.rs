//! The state of the cloud and what one call does to it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lifeboat_sdk::{Class, Failure, Location, Name, Owner, Value};
use tokio::time::Instant;

use super::fault::{Asked, Blackout, Fault, InForce};
use super::ledger::{Entry, Outcome};
use super::log::{Commit, Switch};
use super::store::{Key, Store, Stored};
use super::{Site, Strictness, Times, Watcher};

/// Everything behind the cloud's lock.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) strictness: Strictness,
    pub(crate) in_force: InForce,
    pub(crate) blackouts: BTreeMap<Location, Blackout>,
    pub(crate) latency: Duration,
    pub(crate) latencies: BTreeMap<Location, Duration>,
    pub(crate) paces: BTreeMap<String, Duration>,
    pub(crate) times: Option<Times>,
    /// The kinds whose objects are parts of others, so that nothing refers to them.
    pub(crate) parts: BTreeSet<String>,
    /// Whether what is somebody else's is there as soon as it is asked for.
    pub(crate) others: bool,
    /// What databases hold, in the order in which it was committed.
    pub(crate) logs: BTreeMap<Key, Vec<Commit>>,
    /// Writers of global clusters that another has replaced without them, and since when they are
    /// heard again.
    pub(crate) strays: BTreeMap<Key, Option<Instant>>,
    /// How other writers were made.
    pub(crate) switches: Vec<Switch>,
    /// The values of secrets.
    pub(crate) secrets: BTreeMap<Key, String>,
    /// How long a commit takes to the replicas.
    pub(crate) lag: Duration,
    /// How many commits there were.
    pub(crate) committed: u64,
    /// The regions that exist; empty for any.
    pub(crate) regions: BTreeSet<String>,
    pub(crate) ledger: Vec<Entry>,
    pub(crate) watchers: Vec<Watcher>,
    pub(crate) witnesses: Vec<Watcher>,
    /// How many entries were taken out of the ledger.
    taken: usize,
    begun: Option<Instant>,
    random: u64,
    /// Removed objects, for stale reads.
    ghosts: BTreeMap<Key, (Instant, Stored)>,
    /// What pages of listings are still to come.
    cursors: BTreeMap<u64, Vec<Name>>,
    last_cursor: u64,
    /// The objects that were made with a token.
    tokens: BTreeMap<(Name, Key), Name>,
}

/// An object as a call shows it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) id: Name,
    pub(crate) document: Value,
    pub(crate) owner: Option<Owner>,
    pub(crate) full: bool,
    pub(crate) revision: u64,
    pub(crate) ready: bool,
    pub(crate) failed: bool,
}

/// A page of a listing and what the next one is asked with.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Seen>,
    pub(crate) next: Option<u64>,
}

/// Objects on a page.
const PAGE: usize = 100;

/// How a call begins.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) entry: usize,
    pub(crate) latency: Duration,
    pub(crate) fault: Option<Fault>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: seed, ..Self::default() }
    }

    /// Removes objects, faults, blackouts and ledger; settings stay.
    pub(crate) fn clear(&mut self) {
        self.take_ledger();
        self.store = Store::default();
        self.logs.clear();
        self.strays.clear();
        self.secrets.clear();
        self.switches.clear();
        self.in_force.clear();
        self.blackouts.clear();
        self.ghosts.clear();
        self.cursors.clear();
        self.tokens.clear();
    }

    /// The next random number (splitmix64).
    pub(crate) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.random;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = usize::try_from(self.random() % (i as u64 + 1)).unwrap_or(0);
            items.swap(i, j);
        }
    }

    /// Enters a call and decides what becomes of it.
    pub(crate) fn begin(&mut self, site: &Site<'_>) -> Begun {
        let now = Instant::now();
        let begun = *self.begun.get_or_insert(now);
        let (scope, call) = (site.scope, site.call);
        self.ledger.push(Entry {
            at: now.duration_since(begun),
            account: scope.account.clone(),
            location: scope.location.clone(),
            service: scope.service.clone(),
            operation: call.operation,
            access: call.access,
            kind: site.kind.into(),
            id: site.id.map(Into::into),
            sent: site.sent.to_vec(),
            outcome: Outcome::Unanswered,
        });
        let asked = Asked {
            location: &scope.location,
            service: &scope.service,
            operation: call.operation,
            kind: site.kind,
            id: site.id,
            sent: site.sent,
        };
        let chance = self.random();
        let fault = self.in_force.strike(&asked, || chance);
        let dark = self.blackouts.get(&scope.location).map(|blackout| blackout.fault());
        Begun {
            entry: self.taken + self.ledger.len() - 1,
            latency: self.latencies.get(&scope.location).copied().unwrap_or(self.latency),
            fault: dark.or(fault),
        }
    }

    /// What a call would answer, with each object as it was before.
    pub(crate) fn in_vain<T>(
        &mut self,
        effect: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.store.begin();
        let answer = effect(self);
        self.store.end(false);
        answer
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        (self.taken + self.ledger.len()) as u64
    }

    /// A call.
    pub(crate) fn entry(&self, entry: usize) -> Option<Entry> {
        self.ledger.get(entry.checked_sub(self.taken)?).cloned()
    }

    /// Enters what came of a call.
    pub(crate) fn end(&mut self, entry: usize, outcome: Outcome) {
        let place = entry.checked_sub(self.taken);
        if let Some(entry) = place.and_then(|place| self.ledger.get_mut(place)) {
            entry.outcome = outcome;
        }
    }

    /// The ledger, which begins anew.
    pub(crate) fn take_ledger(&mut self) -> Vec<Entry> {
        self.taken += self.ledger.len();
        std::mem::take(&mut self.ledger)
    }

    /// Refuses what is not in a region that exists.
    pub(crate) fn locate(&self, location: &Location) -> Result<(), Failure> {
        let region = location.region().to_string();
        if self.regions.is_empty() || self.regions.contains(&region) {
            return Ok(());
        }
        Err(Failure::new(Class::Invalid, format!("there is no region {region}"))
            .code("InvalidRegion"))
    }

    fn stale(&mut self, since: Instant) -> bool {
        since.elapsed() < self.strictness.stale && self.random().is_multiple_of(2)
    }

    /// An object as a read shows it: perhaps as it was a moment ago.
    pub(crate) fn read(&mut self, key: &Key) -> Result<Seen, Failure> {
        let stored = self.store.get(key).cloned();
        let shown = match &stored {
            Some(now) => match &now.before {
                Some((since, before)) if self.stale(*since) => before.as_deref().cloned(),
                _ => stored,
            },
            None => match self.ghosts.get(key).cloned() {
                Some((since, ghost)) if self.stale(since) => Some(ghost),
                _ => None,
            },
        };
        shown.map(|stored| seen(&key.id, &stored)).ok_or_else(|| missing(key))
    }

    /// An object as it is, as the answer to a write shows it.
    pub(crate) fn live(&self, key: &Key) -> Result<Seen, Failure> {
        self.store.get(key).map(|stored| seen(&key.id, stored)).ok_or_else(|| missing(key))
    }

    /// A page of the objects of a kind, shuffled; a cursor is good for one page.
    pub(crate) fn list(&mut self, of: &Key, cursor: Option<u64>) -> Result<Page, Failure> {
        let mut ids = match cursor {
            Some(cursor) => self.cursors.remove(&cursor).ok_or_else(|| {
                Failure::new(Class::Invalid, "the token of the page is not known")
                    .code("InvalidToken")
            })?,
            None => {
                let found = self.store.of_kind(&of.account, &of.location, &of.kind);
                let mut ids: Vec<Name> = found.map(|(key, _)| key.id.clone()).collect();
                self.shuffle(&mut ids);
                ids
            }
        };
        let rest = ids.split_off(ids.len().min(PAGE));
        let next = (!rest.is_empty()).then(|| {
            self.last_cursor += 1;
            self.cursors.insert(self.last_cursor, rest);
            self.last_cursor
        });
        let mut items = Vec::with_capacity(ids.len());
        for id in ids {
            // What is gone since the first page is not on the later ones.
            items.extend(self.read(&Key { id, ..of.clone() }).ok());
        }
        Ok(Page { items, next })
    }

    /// The object that a token made, where it still exists.
    pub(crate) fn made_by(&self, token: &Name, of: &Key) -> Option<Key> {
        let nameless = Key { id: "".into(), ..of.clone() };
        let id = self.tokens.get(&(token.clone(), nameless))?;
        let key = Key { id: id.clone(), ..of.clone() };
        let made = self.store.get(&key)?;
        (made.token.as_ref() == Some(token)).then_some(key)
    }

    /// Makes an object, or refuses because it exists.
    pub(crate) fn create(&mut self, key: Key, stored: Stored) -> Result<Seen, Failure> {
        if self.store.get(&key).is_some() {
            let text = format!("{} {} exists already", key.kind, key.id);
            return Err(Failure::new(Class::Exists, text).code("AlreadyExists"));
        }
        if let Some(token) = &stored.token {
            let nameless = Key { id: "".into(), ..key.clone() };
            self.tokens.insert((token.clone(), nameless), key.id.clone());
        }
        let stored = Stored { before: Some((Instant::now(), None)), ..stored };
        self.store.put(key.clone(), stored);
        self.live(&key)
    }

    /// Changes an object.
    pub(crate) fn update(
        &mut self,
        key: &Key,
        document: Value,
        owner: Option<Owner>,
        ready_at: Option<Instant>,
    ) -> Result<Seen, Failure> {
        let old = self.store.get(key).cloned().ok_or_else(|| missing(key))?;
        let new = Stored {
            document,
            owner: owner.or_else(|| old.owner.clone()),
            revision: old.revision + 1,
            ready_at,
            before: Some((Instant::now(), Some(Box::new(Stored { before: None, ..old.clone() })))),
            ..old
        };
        self.store.put(key.clone(), new);
        self.live(key)
    }

    /// Removes an object, unless something is in it or refers to it.
    pub(crate) fn delete(&mut self, key: &Key) -> Result<(), Failure> {
        let stored = self.store.get(key).ok_or_else(|| missing(key))?;
        let force = stored.document.get("force_destroy").and_then(Value::as_bool);
        if stored.full && force != Some(true) {
            let text = format!("{} {} is not empty", key.kind, key.id);
            return Err(Failure::new(Class::Other, text).code("NotEmpty"));
        }
        let dependants = self.dependants(key);
        if self.strictness.dependants
            && let Some(first) = dependants.first()
        {
            let text = format!(
                "{} {} has {} dependants, such as {} {}",
                key.kind,
                key.id,
                dependants.len(),
                first.kind,
                first.id
            );
            return Err(Failure::new(Class::Other, text).code("DependencyViolation"));
        }
        self.vanish(key);
        Ok(())
    }

    fn is_part(&self, key: &Key) -> bool {
        self.parts.contains(&*key.kind)
    }

    fn dependants(&self, key: &Key) -> Vec<&Key> {
        if self.is_part(key) { Vec::new() } else { self.store.dependants(key) }
    }

    /// Removes an object and its parts, whatever else refers to it.
    pub(crate) fn vanish(&mut self, key: &Key) -> bool {
        let parts: Vec<Key> =
            self.dependants(key).into_iter().filter(|part| self.is_part(part)).cloned().collect();
        for part in parts {
            self.vanish(&part);
        }
        let Some(old) = self.store.remove(key) else { return false };
        self.ghosts.insert(key.clone(), (Instant::now(), Stored { before: None, ..old }));
        true
    }
}

fn seen(id: &Name, stored: &Stored) -> Seen {
    let ready = stored.ready_at.is_none_or(|at| Instant::now() >= at);
    let status = match (ready, stored.fails) {
        (true, true) => Some("failed"),
        (false, _) => Some("creating"),
        (true, false) => None,
    };
    let has_status = stored.document.get("status").is_some_and(|s| s.as_str().is_some());
    let document = match status {
        Some(status) if has_status => stored.document.with("status", Value::string(status)),
        _ => stored.document.clone(),
    };
    Seen {
        id: id.clone(),
        document,
        owner: stored.owner.clone(),
        full: stored.full,
        revision: stored.revision,
        ready,
        failed: ready && stored.fails,
    }
}

/// The failure that proves absence.
pub(crate) fn missing(key: &Key) -> Failure {
    let text = format!("{} {} does not exist", key.kind, key.id);
    Failure::new(Class::NotFound, text).code("NoSuchObject")
}
