//! The hooks of the phase after a promotion: before and after all else that the ordinary plan does which
//! protects the data again. Pure.

use std::collections::BTreeSet;

use super::step::weigh;
use super::step::{Act, Phase, Step, StepId, Task};

/// What stands before all steps of a plan, and what after them.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Done first, side by side.
    pub before: Vec<Task>,
    /// Done last, side by side.
    pub after: Vec<Task>,
}

/// Puts hooks around the steps of an ordinary plan: where one before it fails, nothing else is done.
pub fn around(steps: Vec<Step>, hooks: Around) -> Vec<Step> {
    let Around { before, after } = hooks;
    if before.is_empty() && after.is_empty() {
        return steps;
    }
    let hook = |made: &mut Vec<Step>, task: Task, needs: Vec<StepId>| {
        let id = StepId(u32::try_from(made.len()).unwrap_or(u32::MAX));
        made.push(Step::without_objects(id, Phase::Change, Some(Act::Hook), Some(task), needs));
        id
    };
    let mut made = Vec::with_capacity(before.len() + steps.len() + after.len());
    let first: Vec<StepId> =
        before.into_iter().map(|task| hook(&mut made, task, Vec::new())).collect();
    let shift = u32::try_from(first.len()).unwrap_or(u32::MAX);
    let later = |id: StepId| StepId(id.0.saturating_add(shift));
    for step in steps {
        let mut needs: Vec<StepId> = step.needs.iter().copied().map(later).collect();
        if needs.is_empty() {
            needs.clone_from(&first);
        }
        made.push(Step { id: later(step.id), needs, ..step });
    }
    let needed: BTreeSet<StepId> = made.iter().flat_map(|step| step.needs.clone()).collect();
    let last: Vec<StepId> =
        made.iter().map(|step| step.id).filter(|id| !needed.contains(id)).collect();
    for task in after {
        hook(&mut made, task, last.clone());
    }
    weigh(&mut made);
    made
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lifeboat_sdk::Value;

    use super::*;

    fn task(about: &str) -> Task {
        let (arguments, limit) = (Value::object([]), Duration::from_secs(1));
        Task { about: about.into(), arguments, limit, optional: false, on: None }
    }

    fn step(id: u32, needs: &[u32]) -> Step {
        let needs = needs.iter().copied().map(StepId).collect();
        Step::without_objects(StepId(id), Phase::Change, None, None, needs)
    }

    fn needs(steps: &[Step]) -> Vec<Vec<u32>> {
        steps.iter().map(|step| step.needs.iter().map(|need| need.0).collect()).collect()
    }

    #[test]
    fn all_that_is_done_waits_for_the_hooks_before_it_and_those_after_it_wait_for_all() {
        let steps = vec![step(0, &[]), step(1, &[0]), step(2, &[])];
        let hooks = Around { before: vec![task("a"), task("b")], after: vec![task("c")] };
        let made = around(steps, hooks);
        let all = [vec![], vec![], vec![0, 1], vec![2], vec![0, 1], vec![3, 4]];
        assert_eq!(needs(&made), all);
        assert!(made.iter().zip(0..).all(|(step, id)| step.id == StepId(id)));
    }

    #[test]
    fn without_anything_else_they_come_one_after_the_other() {
        let hooks = Around { before: vec![task("a")], after: vec![task("b"), task("c")] };
        assert_eq!(needs(&around(Vec::new(), hooks)), [vec![], vec![0], vec![0]]);
        assert_eq!(around(vec![step(0, &[])], Around::default()), [step(0, &[])]);
    }
}
