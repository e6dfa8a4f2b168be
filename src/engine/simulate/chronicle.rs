//! When which step of a simulated run began and ended, in virtual time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lifeboat_sdk::Name;
use tokio::time::Instant;

use crate::address::Address;
use crate::event::{Act, Event, Events, Operation};
use crate::plan::{Plan, Step, StepId};

/// What a step is known by while it runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Object(Address, Operation),
    Act(Act, Name),
}

/// When a step ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    /// Its beginning, since that of the run.
    pub from: Duration,
    /// Its end; `None` where it did not end well.
    pub to: Option<Duration>,
}

/// Listens to a run.
pub(super) struct Chronicle {
    begun: Instant,
    /// In their order: one thing may be looked at in several phases.
    steps: BTreeMap<Sign, Vec<StepId>>,
    ran: Mutex<BTreeMap<StepId, Ran>>,
}

impl Chronicle {
    /// Of a run that begins now.
    pub(super) fn of(plan: &Plan) -> Self {
        let signs = |step: &Step| {
            let objects = step.members.iter().filter_map(|member| {
                let address = plan.changes.get(member.change)?.address.clone();
                Some((Sign::Object(address, member.operation), step.id))
            });
            let act = step.act.zip(step.task.as_ref());
            let act = act.map(|(act, task)| (Sign::Act(act, task.about.clone()), step.id));
            objects.chain(act).collect::<Vec<_>>()
        };
        let mut steps: BTreeMap<Sign, Vec<StepId>> = BTreeMap::new();
        for (sign, step) in plan.steps.iter().flat_map(signs) {
            steps.entry(sign).or_default().push(step);
        }
        Self { begun: Instant::now(), steps, ran: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<StepId, Ran>> {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What ran.
    pub(super) fn ran(&self) -> BTreeMap<StepId, Ran> {
        self.held().clone()
    }

    fn begins(&self, sign: &Sign) {
        let (from, mut ran) = (self.begun.elapsed(), self.held());
        let mut mine = self.steps.get(sign).into_iter().flatten();
        if let Some(step) = mine.find(|step| !ran.contains_key(step)) {
            ran.insert(*step, Ran { from, to: None });
        }
    }

    fn ends(&self, sign: &Sign) {
        let (to, mut ran) = (self.begun.elapsed(), self.held());
        let mut mine = self.steps.get(sign).into_iter().flatten();
        // Of those that began the last; and of a batch the last of its objects.
        if let Some(step) = mine.rfind(|step| ran.contains_key(step))
            && let Some(ran) = ran.get_mut(step)
        {
            ran.to = Some(to);
        }
    }
}

impl Events for Chronicle {
    fn event(&self, event: Event) {
        match event {
            Event::ApplyStart { address, operation, .. } => {
                self.begins(&Sign::Object(address, operation));
            }
            Event::ApplyComplete { address, operation, .. } => {
                self.ends(&Sign::Object(address, operation));
            }
            Event::ActStart(act, about) => self.begins(&Sign::Act(act, about)),
            Event::Acted { act, about: Some(about), .. } => self.ends(&Sign::Act(act, about)),
            Event::Acted { about: None, .. }
            | Event::RefreshStart { .. }
            | Event::RefreshComplete { .. }
            | Event::ApplyProgress { .. }
            | Event::ApplyErrored { .. }
            | Event::Recovering { .. }
            | Event::Requested(_)
            | Event::Paused { .. }
            | Event::ActTold(..)
            | Event::Interrupted(_) => {}
        }
    }
}
