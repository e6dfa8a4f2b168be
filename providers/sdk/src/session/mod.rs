//! `Session`: the guards that calls of one run share, per scope and per location.
//!
//! *Slow start.* A scope begins with one call in flight and gains three with each success, so a
//! dead scope costs a fixed number of calls however many objects it holds.
//! *Breaker.* Three failures in a row that speak against the scope open it; while refreshing it
//! stays open, while applying it lets one call try again after a pause.
//! *Waste budget.* While refreshing, a location may waste [`Limits::budget`] of time: failed
//! attempts and attempts slower than [`SLOW`], divided by the calls in flight. A healthy
//! location wastes nothing and is read to its end; a dead or slow one is given up when the
//! budget is spent, whatever number of objects it holds.

mod guard;
mod rate;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, watch};

use crate::failure::Failure;
use crate::scope::{Location, Scope};

use guard::Clock;
pub(crate) use guard::Guard;
pub use guard::SLOW;
pub use rate::Rates;

/// How hard a provider may be called, from its `provider` block.
#[derive(Clone, Debug)]
pub struct Limits {
    /// One attempt of a reading call.
    pub attempt: Duration,
    /// A whole operation with its attempts, while applying.
    pub operation: Duration,
    /// What a location may waste in one refresh.
    pub budget: Duration,
    /// Calls in flight in one scope; where nothing is said, 64 while reading for a plan and 32
    /// while applying.
    pub in_flight: Option<u32>,
    /// Calls a second by service; 0 is no limit.
    pub rates: BTreeMap<String, f64>,
    /// Where those are kept: all sessions with clones of these limits keep them together.
    pub kept: Rates,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(5),
            operation: Duration::from_secs(60),
            budget: Duration::from_secs(8),
            in_flight: None,
            rates: BTreeMap::new(),
            kept: Rates::default(),
        }
    }
}

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reading for a plan: budgets hold, breakers stay open, listings are cached.
    Refresh,
    /// Applying: reads are live, breakers try again.
    Apply,
}

/// How far an interrupt went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interrupt {
    /// None.
    #[default]
    None,
    /// The first: start nothing new, stop waiting.
    Finish,
    /// The second: stop now.
    Stop,
}

/// The guards of one run.
pub struct Session {
    purpose: Purpose,
    limits: Mutex<BTreeMap<String, Limits>>,
    scopes: Mutex<BTreeMap<Scope, Arc<Guard>>>,
    /// By provider and location: an instance works in one account, which its first calls do not
    /// know yet.
    locations: Mutex<BTreeMap<(String, Location), Arc<Clock>>>,
    down: Vec<Down>,
    hurried: Option<String>,
    cache: Cache,
    interrupt: watch::Receiver<Interrupt>,
    /// Whether nothing may be changed any more.
    closed: AtomicBool,
    /// Keeps the channel open where nobody interrupts.
    _keep: Option<watch::Sender<Interrupt>>,
}

type CacheKey = (Scope, String);
type CacheCell = Arc<OnceCell<Result<Arc<dyn Any + Send + Sync>, Failure>>>;

#[derive(Default)]
pub(crate) struct Cache(Mutex<BTreeMap<CacheKey, CacheCell>>);

impl Cache {
    pub(crate) fn cell(&self, scope: &Scope, key: &str) -> CacheCell {
        lock(&self.0).entry((scope.clone(), key.to_owned())).or_default().clone()
    }
}

/// Nothing here is left half changed by a panic, so a poisoned lock is taken as it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// A session that nothing interrupts.
    pub fn new(purpose: Purpose) -> Self {
        let (sender, receiver) = watch::channel(Interrupt::None);
        Self { _keep: Some(sender), ..Self::interruptible(purpose, receiver) }
    }

    /// A session that ends early when `interrupt` says so.
    pub fn interruptible(purpose: Purpose, interrupt: watch::Receiver<Interrupt>) -> Self {
        Self {
            purpose,
            limits: Mutex::default(),
            scopes: Mutex::default(),
            locations: Mutex::default(),
            down: Vec::new(),
            hurried: None,
            cache: Cache::default(),
            interrupt,
            closed: AtomicBool::new(false),
            _keep: None,
        }
    }

    /// With regions that the operator says are down: they are never called.
    #[must_use]
    pub fn assume_down(mut self, down: Vec<Down>) -> Self {
        self.down = down;
        self
    }

    /// With a region that may be lost at any moment, while others wait for it: reading calls
    /// there are dropped after three seconds and changing ones after four, and after
    /// one that was not answered each has a second. They are tried once more at most.
    #[must_use]
    pub fn hurry(mut self, region: Option<String>) -> Self {
        self.hurried = region;
        self
    }

    /// Whether the region of a scope may be lost at any moment, while others wait for it.
    pub fn hurries(&self, scope: &Scope) -> bool {
        self.hurried.as_deref() == Some(&*scope.location.region().0)
    }

    /// Sets the limits of a provider (by name and alias).
    pub fn limit(&self, provider: &str, limits: Limits) {
        lock(&self.limits).insert(provider.to_owned(), limits);
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Refuses every changing call from now on, those too that wait for a permit or their next
    /// attempt: what they did could not be recorded.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// How far an interrupt went.
    pub fn interrupt(&self) -> watch::Receiver<Interrupt> {
        self.interrupt.clone()
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// How long one attempt of a reading call may take in a scope.
    pub fn attempt(&self, scope: &Scope) -> Duration {
        self.limits(scope).attempt
    }

    pub(crate) fn limits(&self, scope: &Scope) -> Limits {
        lock(&self.limits).get(&*scope.provider).cloned().unwrap_or_default()
    }

    pub(crate) fn guard(&self, scope: &Scope) -> Arc<Guard> {
        if let Some(guard) = lock(&self.scopes).get(scope) {
            return guard.clone();
        }
        let limits = self.limits(scope);
        let key = (scope.provider.to_string(), scope.location.clone());
        let clock = lock(&self.locations).entry(key).or_default().clone();
        let down = self.down.iter().any(|down| down.holds(&scope.location));
        let hurried = self.hurries(scope);
        let mut guard = Guard::new(scope, limits, self.purpose, clock);
        (guard.down, guard.hurried) = (down, hurried);
        let guard = Arc::new(guard);
        lock(&self.scopes).entry(scope.clone()).or_insert(guard).clone()
    }
}

/// A region of which an operator says that it is down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// Its name, as `us-east-1`.
    pub region: String,
    /// Whether the global services are down too that are at home in it.
    pub with_global: bool,
}

impl Down {
    /// With all that is at home there.
    pub fn whole(region: impl Into<String>) -> Self {
        Self { region: region.into(), with_global: true }
    }

    fn holds(&self, location: &Location) -> bool {
        let counts = match location {
            Location::Region(_) => true,
            Location::Global { .. } => self.with_global,
        };
        counts && *self.region == *location.region().0
    }
}
