//! Steps that are not begun: what an earlier process of the run left in doubt and nobody can read yet, role
//! records that it goes on without, and what cannot be prepared. And those that a promotion leaves behind,
//! because their region does not answer any more: fences, which are owed from then on, and what only programs
//! there look up.

use std::time::Duration;

use lifeboat_sdk::{Class, Diagnostic, Diagnostics, Name};
use lifeboat_state::journal::{Frame, Settled, Verdict};
use lifeboat_state::request::Request;

use super::{Executor, Running};
use crate::apply::current::member_name;
use crate::apply::ends::{End, journal_step};
use crate::apply::fold::Doubtful;
use crate::apply::outcome::Fate;
use crate::apply::ready::{End as StepEnd, Status};
use crate::plan::promotion::region_of;
use crate::plan::{Member, Plan, Promotion, Step, StepId};

impl Executor<'_> {
    /// Whether a step is not begun: it is left, or nobody knows whether it happened before.
    pub(super) fn put_aside(&mut self, step: &Step) -> bool {
        let doubt = self.in_doubt.remove(&step.id);
        if let Some(later) = doubt.as_ref().and_then(|_| self.later(step)) {
            self.diagnostics.extend(self.waits(step).map(|told| (step.id, later.told(&told))));
            self.behind.insert(step.id);
        }
        if self.is_left(step) {
            if let Some(Doubtful { members, .. }) = doubt {
                self.gives_up(step.id, members.iter().map(|(member, _)| member));
            }
            self.ready.finish(step.id, StepEnd::Done);
            return true;
        }
        let Some(Doubtful { why, .. }) = doubt else { return false };
        for i in 0..step.members.len() {
            self.report.insert((step.id, i), (Fate::InDoubt(why.clone()), Duration::ZERO));
        }
        self.diagnostics.extend(self.waits(step).map(|told| (step.id, told)));
        self.ready.finish(step.id, StepEnd::InDoubt);
        true
    }

    /// A step that cannot be carried out: nothing was called, so the journal need not know.
    pub(super) fn unprepared(&mut self, step: &Step, why: Diagnostics) {
        let text = why.0.first().map(|d| d.detail.clone()).unwrap_or_default();
        for i in 0..step.members.len() {
            self.report.insert((step.id, i), (Fate::Failed(text.clone()), Duration::ZERO));
        }
        self.diagnostics.extend(why.0.into_iter().map(|told| (step.id, told)));
        self.ready.finish(step.id, StepEnd::Failed);
    }

    /// Notes of members in doubt that the run does not wait for what became of them: the next plan reads it.
    fn gives_up<'m>(&mut self, step: StepId, members: impl Iterator<Item = &'m Member>) {
        let plan = self.run.plan;
        let frames = members.map(|member| {
            let (step, member) = (journal_step(step), member_name(plan, member));
            Frame::Settled(Settled { step, member, verdict: Verdict::NotDone })
        });
        self.recorder.add(frames.collect::<Vec<_>>());
    }

    /// What becomes of a step whose region does not answer, where the promotion may go on without it.
    fn later(&self, step: &Step) -> Option<Later> {
        let Plan { promotion, changes, .. } = self.run.plan;
        let promotion = promotion.as_ref()?;
        let follows =
            promotion.may_follow(step, changes).map(|region| Later::Follows(region.into()));
        follows.or_else(|| Some(Later::Owed(promotion.may_owe(step, changes)?.into())))
    }

    /// Leaves a step behind that ended because its region is silent, if it may be: whether it was.
    pub(super) fn leave_behind(&mut self, id: StepId, running: &Running) -> bool {
        let silent = |end: &Option<End>| match end {
            Some(End::InDoubt(_)) => true,
            Some(End::Failed { failure, half_made: None }) => matches!(
                failure.class,
                Class::Refused | Class::Unreachable | Class::NotTried | Class::TooSlow
            ),
            _ => false,
        };
        let Some(step) = self.step(id).filter(|_| running.ends.iter().all(silent)) else {
            return false;
        };
        let Some(later) = self.later(step) else { return false };
        let doubtful = running.items.iter().zip(&running.ends);
        let doubtful = doubtful.filter(|(_, end)| matches!(end, Some(End::InDoubt(_))));
        self.gives_up(id, doubtful.map(|(item, _)| &item.member));
        for (_, told) in self.diagnostics.iter_mut().filter(|(of, _)| *of == id) {
            *told = later.told(told);
        }
        self.behind.insert(id);
        true
    }

    /// Whether a step is left: it moves role records that the run goes on without, or follows later.
    pub(super) fn is_left(&self, step: &Step) -> bool {
        if self.behind.contains(&step.id) {
            return true;
        }
        let is = |at: usize| {
            let change = self.run.plan.changes.get(at).filter(|it| it.address.is_of_lifeboat());
            change.is_some_and(|it| self.controls.skips.contains_key(&it.address.to_string()))
        };
        !step.members.is_empty() && step.members.iter().all(|member| is(member.change))
    }

    /// What a promotion waits for, and how it goes on without that.
    fn waits(&self, step: &Step) -> Option<Diagnostic> {
        let change = self.run.plan.changes.get(step.members.first()?.change)?;
        let detail = format!(
            "Whether {} was changed is not known, and it cannot be read: what comes after it is not tried.",
            change.address
        );
        let help = match region_of(&change.address).filter(|_| change.address.is_of_lifeboat()) {
            Some(region) => format!(
                "Apply again when {region} answers. To go on without it: lifeboat promote -ungraceful \
                 -attest={region} -reason=TEXT -accept-loss=unknown"
            ),
            None => "Apply again when its region answers: it is read first.".to_owned(),
        };
        let summary = "It is not known whether a change happened";
        Some(
            Diagnostic::error("apply::in_doubt", summary, detail).about(&change.address).help(help),
        )
    }

    /// Whether a request is to go on without the role record of a region of which somebody attests that it
    /// cannot write: what is done about it. The first apply that reaches the region moves it.
    pub(super) fn leaves(
        &self,
        request: &Request,
        promotion: &Promotion,
    ) -> Option<Result<String, String>> {
        let name = request.step.as_deref()?;
        let attested = |address: &crate::address::Address| {
            let region = region_of(address).filter(|region| **region != *promotion.to);
            region.is_some_and(|region| request.attested.iter().any(|attested| attested == region))
        };
        let of = |step: &&Step| {
            step.members.iter().any(|member| {
                let change = self.run.plan.changes.get(member.change);
                change.is_some_and(|it| {
                    it.address.is_of_lifeboat()
                        && it.address.to_string() == name
                        && attested(&it.address)
                })
            })
        };
        let step = self.run.plan.steps.iter().find(of)?;
        Some(match self.ready.status(step.id) {
            Some(Status::Waiting | Status::Ready) => {
                Ok(format!("The promotion goes on without {name}, which is moved later."))
            }
            Some(Status::Done) => Err(format!("It is too late: {name} is moved.")),
            Some(Status::Running | Status::Failed | Status::InDoubt | Status::Blocked(_))
            | None => {
                Err(format!("It is under way: ask again when the run is over, without {name}."))
            }
        })
    }
}

/// What is left behind in a region that does not answer.
enum Later {
    /// What only programs there look up.
    Follows(Name),
    /// A fence, where somebody attested that the region cannot write.
    Owed(Name),
}

impl Later {
    /// What is told of a change, in the place of what was.
    fn told(&self, told: &Diagnostic) -> Diagnostic {
        let what = told.address.clone().unwrap_or_default();
        let (code, summary, region, goes_on, help) = match self {
            Self::Follows(region) => (
                "apply::left_behind",
                "A change waits for its region",
                region,
                "The promotion goes on without it: only programs there look it up.",
                "it is read then, and changed.",
            ),
            Self::Owed(region) => (
                "apply::fence_owed",
                "A fence is owed",
                region,
                "The promotion goes on without it, because it was attested that the region cannot write.",
                "it is placed before anything else.",
            ),
        };
        let detail = format!(
            "Whether {what} was changed is not known, because {region} does not answer. {goes_on}"
        );
        Diagnostic::warning(code, summary, detail)
            .about(what)
            .help(format!("Apply again when {region} answers: {help}"))
    }
}
