//! The ledger: every call that reached the proxy, what became of it, and what was done to it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::call::{Call, Plane};
use crate::lock;
use crate::servers::ServerKind;

/// How a call ended, as its caller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has not ended: it runs, or hangs in a black hole.
    Open,
    /// It was answered with this status.
    Answered(u16),
    /// Its connection was reset or closed by a fault, with no whole answer.
    Broken,
    /// The caller hung up before the answer.
    Abandoned,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the order of arrival, from 1; `clear` does not start it again.
    pub seq: u64,
    /// The service as it signs (`cloudwatch` for `monitoring`).
    pub service: String,
    /// The operation's name.
    pub operation: String,
    /// The region called.
    pub region: String,
    /// Which kind of control plane that is.
    pub plane: Plane,
    /// The bucket, hosted zone or health check in the path, or empty.
    pub resource: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query, as the caller wrote them.
    pub path: String,
    /// What the caller says it is (`User-Agent`), or empty.
    pub agent: String,
    /// Whether the operation changes anything.
    pub mutating: bool,
    /// The server that the call was passed to, if it was.
    pub server: Option<ServerKind>,
    /// The status that the server answered, if it did: the call has been carried out.
    pub upstream_status: Option<u16>,
    /// The fault that struck it, or why its server did not answer.
    pub fault: Option<String>,
    /// What the caller got.
    pub outcome: Outcome,
    /// When it had arrived, since the proxy's start.
    pub started: Duration,
    /// When it ended.
    pub ended: Option<Duration>,
}

/// The calls of one proxy; clones share them.
#[derive(Clone, Debug)]
pub struct Ledger {
    inner: Arc<Mutex<Inner>>,
    epoch: Instant,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    connections: u64,
    entries: BTreeMap<u64, Entry>,
    corrections: BTreeMap<&'static str, u64>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self { inner: Arc::default(), epoch: Instant::now() }
    }

    /// All calls in the order of their arrival.
    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.inner).entries.values().cloned().collect()
    }

    /// How many calls satisfy the condition.
    pub fn count(&self, condition: impl Fn(&Entry) -> bool) -> usize {
        lock(&self.inner).entries.values().filter(|entry| condition(entry)).count()
    }

    /// How many calls there were.
    pub fn total(&self) -> usize {
        self.count(|_| true)
    }

    /// How many calls would change something, whether or not they reached a server.
    pub fn mutating(&self) -> usize {
        self.count(|entry| entry.mutating)
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> u64 {
        lock(&self.inner).connections
    }

    /// How often each correction was applied, by its reference.
    pub fn corrections(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.inner).corrections.clone()
    }

    /// Forgets all calls. Those still open are not entered again when they end.
    pub fn clear(&self) {
        let mut inner = lock(&self.inner);
        inner.entries.clear();
        inner.corrections.clear();
        inner.connections = 0;
    }

    /// The calls by service, operation and region, for messages and reports.
    pub fn table(&self) -> String {
        let mut rows: BTreeMap<(String, String, String), [u64; 3]> = BTreeMap::new();
        for entry in self.entries() {
            let struck = u64::from(entry.fault.is_some());
            let unanswered = u64::from(!matches!(entry.outcome, Outcome::Answered(_)));
            let row = rows.entry((entry.service, entry.operation, entry.region)).or_default();
            row[0] += 1;
            row[1] += struck;
            row[2] += unanswered;
        }
        let mut table = format!(
            "{:<14} {:<36} {:<16} {:>6} {:>7} {:>10}",
            "service", "operation", "region", "calls", "faults", "unanswered"
        );
        for ((service, operation, region), [calls, faults, unanswered]) in rows {
            // Writing to a String cannot fail.
            write!(
                table,
                "\n{service:<14} {operation:<36} {region:<16} {calls:>6} {faults:>7} {unanswered:>10}"
            )
            .ok();
        }
        table
    }

    pub(crate) fn connected(&self) {
        lock(&self.inner).connections += 1;
    }

    pub(crate) fn corrected(&self, reference: &'static str) {
        *lock(&self.inner).corrections.entry(reference).or_default() += 1;
    }

    /// Enters a call; it stays open until the guard is told how it ended.
    pub(crate) fn begin(&self, call: &Call, [method, path, agent]: [&str; 3]) -> Running {
        let mut inner = lock(&self.inner);
        inner.last += 1;
        let seq = inner.last;
        let entry = Entry {
            seq,
            service: call.service.clone(),
            operation: call.operation.clone(),
            region: call.region.clone(),
            plane: call.plane,
            resource: call.resource.clone(),
            method: method.to_owned(),
            path: path.to_owned(),
            agent: agent.to_owned(),
            mutating: call.mutating,
            server: None,
            upstream_status: None,
            fault: None,
            outcome: Outcome::Open,
            started: self.epoch.elapsed(),
            ended: None,
        };
        inner.entries.insert(seq, entry);
        Running { ledger: self.clone(), seq, ended: false }
    }

    fn update(&self, seq: u64, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = lock(&self.inner).entries.get_mut(&seq) {
            change(entry);
        }
    }
}

/// A call that is being served; dropped unended, its caller has hung up.
#[derive(Debug)]
pub(crate) struct Running {
    ledger: Ledger,
    seq: u64,
    ended: bool,
}

impl Running {
    pub(crate) fn struck(&self, fault: String) {
        self.ledger.update(self.seq, |entry| entry.fault = Some(fault));
    }

    pub(crate) fn passed_to(&self, server: ServerKind) {
        self.ledger.update(self.seq, |entry| entry.server = Some(server));
    }

    pub(crate) fn upstream_answered(&self, status: u16) {
        self.ledger.update(self.seq, |entry| entry.upstream_status = Some(status));
    }

    pub(crate) fn end(mut self, outcome: Outcome) {
        self.close(outcome);
    }

    fn close(&mut self, outcome: Outcome) {
        self.ended = true;
        let now = self.ledger.epoch.elapsed();
        self.ledger.update(self.seq, |entry| {
            entry.outcome = outcome;
            entry.ended = Some(now);
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.close(Outcome::Abandoned);
        }
    }
}
