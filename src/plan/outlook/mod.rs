//! What a promotion is expected to come to before anybody approves it: how long its steps take and how
//! that is known, which of them decide when writes stop and resume, and what becomes of each where it
//! fails. Pure: durations and limits were put into the plan.

use std::collections::BTreeSet;
use std::time::Duration;

use super::promotion::region_of;
use super::{Act, Phase, Plan, Promotion, Step, StepId};
use crate::address::Address;

/// How it is known how long something takes, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// It was declared for this simulation.
    Declared,
    /// Earlier runs measured it.
    Measured,
    /// It is the longest that it may take: declared in the files, or by the kind.
    Limit,
    /// Nothing is known: it is taken for one call.
    Assumed,
}

impl Source {
    /// All.
    pub const ALL: [Self; 4] = [Self::Declared, Self::Measured, Self::Limit, Self::Assumed];

    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Measured => "measured",
            Self::Limit => "limit",
            Self::Assumed => "assumed",
        }
    }
}

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// So long.
    pub takes: Duration,
    /// How that is known.
    pub source: Source,
}

/// The time of one step of a promotion, as it was known when the plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long it should take.
    pub expected: Expected,
    /// How long it may take; nothing where nothing ends it.
    pub deadline: Option<Duration>,
}

/// Whether a step can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// `promote -abort` gives the promotion up, and the next plan puts it back.
    Yes,
    /// Who did it must: lifeboat does not know what a hook does.
    ByHand,
    /// Only forward.
    No,
}

impl Back {
    /// Its name in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::ByHand => "by_hand",
            Self::No => "no",
        }
    }
}

/// What is done with a step where the region that is left does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// The same.
    Same,
    /// It is left out.
    Skip,
    /// It is owed: placed before all else when the region returns.
    Owe,
    /// It is done by an ordinary plan when the region returns.
    Defer,
}

impl Without {
    /// Its name in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Skip => "skip",
            Self::Owe => "owe",
            Self::Defer => "defer",
        }
    }
}

/// A phase as far as time is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which.
    pub phase: Phase,
    /// When it begins, since the approval.
    pub begins: Duration,
    /// When it is over.
    pub ends: Duration,
    /// Its steps on the longest chain, in their order.
    pub path: Vec<StepId>,
    /// How the most uncertain of them is known; nothing where none takes any time.
    pub source: Option<Source>,
}

/// What a promotion is expected to come to.
#[derive(Clone, Debug)]
pub struct Outlook<'p> {
    plan: &'p Plan,
    promotion: &'p Promotion,
    /// When each step begins and ends, by its place in the plan.
    times: Vec<(Duration, Duration)>,
    /// Its phases in their order.
    pub phases: Vec<Span>,
}

/// Before each step the region bundles are written, side by side: one call.
const BUNDLES: Duration = Duration::from_millis(100);

impl<'p> Outlook<'p> {
    /// Of a promotion; `None` for other plans, and where it was not noted how long things take.
    pub fn of(plan: &'p Plan) -> Option<Self> {
        let promotion = plan.promotion.as_ref().filter(|it| !it.timings.is_empty())?;
        let mut this = Self { plan, promotion, times: Vec::new(), phases: Vec::new() };
        for step in &plan.steps {
            let ready = step.needs.iter().map(|need| this.end(*need)).max().unwrap_or_default();
            // Records are where bundles are.
            let bundles = step.does() && promotion.records > 0;
            let begins = if bundles { ready + BUNDLES } else { ready };
            let takes = this.timing(step.id).map(|it| it.expected.takes).unwrap_or_default();
            this.times.push((begins, begins + takes));
        }
        this.phases = this.spans();
        Some(this)
    }

    fn at(&self, id: StepId) -> Option<usize> {
        let at = id.0 as usize;
        self.plan.steps.get(at).is_some_and(|step| step.id == id).then_some(at)
    }

    fn end(&self, id: StepId) -> Duration {
        self.at(id).and_then(|at| self.times.get(at)).map(|(_, end)| *end).unwrap_or_default()
    }

    /// When a step begins, since the approval.
    pub fn begins(&self, id: StepId) -> Duration {
        self.at(id).and_then(|at| self.times.get(at)).map(|(begin, _)| *begin).unwrap_or_default()
    }

    /// The time of a step; nothing of what only joins others, or writes down how far it is.
    pub fn timing(&self, id: StepId) -> Option<&Timing> {
        self.promotion.timings.get(&id)
    }

    /// Each phase, with the chain of its steps that is over last. Phases are gates: the chain of the
    /// whole is that of each phase after the other.
    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut begins = Duration::ZERO;
        for phase in self.promotion.phases() {
            let mine = || self.plan.steps.iter().filter(|step| step.phase == phase);
            let Some(last) = mine().max_by_key(|step| (self.end(step.id), step.id)) else {
                continue;
            };
            let mut path = Vec::new();
            let mut next = Some(last);
            while let Some(step) = next.filter(|step| step.phase == phase) {
                if step.does() {
                    path.push(step.id);
                }
                let before = step.needs.iter().max_by_key(|need| (self.end(**need), **need));
                next = before.and_then(|id| self.plan.steps.get(self.at(*id)?));
            }
            path.reverse();
            let timings = path.iter().filter_map(|id| self.timing(*id));
            let source = timings.map(|timing| timing.expected.source).max();
            let ends = self.end(last.id).max(begins);
            spans.push(Span { phase, begins, ends, path, source });
            begins = ends;
        }
        spans
    }

    /// A phase.
    pub fn span(&self, phase: Phase) -> Option<&Span> {
        self.phases.iter().find(|span| span.phase == phase)
    }

    /// When writes stop, since the approval; nothing where they have stopped already with the region
    /// that is left, or never do.
    pub fn stops(&self) -> Option<Duration> {
        let stops = !self.promotion.all_write && !self.promotion.is_silent();
        Some(self.span(Phase::Fence)?.begins).filter(|_| stops)
    }

    /// When the new primary takes writes; nothing where all regions do all the time.
    pub fn resumes(&self) -> Option<Duration> {
        Some(self.span(Phase::Promote)?.ends).filter(|_| !self.promotion.all_write)
    }

    /// When the traffic is there.
    pub fn switched(&self) -> Option<Duration> {
        Some(self.span(Phase::Switch)?.ends)
    }

    /// Whether the phases until the end of one may well take less: a step on the longest chain is taken
    /// for as long as it may take at most.
    pub fn at_most(&self, until: Phase) -> bool {
        let end = self.span(until).map(|span| span.ends).unwrap_or_default();
        let mut before = self.phases.iter().filter(|span| span.ends <= end);
        before.any(|span| self.knows(span, Source::Limit))
    }

    /// Whether the time of any step on the chain of a phase is known in this way.
    pub fn knows(&self, span: &Span, source: Source) -> bool {
        let mut timings = span.path.iter().filter_map(|id| self.timing(*id));
        timings.any(|timing| timing.expected.source == source)
    }

    /// The step of a phase that makes it last, where that is long enough to be worth a word.
    pub fn slowest(&self, span: &Span) -> Option<&'p Step> {
        let takes = |id: &&StepId| self.timing(**id).map(|it| it.expected.takes);
        let slowest = span.path.iter().max_by_key(takes)?;
        let worth = takes(&slowest) >= Some(WORTH);
        self.plan.steps.get(self.at(*slowest)?).filter(|_| worth)
    }

    /// The steps that decide how long it takes.
    pub fn path(&self) -> BTreeSet<StepId> {
        self.phases.iter().flat_map(|span| &span.path).copied().collect()
    }

    /// The first step from which on there is no way back.
    pub fn no_return(&self) -> Option<StepId> {
        self.plan.final_steps().next().map(|step| step.id)
    }

    /// Whether a step can be taken back.
    pub fn back(&self, step: &Step) -> Back {
        let bound = self.no_return().is_some_and(|first| step.id >= first);
        let mut changes = step.members.iter().filter_map(|m| self.plan.changes.get(m.change));
        if bound || changes.any(|change| change.one_way.is_some()) {
            Back::No
        } else if step.act == Some(Act::Hook) {
            Back::ByHand
        } else {
            Back::Yes
        }
    }

    /// The region in whose key the objects of a step are, or the one that an act needs.
    pub fn region<'s>(&'s self, step: &'s Step) -> Option<String> {
        let mut changes = step.members.iter().filter_map(|m| self.plan.changes.get(m.change));
        if let Some(change) = changes.next() {
            return region_of(&change.address).map(str::to_owned);
        }
        let task = step.task.as_ref()?;
        let declared = task.arguments.get("needs_region").and_then(lifeboat_sdk::Value::as_str);
        if let Some(region) = declared {
            return Some(region.to_owned());
        }
        region_of(&Address::parse(&task.about)?).map(str::to_owned)
    }

    /// What is done with a step where the region that is left does not answer.
    pub fn without(&self, step: &Step) -> Without {
        let there = self.region(step).as_deref() == Some(&*self.promotion.from);
        let lowers = step.phase == Phase::Prepare && step.leg.is_some();
        match step.act {
            Some(Act::Wait) => Without::Skip,
            Some(Act::Sync) => Without::Skip,
            Some(Act::Hook | Act::Confirm | Act::Hold) if there => Without::Skip,
            Some(_) => Without::Same,
            None if lowers => Without::Skip,
            None if !there => Without::Same,
            None => match step.phase {
                Phase::Fence | Phase::Claim => Without::Owe,
                _ => Without::Defer,
            },
        }
    }

    /// Whether what comes after a step goes on where it fails.
    pub fn optional(&self, step: &Step) -> bool {
        step.task.as_ref().is_some_and(|task| task.optional)
    }

    /// How it is seen that a step has done what it should.
    pub fn verified(&self, step: &Step) -> &'static str {
        match step.act {
            None if step.members.is_empty() => "nothing is done",
            None if !self.looks(step).is_empty() => "it is read once more",
            None => "the answer says what is there; without one it is read",
            Some(Act::Approve | Act::Claim | Act::Reach) => "it is in the journal, synced",
            Some(Act::Edit) => "the file is as it was read, and is replaced as a whole",
            Some(Act::Hook) if self.is_command(step) => "exit code 0",
            Some(Act::Hook) => "an answer of 2xx",
            Some(Act::Sync) => "nothing is missing in the copy, and a mark has arrived",
            Some(Act::Survey | Act::Backfill) => "both sides are listed",
            Some(Act::Confirm) => "the record is as the plan read it",
            Some(Act::Hold) => "the fence is read, and placed again where it is gone",
            Some(Act::Probe) => "the endpoint answers as its health check wants",
            Some(Act::Open | Act::Close) => "the gate answers as turned",
            Some(Act::Wait) => "the time has passed",
            Some(Act::Resolve) => "resolvers answer with the new primary",
        }
    }

    fn is_command(&self, step: &Step) -> bool {
        step.task.as_ref().is_some_and(|task| task.arguments.get("command").is_some())
    }

    /// The later steps that look at what a step has changed.
    pub fn looks(&self, step: &Step) -> Vec<StepId> {
        let changes = step.members.iter().filter_map(|m| self.plan.changes.get(m.change));
        let names: BTreeSet<String> = changes.map(|change| change.address.to_string()).collect();
        let later = self.plan.steps.iter().filter(|other| other.id > step.id);
        let looks = later.filter(|other| {
            let about = other.task.as_ref().filter(|task| task.on.is_some());
            about.is_some_and(|task| names.contains(&*task.about))
        });
        looks.filter(|other| other.act != Some(Act::Confirm)).map(|other| other.id).collect()
    }
}

/// A step that takes less is not named in the table of phases.
const WORTH: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
