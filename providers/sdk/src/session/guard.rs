//! The guards of one scope: permits, breaker and the time that its location wasted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::rate::Bucket;
use super::{Limits, Purpose, lock};
use crate::failure::{Class, Failure};
use crate::scope::Scope;

/// An attempt slower than this counts as wasted time while refreshing.
pub const SLOW: Duration = Duration::from_millis(1000);

/// Calls in flight in one scope while reading for a plan.
const READING: u32 = 64;
/// The same while applying: changes are dearer to a control plane than reads.
const APPLYING: u32 = 32;

/// How many more calls each answer lets go at a time, up to the limit: a scope is tried with one call,
/// and has 64 after three rounds of answers.
const WIDER: u32 = 3;

/// The wasted time of one location.
#[derive(Default)]
pub(super) struct Clock {
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
    /// Whether the operator says that it is down.
    pub(super) down: bool,
    /// Whether it may be lost at any moment, while others wait for it.
    pub(crate) hurried: bool,
    refresh: bool,
    pub(crate) limits: Limits,
    inner: Mutex<Inner>,
}

struct Inner {
    /// How many permits there are.
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
    /// For a session with this purpose.
    pub(super) fn new(scope: &Scope, limits: Limits, purpose: Purpose, clock: Arc<Clock>) -> Self {
        let rate = limits.rates.get(&*scope.service).copied().filter(|r| *r > 0.0);
        let in_flight = limits.in_flight.unwrap_or(match purpose {
            Purpose::Refresh => READING,
            Purpose::Apply => APPLYING,
        });
        Self {
            in_flight: in_flight.max(1),
            permits: Semaphore::new(1),
            clock,
            bucket: rate.map(|rate| limits.kept.of(scope, rate)),
            down: false,
            hurried: false,
            limits,
            refresh: purpose == Purpose::Refresh,
            inner: Mutex::new(Inner { granted: 1, failures: 0, open: None, why: String::new() }),
        }
    }

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
