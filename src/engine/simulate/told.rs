//! What a simulated run tells: which steps ran when, which decide how long it takes, and what is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::Name;

use super::chronicle::Ran;
use super::report::{Course, Ending, Fate, Link, Loss, PhaseRun, Standing, StepRun};
use super::{Expected, Source, Times};
use crate::apply::{self, Outcome, RunEnding};
use crate::plan::promotion::Parts;
use crate::plan::{Act, ObjectChange, Phase, Plan, Promotion, Step, StepId, Task};
use crate::topology::Topology;
use crate::topology::bucket::Bucket;

/// How long each act takes.
pub(super) fn acts(plan: &Plan, times: &Times) -> Vec<(Act, Task, Duration)> {
    let task = |step: &Step| {
        let (act, task) = step.act.zip(step.task.as_ref())?;
        Some((act, task.clone(), times.step(plan, step)?.takes))
    };
    plan.steps.iter().filter_map(task).collect()
}

/// What a run is told by.
pub(super) struct Told<'a> {
    plan: &'a Plan,
    promotion: &'a Promotion,
    parts: &'a Parts,
    outcome: &'a Outcome,
    ran: &'a BTreeMap<StepId, Ran>,
    times: &'a Times,
    /// When each step is over; what only joins others, with the last of them.
    ends: BTreeMap<StepId, Duration>,
}

impl<'a> Told<'a> {
    /// Of a promotion; `None` where it is none.
    pub(super) fn of(
        plan: &'a Plan,
        parts: &'a Parts,
        outcome: &'a Outcome,
        ran: &'a BTreeMap<StepId, Ran>,
        times: &'a Times,
    ) -> Option<Self> {
        let promotion = plan.promotion.as_ref()?;
        let mut ends: BTreeMap<StepId, Duration> = BTreeMap::new();
        for step in &plan.steps {
            let before: Option<Vec<Duration>> =
                step.needs.iter().map(|need| ends.get(need).copied()).collect();
            let end = match before {
                Some(all) if !step.does() => Some(all.into_iter().max().unwrap_or_default()),
                Some(_) => ran.get(&step.id).and_then(|ran| ran.to),
                None => None,
            };
            ends.extend(end.map(|end| (step.id, end)));
        }
        Some(Self { plan, promotion, parts, outcome, ran, times, ends })
    }

    /// What became of the promotion.
    pub(super) fn course(&self) -> Course {
        let ending = match self.outcome.ending {
            RunEnding::Done => Ending::Promoted,
            _ => Ending::Stopped(self.standing()),
        };
        Course {
            promotion: self.promotion.clone(),
            phases: Phase::ALL.into_iter().skip(1).map(|phase| self.phase(phase)).collect(),
            path: self.path(),
            took: self.ending().map(|(end, _)| end).unwrap_or_default(),
            ending,
        }
    }

    /// The step with which the traffic is there, or the last before it that ended.
    fn ending(&self) -> Option<(Duration, StepId)> {
        let steps = self.plan.steps.iter().filter(|step| step.phase <= Phase::Switch);
        steps.filter_map(|step| Some((*self.ends.get(&step.id)?, step.id))).max()
    }

    /// The chain of steps that ends last: each began when the one before it was over.
    fn path(&self) -> Vec<Link> {
        let by_id: BTreeMap<StepId, &Step> = self.plan.steps.iter().map(|s| (s.id, s)).collect();
        let last = |ids: &mut dyn Iterator<Item = &StepId>| {
            ids.filter_map(|id| Some((*self.ends.get(id)?, *id))).max()
        };
        let mut links = Vec::new();
        let mut next = self.ending();
        while let Some((end, id)) = next {
            let Some(step) = by_id.get(&id) else { break };
            next = last(&mut step.needs.iter());
            let adds = end.saturating_sub(next.map_or(Duration::ZERO, |(end, _)| end));
            let known = self.times.step(self.plan, step).filter(|_| !adds.is_zero());
            links.extend(known.map(|Expected { source, .. }| {
                let (phase, what) = (step.phase, self.what(step));
                Link { phase, what, adds, source }
            }));
        }
        links.reverse();
        links
    }

    /// What a step does, to what.
    fn what(&self, step: &Step) -> String {
        if let Some((act, task)) = step.act.zip(step.task.as_ref()) {
            return format!("{} {}", act.word(), task.about);
        }
        let mut changes = step.members.iter().filter_map(|m| self.plan.changes.get(m.change));
        let Some(first) = changes.next() else { return String::new() };
        match changes.count() {
            0 => first.address.to_string(),
            more => format!("{} and {more} more", first.address),
        }
    }

    /// Where it stands where it did not come to its end.
    fn standing(&self) -> Standing {
        let last = self.outcome.state.promotions.last.as_ref();
        let over = |phase: Phase| last.is_some_and(|last| last.reached.contains_key(phase.word()));
        let promoted = |step: &Step| {
            let done = self.ran.get(&step.id).is_some_and(|ran| ran.to.is_some());
            step.phase >= Phase::Promote && done
        };
        if !over(Phase::Claim) {
            Standing::Unclaimed
        } else if over(Phase::Switch) {
            Standing::Switched
        } else if over(Phase::Promote) || self.plan.steps.iter().any(promoted) {
            Standing::Promoting
        } else {
            Standing::Claimed
        }
    }

    /// A phase with its steps.
    fn phase(&self, phase: Phase) -> PhaseRun {
        let of_phase = || self.plan.steps.iter().filter(|step| step.phase == phase);
        let gate = of_phase().rfind(|step| !step.does());
        let over = gate.and_then(|gate| self.ends.get(&gate.id).copied());
        let mut steps: Vec<StepRun> = of_phase().flat_map(|step| self.step(step)).collect();
        let waits = |change: &&ObjectChange| {
            self.promotion.phase_of(self.parts, &change.address) == Some(phase)
        };
        let changes = self.plan.changes.iter().filter(waits);
        steps.extend(changes.filter_map(|change| self.waiting(change)));
        PhaseRun { phase, over, steps }
    }

    /// A step: its act, or its objects.
    fn step(&self, step: &Step) -> Vec<StepRun> {
        let Some(expected) = self.times.step(self.plan, step) else { return Vec::new() };
        let ran = self.ran.get(&step.id);
        let took = ran.and_then(|ran| Some(ran.to?.saturating_sub(ran.from)));
        let began = ran.map(|ran| ran.from);
        if let Some((act, task)) = step.act.zip(step.task.as_ref()) {
            let fate = match (ran, self.problem(&task.about)) {
                (None, _) => Fate::Blocked,
                (Some(_), Some(why)) => Fate::Fails(why),
                (Some(_), None) => Fate::Runs,
            };
            let (verb, about) = (act.word(), task.about.clone());
            return vec![StepRun { verb, about, fate, expected, began, took }];
        }
        let objects = self.outcome.objects.iter().filter(|object| object.step == step.id);
        let run = |object: &apply::ObjectOutcome| StepRun {
            verb: object.operation.word(),
            about: object.address.to_string().into(),
            fate: match &object.fate {
                apply::Fate::Done => Fate::Runs,
                apply::Fate::Failed(why) | apply::Fate::InDoubt(why) => Fate::Fails(why.clone()),
                apply::Fate::NotTried(_) => Fate::Blocked,
            },
            expected,
            began,
            took,
        };
        objects.map(run).collect()
    }

    /// Why an act failed.
    fn problem(&self, about: &str) -> Option<String> {
        let mut told = self.outcome.diagnostics.0.iter();
        let why = told.find_map(|d| d.detail.strip_prefix(about)?.strip_prefix(": "))?;
        Some(why.trim_end_matches('.').to_owned())
    }

    /// What cannot be done now.
    fn waiting(&self, change: &ObjectChange) -> Option<StepRun> {
        let why = change.deferred.as_ref()?.to_string();
        let owed = self.promotion.owed.contains(&change.address);
        Some(StepRun {
            verb: "update",
            about: change.address.to_string().into(),
            fate: if owed { Fate::Owed(why) } else { Fate::Deferred(why) },
            expected: Expected { takes: Duration::ZERO, source: Source::Assumed },
            began: None,
            took: None,
        })
    }
}

/// What becomes of the data of the region that is left.
pub(super) fn losses(
    course: &Course,
    topology: &Topology,
    now: jiff::Timestamp,
) -> Vec<(Name, Loss)> {
    let Promotion { from, to, .. } = &course.promotion;
    let steps = course.phases.iter().flat_map(|run| &run.steps);
    let proofs = steps.filter(|step| step.verb == Act::Sync.word() && step.fate == Fate::Runs);
    let proofs: Vec<&Name> = proofs.map(|step| &step.about).collect();
    let proven = |name: &Name| {
        let start = format!("replication.{name}.");
        proofs.iter().any(|about| about.starts_with(&start))
    };
    let losses = &course.promotion.losses;
    // Of what is copied in several ways the one of which most may be lost.
    let bound = |about: &str| {
        let one = losses.of.iter().find(|one| *one.about == *about)?;
        losses.bound_of(one, now)
    };
    let at_most = |bound: Option<u64>| bound.map_or(Loss::Unknown, Loss::AtMost);
    let loss = |bucket: &Bucket| {
        let copies = || topology.replications.iter().filter(|r| r.bucket == bucket.name);
        let copied = bucket.names.contains_key(to) && copies().next().is_some();
        let loss = match copied {
            false => Loss::NotCopied,
            true if copies().all(|replication| proven(&replication.name)) => Loss::Nothing,
            true => {
                let all: Option<Vec<u64>> =
                    copies().map(|r| bound(&format!("replication.{}", r.name))).collect();
                at_most(all.and_then(|all| all.into_iter().max()))
            }
        };
        (Name::from(format!("bucket.{}", bucket.name)), loss)
    };
    let there = topology.buckets.iter().filter(|bucket| bucket.names.contains_key(from));
    let databases = topology.databases.iter().map(|database| {
        let name = Name::from(format!("database.{}", database.name));
        let start = format!("{name}.");
        let proven = proofs.iter().any(|about| about.starts_with(&start));
        let bound = bound(&name);
        (name, if proven { Loss::Nothing } else { at_most(bound) })
    });
    there.map(loss).chain(databases).collect()
}
