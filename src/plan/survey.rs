//! Surveys: what a region holds alone that returns is listed after its fence, and before anything is
//! copied there. Pure.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::Name;

use super::ObjectChange;
use super::promotion::{Parts, region_of};
use super::step::weigh;
use super::step::{Act, Phase, Step, StepId, Task};
use crate::desired::Part;

/// Puts surveys of a region into the steps of an ordinary plan.
pub fn survey(
    steps: Vec<Step>,
    changes: &[ObjectChange],
    parts: &Parts,
    (region, tasks): (&Name, Vec<Task>),
) -> Vec<Step> {
    if tasks.is_empty() {
        return steps;
    }
    let of = |step: &Step, is: &dyn Fn(&ObjectChange) -> bool| {
        step.members.iter().filter_map(|member| changes.get(member.change)).any(is)
    };
    let here = |change: &ObjectChange| region_of(&change.address) == Some(&**region);
    let part = |change: &ObjectChange| parts.get(&change.address).copied();
    let fences = |change: &ObjectChange| here(change) && part(change).is_some_and(Part::fences);
    // What comes after them: all that is there, and whatever copies.
    let after = |change: &ObjectChange| here(change) || part(change) == Some(Part::Copies);
    let placed: Vec<StepId> =
        steps.iter().filter(|step| of(step, &fences)).map(|step| step.id).collect();
    let mut early: BTreeSet<StepId> = placed.iter().copied().collect();
    for step in steps.iter().rev() {
        if early.contains(&step.id) {
            early.extend(step.needs.iter().copied());
        }
    }
    let (first, rest): (Vec<Step>, Vec<Step>) =
        steps.into_iter().partition(|step| early.contains(&step.id));
    let mut made = Vec::with_capacity(first.len() + tasks.len() + rest.len());
    let mut renamed = BTreeMap::new();
    let next = |made: &Vec<Step>| StepId(u32::try_from(made.len()).unwrap_or(u32::MAX));
    let mut add = |made: &mut Vec<Step>, step: Step, surveys: &[StepId]| {
        let id = next(made);
        let needs = step.needs.iter().filter_map(|need| renamed.get(need).copied());
        let mut needs: Vec<StepId> = needs.chain(surveys.iter().copied()).collect();
        needs.sort();
        needs.dedup();
        renamed.insert(step.id, id);
        made.push(Step { id, needs, ..step });
        id
    };
    let mut fenced = Vec::new();
    for step in first {
        let fence = placed.contains(&step.id);
        let id = add(&mut made, step, &[]);
        fenced.extend(fence.then_some(id));
    }
    let mut surveys = Vec::new();
    for task in tasks {
        let (id, act) = (next(&made), Some(Act::Survey));
        surveys.push(id);
        made.push(Step::without_objects(id, Phase::Change, act, Some(task), fenced.clone()));
    }
    for step in rest {
        let waits: &[StepId] = if of(&step, &after) { &surveys } else { &[] };
        add(&mut made, step, waits);
    }
    weigh(&mut made);
    made
}
