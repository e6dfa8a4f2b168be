//! Which steps may start now: a plain state machine that knows nothing of tasks or calls.
//!
//! A step starts when all that it needs is done; of those that may, the one with the longest
//! chain behind it starts first. A step that is not done blocks only what needs it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Step, StepId};

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Something that it needs is not done yet.
    Waiting,
    /// It may start.
    Ready,
    /// It has started.
    Running,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// Nobody knows whether it happened.
    InDoubt,
    /// This step, which it needs directly or through others, failed or is in doubt.
    Blocked(StepId),
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As planned: what needs it may start.
    Done,
    /// Not as planned.
    Failed,
    /// Nobody knows.
    InDoubt,
}

#[derive(Debug)]
struct Node {
    id: StepId,
    weight: u32,
    limited: bool,
    missing: usize,
    dependants: Vec<usize>,
    status: Status,
}

/// The steps of a plan while they are carried out.
#[derive(Debug)]
pub struct Ready {
    index: BTreeMap<StepId, usize>,
    nodes: Vec<Node>,
    /// Those that may start and count against the limit, and those that do not.
    limited: BTreeSet<(Reverse<u32>, usize)>,
    free: BTreeSet<(Reverse<u32>, usize)>,
    slots: usize,
    /// What an earlier process of the run has done: it counts as done as soon as what it needs is.
    done: BTreeSet<StepId>,
}

impl Ready {
    /// All steps waiting or ready; at most `limit` of those with a scope run at a time.
    pub fn new(steps: &[Step], limit: usize) -> Self {
        let index: BTreeMap<StepId, usize> =
            steps.iter().enumerate().map(|(i, step)| (step.id, i)).collect();
        let mut nodes: Vec<Node> = steps
            .iter()
            .map(|step| Node {
                id: step.id,
                weight: step.weight,
                limited: step.scope.is_some(),
                missing: 0,
                dependants: Vec::new(),
                status: Status::Waiting,
            })
            .collect();
        for (i, step) in steps.iter().enumerate() {
            let needs: BTreeSet<usize> =
                step.needs.iter().filter_map(|need| index.get(need).copied()).collect();
            nodes[i].missing = needs.len();
            for need in needs {
                nodes[need].dependants.push(i);
            }
        }
        let mut ready = Self {
            index,
            nodes,
            limited: BTreeSet::new(),
            free: BTreeSet::new(),
            slots: limit.max(1),
            done: BTreeSet::new(),
        };
        for i in 0..ready.nodes.len() {
            ready.release(i);
        }
        ready
    }

    /// Takes steps as done that an earlier process of the run has done. Such a one may come after one that is
    /// not: a fence that was owed then is placed when its region answers.
    pub fn resume(&mut self, done: &BTreeSet<StepId>) {
        self.done.clone_from(done);
        for i in 0..self.nodes.len() {
            let node = &self.nodes[i];
            if node.status == Status::Ready && done.contains(&node.id) {
                let place = (Reverse(node.weight), i);
                self.limited.remove(&place);
                self.free.remove(&place);
                self.pass(i);
            }
        }
    }

    /// Lets a step start that waits for nothing more; says whether it is done instead, by an earlier process.
    fn release(&mut self, i: usize) -> bool {
        let node = &mut self.nodes[i];
        if node.missing > 0 || node.status != Status::Waiting {
            return false;
        }
        if self.done.contains(&node.id) {
            return true;
        }
        node.status = Status::Ready;
        let place = (Reverse(node.weight), i);
        if node.limited {
            self.limited.insert(place)
        } else {
            self.free.insert(place)
        };
        false
    }

    /// A step is done: what waits for it waits no longer.
    fn pass(&mut self, i: usize) {
        let mut passed = vec![i];
        while let Some(i) = passed.pop() {
            self.nodes[i].status = Status::Done;
            for dependant in self.nodes[i].dependants.clone() {
                self.nodes[dependant].missing -= 1;
                if self.release(dependant) {
                    passed.push(dependant);
                }
            }
        }
    }

    /// Starts the next step, if one may start and there is room for it.
    pub fn start(&mut self) -> Option<StepId> {
        let (_, i) = match self.free.pop_first() {
            Some(place) => place,
            None if self.slots > 0 => {
                let place = self.limited.pop_first()?;
                self.slots -= 1;
                place
            }
            None => return None,
        };
        self.nodes[i].status = Status::Running;
        Some(self.nodes[i].id)
    }

    /// A running step ended.
    pub fn finish(&mut self, step: StepId, end: End) {
        let Some(&i) = self.index.get(&step) else { return };
        if self.nodes[i].status != Status::Running {
            return;
        }
        if self.nodes[i].limited {
            self.slots += 1;
        }
        self.nodes[i].status = match end {
            End::Done => return self.pass(i),
            End::Failed => Status::Failed,
            End::InDoubt => Status::InDoubt,
        };
        self.block(i);
    }

    fn block(&mut self, i: usize) {
        let cause = self.nodes[i].id;
        let mut blocked = self.nodes[i].dependants.clone();
        while let Some(next) = blocked.pop() {
            if self.nodes[next].status == Status::Waiting {
                self.nodes[next].status = Status::Blocked(cause);
                blocked.extend(self.nodes[next].dependants.iter().copied());
            }
        }
    }

    /// Whether a step may start now.
    pub fn may_start(&self) -> bool {
        !self.free.is_empty() || (self.slots > 0 && !self.limited.is_empty())
    }

    /// Lets a step that failed start once more, and waits no longer in vain for it; says whether it had
    /// failed.
    pub fn retry(&mut self, step: StepId) -> bool {
        let Some(&i) = self.index.get(&step) else { return false };
        if self.nodes[i].status != Status::Failed {
            return false;
        }
        self.nodes[i].status = Status::Waiting;
        self.release(i);
        for node in &mut self.nodes {
            if matches!(node.status, Status::Blocked(_)) {
                node.status = Status::Waiting;
            }
        }
        for i in 0..self.nodes.len() {
            if matches!(self.nodes[i].status, Status::Failed | Status::InDoubt) {
                self.block(i);
            }
        }
        true
    }

    /// Where a step stands.
    pub fn status(&self, step: StepId) -> Option<Status> {
        self.index.get(&step).map(|i| self.nodes[*i].status)
    }

    /// Whether no step runs and none may start.
    pub fn is_over(&self) -> bool {
        let active = |node: &Node| matches!(node.status, Status::Running | Status::Ready);
        !self.nodes.iter().any(active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Phase;

    fn step(id: u32, needs: &[u32], weight: u32, limited: bool) -> Step {
        Step {
            id: StepId(id),
            phase: Phase::Change,
            members: Vec::new(),
            leg: None,
            act: None,
            task: None,
            needs: needs.iter().copied().map(StepId).collect(),
            scope: limited.then(|| crate::refresh::fake::scope("east")),
            plane: None,
            weight,
        }
    }

    fn started(ready: &mut Ready) -> Vec<u32> {
        std::iter::from_fn(|| ready.start()).map(|id| id.0).collect()
    }

    #[test]
    fn the_longest_chain_starts_first_and_the_limit_holds() {
        let steps = [
            step(0, &[], 0, true),
            step(1, &[], 2, true),
            step(2, &[], 1, true),
            step(3, &[1], 1, true),
        ];
        let mut ready = Ready::new(&steps, 2);
        assert_eq!(started(&mut ready), [1, 2]);
        ready.finish(StepId(1), End::Done);
        assert_eq!(started(&mut ready), [3]);
        ready.finish(StepId(2), End::Done);
        ready.finish(StepId(2), End::Failed);
        assert_eq!(started(&mut ready), [0]);
        assert_eq!(ready.status(StepId(2)), Some(Status::Done));
        assert!(!ready.is_over());
    }

    #[test]
    fn steps_without_a_scope_have_no_limit() {
        let steps: Vec<Step> = (0..1000).map(|i| step(i, &[], 0, false)).collect();
        let mut ready = Ready::new(&steps, 1);
        assert_eq!(started(&mut ready).len(), 1000);
    }

    #[test]
    fn what_is_not_done_blocks_only_what_needs_it() {
        for end in [End::Failed, End::InDoubt] {
            let steps = [
                step(0, &[], 9, true),
                step(1, &[0], 1, true),
                step(2, &[1, 4], 0, true),
                step(3, &[4], 0, true),
                step(4, &[], 1, true),
            ];
            let mut ready = Ready::new(&steps, 1);
            assert_eq!(started(&mut ready), [0]);
            ready.finish(StepId(0), end);
            assert_eq!(started(&mut ready), [4]);
            ready.finish(StepId(4), End::Done);
            assert_eq!(started(&mut ready), [3]);
            ready.finish(StepId(3), End::Done);
            assert!(ready.is_over());
            assert_eq!(ready.status(StepId(1)), Some(Status::Blocked(StepId(0))));
            assert_eq!(ready.status(StepId(2)), Some(Status::Blocked(StepId(0))));
        }
    }

    #[test]
    fn a_step_that_failed_starts_again_and_frees_only_what_waits_for_nothing_else() {
        let steps = [
            step(0, &[], 9, true),
            step(1, &[], 8, true),
            step(2, &[0], 0, true),
            step(3, &[0, 1], 0, true),
        ];
        let mut ready = Ready::new(&steps, 2);
        assert_eq!(started(&mut ready), [0, 1]);
        assert!(!ready.retry(StepId(0)));
        ready.finish(StepId(0), End::Failed);
        ready.finish(StepId(1), End::Failed);
        assert!(ready.is_over());
        assert!(ready.retry(StepId(0)) && ready.may_start());
        assert_eq!(started(&mut ready), [0]);
        ready.finish(StepId(0), End::Done);
        assert_eq!(started(&mut ready), [2]);
        assert_eq!(ready.status(StepId(3)), Some(Status::Blocked(StepId(1))));
    }

    #[test]
    fn a_need_named_twice_counts_once() {
        let mut ready = Ready::new(&[step(0, &[], 1, true), step(1, &[0, 0], 0, true)], 1);
        assert_eq!(started(&mut ready), [0]);
        ready.finish(StepId(0), End::Done);
        assert_eq!(started(&mut ready), [1]);
    }
}
