//! What a person does by hand in the place of a plan's steps, for the day when lifeboat itself fails.
//! Pure: what each change needs is the kind's to say, and nothing is decided that the plan has not
//! decided.

mod acts;
mod blanks;
#[cfg(test)]
mod tests;

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::value::json::{Secrets, shown};
use lifeboat_sdk::{Change, ChangeAction, KnownDoc, Line, Name, Owner, Ownership, Scope, Value};

pub use blanks::Blank;
use blanks::Blanks;

use crate::apply::document::remark;
use crate::apply::prepare::token;
use crate::diff::Action;
use crate::plan::{Deferral, Leg, ObjectChange, Operation, Phase, Plan, Step, StepId};
use crate::registry::Catalogue;

/// All that is done by hand.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// In an order in which each comes after what it needs.
    pub steps: Vec<Manual>,
    /// What cannot be done now.
    pub later: Vec<Manual>,
}

/// What is done by hand in the place of one step.
#[derive(Clone, Debug)]
pub struct Manual {
    /// The step; nothing of what is not one yet.
    pub step: Option<StepId>,
    /// Its phase.
    pub phase: Phase,
    /// What it does, in words.
    pub what: String,
    /// Where.
    pub scope: Option<Scope>,
    /// What comes before it.
    pub needs: Vec<StepId>,
    /// Why it is not done now.
    pub why: Option<String>,
    /// What a person fills in first.
    pub blanks: Vec<Blank>,
    /// What is typed.
    pub lines: Vec<Line>,
}

/// What is done by hand in the place of a plan.
pub fn commands(plan: &Plan, catalogue: &Catalogue) -> Commands {
    let writer = Writer { plan, catalogue };
    let mut blanks = Blanks::default();
    let steps = plan.steps.iter().filter_map(|step| writer.step(step, &mut blanks)).collect();
    let later = plan.deferred().map(|change| writer.later(change, &mut blanks)).collect();
    Commands { steps, later }
}

struct Writer<'a> {
    plan: &'a Plan,
    catalogue: &'a Catalogue,
}

impl Writer<'_> {
    fn step(&self, step: &Step, blanks: &mut Blanks) -> Option<Manual> {
        let manual = |what, lines, blanks: &mut Blanks| Manual {
            step: Some(step.id),
            phase: step.phase,
            what,
            scope: step.scope.clone(),
            needs: step.needs.clone(),
            why: None,
            blanks: blanks.take(),
            lines,
        };
        if step.members.is_empty() {
            let act = step.act?;
            let (what, lines) = self.act(step, act, blanks);
            return Some(manual(what, lines, blanks));
        }
        let members: Vec<(Operation, &ObjectChange)> = step
            .members
            .iter()
            .filter_map(|member| Some((member.operation, self.plan.changes.get(member.change)?)))
            .collect();
        let word = |(operation, change): &(Operation, &ObjectChange)| {
            format!("{} {}", operation.word(), change.address)
        };
        let what = members.iter().map(word).collect::<Vec<_>>().join(", ");
        let lines = self.members(step, &members, blanks);
        Some(manual(what, lines, blanks))
    }

    /// What changes objects: one call of the kind where it knows how, else what must be so.
    fn members(
        &self,
        step: &Step,
        members: &[(Operation, &ObjectChange)],
        blanks: &mut Blanks,
    ) -> Vec<Line> {
        let written = |(operation, _): &(Operation, &ObjectChange)| {
            matches!(operation, Operation::Create | Operation::Update | Operation::Delete)
        };
        if !members.iter().all(written) {
            let told = |(operation, change): &(Operation, &ObjectChange)| match operation {
                Operation::DeleteDeposed => {
                    note(format!("Remove what the replacement of {} left.", change.address))
                }
                _ => note("Nothing: only the state changes, or something is read.".to_owned()),
            };
            return members.iter().map(told).collect();
        }
        let first = members.first().map(|(_, change)| *change);
        let Some((_, kind)) = first.and_then(|c| self.catalogue.kinds.get(&*c.address.kind)) else {
            return vec![note("This build does not have the type of the object.".to_owned())];
        };
        if kind.ownership() == Ownership::StateOnly {
            return vec![note("Nothing: only the state knows of it.".to_owned())];
        }
        let changes = members
            .iter()
            .map(|(operation, change)| self.change(&**kind, step, *operation, change, blanks));
        let changes: Option<Vec<_>> = changes.collect();
        let scope = step.scope.clone().or_else(|| first.and_then(|change| change.scope.clone()));
        let lines = changes.zip(scope).and_then(|(changes, at)| kind.commands(&at, changes));
        lines.unwrap_or_else(|| {
            let told = |(operation, change): &(Operation, &ObjectChange)| {
                let leg = self.plan.leg(step, change).map(|leg| leg.document.clone());
                let after = leg.or_else(|| change.after.clone());
                let after = after.map(|after| remark(kind.schema().attributes, None, &after));
                must_be(*operation, change, after.as_ref())
            };
            members.iter().flat_map(told).collect()
        })
    }

    /// A change as its kind is given it; nothing where it holds what cannot be written down.
    fn change(
        &self,
        kind: &dyn DynKind,
        step: &Step,
        operation: Operation,
        change: &ObjectChange,
        blanks: &mut Blanks,
    ) -> Option<Change<KnownDoc>> {
        let attributes = kind.schema().attributes;
        let address = Name::from(change.address.to_string());
        let mut filled = |document: &Value| blanks.fill(attributes, document, &address);
        // What is written several times is on its way from what it was, or has been made.
        let (leg, reached) = (self.plan.leg(step, change), self.plan.reached(step, change));
        let document = |leg: &Leg| leg.document.clone();
        let before = reached.map(document).or_else(|| change.before.clone());
        let after = leg.map(document).or_else(|| change.after.clone());
        let id = change.id.clone().unwrap_or_default();
        let action = match operation {
            Operation::Create => ChangeAction::Create { after: filled(&after?)? },
            Operation::Update => {
                ChangeAction::Update { id, before: filled(&before?)?, after: filled(&after?)? }
            }
            _ => ChangeAction::Delete { id, before: filled(&before?)? },
        };
        let inputs = &self.plan.inputs;
        let topology = inputs.topology.clone().or_else(|| Some(inputs.lineage.as_deref()?.into()));
        let owner = topology
            .filter(|_| kind.ownership() == Ownership::Tags)
            .map(|topology| Owner { topology, address: address.clone() });
        Some(Change { address, token: token(self.plan, step.id), owner, action })
    }

    /// What is done when what hinders it now is over.
    fn later(&self, change: &ObjectChange, blanks: &mut Blanks) -> Manual {
        let operation = match change.action {
            Action::Create => Operation::Create,
            Action::Delete => Operation::Delete,
            _ => Operation::Update,
        };
        let why = change.deferred.as_ref().map(Deferral::to_string);
        let step = Step {
            scope: change.scope.clone(),
            ..Step::without_objects(StepId(u32::MAX), Phase::Change, None, None, Vec::new())
        };
        let lines = self.members(&step, &[(operation, change)], blanks);
        Manual {
            step: None,
            phase: Phase::Change,
            what: format!("{} {}", operation.word(), change.address),
            scope: change.scope.clone(),
            needs: Vec::new(),
            why,
            blanks: blanks.take(),
            lines,
        }
    }
}

fn note(text: String) -> Line {
    Line::Note(text)
}

/// What must be so, where nobody has written down how.
fn must_be(operation: Operation, change: &ObjectChange, after: Option<&Value>) -> Vec<Line> {
    let what = format!("There is no command here for {}.", change.address);
    match after {
        Some(after) if operation != Operation::Delete => {
            let text = shown(after, Secrets::Hide);
            let text = text.unwrap_or_else(|| "what `lifeboat show` tells".to_owned());
            vec![note(format!("{what} Make it so:")), note(text)]
        }
        _ => vec![note(format!("{what} Remove it."))],
    }
}
