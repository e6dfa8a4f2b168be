//! A step before its call: documents completed, ids and owners looked up. Decides nothing.

use std::sync::Arc;

use lifeboat_sdk::kind::{DynData, DynKind};
use lifeboat_sdk::{
    Change, ChangeAction, Class, Diagnostic, Diagnostics, Failure, KnownDoc, Name, Owner, Scope,
    Value,
};
use lifeboat_state::digest::Digest;
use lifeboat_state::model::{ObjectRecord, RecordScope};

use super::act::Deed;
use super::current::{Current, Ended, deposed_key, member_name};
use super::document::{for_write, list, load, told_by_answer};
pub use super::item::Item;
use super::record::{nowhere, scope};
use super::settle::Doubt;
use crate::address::Address;
use crate::diff::Action;
use crate::plan::{Act, Finalise, Member, ObjectChange, Operation, Plan, Step, StepId};
use crate::refresh::Part;
use crate::registry::Providers;

/// What steps are prepared from.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Kinds, able to make calls.
    pub providers: &'a Providers,
    /// Completes planned documents.
    pub finalise: &'a dyn Finalise,
    /// The folder of the root module.
    pub root: &'a std::path::Path,
}

/// A step that makes one call of [`DynKind::write`].
pub struct Write {
    /// The step.
    pub step: StepId,
    /// The provider instance.
    pub provider: Name,
    /// The kind.
    pub kind: Arc<dyn DynKind>,
    /// Where it writes.
    pub scope: Scope,
    /// The idempotency token.
    pub token: Name,
    /// Its members.
    pub items: Vec<Item>,
    /// What is written, in the order of the members.
    pub changes: Vec<Change<KnownDoc>>,
}

/// A step that reads a data source.
pub struct Read {
    /// Its address.
    pub address: Address,
    /// The data source.
    pub source: Arc<dyn DynData>,
    /// Where it asks.
    pub scope: Scope,
    /// What it asks.
    pub query: KnownDoc,
}

/// What a step comes to.
pub enum Prepared {
    /// It has no members and does nothing: it only joins others.
    Join,
    /// It changes no object, and makes no call.
    Act(Act),
    /// It changes no object.
    Deed(Arc<Deed>),
    /// It changes state only.
    Local {
        /// The member.
        item: Box<Item>,
        /// What becomes of it.
        ended: Ended,
        /// The object's id.
        id: Option<Name>,
    },
    /// It reads.
    Read {
        /// The member.
        item: Box<Item>,
        /// The read.
        read: Arc<Read>,
    },
    /// It writes.
    Write(Arc<Write>),
}

/// The idempotency token of a step: the same for every attempt, different for every plan.
pub fn token(plan: &Plan, step: StepId) -> Name {
    let step = step.to_string();
    let parts: [&[u8]; 4] = [b"lifeboat step\n", plan.id.as_bytes(), b"\n", step.as_bytes()];
    Digest::of_parts(&parts).to_string()[..32].into()
}

impl Env<'_> {
    /// Prepares a step.
    ///
    /// # Errors
    /// Why it cannot be carried out; nothing was called.
    pub fn prepare(&self, current: &Current<'_>, step: &Step) -> Result<Prepared, Diagnostics> {
        let Some(first) = step.members.first() else {
            return Ok(match (step.act, &step.task) {
                (None, _) => Prepared::Join,
                (Some(act), None) => Prepared::Act(act),
                (Some(act), Some(task)) => {
                    Prepared::Deed(Arc::new(self.deed(act, task, token(self.plan, step.id))?))
                }
            });
        };
        let change = self.change(first)?;
        let local = |ended, id| {
            let item = self.item(current, step, first, change.before.clone())?;
            Ok(Prepared::Local { item: Box::new(item), ended, id })
        };
        match first.operation {
            Operation::Forget => local(Ended::Done(None), None),
            Operation::Import => match &change.before {
                Some(before) => {
                    let id = change.id.clone().or_else(|| change.importing.clone());
                    local(Ended::Done(Some(before.clone())), id)
                }
                None => Err(defect(change, "the plan imports an object that was not read")),
            },
            Operation::Read => self.read(current, step, first, change),
            Operation::Create
            | Operation::Update
            | Operation::Delete
            | Operation::DeleteDeposed => {
                self.write(current, step).map(|write| Prepared::Write(Arc::new(write)))
            }
        }
    }

    fn change(&self, member: &Member) -> Result<&ObjectChange, Diagnostics> {
        self.plan.changes.get(member.change).ok_or_else(|| {
            let text = format!("a step names change {} and there is none", member.change);
            Diagnostic::error("apply::plan", "The plan is not whole", text).into()
        })
    }

    fn read(
        &self,
        current: &Current<'_>,
        step: &Step,
        member: &Member,
        change: &ObjectChange,
    ) -> Result<Prepared, Diagnostics> {
        let Some(source) = self.providers.data(&change.provider, &change.address.kind) else {
            return Err(no_kind_of(change));
        };
        self.demanded(current, member)?;
        let planned = self.planned(current, member, change)?;
        let query = for_write(source.schema().attributes, &planned)
            .map_err(|paths| still_unknown(change, &list(&paths)))?;
        let item = Box::new(self.item(current, step, member, Some(planned))?);
        let (address, scope) = (item.address.clone(), item.scope.clone());
        let read = Arc::new(Read { address, source: Arc::clone(source), scope, query });
        Ok(Prepared::Read { item, read })
    }

    fn write(&self, current: &Current<'_>, step: &Step) -> Result<Write, Diagnostics> {
        let token = token(self.plan, step.id);
        let mut problems = Diagnostics::new();
        let (mut items, mut changes) = (Vec::new(), Vec::new());
        let mut kind = None;
        for member in &step.members {
            let change = self.change(member)?;
            let made = self.demanded(current, member).and_then(|()| {
                let planned = self.planned_of(current, step, member, change)?;
                let item = self.item(current, step, member, planned)?;
                let found = self.providers.kind(&item.provider, &change.address.kind);
                let found = found.ok_or_else(|| no_kind_of(change))?;
                let action = action(&**found, change, &item.doubt)?;
                Ok((item, action, found))
            });
            match made {
                Ok((item, action, found)) => {
                    kind = Some((item.provider.clone(), Arc::clone(found)));
                    changes.push(Change {
                        address: item.address.to_string().into(),
                        token: token.clone(),
                        owner: (found.ownership() == lifeboat_sdk::Ownership::Tags)
                            .then(|| item.doubt.owner.clone()),
                        action,
                    });
                    items.push(item);
                }
                Err(why) => problems.extend(why),
            }
        }
        match (kind, items.first()) {
            (Some((provider, kind)), Some(first)) if problems.is_empty() => {
                let scope = first.scope.clone();
                Ok(Write { step: step.id, provider, kind, scope, token, items, changes })
            }
            _ => Err(problems),
        }
    }

    /// What is known of a member, with a planned document that may be unfinished: enough to read
    /// it back.
    ///
    /// # Errors
    /// The plan or state contradict themselves.
    pub fn item(
        &self,
        current: &Current<'_>,
        step: &Step,
        member: &Member,
        planned: Option<Value>,
    ) -> Result<Item, Diagnostics> {
        let change = self.change(member)?;
        let record = current.state.objects.get(&change.address.to_string());
        let home = step.scope.clone().or_else(|| change.scope.clone());
        let home = home.unwrap_or_else(|| nowhere(&change.provider));
        let (id, prior, lives) = match member.operation {
            Operation::DeleteDeposed => {
                let key = deposed_key(self.plan, change);
                let deposed = record.and_then(|r| r.deposed.iter().find(|d| *d.key == *key));
                let document = deposed.map(|d| load(&d.document)).transpose();
                let document = document.map_err(|why| defect(change, &why))?;
                let id = deposed.and_then(|d| d.identity.as_deref().map(Name::from));
                (id, document, deposed.map(|d| (&*d.provider, &d.scope)))
            }
            Operation::Delete => {
                let lives = record.map(|r| (&*r.provider, &r.scope));
                (known_id(change, record), prior(change, record)?, lives)
            }
            Operation::Update if self.plan.reached(step, change).is_some() => {
                let reached = self.plan.reached(step, change).map(|leg| leg.document.clone());
                (known_id(change, record), reached, None)
            }
            Operation::Create
            | Operation::Update
            | Operation::Read
            | Operation::Import
            | Operation::Forget => (known_id(change, record), prior(change, record)?, None),
        };
        let (provider, scope) = self.place(change, home, lives);
        let inputs = &self.plan.inputs;
        let topology = inputs.topology.clone();
        Ok(Item {
            member: member.clone(),
            name: member_name(self.plan, member),
            address: change.address.clone(),
            part: if member.operation == Operation::DeleteDeposed {
                Part::Deposed(deposed_key(self.plan, change))
            } else {
                Part::Current
            },
            provider,
            scope,
            doubt: Doubt {
                operation: member.operation,
                identified: None,
                id,
                prior,
                planned,
                owner: Owner {
                    topology: topology.unwrap_or_else(|| current.state.lineage.as_str().into()),
                    address: change.address.to_string().into(),
                },
            },
            answered: None,
        })
    }

    /// Where a member is: what goes is removed where it lives, which a replacement may change.
    fn place(
        &self,
        change: &ObjectChange,
        home: Scope,
        lives: Option<(&str, &RecordScope)>,
    ) -> (Name, Scope) {
        let old = lives.map(|(provider, at)| (Name::from(provider), scope(at)));
        match old {
            None => (change.provider.clone(), home),
            Some((provider, at)) if provider == change.provider => {
                let location = if change.scope.is_some() { at.location } else { home.location };
                (provider, Scope { location, ..home })
            }
            Some((provider, at)) => {
                let configured = self.providers.kind(&provider, &change.address.kind).is_some();
                if configured { (provider, at) } else { (change.provider.clone(), home) }
            }
        }
    }

    /// The planned document of a create or an update, completed.
    fn planned_of(
        &self,
        current: &Current<'_>,
        step: &Step,
        member: &Member,
        change: &ObjectChange,
    ) -> Result<Option<Value>, Diagnostics> {
        if let Some(leg) = self.plan.leg(step, change) {
            return Ok(Some(leg.document.clone()));
        }
        if matches!(member.operation, Operation::Create | Operation::Update) {
            let kind = self.providers.kind(&change.provider, &change.address.kind);
            kind.ok_or_else(|| no_kind_of(change))?;
            self.planned(current, member, change).map(Some)
        } else {
            Ok(None)
        }
    }

    fn planned(
        &self,
        current: &Current<'_>,
        member: &Member,
        change: &ObjectChange,
    ) -> Result<Value, Diagnostics> {
        match &change.after {
            None => Err(defect(change, "the plan has no document for it")),
            Some(after) if after.is_wholly_known() => Ok(after.clone()),
            // What is unknown comes with the answer: nothing that the files say is to be evaluated. They
            // say nothing of a region that is left, either.
            Some(after) if change.action == Action::Update && self.is_told(change, after) => {
                Ok(after.clone())
            }
            Some(_) => self.finalise.finalise(member.change, &current.objects),
        }
    }

    fn is_told(&self, change: &ObjectChange, after: &Value) -> bool {
        let kind = self.providers.kind(&change.provider, &change.address.kind);
        kind.is_some_and(|kind| told_by_answer(kind.schema().attributes, after))
    }

    /// Refuses what does not meet its preconditions, now that they can be told.
    fn demanded(&self, current: &Current<'_>, member: &Member) -> Result<(), Diagnostics> {
        if !matches!(member.operation, Operation::Create | Operation::Update | Operation::Read) {
            return Ok(());
        }
        let found = self.finalise.before(member.change, &current.objects);
        if found.has_errors() { Err(found) } else { Ok(()) }
    }

    /// The planned document of a member in doubt; unfinished where it cannot be completed.
    pub fn planned_in_doubt(
        &self,
        current: &Current<'_>,
        step: &Step,
        member: &Member,
    ) -> Option<Value> {
        let change = self.plan.changes.get(member.change)?;
        let finished = self.planned_of(current, step, member, change);
        finished.unwrap_or_else(|_| change.after.clone())
    }
}

fn known_id(change: &ObjectChange, record: Option<&ObjectRecord>) -> Option<Name> {
    let stored = record.and_then(|r| r.identity.as_deref().map(Name::from));
    stored.or_else(|| change.id.clone())
}

fn prior(
    change: &ObjectChange,
    record: Option<&ObjectRecord>,
) -> Result<Option<Value>, Diagnostics> {
    match (&change.before, record) {
        (Some(before), _) => Ok(Some(before.clone())),
        (None, Some(record)) => {
            let stored = load(&record.document).map_err(|why| defect(change, &why))?;
            Ok(Some(stored).filter(|value| !value.is_null()))
        }
        (None, None) => Ok(None),
    }
}

fn action(
    kind: &dyn DynKind,
    change: &ObjectChange,
    doubt: &Doubt,
) -> Result<ChangeAction<KnownDoc>, Diagnostics> {
    let attributes = kind.schema().attributes;
    let after = || match &doubt.planned {
        Some(planned) => {
            for_write(attributes, planned).map_err(|paths| still_unknown(change, &list(&paths)))
        }
        None => Err(defect(change, "the plan has no document for it")),
    };
    let before = || match &doubt.prior {
        Some(prior) => KnownDoc::new(prior).map_err(|paths| still_unknown(change, &list(&paths))),
        None => Err(defect(change, "state does not know the object")),
    };
    let id = || doubt.id.clone().ok_or_else(|| defect(change, "state has no id of the object"));
    Ok(match doubt.operation {
        Operation::Create => ChangeAction::Create { after: after()? },
        Operation::Update => ChangeAction::Update { id: id()?, before: before()?, after: after()? },
        Operation::Delete | Operation::DeleteDeposed => {
            ChangeAction::Delete { id: id()?, before: before()? }
        }
        Operation::Read | Operation::Import | Operation::Forget => {
            return Err(defect(change, "a step without a call is in a step with one"));
        }
    })
}

fn defect(change: &ObjectChange, why: &str) -> Diagnostics {
    let detail = format!(
        "{}: {why}. Nothing was called for it. This is a defect of lifeboat, please report it; \
         planning again may go round it.",
        change.address
    );
    Diagnostic::error("apply::plan", "The plan is not whole", detail).about(&change.address).into()
}

fn still_unknown(change: &ObjectChange, paths: &str) -> Diagnostics {
    let detail = format!(
        "{}: {paths} is still not known, though everything that it refers to is done. Nothing was \
         called for it.",
        change.address
    );
    Diagnostic::error("apply::unknown", "A value is still not known", detail)
        .about(&change.address)
        .help("Plan again: what was made meanwhile is known then.")
        .into()
}

/// No provider of this version has the kind of what is to be changed or compared.
pub(super) fn no_kind(about: &str, provider: &str, kind: &str) -> Diagnostic {
    let detail =
        format!("{about}: the provider {provider} has no {kind}. Nothing was called for it.");
    Diagnostic::error("apply::kind", "The provider of an object is missing", detail)
        .help("Apply with the version of lifeboat that made the plan, or plan again.")
}

/// The same for an object that changes.
fn no_kind_of(change: &ObjectChange) -> Diagnostics {
    let address = &change.address;
    no_kind(&address.to_string(), &change.provider, &address.kind).about(address).into()
}

/// A failure in the place of an answer that never came.
pub fn no_answer(what: &str) -> Failure {
    Failure::new(Class::Garbled, format!("{what}; this is a defect of the provider"))
}
