//! Confirmations: an ordinary plan gives data back to the primary, and copies it from there, only while the
//! role records are as it was made from. Pure.
//!
//! State may be a copy that another promotion did not reach, and the records may have been read long
//! before the step: what looks like a fence that nobody wanted is then the fence of that promotion, and
//! what is copied goes from a region that was left to the one that took over.

use std::collections::BTreeMap;

use lifeboat_sdk::Name;

use super::ObjectChange;
use super::promotion::{Parts, region_of};
use super::step::{Act, Phase, Step, StepId, Task, weigh};
use crate::desired::Part;
use crate::diff::Action;

/// Whether a change may let the primary write, or copies from it: nobody but its kind can tell a fence from
/// the rest, so each change of what would be one counts.
pub fn opens(change: &ObjectChange, parts: &Parts, primary: &str) -> bool {
    let relies = |part: &Part| part.fences() || *part == Part::Copies;
    let fences = parts.get(&change.address).is_some_and(relies);
    let changes = change.action != Action::NoOp && change.deferred.is_none();
    fences && changes && region_of(&change.address) == Some(primary)
}

/// Puts a last look at each record before whatever opens the primary, and before the record's own change,
/// which is seen as somebody else's otherwise.
pub fn confirm(
    steps: Vec<Step>,
    changes: &[ObjectChange],
    parts: &Parts,
    (primary, looks): (&Name, Vec<Task>),
) -> Vec<Step> {
    let of = |step: &Step, is: &dyn Fn(&ObjectChange) -> bool| {
        step.members.iter().filter_map(|member| changes.get(member.change)).any(is)
    };
    if looks.is_empty() || !steps.iter().any(|step| of(step, &|it| opens(it, parts, primary))) {
        return steps;
    }
    let id = |at: usize| StepId(u32::try_from(at).unwrap_or(u32::MAX));
    let by_record: BTreeMap<Name, StepId> =
        looks.iter().enumerate().map(|(at, look)| (look.about.clone(), id(at))).collect();
    let shift = looks.len();
    let mut made: Vec<Step> = Vec::with_capacity(shift + steps.len());
    for (at, look) in looks.into_iter().enumerate() {
        let act = Some(Act::Confirm);
        made.push(Step::without_objects(id(at), Phase::Change, act, Some(look), Vec::new()));
    }
    let moved = |step: StepId| id(step.0 as usize + shift);
    for step in steps {
        let mut needs: Vec<StepId> = step.needs.iter().map(|need| moved(*need)).collect();
        if of(&step, &|change| opens(change, parts, primary)) {
            needs.extend(by_record.values());
        }
        let records = step.members.iter().filter_map(|member| changes.get(member.change));
        needs.extend(records.filter_map(|it| by_record.get(&*it.address.to_string())));
        needs.sort();
        needs.dedup();
        made.push(Step { id: moved(step.id), needs, ..step });
    }
    weigh(&mut made);
    made
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lifeboat_sdk::Value;

    use super::*;
    use crate::address::Address;
    use crate::plan::{Member, Operation};

    fn at(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    /// What is done before a policy is changed, as `id: what after needs`.
    fn made(region: &str, action: Action) -> Vec<String> {
        made_of(region, action, Part::Writers)
    }

    fn made_of(region: &str, action: Action, part: Part) -> Vec<String> {
        let policy = at(&format!("bucket.x.aws_s3_bucket_policy[\"{region}\"]"));
        let record = at("region.b.aws_s3_object[\"b\"]");
        let parts = [(policy.clone(), part), (record.clone(), Part::Record)].into();
        let (update, about) = (Action::Update, record.to_string().into());
        let changes = [ObjectChange::new(policy, action), ObjectChange::new(record, update)];
        let step = |id: u32, change, needs: &[u32]| {
            let needs = needs.iter().copied().map(StepId).collect();
            let step = Step::without_objects(StepId(id), Phase::Change, None, None, needs);
            let member = Member { change, operation: Operation::Update, depose: false };
            Step { members: vec![member], ..step }
        };
        let steps = vec![step(0, 0, &[]), step(1, 1, &[0])];
        let (arguments, limit) = (Value::object([]), Duration::ZERO);
        let look = Task { about, arguments, limit, optional: false, on: None };
        let made = confirm(steps, &changes, &parts, (&"a".into(), vec![look]));
        let told = |step: Step| {
            let needs: Vec<u32> = step.needs.iter().map(|need| need.0).collect();
            let what = step.members.first().map_or(step.act.map(|_| "look"), |of| {
                Some(if of.change == 0 { "policy" } else { "record" })
            });
            format!("{}: {} after {needs:?}", step.id.0, what.unwrap_or_default())
        };
        made.into_iter().map(told).collect()
    }

    #[test]
    fn the_primary_is_opened_after_a_look_at_the_records_and_they_change_after_it() {
        let looked = ["0: look after []", "1: policy after [0]", "2: record after [0, 1]"];
        assert_eq!(made("a", Action::Update), looked);
        // So is what is copied from there.
        assert_eq!(made_of("a", Action::Update, Part::Copies), looked);
        // No other region is opened, and what stays opens nothing.
        let plain = ["0: policy after []", "1: record after [0]"];
        assert_eq!(made("b", Action::Update), plain);
        assert_eq!(made("a", Action::NoOp), plain);
    }
}
