//! How often a service is called: a rate for each scope, which sessions keep together.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::lock;
use crate::scope::Scope;

/// The rates of scopes, kept by all sessions that share it: a plan and its apply follow one another
/// at once, and the service counts both.
#[derive(Clone, Default)]
pub struct Rates(Arc<Mutex<BTreeMap<Scope, Arc<Bucket>>>>);

impl Rates {
    pub(super) fn of(&self, scope: &Scope, rate: f64) -> Arc<Bucket> {
        let mut buckets = lock(&self.0);
        Arc::clone(buckets.entry(scope.clone()).or_insert_with(|| Arc::new(Bucket::new(rate))))
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rates")
    }
}

/// The rate of a service: a slot after the other, for reads and writes together. Writes go first,
/// and reads take at most four fifths of the slots, so that a write never waits behind reads.
pub(super) struct Bucket {
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
    pub(super) async fn take(&self, write: bool) {
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
    use crate::scope::Location;
    use crate::session::{Limits, Purpose, Session};

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
