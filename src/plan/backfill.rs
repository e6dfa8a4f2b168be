//! Backfills: what replication does not bring by itself is copied when it copies. Pure.

use lifeboat_sdk::Name;

use super::ObjectChange;
use super::promotion::{Parts, region_of};
use super::step::weigh;
use super::step::{Act, Phase, Step, StepId, Task};
use crate::address::Address;

/// A backfill that is to be done.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What copies.
    pub by: Address,
    /// Where it is copied to.
    pub to: Name,
    /// With what.
    pub task: Task,
}

/// Puts backfills at the end of the steps of an ordinary plan: each after what copies is there, and
/// after the region was fenced and listed.
pub fn backfill(
    mut steps: Vec<Step>,
    changes: &[ObjectChange],
    parts: &Parts,
    wanted: Vec<Wanted>,
) -> Vec<Step> {
    if wanted.is_empty() {
        return steps;
    }
    for Wanted { by, to, task } in wanted {
        let before = |step: &&Step| {
            let surveys = step.act == Some(Act::Survey) && from(step) == Some(&*to);
            let mut members = step.members.iter().filter_map(|it| changes.get(it.change));
            surveys
                || members.any(|change| {
                    let fences = parts.get(&change.address).is_some_and(|part| part.fences());
                    let there = region_of(&change.address) == Some(&*to);
                    change.address == by || (there && fences)
                })
        };
        let needs = steps.iter().filter(before).map(|step| step.id).collect();
        let id = StepId(u32::try_from(steps.len()).unwrap_or(u32::MAX));
        let act = Some(Act::Backfill);
        steps.push(Step::without_objects(id, Phase::Change, act, Some(task), needs));
    }
    weigh(&mut steps);
    steps
}

/// The region that a survey is about.
fn from(step: &Step) -> Option<&str> {
    step.task.as_ref()?.arguments.get("from")?.as_str()
}
