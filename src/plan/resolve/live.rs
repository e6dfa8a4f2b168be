//! What is live of an object, as far as it is known.

use lifeboat_sdk::value::Why;
use lifeboat_sdk::{
    Diagnostic, Marks, Name, Observation, Ownership, Path, Present, Scope, Target, Unreadable,
    Value,
};

use super::instance::Wanted;
use super::{Answer, Need, Resolver};
use crate::plan::{Deferral, PlanMode};
use crate::refresh::{Part, Request, RequestKey};

/// What is live of an object.
pub(super) enum Live {
    /// It is there.
    There {
        /// As it was read, or as stored where it was not to be read.
        present: Present<Value>,
        /// It is not in the previous state: taken over by this id.
        taken_over: bool,
    },
    /// It is not there.
    Missing,
    /// It could not be read; its previous document, if there is one.
    Away(Option<Value>, Deferral),
    /// It could not be read, and that is an error of its own.
    Broken,
    /// It must be read first.
    Parked,
}

impl Resolver<'_> {
    /// Finds out what is live of `wanted`.
    pub(super) fn live(&mut self, wanted: &Wanted<'_>) -> Live {
        let previous = self.input.previous.get(&wanted.address).filter(|p| !p.only_deposed);
        if let Some(why) = self.input.options.in_doubt.get(&wanted.address) {
            let stored = previous.map(|p| p.document.clone());
            return Live::Away(stored, Deferral::InDoubt(why.clone()));
        }
        // What state knows of another object of somebody else's says nothing of this one.
        if let Some(previous) = previous.filter(|previous| !wanted.is_another(previous)) {
            let stored = previous.document.clone();
            let id = previous.id.clone().unwrap_or_else(|| Name::from(""));
            return match self.input.observed.get(&wanted.address) {
                None => Live::There { present: Present::new(id, stored), taken_over: false },
                Some(Observation::Present(present)) => {
                    let mut present = present.clone();
                    present.object = restore_marks(&present.object, &stored);
                    Live::There { present, taken_over: false }
                }
                Some(Observation::Absent(_)) => Live::Missing,
                Some(Observation::Unreadable(unread)) => {
                    let unread = unread.clone();
                    self.elsewhere(wanted, (id, stored), &unread)
                }
            };
        }
        self.probe(wanted)
    }

    /// An object that state does not know: is it to be imported, or is its name taken?
    fn probe(&mut self, wanted: &Wanted<'_>) -> Live {
        let id = match &wanted.importing {
            Some(given) => match self.imported_by(wanted, given) {
                Some(id) => Some(id),
                None => return Live::Broken,
            },
            // To take one object in, no other is looked for.
            None if self.input.options.mode == PlanMode::Import => return Live::Missing,
            None if !self.worth_asking(wanted) => return Live::Missing,
            None => wanted.kind.id_of(&wanted.config),
        };
        let Some(scope) = wanted.scope.clone().or_else(|| local_scope(wanted)) else {
            return Live::Missing;
        };
        let Some(observation) = self.asked(wanted, id, scope) else { return Live::Parked };
        match observation {
            Observation::Absent(_) if wanted.importing.is_some() => {
                let id = wanted.importing.clone().unwrap_or_else(|| Name::from(""));
                self.import_missing(wanted, &id);
                Live::Broken
            }
            Observation::Absent(_) => Live::Missing,
            Observation::Unreadable(unread) => self.away(wanted, None, &unread),
            Observation::Present(present) => self.found(wanted, present),
        }
    }

    /// What was read of it; where it was not asked for yet it is.
    fn asked(
        &mut self,
        wanted: &Wanted<'_>,
        id: Option<Name>,
        scope: Scope,
    ) -> Option<Observation<Value>> {
        if let Some(Answer::Object(observation)) = self.answers.get(&wanted.address) {
            return Some(observation.clone());
        }
        let part = if wanted.importing.is_some() { Part::Import } else { Part::Adopt };
        let address = wanted.address.clone();
        let hint = wanted.config.unmark_deep();
        self.parked.push(Need::Object(Box::new(Request {
            target: Target { address: address.to_string().into(), id, hint },
            key: RequestKey { address, part },
            provider: wanted.provider.clone(),
            kind: wanted.kind.name().into(),
            scope,
        })));
        None
    }

    /// It could not be read where it was changed last: what each region shows is asked for where it
    /// is to be changed now. That one does not know it proves nothing.
    fn elsewhere(
        &mut self,
        wanted: &Wanted<'_>,
        (id, stored): (Name, Value),
        unread: &Unreadable,
    ) -> Live {
        let other = wanted
            .scope
            .clone()
            .filter(|scope| wanted.kind.anywhere() && scope.location != unread.scope.location);
        let Some(scope) = other else { return self.away(wanted, Some(stored), unread) };
        match self.asked(wanted, Some(id), scope) {
            None => Live::Parked,
            Some(Observation::Present(mut present)) => {
                present.object = restore_marks(&present.object, &stored);
                Live::There { present, taken_over: false }
            }
            Some(Observation::Absent(_) | Observation::Unreadable(_)) => {
                self.away(wanted, Some(stored), unread)
            }
        }
    }

    /// Whether a look at the API can tell anything.
    fn worth_asking(&self, wanted: &Wanted<'_>) -> bool {
        let id = || wanted.kind.id_of(&wanted.config);
        match wanted.kind.ownership() {
            Ownership::StateOnly => false,
            Ownership::Tags => true,
            Ownership::Name | Ownership::Operated => id().is_some(),
            // A part of what does not exist yet does not exist.
            Ownership::Parent => id().is_some_and(|id| !self.parent_is_new(wanted, &id)),
        }
    }

    /// Whether the object that this one is a part of is made by this plan.
    fn parent_is_new(&self, wanted: &Wanted<'_>, id: &str) -> bool {
        let made = wanted.needs.iter().filter(|need| self.creating.contains(need));
        let mut made = made.flat_map(|need| {
            let of = self.changes.range(need.clone()..);
            of.take_while(|(at, _)| **at == *need || at.whole() == *need)
        });
        made.any(|(_, change)| {
            let kind = self.input.catalogue.kinds.get(&*change.address.kind).map(|(_, k)| k);
            // Another part of the same object goes by the same id.
            let kind = kind.filter(|kind| kind.ownership() != Ownership::Parent);
            let parent = kind.zip(change.after.as_ref()).and_then(|(k, after)| k.id_of(after));
            parent.is_some_and(|parent| is_part_of(id, &parent))
        })
    }

    /// Something is there that state does not know.
    fn found(&mut self, wanted: &Wanted<'_>, present: Present<Value>) -> Live {
        let ours = present.owner.as_ref() == Some(&self.owner(&wanted.address));
        let as_it_is = matches!(wanted.kind.ownership(), Ownership::Parent | Ownership::Operated);
        let asked = wanted.adopt || wanted.kind.takes_over(&wanted.config);
        if wanted.importing.is_some() || ours || asked || as_it_is {
            return Live::There { present, taken_over: true };
        }
        self.push(taken(wanted, &present));
        Live::Broken
    }

    /// It could not be read.
    fn away(&mut self, wanted: &Wanted<'_>, stored: Option<Value>, unread: &Unreadable) -> Live {
        // What is taken in cannot wait: nobody would do it later.
        if unread.cause.defers() && self.input.options.mode != PlanMode::Import {
            let why = Deferral::Unreachable {
                scope: unread.scope.clone(),
                message: unread.message.clone(),
            };
            return Live::Away(stored, why);
        }
        self.unread.add(&wanted.address.to_string(), unread, Some(wanted.span));
        Live::Broken
    }

    /// What others may know of an object that could not be read: its identity.
    pub(super) fn stale(wanted: &Wanted<'_>, stored: &Value, why: &Deferral) -> Value {
        let reason = match why {
            Deferral::Unreachable { scope, .. } => Why::Unreachable(scope.clone().into()),
            Deferral::Needs(_) | Deferral::UnknownInstances | Deferral::InDoubt(_) => {
                Why::Deferred(wanted.address.to_string().into())
            }
        };
        Value::object(wanted.kind.schema().attributes.iter().map(|a| {
            let known = stored.get(a.name).filter(|_| a.identity).cloned();
            let ty = a.shape.ty();
            (a.name.into(), known.unwrap_or_else(|| Value::unknown_because(ty, reason.clone())))
        }))
    }
}

/// Whether an object is a setting of another, or lies in it: ids of parts begin with their
/// parent's (`NAME` of a bucket's settings, `ROLE:POLICY`).
pub(super) fn is_part_of(id: &str, parent: &str) -> bool {
    let rest = id.strip_prefix(parent).filter(|_| !parent.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ',', '/']))
}

/// Kinds without a remote side are read where they are: in state.
fn local_scope(wanted: &Wanted<'_>) -> Option<lifeboat_sdk::Scope> {
    wanted.importing.as_ref().map(|_| lifeboat_sdk::Scope {
        provider: wanted.provider.clone(),
        account: "local".into(),
        location: lifeboat_sdk::Location::Region("local".into()),
        service: wanted.kind.service().name.into(),
    })
}

/// A live document with the marks that its stored form has.
pub fn restore_marks(live: &Value, stored: &Value) -> Value {
    if stored.marks_deep().is_empty() {
        return live.clone();
    }
    let mut marked = live.clone();
    stored.walk(&Path::root(), &mut |path, value| {
        let marks = value.unmark().1;
        if marks.contains(Marks::SENSITIVE) {
            marked = marked.transform(&Path::root(), &mut |at, part| {
                (at == path).then(|| part.clone().mark(marks))
            });
        }
    });
    marked
}

fn taken(wanted: &Wanted<'_>, present: &Present<Value>) -> Diagnostic {
    let owner = match &present.owner {
        Some(owner) => {
            format!("its tags say that it belongs to {} of {}", owner.address, owner.topology)
        }
        None => "it does not belong to this topology".to_owned(),
    };
    let help = format!(
        "Give another name, or take it over:\n\nimport {{\n  to = {}\n  id = {:?}\n}}",
        wanted.address, present.id
    );
    Diagnostic::error(
        "plan::name_taken",
        "The object exists already",
        format!("{} would be created, but {:?} exists and {owner}.", wanted.address, present.id),
    )
    .about(&wanted.address)
    .at(wanted.span)
    .help(help)
}
