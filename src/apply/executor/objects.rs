//! What became of the objects of a run, when its event loop is over.

use std::time::Duration;

use super::{Executor, Halt};
use crate::apply::outcome::{Fate, ObjectOutcome};
use crate::apply::ready::Status;
use crate::plan::StepId;

impl Executor<'_> {
    /// What became of every object of every step.
    pub(super) fn objects(&self) -> Vec<ObjectOutcome> {
        let mut objects = Vec::new();
        for step in self.run.plan.steps.iter().filter(|step| !self.is_left(step)) {
            for (i, member) in step.members.iter().enumerate() {
                let Some(change) = self.run.plan.changes.get(member.change) else { continue };
                let (fate, elapsed) = match self.report.get(&(step.id, i)) {
                    Some(known) => known.clone(),
                    None if self.made.get(&step.id).is_some_and(|made| made.contains(&i)) => {
                        (Fate::Done, Duration::ZERO)
                    }
                    None => (self.untold(step.id), Duration::ZERO),
                };
                let (address, operation) = (change.address.clone(), member.operation);
                objects.push(ObjectOutcome { step: step.id, address, operation, fate, elapsed });
            }
        }
        if let Some(Halt::Unrecorded(_)) = self.halt {
            let lost = |o: &&mut ObjectOutcome| {
                o.fate == Fate::Done && self.unsaved.iter().any(|(step, _)| *step == o.step)
            };
            for object in objects.iter_mut().filter(lost) {
                object.fate = Fate::InDoubt("it ended, and that could not be recorded".to_owned());
            }
        }
        objects
    }

    fn untold(&self, step: StepId) -> Fate {
        match self.ready.status(step) {
            Some(Status::Blocked(by)) => {
                let step = self.step(by);
                let names = step.map(|s| s.members.iter()).into_iter().flatten();
                let names = names.filter_map(|m| self.run.plan.changes.get(m.change));
                let mut names: Vec<String> = names.map(|c| c.address.to_string()).collect();
                names.extend(step.and_then(|s| Some(s.task.as_ref()?.about.to_string())));
                Fate::NotTried(format!("it needs {}", names.join(", ")))
            }
            Some(Status::Done) => Fate::Done,
            Some(Status::Running) => Fate::InDoubt("it was stopped while it ran".to_owned()),
            _ => Fate::NotTried(match &self.halt {
                Some(Halt::Unrecorded(_)) => "the run ended before it was called".to_owned(),
                Some(Halt::Asked(by)) => format!("{} ended the run ({})", by.who, by.words()),
                _ => "the run was interrupted".to_owned(),
            }),
        }
    }
}
