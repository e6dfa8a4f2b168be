//! The emulated servers as the contract suite sees them: each subject behind a fault proxy of its own.
//!
//! Subjects of one test share a pair of servers and run at the same time, so nothing is reset
//! between rules: the suite removes what it made, and a test can ask what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lifeboat_contract::{
    Faults, Gap, On, Outcome, Report, Server, Subject, names, run_range, table,
};
use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::session::Limits;

use crate::bed::variables;
use crate::error::Doing as _;
use crate::proxy::{Fault, Nth, Proxy, Routes, Rule, RuleId, Upstreams};
use crate::{Aws, Error, Pair, Result, lock};

/// Emulated servers behind a proxy, as the suite sees them.
#[derive(Debug)]
pub struct Emulated {
    name: &'static str,
    proxy: Proxy,
    aws: Aws,
    force: Mutex<Option<(RuleId, lifeboat_contract::Fault)>>,
}

/// A row of the suite: a server and what is tried on it.
pub struct Row {
    server: &'static str,
    routes: Routes,
    subject: fn(&Emulated) -> Subject,
    prepare: fn(&Proxy),
    parts: Vec<Range<usize>>,
}

impl Row {
    /// A kind with its cases, making its calls through the proxy; the server's name is for tables.
    pub fn new(server: &'static str, subject: fn(&Emulated) -> Subject) -> Self {
        let parts = std::iter::once(0..names().count()).collect();
        Self { server, routes: Routes::default(), subject, prepare: |_| (), parts }
    }

    /// With another table of which server answers what.
    #[must_use]
    pub fn routed(self, routes: Routes) -> Self {
        Self { routes, ..self }
    }

    /// With a proxy that is prepared so, as for small pages.
    #[must_use]
    pub fn prepared(self, prepare: fn(&Proxy)) -> Self {
        Self { prepare, ..self }
    }

    /// Objects of different rules do not meet, so rules may run at the same time.
    #[must_use]
    pub fn apart(self) -> Self {
        let ends = PARTS.into_iter().chain([names().count()]);
        let parts = [0].into_iter().chain(PARTS).zip(ends).map(|(from, to)| from..to).collect();
        Self { parts, ..self }
    }
}

impl Emulated {
    /// A proxy of its own before a pair of servers.
    pub fn new(name: &'static str, pair: &Pair, routes: Routes) -> Result<Self> {
        let upstreams = Upstreams { ministack: pair.ministack(), moto: pair.moto() };
        let (proxy, aws) = (Proxy::start(upstreams, routes)?, Aws::new(pair));
        Ok(Self { name, proxy, aws, force: Mutex::default() })
    }

    /// The variables that lead an AWS client to the proxy.
    pub fn environment(&self) -> BTreeMap<String, String> {
        variables(&self.proxy.endpoint()).into_iter().collect()
    }

    /// Calls that go to the servers directly, for what a kind needs and none of ours makes.
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// The proxy.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Makes the calls fail that `narrow` picks, until [`Faults::clear`].
    pub fn strike(&self, fault: lifeboat_contract::Fault, narrow: impl FnOnce(Rule) -> Rule) {
        use lifeboat_contract::Fault as F;
        let kind = match fault {
            F::Refuse => Fault::Refuse,
            F::Reset => Fault::Reset,
            F::Status500 => Fault::Status500,
            F::Status503 => Fault::Status503,
            F::Throttle => Fault::Throttle,
            F::Denied => Fault::Denied403,
            F::BlackHole => Fault::BlackHole,
            F::DropAnswer => Fault::DropAnswer,
            F::CutBody => Fault::CutBody,
            F::GarbleBody => Fault::GarbleBody,
        };
        let id = self.proxy.inject(narrow(Rule::new(kind)));
        *lock(&self.force) = Some((id, fault));
    }
}

/// Tries all rows, prints their table past the test harness, and fails where a rule fails that is
/// no known gap, where a kind has no row, or where something is left on the servers.
#[track_caller]
#[allow(clippy::unwrap_used, clippy::panic, reason = "the body of a test")]
pub fn hold(what: &str, rows: &[Row], kinds: &[Arc<dyn DynKind>], gaps: &[Gap]) {
    let pair = Pair::lease().unwrap();
    let (mut reports, efforts): (Vec<Report>, Vec<String>) =
        try_all(&pair, rows).unwrap().into_iter().unzip();
    for report in &mut reports {
        report.excuse(gaps);
    }
    let counts = counts(what, &reports);
    say(&format!("\n{}{}\n{counts}\n", table(&reports), efforts.join("\n")));
    let mut wrong: Vec<String> = reports.iter().flat_map(Report::failures).collect();
    let tried: BTreeSet<&str> = reports.iter().map(|report| report.kind).collect();
    let untried = kinds.iter().filter(|kind| !tried.contains(kind.name()));
    wrong.extend(untried.map(|kind| format!("{} has no row", kind.name())));
    if wrong.is_empty() {
        let excused = |left: &String| {
            gaps.iter().any(|gap| !gap.leaves.is_empty() && left.starts_with(gap.leaves))
        };
        let left = Aws::new(&pair).everything_left().unwrap();
        wrong.extend(left.into_iter().filter(|left| !excused(left)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One line: how many cells of the table came to what.
fn counts(what: &str, reports: &[Report]) -> String {
    let mut counts = [0; 4];
    for (_, outcome) in reports.iter().flat_map(|report| &report.rows) {
        counts[match outcome {
            Outcome::Held => 0,
            Outcome::Failed(_) => 1,
            Outcome::Gap(_) => 2,
            Outcome::NotApplicable(_) => 3,
        }] += 1;
    }
    let [held, failed, gaps, rest] = counts;
    let mut text = format!("contract of {what}: {} rows, ", reports.len());
    let _infallible =
        write!(text, "{held} held, {failed} failed, {gaps} gaps, {rest} not applicable");
    text
}

/// Whether matrices are tried with every cell: `LIFEBOAT_MATRIX=full`, as `xtask matrix` sets it.
pub fn full() -> bool {
    std::env::var("LIFEBOAT_MATRIX").is_ok_and(|value| value == "full")
}

/// Prints for those who run the tests, past the harness that keeps what passing tests print.
pub fn say(text: &str) {
    // Nobody may be listening.
    writeln!(std::io::stdout().lock(), "{text}").ok();
}

/// Where the rules are parted that run at the same time: life, lost replies, classes, reads.
const PARTS: [usize; 3] = [12, 13, 14];

/// Tries all rows at the same time on one pair of servers; in the order of the rows the reports,
/// and what it took, in a line.
///
/// # Errors
/// Where a proxy cannot be started, or a row panics.
pub fn try_all(pair: &Pair, rows: &[Row]) -> Result<Vec<(Report, String)>> {
    thread::scope(|scope| {
        let mut running = Vec::new();
        for row in rows {
            let start = |part| scope.spawn(move || try_part(pair, row, part));
            running.push(row.parts.iter().cloned().map(start).collect::<Vec<_>>());
        }
        let ended = running.into_iter().map(|parts| {
            let ended = parts.into_iter().map(|p| p.join().unwrap_or(Err(Error::Background)));
            ended.collect::<Result<Vec<_>>>().map(whole)
        });
        ended.collect()
    })
}

/// What a part of a row took.
#[derive(Default)]
struct Effort {
    calls: usize,
    struck: usize,
    time: Duration,
    corrections: BTreeMap<&'static str, u64>,
}

fn try_part(pair: &Pair, row: &Row, part: Range<usize>) -> Result<(Report, Effort)> {
    let begun = Instant::now();
    let server = Emulated::new(row.server, pair, row.routes.clone())?;
    (row.prepare)(&server.proxy);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.doing("start a runtime for a row of the contract suite")?;
    let subject = (row.subject)(&server);
    let report = runtime.block_on(run_range(&subject, &server, part));
    let ledger = server.proxy.ledger();
    let effort = Effort {
        calls: ledger.total(),
        struck: ledger.count(|call| call.fault.is_some()),
        time: begun.elapsed(),
        corrections: ledger.corrections(),
    };
    Ok((report, effort))
}

/// The report of a row from those of its parts, and what they took.
fn whole(parts: Vec<(Report, Effort)>) -> (Report, String) {
    let mut parts = parts.into_iter();
    let Some((mut report, mut effort)) = parts.next() else {
        return (Report { kind: "", server: String::new(), rows: Vec::new() }, String::new());
    };
    for (part, took) in parts {
        report.rows.extend(part.rows);
        effort.calls += took.calls;
        effort.struck += took.struck;
        effort.time = effort.time.max(took.time);
        for (reference, count) in took.corrections {
            *effort.corrections.entry(reference).or_default() += count;
        }
    }
    if !effort.corrections.is_empty() {
        report.server.push_str(" corrected");
    }
    let mut text = format!("{} {}: {} calls, ", report.kind, report.server, effort.calls);
    let _infallible =
        write!(text, "{} struck by faults, {:.1} s", effort.struck, effort.time.as_secs_f64());
    for (reference, count) in effort.corrections {
        let _infallible = write!(text, "; {count} answers corrected: {reference}");
    }
    (report, text)
}

impl Server for Emulated {
    fn name(&self) -> &str {
        self.name
    }

    fn faults(&self) -> Option<&dyn Faults> {
        Some(self)
    }

    fn thorough(&self) -> bool {
        full()
    }

    /// Long ones where calls are answered, so that a busy machine fails no rule; short ones under
    /// faults that are waited or tried for.
    fn limits(&self) -> Limits {
        use lifeboat_contract::Fault as F;
        let in_force = lock(&self.force).map(|(_, fault)| fault);
        let (attempt, operation) = match in_force {
            Some(F::BlackHole) => (300, 700),
            Some(F::Refuse | F::Reset | F::Status500 | F::Status503) => (10_000, 500),
            Some(F::Throttle) => (10_000, 2_000),
            Some(F::Denied | F::DropAnswer | F::CutBody | F::GarbleBody) | None => (10_000, 60_000),
        };
        Limits {
            attempt: Duration::from_millis(attempt),
            operation: Duration::from_millis(operation),
            budget: Duration::from_secs(60),
            ..Limits::default()
        }
    }
}

impl Faults for Emulated {
    fn inject(&self, fault: lifeboat_contract::Fault, on: On) {
        let nth = match on {
            On::Nth(n) => Nth::Exactly(n),
            On::From(n) => Nth::After(n.saturating_sub(1)),
        };
        self.strike(fault, |rule| rule.nth(nth));
    }

    fn clear(&self) -> u64 {
        let struck = lock(&self.force).take().map_or(0, |(id, _)| self.proxy.struck(id));
        self.proxy.clear();
        struck
    }
}
