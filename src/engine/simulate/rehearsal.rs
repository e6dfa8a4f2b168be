//! Hooks, gates and proofs of a simulation: time passes, and nothing else happens.

use std::time::Duration;

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{Class, Failure, Name};

use crate::apply::Rehearsal;
use crate::plan::{Act, Task};

/// What acts take, and which of them fails.
pub(super) struct Played {
    pub(super) takes: Vec<(Act, Task, Duration)>,
    /// What a call takes: a proof makes one in the simulated cloud.
    pub(super) call: Duration,
    pub(super) fails: Option<Name>,
}

impl Rehearsal for Played {
    fn play<'a>(&'a self, act: Act, task: &'a Task) -> BoxFuture<'a, Result<(), Failure>> {
        let mine = |(of, with, _): &&(Act, Task, Duration)| (*of, with) == (act, task);
        let takes = self.takes.iter().find(mine).map(|(.., takes)| *takes).unwrap_or_default();
        Box::pin(async move {
            let rest = match act {
                // They make their calls themselves.
                Act::Confirm | Act::Hold => return Ok(()),
                Act::Sync | Act::Backfill => takes.saturating_sub(self.call),
                _ => takes,
            };
            tokio::time::sleep(rest.min(task.limit)).await;
            if takes > task.limit {
                let text = format!("it takes longer than {} s", task.limit.as_secs());
                return Err(Failure::new(Class::Unreachable, text));
            }
            if self.fails.as_ref() == Some(&task.about) {
                return Err(Failure::new(Class::Other, "it fails in this simulation"));
            }
            Ok(())
        })
    }
}
