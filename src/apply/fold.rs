//! A journal folded into state: pure, and the same as what the process that wrote it had.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Diagnostics, Value};
use lifeboat_state::journal::{Frame, MemberRecord, Run, Settled, StepStatus, Verdict};
use lifeboat_state::model::State;

use super::current::{Current, Ended, member_name};
use super::document::load;
use super::ends::{journal_step, replayed};
use super::request::Taken;
use crate::address::Address;
use crate::plan::{Act, Member, Plan, Step, StepId};
use crate::registry::Providers;

/// A run as its journal tells it.
pub struct Folded<'p> {
    /// State and objects.
    pub current: Current<'p>,
    /// What must be settled.
    pub doubtful: Vec<Doubtful>,
    /// Damage.
    pub problems: Diagnostics,
}

/// A step with members in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubtful {
    /// The step.
    pub step: StepId,
    /// The members, each with the last id that the API told.
    pub members: Vec<(Member, Option<String>)>,
    /// Of those, the members that are in doubt only because the journal's end is lost.
    pub lost: BTreeSet<usize>,
    /// Why.
    pub why: String,
}

impl Doubtful {
    /// Whether any of it is known to have begun.
    pub fn is_sure(&self) -> bool {
        self.lost.len() < self.members.len()
    }

    /// The first object in doubt and why.
    pub fn told(&self, plan: &Plan) -> Vec<(Address, String)> {
        let changes = self.members.iter().filter_map(|(m, _)| plan.changes.get(m.change));
        changes.map(|c| (c.address.clone(), self.why.clone())).collect()
    }

    /// The names in the journal of members that it does not hold in doubt yet.
    pub fn lost(&self, plan: &Plan) -> Vec<String> {
        let lost = self.members.iter().enumerate().filter(|(i, _)| self.lost.contains(i));
        lost.map(|(_, (member, _))| member_name(plan, member)).collect()
    }
}

/// Folds a run into `state`, which may hold a part of it already: what the run recorded before
/// the last generation that it committed is not taken twice.
pub fn fold<'p>(
    plan: &'p Plan,
    providers: &'p Providers,
    state: State,
    run: &Run,
    frames: &[Frame],
) -> Folded<'p> {
    let committed = frames.iter().rposition(|f| matches!(f, Frame::StateCommitted(_)));
    let began = committed.is_some() || state.has_consumed(&run.begin.plan_digest);
    let mut current = Current::new(plan, providers, state);
    if began {
        current.gather();
    } else {
        current.begin();
    }
    let mut problems = Diagnostics::new();
    let mut ended: Vec<(&MemberRecord, &Member, &Step)> = Vec::new();
    for step in &plan.steps {
        for member in &step.members {
            if let Some(record) = member_record(run, plan, step, member) {
                ended.push((record, member, step));
            }
        }
    }
    ended.sort_by_key(|(record, _, step)| (record.last, step.id));
    for step in &plan.steps {
        let Some(record) = step.act.and_then(|_| acted(run, step)) else { continue };
        if record.status != StepStatus::Done || committed.is_some_and(|at| record.last <= at as u64)
        {
            continue;
        }
        if step.act == Some(Act::Claim) {
            // Members come after all acts here, and came before this one in the run.
            let before = ended.iter().filter(|(made, ..)| made.last < record.last);
            current.made = before
                .filter(|(made, ..)| matches!(replayed(made), Ok(Some((_, Ended::Done(_))))))
                .map(|(_, member, _)| member.change)
                .collect();
        }
        match record.document.as_ref().map(load).transpose() {
            Ok(told) => {
                current.act(step, &told.unwrap_or_else(Value::null));
            }
            Err(why) => problems.push(damaged(run, step, &why)),
        }
    }
    let since = committed.map_or(0, |at| at + 1);
    for taken in frames.iter().skip(since).filter_map(Taken::of) {
        current.asked(&taken);
    }
    for (record, member, step) in ended {
        match replayed(record) {
            Ok(Some((id, end))) if committed.is_none_or(|at| record.last > at as u64) => {
                current.take(member, id, &end);
            }
            Ok(Some((_, end))) => current.note(member, &end),
            Ok(None) => {}
            Err(why) => problems.push(damaged(run, step, &why)),
        }
    }
    current.state.note_consumed(&run.begin.plan_digest);
    for problem in std::mem::take(&mut current.problems) {
        problems.push(Diagnostic::error("apply::state", "State is damaged", problem));
    }
    let doubtful = doubtful(plan, run);
    Folded { current, doubtful, problems }
}

fn member_record<'r>(
    run: &'r Run,
    plan: &Plan,
    step: &Step,
    member: &Member,
) -> Option<&'r MemberRecord> {
    run.steps.get(&journal_step(step.id))?.members.get(&member_name(plan, member))
}

/// What the journal has of a step without members.
fn acted<'r>(run: &'r Run, step: &Step) -> Option<&'r MemberRecord> {
    let step = journal_step(step.id);
    run.steps.get(&step)?.members.get(&step.0)
}

/// The steps of a run that are done; those that only join others with what they join.
pub fn done(plan: &Plan, run: &Run) -> BTreeSet<StepId> {
    let is_done = |record: Option<&MemberRecord>| {
        record.is_some_and(|record| record.status == StepStatus::Done)
    };
    let mut done = BTreeSet::new();
    for step in &plan.steps {
        let whole = if step.act.is_some() {
            is_done(acted(run, step))
        } else if step.members.is_empty() {
            step.needs.iter().all(|need| done.contains(need))
        } else {
            step.members.iter().all(|member| is_done(member_record(run, plan, step, member)))
        };
        if whole {
            done.insert(step.id);
        }
    }
    done
}

/// The members that are done of steps that are not, by their places: the others of a batch that happened in part
/// are still to be done.
pub fn made(plan: &Plan, run: &Run) -> BTreeMap<StepId, BTreeSet<usize>> {
    let is_done = |step: &Step, member: &Member| {
        let record = member_record(run, plan, step, member);
        record.is_some_and(|record| record.status == StepStatus::Done)
    };
    let of = |step: &Step| -> BTreeSet<usize> {
        let members = step.members.iter().enumerate();
        members.filter(|(_, member)| is_done(step, member)).map(|(at, _)| at).collect()
    };
    plan.steps.iter().map(|step| (step.id, of(step))).filter(|(_, made)| !made.is_empty()).collect()
}

/// Whether a run makes another region the primary, and who approved that is recorded. Until then it has
/// called nothing, and nobody's word for it is kept: it is over, and planned and approved anew.
pub fn promotes(plan: &Plan, run: &Run) -> bool {
    let approves = |step: &&Step| step.act == Some(Act::Approve);
    let approve = plan.steps.iter().find(approves).filter(|_| plan.promotion.is_some());
    approve.is_some_and(|step| done(plan, run).contains(&step.id))
}

/// Whether a step has begun, however it ended.
pub fn begun(plan: &Plan, run: &Run, step: &Step) -> bool {
    let members = step.members.iter().filter_map(|member| member_record(run, plan, step, member));
    let act = step.act.and_then(|_| acted(run, step));
    members.chain(act).any(|record| record.status != StepStatus::NeverStarted)
}

/// Steps without objects that were begun and did not end: nothing can be read of them, so that they are
/// done once more, with the same token.
pub fn done_again(plan: &Plan, run: &Run) -> Vec<Frame> {
    let begun = |step: &&Step| {
        let record = step.act.and_then(|_| acted(run, step));
        record.is_some_and(|record| record.status == StepStatus::InDoubt)
    };
    let settled = |step: &Step| {
        let step = journal_step(step.id);
        let member = step.0.clone();
        Frame::Settled(Settled { step, member, verdict: Verdict::NotDone })
    };
    plan.steps.iter().filter(begun).map(settled).collect()
}

fn damaged(run: &Run, step: &Step, why: &str) -> Diagnostic {
    let detail = format!(
        "run {}, step {}: {why}. What the step left is not in state.",
        run.begin.run, step.id
    );
    Diagnostic::error("apply::journal_damaged", "The journal of an open run is damaged", detail)
}

/// What must be settled: intents without an end; and where the journal's end is lost every step
/// whose needs were met, because its intent may be what was lost.
fn doubtful(plan: &Plan, run: &Run) -> Vec<Doubtful> {
    let mut done: BTreeMap<StepId, bool> = BTreeMap::new();
    let mut all = Vec::new();
    for step in &plan.steps {
        let met = step.needs.iter().all(|need| done.get(need).copied().unwrap_or(false));
        let mut whole = met;
        let (mut members, mut lost, mut why) = (Vec::new(), BTreeSet::new(), None);
        for member in &step.members {
            let record = member_record(run, plan, step, member);
            let status = record.map_or(StepStatus::NeverStarted, |r| r.status);
            whole &= status == StepStatus::Done;
            let maybe = run.dropped_tail
                && met
                && matches!(status, StepStatus::NeverStarted | StepStatus::NotDone);
            if status != StepStatus::InDoubt && !maybe {
                continue;
            }
            if maybe {
                lost.insert(members.len());
            }
            let failure = record.and_then(|r| r.failure.as_ref()).map(|f| f.message.clone());
            why = why.or(failure);
            let id = record.and_then(|r| r.ids.last().cloned());
            members.push((member.clone(), id));
        }
        done.insert(step.id, whole);
        if !members.is_empty() {
            let why = why.unwrap_or_else(|| {
                format!("run {} ended before it was known whether it happened", run.begin.run)
            });
            all.push(Doubtful { step: step.id, members, lost, why });
        }
    }
    all
}
