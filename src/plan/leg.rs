//! Objects that a plan writes several times: what they are on the way, and the steps that lead there. Pure.
//!
//! There is one change of such an object, from what it is to what it shall be. Each step of it says to which
//! of its legs it leads; the last leads to the end. So journal, doubt and settling know at each step what
//! the object was before it, and what it is after it.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Value};

use super::step::weigh;
use super::step::{Act, Member, Step, StepId, Task};
use super::{ObjectChange, Plan};
use crate::address::Address;

/// What an object is on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// Whether it gets there in the phase `prepare` of a promotion, and not in the phase of its change.
    pub ahead: bool,
    /// The object.
    pub document: Value,
    /// What it comes to, for people: `weight 90`.
    pub note: Name,
}

/// The legs of each object that has any, in their order.
pub type Legs = BTreeMap<Address, Vec<Leg>>;

/// What is looked at while the objects of a block are on the way.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Before the first leg.
    pub before: Vec<Task>,
    /// After each leg, and before the next.
    pub after: Vec<Vec<Task>>,
}

/// By block.
pub type Watches = BTreeMap<Name, Watch>;

impl Plan {
    /// To what a step leads a member, where that is not the end of its change.
    pub fn leg(&self, step: &Step, change: &ObjectChange) -> Option<&Leg> {
        self.legs.get(&change.address)?.get(step.leg?)
    }

    /// What a member was made by an earlier step of the same change.
    pub fn reached(&self, step: &Step, change: &ObjectChange) -> Option<&Leg> {
        before(self.legs.get(&change.address)?, step.leg)
    }
}

/// What is there before a leg, or before the end.
fn before(legs: &[Leg], leg: Option<usize>) -> Option<&Leg> {
    match leg {
        None => legs.last(),
        Some(leg) => legs.get(leg.checked_sub(1)?),
    }
}

/// Lets objects be written as often as they have legs, one after the other, and what is watched in between.
pub fn spread(
    steps: Vec<Step>,
    changes: &[ObjectChange],
    legs: &Legs,
    watches: &Watches,
) -> Vec<Step> {
    let legs_of = |member: &Member| {
        let change = changes.get(member.change)?;
        let legs = legs.get(&change.address)?;
        (!legs.iter().any(|leg| leg.ahead)).then_some((change, legs.len()))
    };
    let mut out = Spread::default();
    for step in steps {
        let mut needs: Vec<StepId> =
            step.needs.iter().filter_map(|need| out.renamed(*need)).collect();
        let looks = |round: Option<usize>, members: &[Member]| {
            let blocks = members.iter().filter_map(|m| Some(&changes.get(m.change)?.address.name));
            let mut blocks: Vec<&Name> = blocks.collect();
            blocks.sort();
            blocks.dedup();
            let watches = blocks.into_iter().filter_map(|block| watches.get(block));
            let tasks = watches.flat_map(|watch| match round {
                None => watch.before.as_slice(),
                Some(round) => watch.after.get(round).map(Vec::as_slice).unwrap_or_default(),
            });
            tasks.cloned().collect::<Vec<Task>>()
        };
        let rounds = step.members.iter().filter_map(legs_of).map(|(_, legs)| legs).max();
        for round in 0..rounds.unwrap_or_default() {
            let moves = |member: &&Member| legs_of(member).is_some_and(|(_, legs)| legs > round);
            let members: Vec<Member> = step.members.iter().filter(moves).cloned().collect();
            if round == 0 {
                out.look(&step, looks(None, &members), &mut needs);
            }
            let watched = looks(Some(round), &members);
            needs = vec![out.push(Step { members, needs, leg: Some(round), ..step.clone() })];
            out.look(&step, watched, &mut needs);
        }
        let old = step.id;
        let end = out.push(Step { needs, ..step });
        out.renamed.insert(old, end);
    }
    weigh(&mut out.steps);
    out.steps
}

/// Steps while they get new numbers.
#[derive(Default)]
struct Spread {
    steps: Vec<Step>,
    renamed: BTreeMap<StepId, StepId>,
}

impl Spread {
    fn push(&mut self, step: Step) -> StepId {
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
        self.steps.push(Step { id, weight: 0, ..step });
        id
    }

    /// Lets what comes next wait for these looks, side by side, that wait for what it waited for.
    fn look(&mut self, step: &Step, tasks: Vec<Task>, needs: &mut Vec<StepId>) {
        let before = needs.clone();
        for task in tasks {
            let (act, after) = (Some(Act::Probe), before.clone());
            let look = Step::without_objects(step.id, step.phase, act, Some(task), after);
            needs.push(self.push(look));
        }
    }

    fn renamed(&self, old: StepId) -> Option<StepId> {
        self.renamed.get(&old).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::diff::Action;
    use crate::plan::{Operation, Phase};

    fn change(key: &str) -> ObjectChange {
        let text = format!("dns_failover.web.aws_route53_record[\"{key}\"]");
        ObjectChange {
            provider: "aws".into(),
            provider_source: "a".into(),
            before: Some(Value::int(0)),
            after: Some(Value::int(100)),
            ..ObjectChange::new(Address::parse(&text).unwrap(), Action::Update)
        }
    }

    fn step(id: u32, changes: &[usize], needs: &[u32]) -> Step {
        let member = |change| Member { change, operation: Operation::Update, depose: false };
        let needs = needs.iter().copied().map(StepId).collect();
        let step = Step::without_objects(StepId(id), Phase::Change, None, None, needs);
        Step { members: changes.iter().copied().map(member).collect(), ..step }
    }

    fn legs(weights: &[i64]) -> Vec<Leg> {
        let leg =
            |weight: &i64| Leg { ahead: false, document: Value::int(*weight), note: "".into() };
        weights.iter().map(leg).collect()
    }

    fn look(about: &str) -> Task {
        let (arguments, limit) = (Value::object([]), Duration::ZERO);
        Task { about: about.into(), arguments, limit, optional: false, on: None }
    }

    /// A step as `2: 0,1 to leg 0 after 1`.
    fn told(step: &Step) -> String {
        let what = match &step.task {
            Some(task) => task.about.to_string(),
            None => format!("{:?}", step.members.iter().map(|m| m.change).collect::<Vec<_>>()),
        };
        let needs: Vec<u32> = step.needs.iter().map(|need| need.0).collect();
        format!("{}: {what} to {:?} after {needs:?}", step.id.0, step.leg)
    }

    #[test]
    fn what_is_on_the_way_is_watched_before_the_next_leg_and_others_wait_for_the_end() {
        let changes = ["a", "b", "c"].map(change);
        let [a, b, _] = &changes;
        let all = [(a.address.clone(), legs(&[10, 50])), (b.address.clone(), legs(&[90]))];
        let watch =
            Watch { before: vec![look("0")], after: vec![vec![look("10")], vec![look("50")]] };
        let watches = [("dns_failover.web".into(), watch)].into();
        let steps = vec![step(0, &[], &[]), step(1, &[0, 1, 2], &[0]), step(2, &[], &[1])];
        let made = spread(steps, &changes, &all.into(), &watches);
        let made: Vec<String> = made.iter().map(told).collect();
        assert_eq!(
            made,
            [
                "0: [] to None after []",
                "1: 0 to None after [0]",
                "2: [0, 1] to Some(0) after [0, 1]",
                "3: 10 to None after [2]",
                "4: [0] to Some(1) after [2, 3]",
                "5: 50 to None after [4]",
                "6: [0, 1, 2] to None after [4, 5]",
                "7: [] to None after [6]",
            ]
        );
    }

    /// Settling must know what was there before a step, and what is after it.
    #[test]
    fn each_step_knows_what_the_one_before_made() {
        let legs = legs(&[10, 50]);
        let was = |leg| before(&legs, leg).and_then(|leg| leg.document.as_i64());
        assert_eq!([was(Some(0)), was(Some(1)), was(None)], [None, Some(10), Some(50)]);
    }
}
