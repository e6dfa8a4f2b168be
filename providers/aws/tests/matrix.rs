//! Rows and cells: a read, healthy first, then with each fault on each of its calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::thread;

use lifeboat_contract::{Fault, Faults as _, document};
use lifeboat_sdk::kind::{DynData, DynKind};
use lifeboat_sdk::session::Purpose;
use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{
    Access, Call, Cause, Class, Failure, KnownDoc, Location, Observation, Scope, Target,
    Unreadable, Value,
};
use lifeboat_testbed::contract::Emulated;
use lifeboat_testbed::{ACCOUNT, Paging, Pair, Routes};

use crate::objects::{Thing, clients, ctx};
use crate::{FAULTS, OTHER_WAY};

/// How objects are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// One, by the id that state has.
    ById,
    /// One, by its configuration alone.
    ByConfiguration,
    /// Several of the kind in one read.
    Together,
}

/// One read.
pub(crate) struct Row<'t> {
    kind: &'static str,
    purpose: Purpose,
    way: Way,
    things: Vec<&'t Thing>,
}

/// One read with one fault on one of its calls.
pub(crate) struct Cell {
    row: String,
    pub(crate) call: &'static Call,
    fault: &'static str,
    /// What the read gave, in a word.
    outcome: &'static str,
    /// Why it should not have.
    pub(crate) wrong: Option<String>,
}

pub(crate) fn scope(thing: &Thing) -> &Scope {
    &thing.scope
}

impl<'t> Row<'t> {
    pub(crate) fn new(
        kind: &'static str,
        purpose: Purpose,
        way: Way,
        things: Vec<&'t Thing>,
    ) -> Self {
        Self { kind, purpose, way, things }
    }

    fn title(&self) -> String {
        let way = match self.way {
            Way::ById => "by id",
            Way::ByConfiguration => "by configuration",
            Way::Together => "together",
        };
        let purpose = if self.purpose == Purpose::Apply { ", applying" } else { "" };
        let name = self.things.first().map(|thing| thing.name).unwrap_or_default();
        format!("{}.{name} {way}{purpose}", self.kind)
    }

    async fn read(&self, server: &Emulated, kind: &dyn DynKind) -> Vec<Observation<Value>> {
        let target = |thing: &&Thing| match self.way {
            Way::ByConfiguration => thing.unmade(),
            Way::ById | Way::Together => thing.by_id(),
        };
        let targets: Vec<Target> = self.things.iter().map(target).collect();
        kind.read(&ctx(server, self.purpose), &self.things[0].scope, &targets).await
    }

    /// All cells of the row.
    async fn cells(&self, server: &Emulated) -> Vec<Cell> {
        let kinds = lifeboat_aws::kinds(&clients(server));
        let kind: Arc<dyn DynKind> = kinds.into_iter().find(|k| k.name() == self.kind).unwrap();
        let healthy = self.read(server, &*kind).await;
        for (observation, thing) in healthy.iter().zip(&self.things) {
            let id = match observation {
                Observation::Present(present) => &present.id,
                other => panic!("{} in health: {other:?}", self.title()),
            };
            assert_eq!(*id, thing.made.id, "{}", self.title());
        }
        let mut cells = Vec::new();
        for call in calls(server) {
            for (name, fault) in FAULTS {
                strike(server, call, fault);
                let seen = self.read(server, &*kind).await;
                let struck = server.clear();
                let judged = match struck {
                    0 => Err("the fault struck no call".to_owned()),
                    _ => judge_all(self.kind, call, fault, &seen, &healthy),
                };
                cells.push(cell(self.title(), call, name, judged));
            }
        }
        cells
    }
}

fn strike(server: &Emulated, call: &Call, fault: Fault) {
    server.strike(fault, |rule| rule.service(call.service).operation(call.operation));
}

fn cell(
    row: String,
    call: &'static Call,
    fault: &'static str,
    judged: Result<&'static str, String>,
) -> Cell {
    let (outcome, wrong) = match judged {
        Ok(outcome) => (outcome, None),
        Err(why) => ("WRONG", Some(format!("{row}, {} {fault}: {why}", call.operation))),
    };
    Cell { row, call, fault, outcome, wrong }
}

/// The calls that were seen, each a reading one of the registry.
fn calls(server: &Emulated) -> Vec<&'static Call> {
    let entries = server.proxy().ledger().entries();
    let seen: BTreeSet<(String, String)> =
        entries.into_iter().map(|entry| (entry.service, entry.operation)).collect();
    let of = |(service, operation): (String, String)| {
        let found = lifeboat_aws::CALLS.into_iter().find(|call| {
            call.service == service && call.operation == operation && call.access == Access::Read
        });
        found.unwrap_or_else(|| panic!("{service}:{operation} is not a reading call of CALLS"))
    };
    seen.into_iter().map(of).collect()
}

fn judge_all(
    kind: &str,
    call: &Call,
    fault: Fault,
    seen: &[Observation<Value>],
    healthy: &[Observation<Value>],
) -> Result<&'static str, String> {
    let mut word = None;
    for (seen, healthy) in seen.iter().zip(healthy) {
        match seen {
            Observation::Absent(proof) => return Err(format!("read as absent: {proof}")),
            Observation::Unreadable(unreadable) => word = Some(told(call, fault, unreadable)?),
            // Of several objects those are read that did not need the call.
            present if present == healthy => {}
            Observation::Present(_) => return Err("read as another object".to_owned()),
        }
    }
    let other = OTHER_WAY.iter().any(|(k, c, _)| *k == kind && *c == call.operation);
    match word {
        None if other && fault == Fault::Denied => Ok("read another way"),
        None => Err("read all the same".to_owned()),
        Some(word) => Ok(word),
    }
}

/// The cause in a word, where it is one that the fault may have.
fn told(call: &Call, fault: Fault, unreadable: &Unreadable) -> Result<&'static str, String> {
    let Unreadable { cause, message, .. } = unreadable;
    let word = match cause {
        Cause::Unreachable => "unreachable",
        Cause::TooSlow => "too slow",
        Cause::Throttled => "throttled",
        Cause::Denied { .. } => "denied",
        Cause::Garbled => "garbled",
        Cause::Credentials | Cause::Other => "other",
    };
    let fits = match (fault, cause) {
        (Fault::Denied, Cause::Denied { action }) => {
            **action == *call.iam_action && message.contains(call.iam_action)
        }
        (Fault::Denied, _) => false,
        (Fault::GarbleBody, cause) => *cause == Cause::Garbled,
        (Fault::CutBody, cause) => matches!(cause, Cause::Garbled | Cause::Unreachable),
        (Fault::Throttle, cause) => matches!(cause, Cause::Throttled | Cause::TooSlow),
        (_, cause) => matches!(cause, Cause::Unreachable | Cause::TooSlow),
    };
    if fits { Ok(word) } else { Err(format!("told as {cause:?}: {message}")) }
}

/// Tries all rows and the data sources at the same time, each behind a proxy of its own.
pub(crate) fn try_rows(
    pair: &Pair,
    full: bool,
    rows: &[Row<'_>],
    queries: &[(&str, &str)],
) -> Vec<Cell> {
    let pair = (pair, full);
    let kinds = lifeboat_aws::data_sources(&lifeboat_aws_core::Clients::unconfigured());
    thread::scope(|scope| {
        let mut running = Vec::new();
        for row in rows {
            running.push(scope.spawn(move || alone(pair, |server| block_on(row.cells(server)))));
        }
        for data in &kinds {
            let name = data.name();
            let query = queries.iter().find(|(of, _)| *of == name);
            let query = query.unwrap_or_else(|| panic!("the data source {name} has no query")).1;
            running.push(scope.spawn(move || alone(pair, |s| block_on(asked(s, name, query)))));
        }
        running.into_iter().flat_map(|row| row.join().unwrap()).collect()
    })
}

fn alone<T>((pair, full): (&Pair, bool), work: impl FnOnce(&Emulated) -> T) -> T {
    let server = Emulated::new("servers", pair, Routes::default()).unwrap();
    if full {
        server.proxy().page(Paging::small());
    }
    work(&server)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

/// The cells of a data source: never an answer, never that there is no such thing.
async fn asked(server: &Emulated, name: &'static str, query: &str) -> Vec<Cell> {
    let sources = lifeboat_aws::data_sources(&clients(server));
    let data: Arc<dyn DynData> = sources.into_iter().find(|data| data.name() == name).unwrap();
    let scope = scope_of(&*data);
    let query = document(data.schema().attributes, &from_json(query, None).unwrap()).unwrap();
    let query = KnownDoc::new(&query).unwrap();
    let ask = || async { data.read(&ctx(server, Purpose::Refresh), &scope, query.clone()).await };
    ask().await.unwrap();
    let mut cells = Vec::new();
    for call in calls(server) {
        for (fault_name, fault) in FAULTS {
            strike(server, call, fault);
            let answer = ask().await;
            let judged = match (server.clear(), answer) {
                (0, _) => Err("the fault struck no call".to_owned()),
                (_, Ok(_)) => Err("it was answered all the same".to_owned()),
                (_, Err(failure)) => failed(call, fault, &scope, &failure),
            };
            cells.push(cell(format!("data.{name}"), call, fault_name, judged));
        }
    }
    cells
}

fn failed(
    call: &Call,
    fault: Fault,
    scope: &Scope,
    failure: &Failure,
) -> Result<&'static str, String> {
    if failure.class == Class::NotFound {
        return Err(format!("told as missing: {failure}"));
    }
    told(call, fault, &Unreadable::from_failure(scope, failure))
}

fn scope_of(data: &dyn DynData) -> Scope {
    let service = data.service();
    let location = match service.home {
        Some(home) => Location::Global { home: home.into() },
        None => Location::Region("us-east-1".into()),
    };
    Scope {
        provider: "aws".into(),
        account: ACCOUNT.into(),
        location,
        service: service.name.into(),
    }
}

/// The matrix as text: a line for each row and call with its outcomes, and the totals.
pub(crate) fn summary(cells: &[Cell], full: bool) -> String {
    let mut text = String::from("\n");
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    let mut totals: BTreeMap<&str, u32> = BTreeMap::new();
    for cell in cells {
        let line = format!("{}: {}", cell.row, cell.call.operation);
        let word = format!("{} {}", cell.fault, cell.outcome);
        match lines.last_mut() {
            Some((last, words)) if *last == line => words.push(word),
            _ => lines.push((line, vec![word])),
        }
        *totals.entry(cell.outcome).or_default() += 1;
    }
    for (line, words) in &lines {
        let _infallible = writeln!(text, "{line}: {}", words.join(", "));
    }
    let totals: Vec<String> = totals.iter().map(|(word, n)| format!("{n} {word}")).collect();
    let rows: BTreeSet<&str> = cells.iter().map(|cell| cell.row.as_str()).collect();
    let how = if full { "full" } else { "short" };
    let _infallible = writeln!(
        text,
        "misreading matrix ({how}): {} rows, {} calls of rows, {} cells: {}",
        rows.len(),
        lines.len(),
        cells.len(),
        totals.join(", ")
    );
    text
}
