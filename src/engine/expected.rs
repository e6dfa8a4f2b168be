//! `Expected`: how long the steps of a plan will take, going by earlier runs; and what a run
//! teaches the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lifeboat_state::backend::StateBackend;
use lifeboat_state::durations::{Durations, Work};
use lifeboat_state::lock::LockGuard;

use crate::address::Address;
use crate::apply::{Fate, ObjectOutcome, Outcome, chain};
use crate::plan::{Operation, Plan, Step, StepId};

/// What is done to which object: how events name it.
pub type Task = (Address, Operation);

/// How long the steps of a plan will take.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The step of each task that calls something.
    tasks: BTreeMap<Task, StepId>,
    steps: BTreeMap<StepId, Estimate>,
    parallelism: usize,
}

#[derive(Clone, Copy, Debug)]
struct Estimate {
    /// Of the step itself; `None` where such work was never done.
    takes: Option<Duration>,
    /// Of all that must be waited for behind it, on the longest chain.
    behind: Duration,
}

/// A step as far as time is concerned.
struct Timed {
    id: StepId,
    /// Steps before it; all have smaller numbers.
    needs: Vec<StepId>,
    tasks: Vec<Task>,
    takes: Option<Duration>,
}

impl Expected {
    /// Of a plan whose steps run `parallelism` at a time.
    pub fn of(plan: &Plan, durations: &Durations, parallelism: usize) -> Self {
        let timed = |step: &Step| {
            let works = works(plan, step);
            let takes = if works.is_empty() {
                Some(Duration::ZERO)
            } else {
                works.iter().map(|(_, work)| durations.expected(work)).max().flatten()
            };
            let tasks = works.into_iter().map(|(task, _)| task).collect();
            Timed { id: step.id, needs: step.needs.clone(), tasks, takes }
        };
        Self::over(plan.steps.iter().map(timed).collect(), parallelism)
    }

    fn over(steps: Vec<Timed>, parallelism: usize) -> Self {
        let mut this = Self { parallelism: parallelism.max(1), ..Self::default() };
        let mut behind: BTreeMap<StepId, Duration> = BTreeMap::new();
        for Timed { id, needs, tasks, takes } in steps.into_iter().rev() {
            let after = behind.remove(&id).unwrap_or_default();
            let chain = after + takes.unwrap_or_default();
            for need in needs {
                let longest = behind.entry(need).or_default();
                *longest = chain.max(*longest);
            }
            this.steps.insert(id, Estimate { takes, behind: after });
            this.tasks.extend(tasks.into_iter().map(|task| (task, id)));
        }
        this
    }

    /// How long a task will take, if that is known.
    pub fn task(&self, task: &Task) -> Option<Duration> {
        self.steps.get(self.tasks.get(task)?)?.takes
    }

    /// How long the rest will take: the longest chain of what is left, or all of it spread over
    /// what runs at a time. `None` while a step is left of which nothing is known.
    pub fn remaining(
        &self,
        done: &BTreeSet<Task>,
        running: &BTreeMap<Task, Duration>,
    ) -> Option<Duration> {
        let step = |task| self.tasks.get(task).copied();
        let done: BTreeSet<StepId> = done.iter().filter_map(step).collect();
        let elapsed: BTreeMap<StepId, Duration> =
            running.iter().filter_map(|(task, since)| Some((step(task)?, *since))).collect();
        let (mut longest, mut sum) = (Duration::ZERO, Duration::ZERO);
        for (id, estimate) in self.steps.iter().filter(|(id, _)| !done.contains(id)) {
            let passed = elapsed.get(id).copied().unwrap_or_default();
            let takes = estimate.takes?.saturating_sub(passed);
            longest = longest.max(takes + estimate.behind);
            sum += takes;
        }
        let lanes = u32::try_from(self.parallelism).unwrap_or(u32::MAX);
        // Of no plan nothing is known.
        Some(longest.max(sum.checked_div(lanes)?))
    }
}

/// Keeps how long the changes of a run took. Nothing depends on it, so that it failed is logged, not told.
pub(super) async fn learn(
    backend: &dyn StateBackend,
    guard: &LockGuard,
    (plan, outcome): (&Plan, &Outcome),
) {
    let measured = measured(plan, &outcome.objects);
    if measured.is_empty() || outcome.head.is_none() {
        return;
    }
    if let Err(error) = backend.learn(guard, measured).await {
        tracing::info!(error = chain(&error), "durations were not kept");
    }
}

/// What a run measured, for the next one to expect.
fn measured(plan: &Plan, objects: &[ObjectOutcome]) -> BTreeMap<Work, Vec<Duration>> {
    let works: BTreeMap<Task, Work> =
        plan.steps.iter().flat_map(|step| works(plan, step)).collect();
    let mut measured: BTreeMap<Work, Vec<Duration>> = BTreeMap::new();
    for object in objects.iter().filter(|object| object.fate == Fate::Done) {
        if let Some(work) = works.get(&(object.address.clone(), object.operation)) {
            measured.entry(work.clone()).or_default().push(object.elapsed);
        }
    }
    measured
}

/// What a step calls for, object by object; nothing where it calls nothing.
fn works(plan: &Plan, step: &Step) -> Vec<(Task, Work)> {
    let Some(scope) = &step.scope else { return Vec::new() };
    let work = |member: &crate::plan::Member| {
        let address = &plan.changes.get(member.change)?.address;
        let work = Work {
            kind: address.kind.to_string(),
            operation: member.operation.word().to_owned(),
            location: scope.location.to_string(),
        };
        Some(((address.clone(), member.operation), work))
    };
    step.members.iter().filter_map(work).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(name: &str) -> Task {
        (Address::parse(&format!("a_thing.{name}")).unwrap(), Operation::Create)
    }

    /// A step that makes one object.
    fn step(id: u32, needs: &[u32], name: &str, takes: Option<u64>) -> Timed {
        Timed {
            id: StepId(id),
            needs: needs.iter().copied().map(StepId).collect(),
            tasks: vec![task(name)],
            takes: takes.map(Duration::from_secs),
        }
    }

    /// `a` (5 s), then `b` (10 s); beside them `c` (3 s).
    fn expected(c: Option<u64>, parallelism: usize) -> Expected {
        let steps =
            vec![step(0, &[], "a", Some(5)), step(1, &[0], "b", Some(10)), step(2, &[], "c", c)];
        Expected::over(steps, parallelism)
    }

    fn left(expected: &Expected, done: &[&str], running: &[(&str, u64)]) -> Option<u64> {
        let done = done.iter().copied().map(task).collect();
        let running = running.iter().map(|(name, s)| (task(name), Duration::from_secs(*s)));
        expected.remaining(&done, &running.collect()).map(|left| left.as_secs())
    }

    #[test]
    fn the_longest_chain_decides_what_is_left() {
        let expected = expected(Some(3), 64);
        assert_eq!(left(&expected, &[], &[]), Some(15));
        assert_eq!(left(&expected, &[], &[("a", 4), ("c", 2)]), Some(11));
        assert_eq!(left(&expected, &["a", "c"], &[("b", 1)]), Some(9));
        assert_eq!(left(&expected, &["a"], &[("b", 60)]), Some(3), "c has still to run");
        assert_eq!(left(&expected, &["a", "b", "c"], &[]), Some(0));
    }

    #[test]
    fn where_few_run_at_a_time_the_sum_decides() {
        assert_eq!(left(&expected(Some(60), 1), &[], &[]), Some(75));
    }

    #[test]
    fn nothing_is_claimed_while_something_unknown_is_left() {
        let expected = expected(None, 64);
        assert_eq!(left(&expected, &["a"], &[("c", 1)]), None);
        assert_eq!(left(&expected, &["c"], &[]), Some(15));
        assert_eq!(expected.task(&task("b")), Some(Duration::from_secs(10)));
        assert_eq!(expected.task(&task("c")), None);
    }
}
