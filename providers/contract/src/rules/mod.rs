//! The rules: one function each, tried on every case of a kind.

mod faults;
mod life;
mod planning;
mod pure;
mod reading;

use std::ops::Range;

use lifeboat_sdk::future::BoxFuture;

use crate::bench::{Bench, Stop, Tried};
use crate::case::Subject;
use crate::report::{Outcome, Report};
use crate::server::Server;

/// A rule.
struct Rule {
    name: &'static str,
    run: for<'b> fn(&'b Bench<'b>) -> BoxFuture<'b, Tried<()>>,
}

/// The rules in the order in which a kind learns to keep them.
const RULES: [Rule; 17] = [
    Rule { name: "hooks are pure", run: |b| Box::pin(pure::hooks_are_pure(b)) },
    Rule { name: "hooks leave unknowns alone", run: |b| Box::pin(pure::unknowns_stay(b)) },
    Rule { name: "the stored form keeps documents", run: |b| Box::pin(planning::stored(b)) },
    Rule { name: "the result is as planned", run: |b| Box::pin(planning::as_planned(b)) },
    Rule { name: "a read gives what create gave", run: |b| Box::pin(reading::same_as_made(b)) },
    Rule { name: "a new id is told at once", run: |b| Box::pin(life::id_is_told(b)) },
    Rule { name: "planning again proposes nothing", run: |b| Box::pin(planning::nothing_more(b)) },
    Rule { name: "the cases can be walked", run: |b| Box::pin(planning::walk(b)) },
    Rule { name: "what forces a replacement stays", run: |b| Box::pin(planning::replaced(b)) },
    Rule { name: "deleting twice succeeds", run: |b| Box::pin(life::delete_twice(b)) },
    Rule { name: "what others removed is absent", run: |b| Box::pin(life::removed_elsewhere(b)) },
    Rule { name: "one token makes one object", run: |b| Box::pin(life::one_token(b)) },
    Rule { name: "a lost reply is found again", run: |b| Box::pin(faults::lost_reply(b)) },
    Rule { name: "a failed write tells its class", run: |b| Box::pin(faults::classes(b)) },
    Rule { name: "what is unreadable is not absent", run: |b| Box::pin(faults::unreadable(b)) },
    Rule { name: "two reads run at once", run: |b| Box::pin(reading::two_at_once(b)) },
    Rule { name: "what is tagged is listed", run: |b| Box::pin(reading::listed(b)) },
];

/// The names of the rules.
pub fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.name)
}

/// Tries every rule on every case of a kind.
pub async fn run(subject: &Subject, server: &dyn Server) -> Report {
    run_range(subject, server, 0..RULES.len()).await
}

/// Tries some of the rules, by their numbers in [`names`]: where objects of different rules do not
/// meet, several servers may each try a part at the same time.
pub async fn run_range(subject: &Subject, server: &dyn Server, range: Range<usize>) -> Report {
    let mut rows = Vec::with_capacity(RULES.len());
    let some = |(number, _): &(usize, &Rule)| range.contains(number);
    for (number, rule) in RULES.iter().enumerate().filter(some) {
        rows.push((rule.name, try_rule(subject, server, number, rule).await));
    }
    Report { kind: subject.kind.name(), server: server.name().to_owned(), rows }
}

async fn try_rule(subject: &Subject, server: &dyn Server, number: usize, rule: &Rule) -> Outcome {
    let mut failures = Vec::new();
    let mut held = false;
    let mut reason = "there are no cases".to_owned();
    for case in &subject.cases {
        server.reset().await;
        let bench = Bench::new(subject, server, case, number);
        let tried = (rule.run)(&bench).await;
        if let Some(faults) = server.faults() {
            faults.clear();
        }
        match tried.and(bench.tidy().await) {
            Ok(()) => held = true,
            Err(Stop::Failed(text)) => failures.push(format!("case {}: {text}", case.name)),
            Err(Stop::NotApplicable(why)) => reason = why,
        }
    }
    match (failures.is_empty(), held) {
        (false, _) => Outcome::Failed(failures.join("; ")),
        (true, true) => Outcome::Held,
        (true, false) => Outcome::NotApplicable(reason),
    }
}
