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

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore, watch};
use tokio::time::Instant;

use crate::failure::{Class, Failure};
use crate::scope::{Location, Scope};

/// An attempt slower than this counts as wasted time while refreshing.
pub const SLOW: Duration = Duration::from_millis(1000);

/// Calls in flight in one scope while reading for a plan.
const READING: u32 = 64;
/// The same while applying: changes are dearer to a control plane than reads.
const APPLYING: u32 = 32;

/// How many more calls each answer lets go at a time, up to the limit: a scope is tried with one call,
/// and has 64 after three rounds of answers.
const WIDER: u32 = 3;

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

/// The rates of scopes, kept by all sessions that share it: a plan and its apply follow one another
/// at once, and the service counts both.
#[derive(Clone, Default)]
pub struct Rates(Arc<Mutex<BTreeMap<Scope, Arc<Bucket>>>>);

impl Rates {
    fn of(&self, scope: &Scope, rate: f64) -> Arc<Bucket> {
        let mut buckets = lock(&self.0);
        Arc::clone(buckets.entry(scope.clone()).or_insert_with(|| Arc::new(Bucket::new(rate))))
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rates")
    }
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
    /// there are dropped after three seconds and changing ones after the budget of a refresh, and after
    /// one that was not answered each has a second. They are tried once more at most.
    #[must_use]
    pub fn hurry(mut self, region: Option<String>) -> Self {
        self.hurried = region;
        self
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
        let hurried = self.hurried.as_deref() == Some(&*scope.location.region().0);
        let rate = limits.rates.get(&*scope.service).copied().filter(|r| *r > 0.0);
        let in_flight = limits.in_flight.unwrap_or(match self.purpose {
            Purpose::Refresh => READING,
            Purpose::Apply => APPLYING,
        });
        let guard = Arc::new(Guard {
            in_flight: in_flight.max(1),
            permits: Semaphore::new(1),
            clock,
            bucket: rate.map(|rate| limits.kept.of(scope, rate)),
            down,
            hurried,
            limits,
            refresh: self.purpose == Purpose::Refresh,
            inner: Mutex::new(Inner { granted: 1, failures: 0, open: None, why: String::new() }),
        });
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

/// The wasted time of one location.
#[derive(Default)]
pub(crate) struct Clock {
    wasted: Mutex<Duration>,
    /// Whether anything there ever answered in this session.
    answered: AtomicBool,
    /// Whether nothing answered the last call there.
    silent: AtomicBool,
}

/// The guards of one scope.
pub(crate) struct Guard {
    permits: Semaphore,
    /// How many permits there are at most.
    in_flight: u32,
    clock: Arc<Clock>,
    bucket: Option<Arc<Bucket>>,
    down: bool,
    /// Whether it may be lost at any moment, while others wait for it.
    pub(crate) hurried: bool,
    refresh: bool,
    pub(crate) limits: Limits,
    inner: Mutex<Inner>,
}

struct Inner {
    granted: u32,
    failures: u32,
    open: Option<Instant>,
    /// The words of the failure that opened the breaker.
    why: String,
}

/// Failures in a row that open a breaker.
const BREAKER: u32 = 3;
/// How long an open breaker rests while applying.
const REST: Duration = Duration::from_secs(2);

impl Guard {
    /// Waits for a permit and a token; fails where the scope was given up.
    pub(crate) async fn enter(&self, write: bool) -> Result<Entered<'_>, Failure> {
        if self.down {
            return Err(Failure::new(Class::NotTried, "the operator says that the region is down"));
        }
        self.check()?;
        let permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| Failure::new(Class::NotTried, "the session has ended"))?;
        self.check()?;
        if let Some(bucket) = &self.bucket {
            bucket.take(write).await;
            self.check()?;
        }
        Ok(Entered { _permit: permit })
    }

    fn check(&self) -> Result<(), Failure> {
        if self.refresh && self.remaining().is_zero() {
            let seconds = self.limits.budget.as_secs();
            if !self.clock.answered.load(Ordering::Relaxed) {
                let text = format!("no answer within the {seconds} s that a refresh waits");
                return Err(Failure::new(Class::NotTried, text));
            }
            let text =
                format!("it answers too slowly: {seconds} s of this refresh went into waiting");
            return Err(Failure::new(Class::TooSlow, text));
        }
        let mut inner = lock(&self.inner);
        if let Some(since) = inner.open {
            if !self.refresh && since.elapsed() >= REST {
                inner.open = None;
                inner.failures = BREAKER - 1;
            } else {
                let text = format!(
                    "three calls in a row failed there, so no more are made ({})",
                    inner.why
                );
                return Err(Failure::new(Class::NotTried, text));
            }
        }
        Ok(())
    }

    /// How long the location may still waste.
    pub(crate) fn remaining(&self) -> Duration {
        self.limits.budget.saturating_sub(*lock(&self.clock.wasted))
    }

    /// Whether nothing answered the last call at this location.
    pub(crate) fn is_silent(&self) -> bool {
        self.clock.silent.load(Ordering::Relaxed)
    }

    /// Whether calls of this session are bounded by the waste budget.
    pub(crate) fn budgeted(&self) -> bool {
        self.refresh
    }

    /// Records an attempt: widens on success, counts failures and waste.
    pub(crate) fn record(&self, took: Duration, failure: Option<&Failure>) {
        let mut inner = lock(&self.inner);
        let in_flight = u32::try_from(
            (inner.granted as usize).saturating_sub(self.permits.available_permits()),
        )
        .unwrap_or(1)
        .max(1);
        let against = failure.is_some_and(Failure::counts_against);
        let throttled = failure.is_some_and(|f| f.class == Class::Throttled);
        if against || throttled || took > SLOW {
            *lock(&self.clock.wasted) += took / in_flight;
        }
        let silent = failure.is_some_and(|f| f.class == Class::Unreachable);
        self.clock.silent.store(silent, Ordering::Relaxed);
        if against {
            inner.failures += 1;
            if inner.failures >= BREAKER && inner.open.is_none() {
                inner.open = Some(Instant::now());
                inner.why = failure.map(|f| f.message.clone()).unwrap_or_default();
            }
            return;
        }
        self.clock.answered.store(true, Ordering::Relaxed);
        inner.failures = 0;
        inner.open = None;
        let more = (self.in_flight - inner.granted.min(self.in_flight)).min(WIDER);
        inner.granted += more;
        self.permits.add_permits(more as usize);
    }

    /// Counts time that went into waiting between attempts.
    pub(crate) fn waste(&self, time: Duration) {
        let granted = lock(&self.inner).granted.max(1);
        *lock(&self.clock.wasted) += time / granted;
    }
}

/// A permit to make one call.
pub(crate) struct Entered<'a> {
    _permit: tokio::sync::SemaphorePermit<'a>,
}

/// The rate of a service: a slot after the other, for reads and writes together. Writes go first,
/// and reads take at most four fifths of the slots, so that a write never waits behind reads.
struct Bucket {
    rate: f64,
    slots: Mutex<Slots>,
    /// When the next read may be. The read that holds it is the only one that looks for a slot.
    reads: tokio::sync::Mutex<Instant>,
}

/// Slots are a little longer than the rate asks for: what leaves here in a second may arrive there in
/// less.
const SLACK: f64 = 1.02;

struct Slots {
    /// When the next call may be made.
    next: Instant,
    /// Writes that wait for it.
    writes: usize,
}

/// A write that waits, also if nobody waits for it any more.
struct Waiting<'a>(&'a Bucket);

impl<'a> Waiting<'a> {
    fn of(bucket: &'a Bucket) -> Self {
        lock(&bucket.slots).writes += 1;
        Self(bucket)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.0.slots).writes -= 1;
    }
}

impl Bucket {
    fn new(rate: f64) -> Self {
        let next = Instant::now();
        let slots = Mutex::new(Slots { next, writes: 0 });
        Self { rate, slots, reads: tokio::sync::Mutex::new(next) }
    }

    /// The time between two calls at a part of the rate.
    fn apart(&self, part: f64) -> Duration {
        Duration::from_secs_f64(SLACK / (self.rate * part))
    }

    /// Waits for the next slot. Reads take at most four fifths of the rate (Route 53 takes five
    /// requests a second per account: one is kept for writes).
    async fn take(&self, write: bool) {
        if write {
            let _waiting = Waiting::of(self);
            while let Err(next) = self.slot(true) {
                tokio::time::sleep_until(next).await;
            }
        } else {
            let mut reads = self.reads.lock().await;
            tokio::time::sleep_until(*reads).await;
            while let Err(next) = self.slot(false) {
                tokio::time::sleep_until(next).await;
            }
            *reads = Instant::now() + self.apart(0.8);
        }
    }

    /// Takes a slot, or tells when to look again.
    fn slot(&self, write: bool) -> Result<(), Instant> {
        let now = Instant::now();
        let mut slots = lock(&self.slots);
        if now < slots.next {
            return Err(slots.next);
        }
        if !write && slots.writes > 0 {
            // It is a write's, which is about to take it.
            return Err(now + self.apart(1.0));
        }
        slots.next = now + self.apart(1.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each of so many reads and writes that begin together is made, in milliseconds.
    async fn times(reads: usize, writes: usize) -> [Vec<u128>; 2] {
        let begun = Instant::now();
        let bucket = Arc::new(Bucket::new(5.0));
        let mut calls = tokio::task::JoinSet::new();
        for write in std::iter::repeat_n(false, reads).chain(std::iter::repeat_n(true, writes)) {
            let bucket = bucket.clone();
            calls.spawn(async move {
                bucket.take(write).await;
                (write, begun.elapsed().as_millis())
            });
        }
        let mut times = [Vec::new(), Vec::new()];
        for (write, time) in calls.join_all().await {
            times[usize::from(write)].push(time);
        }
        times.iter_mut().for_each(|times| times.sort_unstable());
        times
    }

    #[tokio::test(start_paused = true)]
    async fn a_plan_and_its_apply_keep_one_rate() {
        let location = Location::Global { home: "us-east-1".into() };
        let (provider, account) = ("aws".into(), "1".into());
        let scope = Scope { provider, account, location, service: "route53".into() };
        let rates = BTreeMap::from([("route53".to_owned(), 5.0)]);
        let limits = Limits { rates, ..Limits::default() };
        let begun = Instant::now();
        for purpose in [Purpose::Refresh, Purpose::Apply] {
            let session = Session::new(purpose);
            session.limit("aws", limits.clone());
            let guard = session.guard(&scope);
            for _ in 0..2 {
                drop(guard.enter(true).await.unwrap());
            }
        }
        assert_eq!(begun.elapsed().as_millis(), 3 * 204);
    }

    fn apart(times: &[u128], least: u128) -> bool {
        times.windows(2).all(|pair| pair[1] - pair[0] >= least)
    }

    #[tokio::test(start_paused = true)]
    async fn reads_and_writes_together_keep_the_rate() {
        let [reads, writes] = times(40, 40).await;
        let mut all = [reads.clone(), writes.clone()].concat();
        all.sort_unstable();
        assert!(apart(&all, 204), "{all:?}");
        let both = all.iter().filter(|time| *time <= &writes[39]).count();
        assert_eq!(writes[39], 204 * (both as u128 - 1), "nothing of the rate is lost: {all:?}");
        assert!(apart(&reads, 255), "{reads:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn reads_leave_a_part_of_the_rate() {
        let [reads, writes] = times(40, 1).await;
        assert!(apart(&reads, 255), "{reads:?}");
        assert!(writes[0] <= 408, "a write does not wait for all reads: {writes:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_takes_the_next_slot_whatever_reads_wait() {
        let bucket = Arc::new(Bucket::new(5.0));
        let mut reads = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let bucket = bucket.clone();
            reads.spawn(async move { bucket.take(false).await });
        }
        for pause in [10, 130, 199, 200, 201, 333, 950] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let (asked, next) = (Instant::now(), lock(&bucket.slots).next);
            bucket.take(true).await;
            assert_eq!(Instant::now(), next.max(asked), "after {pause} ms");
        }
        // A write that is given up leaves its slot to reads.
        let given_up = tokio::time::timeout(Duration::from_millis(1), bucket.take(true)).await;
        assert!(given_up.is_err());
        assert_eq!(lock(&bucket.slots).writes, 0);
        reads.join_all().await;
    }
}
