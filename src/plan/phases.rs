//! The steps of a promotion, phase by phase, around the claim. Pure.

use std::collections::BTreeMap;

use super::ObjectChange;
use super::promotion::{Parts, Promotion, region_of};
use super::step::{Act, Member, Phase, Step, StepId, Task, weigh};
use crate::desired::Part;

/// Where a step stands in its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before what the phase changes.
    Before,
    /// Before that, too, when all is done that comes before.
    Last,
    /// After it.
    After,
}

/// A step that changes no object, and its place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its phase.
    pub phase: Phase,
    /// Its place there.
    pub when: When,
    /// What it does.
    pub act: Act,
    /// What it does it with.
    pub task: Task,
}

impl Promotion {
    /// Puts ordered steps into phases, with the claim between the fence and the rest.
    ///
    /// # Errors
    /// Steps that must come before one of an earlier phase: the changes of both.
    pub fn steps(
        &self,
        steps: Vec<Step>,
        changes: &[ObjectChange],
        parts: &Parts,
        acts: &[Placed],
    ) -> Result<Vec<Step>, Vec<usize>> {
        let phases = self.phases_of(&steps, changes, parts);
        let mut order = Order::default();
        for next in self.phases() {
            order.gate(next, None);
            let of = |when: When| acts.iter().filter(move |p| (p.phase, p.when) == (next, when));
            order.acts(next, of(When::Before));
            order.acts(next, of(When::Last));
            let mut mine: Vec<&Step> =
                steps.iter().filter(|step| phases.get(&step.id) == Some(&next)).collect();
            let address = |step: &Step| {
                let change = step.members.first().and_then(|m| changes.get(m.change));
                change.map(|change| &change.address)
            };
            if next == Phase::Claim {
                // Two operators meet at the same record: in the order of the regions' names.
                mine.sort_by_key(|step| address(step).and_then(region_of).map(str::to_owned));
            }
            let part = |step: &Step| parts.get(address(step)?).copied();
            let runs = |step: &&Step| part(step).is_some_and(Part::runs);
            let writes = matches!(next, Phase::Fence | Phase::Promote);
            if writes && mine.iter().any(runs) {
                let (runs, data): (Vec<&Step>, Vec<&Step>) = mine.into_iter().partition(runs);
                // What is stopped still writes down what it holds: its data is closed after it. What is
                // started writes: its data takes writes before it.
                let (first, then) = if next == Phase::Fence { (runs, data) } else { (data, runs) };
                for step in first {
                    order.add(step, next)?;
                }
                order.gate(next, None);
                mine = then;
            }
            for step in mine {
                order.add(step, next)?;
                if next == Phase::Claim {
                    order.gate(next, None);
                }
            }
            if next == Phase::Prepare {
                for step in &steps {
                    order.ahead(step, next, |member| {
                        let change = changes.get(member.change);
                        change.is_some_and(|change| self.lowered.contains_key(&change.address))
                    });
                }
            }
            if let Some(act) = next.act() {
                order.gate(next, Some(act));
            }
            if of(When::After).next().is_some() {
                order.gate(next, None);
                order.acts(next, of(When::After));
            }
        }
        Ok(order.finish())
    }

    /// The phase of each step.
    fn phases_of(
        &self,
        steps: &[Step],
        changes: &[ObjectChange],
        parts: &Parts,
    ) -> BTreeMap<StepId, Phase> {
        let mut phases: BTreeMap<StepId, Phase> = BTreeMap::new();
        for step in steps {
            let change = step.members.first().and_then(|m| changes.get(m.change));
            let own = change.and_then(|change| self.phase_of(parts, &change.address));
            // What only joins others belongs to the last of them.
            let joined = || step.needs.iter().filter_map(|need| phases.get(need)).max().copied();
            // What looks at something while weights move.
            let looks = step.act.map(|_| Phase::Switch);
            let phase = own.or(looks).or_else(joined).unwrap_or(Phase::Fence);
            phases.insert(step.id, phase);
        }
        phases
    }
}

/// Steps while they are put into phases.
#[derive(Default)]
struct Order {
    steps: Vec<Step>,
    /// The new number of each step.
    renamed: BTreeMap<StepId, StepId>,
    /// The step that all of this phase wait for.
    gate: Option<StepId>,
    /// Those of this phase.
    open: Vec<StepId>,
}

impl Order {
    fn next(&self) -> StepId {
        StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX))
    }

    /// A step that all that follows waits for, and that waits for all before it.
    fn gate(&mut self, phase: Phase, act: Option<Act>) {
        let id = self.next();
        let mut needs = std::mem::take(&mut self.open);
        if needs.is_empty() {
            needs.extend(self.gate);
        }
        self.steps.push(Step::without_objects(id, phase, act, None, needs));
        self.gate = Some(id);
    }

    /// Steps that change no object, side by side, and all that follows after them.
    fn acts<'a>(&mut self, phase: Phase, acts: impl Iterator<Item = &'a Placed>) {
        let mut any = false;
        for placed in acts {
            let (id, needs) = (self.next(), self.gate.into_iter().collect());
            let (act, task) = (Some(placed.act), Some(placed.task.clone()));
            self.steps.push(Step::without_objects(id, phase, act, task, needs));
            self.open.push(id);
            any = true;
        }
        if any {
            self.gate(phase, None);
        }
    }

    /// A step on those of the objects which one of a later phase changes once more.
    fn ahead(&mut self, step: &Step, phase: Phase, lowers: impl Fn(&Member) -> bool) {
        let members: Vec<Member> = step.members.iter().filter(|m| lowers(m)).cloned().collect();
        if !members.is_empty() {
            let (id, needs) = (self.next(), self.gate.into_iter().collect());
            self.open.push(id);
            self.steps.push(Step { id, phase, needs, members, leg: Some(0), ..step.clone() });
        }
    }

    fn add(&mut self, step: &Step, phase: Phase) -> Result<(), Vec<usize>> {
        let id = self.next();
        let mut needs = Vec::with_capacity(step.needs.len() + 1);
        for need in &step.needs {
            match self.renamed.get(need) {
                Some(renamed) => needs.push(*renamed),
                None => return Err(step.members.iter().map(|m: &Member| m.change).collect()),
            }
        }
        needs.extend(self.gate);
        needs.sort();
        needs.dedup();
        self.renamed.insert(step.id, id);
        self.open.push(id);
        self.steps.push(Step { id, phase, needs, ..step.clone() });
        Ok(())
    }

    /// With the length of the longest chain behind each.
    fn finish(mut self) -> Vec<Step> {
        weigh(&mut self.steps);
        self.steps
    }
}
