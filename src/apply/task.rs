//! What runs beside the event loop: the call of a step, and reading back what is in doubt.

use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{
    Cause, Ctx, Down, Failure, Interrupt, Observation, Present, Purpose, Unreadable, Value,
    WriteFailure,
};
use tokio::sync::watch;

use super::prepare::{Item, Read, Write, no_answer};
use super::settle::{Finding, judge};
use crate::event::Silent;
use crate::plan::Operation;
use crate::refresh;
use crate::registry::Providers;

/// How a member's call ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Called {
    /// The API did it.
    Done(Option<Present<Value>>),
    /// It did not, or half.
    Failed {
        /// Why.
        failure: Failure,
        /// What exists all the same.
        half_made: Option<Present<Value>>,
    },
    /// It may have.
    InDoubt(Failure),
}

/// Makes the call of a step: one end per member.
pub(super) async fn write(work: Arc<Write>, ctx: Ctx) -> Vec<Called> {
    let outcomes = work.kind.write(&ctx, &work.scope, work.changes.clone()).await;
    if outcomes.len() != work.items.len() {
        let text = format!(
            "the provider {} was given {} changes of {} and answered {}",
            work.provider,
            work.items.len(),
            work.kind.name(),
            outcomes.len()
        );
        return work.items.iter().map(|_| Called::InDoubt(no_answer(&text))).collect();
    }
    work.items.iter().zip(outcomes).map(|(item, outcome)| called(&work, item, outcome)).collect()
}

/// The same, and where it takes longer than it may it is read what it came to.
pub(super) async fn within(limit: Option<Duration>, work: Arc<Write>, ctx: Ctx) -> Vec<Called> {
    let Some(limit) = limit else { return write(work, ctx).await };
    match tokio::time::timeout(limit, write(Arc::clone(&work), ctx)).await {
        Ok(ended) => ended,
        Err(_) => {
            let text = "it took longer than the timeouts of the failover block allow its phase";
            work.items.iter().map(|_| Called::InDoubt(no_answer(text))).collect()
        }
    }
}

fn called(
    work: &Write,
    item: &Item,
    outcome: Result<Option<Present<Value>>, WriteFailure<Value>>,
) -> Called {
    let removes = matches!(item.member.operation, Operation::Delete | Operation::DeleteDeposed);
    match outcome {
        Ok(present) if present.is_none() == removes => Called::Done(present),
        Ok(_) => {
            let text = format!(
                "the provider {} answered {} of {} without saying what is there now",
                work.provider,
                if removes { "the removal" } else { "the change" },
                item.address
            );
            Called::InDoubt(no_answer(&text))
        }
        Err(WriteFailure { failure, half_made }) => {
            if half_made.is_none() && failure.in_doubt() {
                Called::InDoubt(failure)
            } else {
                Called::Failed { failure, half_made }
            }
        }
    }
}

/// Reads a data source.
///
/// # Errors
/// The failed call.
pub(super) async fn read(work: Arc<Read>, ctx: Ctx) -> Result<Value, Failure> {
    let value = work.source.read(&ctx, &work.scope, work.query.clone()).await?;
    if value.is_wholly_known() {
        Ok(value)
    } else {
        Err(no_answer(&format!("{} was answered with values that are not known", work.address)))
    }
}

/// How long and how often what is in doubt is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Between two looks. A create that cannot be seen is looked for twice: the call may still be
    /// on its way.
    pub(super) pause: Duration,
    /// How often a scope that does not answer is asked.
    pub(super) rounds: u32,
    /// Whether a change that cannot be seen is looked for twice, too: its call was answered.
    pub(super) late: bool,
}

/// A context that reads live, within the budget of a refresh of its own.
pub(super) fn reading(
    providers: &Providers,
    interrupt: watch::Receiver<Interrupt>,
    down: Vec<Down>,
) -> Ctx {
    let session = refresh::session(providers, Purpose::Refresh, interrupt, down);
    Ctx::read_only(Arc::new(session))
}

/// Reads what is in doubt: one finding per item. Never tries anything again.
/// `ctx` gives a context for each look, so that none sees what an earlier one cached.
pub(super) async fn look(
    providers: &Providers,
    items: &[Item],
    ctx: &(dyn Fn() -> Ctx + Sync),
    patience: Patience,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = items.iter().map(unread).collect();
    let mut missed = vec![false; items.len()];
    let mut open: Vec<usize> = (0..items.len()).collect();
    for round in 1.. {
        let now = ctx();
        let requests = open.iter().map(|i| items[*i].request()).collect();
        let seen = refresh::read(providers, &now, requests, &Silent).await;
        open.retain(|i| {
            let item = &items[*i];
            let Some(observation) = seen.get(&item.key()) else { return false };
            let absent = matches!(observation, Observation::Absent(_));
            findings[*i] = match providers.kind(&item.provider, &item.address.kind) {
                Some(kind) => judge(&**kind, &item.doubt, observation.clone()),
                None => unread(item),
            };
            if let Finding::Unread(unread) = &findings[*i] {
                return unread.cause.defers() && round < patience.rounds;
            }
            let unseen = absent && item.member.operation == Operation::Create
                || patience.late && findings[*i].is_not_done();
            unseen && !std::mem::replace(&mut missed[*i], true)
        });
        if !open.is_empty() && now.wait(patience.pause).await.is_err() {
            // Interrupted: what was missed is looked for once more at once, nothing waits.
            open.retain(|i| missed[*i]);
        }
        if open.is_empty() {
            break;
        }
    }
    findings
}

/// What is found of an item whose region gives no answer in time.
pub(super) fn silent(item: &Item, limit: Duration) -> Finding {
    let message = format!("it could not be read back within {} s", limit.as_secs());
    Finding::Unread(Unreadable { scope: item.scope.clone(), cause: Cause::Unreachable, message })
}

fn unread(item: &Item) -> Finding {
    let message = format!("{} could not be read", item.address);
    Finding::Unread(Unreadable { scope: item.scope.clone(), cause: Cause::Other, message })
}
