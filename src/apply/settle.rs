//! What a read tells about a call whose outcome is not known. Pure.

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{Name, Observation, Owner, Ownership, Path, Present, Unreadable, Value};

use crate::plan::Operation;
use crate::refresh::compare::{attribute_at, disagreements};

/// What is known of the call.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// What it was to do.
    pub operation: Operation,
    /// The id that the API told during the call.
    pub identified: Option<Name>,
    /// The id that the object had before; with create before destroy that of the predecessor.
    pub id: Option<Name>,
    /// The object before.
    pub prior: Option<Value>,
    /// The object as planned, with what is still unknown.
    pub planned: Option<Value>,
    /// Whom its tags name if it is ours.
    pub owner: Owner,
}

/// What the read tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// It happened; the object as it is now, or nothing.
    Done(Option<Present<Value>>),
    /// It did not happen.
    NotDone,
    /// Reading found the object that was to be replaced, under the tags that its successor would
    /// carry too: it did not happen, unless the kind overlooked the successor.
    Predecessor(Name),
    /// Something is there that is neither the object as planned nor as it was.
    Conflict {
        /// What is there.
        live: Present<Value>,
        /// Whether it is ours all the same, so that state takes it as it is.
        ours: bool,
    },
    /// Nothing is known still.
    Unread(Unreadable),
}

impl Finding {
    /// Whether it did not happen.
    pub fn is_not_done(&self) -> bool {
        matches!(self, Self::NotDone | Self::Predecessor(_))
    }
}

/// Judges what was read.
pub fn judge(kind: &dyn DynKind, doubt: &Doubt, seen: Observation<Value>) -> Finding {
    let live = match seen {
        Observation::Unreadable(unreadable) => return Finding::Unread(unreadable),
        Observation::Absent(_) => None,
        Observation::Present(live) => Some(live),
    };
    match (doubt.operation, live) {
        (Operation::Create, Some(live)) => created(kind, doubt, live),
        (Operation::Create, None) => Finding::NotDone,
        (Operation::Update, Some(live)) => updated(kind, doubt, live),
        // It went away meanwhile: the next plan sees it.
        (Operation::Update, None) => Finding::NotDone,
        (Operation::Delete | Operation::DeleteDeposed, live) => match live {
            Some(live) if doubt.id.as_ref().is_none_or(|id| *id == live.id) => Finding::NotDone,
            _ => Finding::Done(None),
        },
        // They call nothing that changes anything.
        (Operation::Read | Operation::Import | Operation::Forget, _) => Finding::NotDone,
    }
}

fn created(kind: &dyn DynKind, doubt: &Doubt, live: Present<Value>) -> Finding {
    if doubt.identified.as_ref() == Some(&live.id) {
        return Finding::Done(Some(live));
    }
    if doubt.id.as_ref() == Some(&live.id) && !as_planned(kind, doubt, &live) {
        return Finding::Predecessor(live.id);
    }
    let ours = match kind.ownership() {
        Ownership::Tags => match &live.owner {
            Some(owner) if *owner == doubt.owner => return Finding::Done(Some(live)),
            Some(_) => return Finding::Conflict { live, ours: false },
            None => live.begun,
        },
        Ownership::Parent | Ownership::Operated => true,
        Ownership::Name => false,
        Ownership::StateOnly => return Finding::NotDone,
    };
    if as_planned(kind, doubt, &live) {
        Finding::Done(Some(live))
    } else {
        Finding::Conflict { live, ours }
    }
}

fn updated(kind: &dyn DynKind, doubt: &Doubt, live: Present<Value>) -> Finding {
    if kind.ownership() == Ownership::StateOnly {
        return Finding::NotDone;
    }
    let named = live.owner.as_ref().is_none_or(|owner| *owner == doubt.owner);
    if as_planned(kind, doubt, &live) {
        // Where only its tags were to change, the rest tells nothing.
        if named { Finding::Done(Some(live)) } else { Finding::NotDone }
    } else if kind.ownership() == Ownership::Operated
        || differs(kind, doubt.prior.as_ref(), &live.object).is_empty()
    {
        // What others made is on its way between the two: it is asked again for what it shall be.
        Finding::NotDone
    } else {
        Finding::Conflict { live, ours: true }
    }
}

fn as_planned(kind: &dyn DynKind, doubt: &Doubt, live: &Present<Value>) -> bool {
    doubt.planned.is_some() && differs(kind, doubt.planned.as_ref(), &live.object).is_empty()
}

/// Where what is live differs in meaning from `wanted`; the role's attributes and what any
/// update changes do not count.
pub fn differs(kind: &dyn DynKind, wanted: Option<&Value>, live: &Value) -> Vec<Path> {
    let Some(wanted) = wanted else { return vec![Path::root()] };
    let attributes = kind.schema().attributes;
    let mut paths = disagreements(attributes, &kind.normalise(wanted), &kind.normalise(live));
    paths.retain(|path| {
        let top = path.first_attr().map(Path::attr).unwrap_or_default();
        !attribute_at(attributes, &top).is_some_and(|a| a.role || a.volatile)
    });
    paths
}

/// What becomes of a batch: one call made it all or nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Whole {
    /// Each member stands for itself.
    Each,
    /// All of it happened, or nothing.
    Agreed,
    /// Some members happened and some did not.
    Mixed,
}

/// Whether the members of a batch agree.
pub fn whole(findings: &[&Finding]) -> Whole {
    if findings.len() < 2 {
        return Whole::Each;
    }
    let done = findings.iter().filter(|f| matches!(f, Finding::Done(_))).count();
    let not = findings.iter().filter(|f| f.is_not_done()).count();
    match (done, not) {
        (0, _) | (_, 0) => Whole::Agreed,
        _ => Whole::Mixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refresh::fake::{Cloud, PART, ROW, THING, proof, scope};

    fn document(size: i64) -> Value {
        Value::object([("name".into(), Value::string("n")), ("size".into(), Value::int(size))])
    }

    fn owner(address: &str) -> Owner {
        Owner { topology: "t".into(), address: address.into() }
    }

    fn live(size: i64, owner: Option<Owner>) -> Present<Value> {
        Present { owner, ..Present::new("id-1", document(size)) }
    }

    fn doubt(operation: Operation) -> Doubt {
        let prior = (operation != Operation::Create).then(|| document(1));
        let planned = matches!(operation, Operation::Create | Operation::Update);
        Doubt {
            operation,
            identified: None,
            id: prior.is_some().then(|| "id-1".into()),
            prior,
            planned: planned.then(|| document(2)),
            owner: owner("a"),
        }
    }

    fn name(finding: &Finding) -> &'static str {
        match finding {
            Finding::Done(Some(_)) => "done",
            Finding::Done(None) => "gone",
            Finding::NotDone => "not done",
            Finding::Predecessor(_) => "predecessor",
            Finding::Conflict { ours: true, .. } => "conflict, ours",
            Finding::Conflict { ours: false, .. } => "conflict, not ours",
            Finding::Unread(_) => "unread",
        }
    }

    /// Size and owner of what is live.
    type Seen = Option<(i64, Option<Owner>)>;

    /// One row per operation, kind and what is live.
    #[test]
    fn the_table_of_findings() {
        use Operation::{Create, Delete, DeleteDeposed, Forget, Import, Read, Update};
        let ours = Some(owner("a"));
        let theirs = Some(owner("b"));
        let rows: &[(Operation, &str, Seen, &str)] = &[
            (Create, THING, None, "not done"),
            (Create, THING, Some((2, ours.clone())), "done"),
            (Create, THING, Some((9, ours)), "done"),
            (Create, THING, Some((2, theirs)), "conflict, not ours"),
            (Create, THING, Some((2, None)), "done"),
            (Create, THING, Some((9, None)), "conflict, not ours"),
            (Create, PART, Some((2, None)), "done"),
            (Create, PART, Some((9, None)), "conflict, ours"),
            (Create, ROW, Some((2, None)), "done"),
            (Create, ROW, Some((9, None)), "conflict, not ours"),
            (Update, THING, Some((2, None)), "done"),
            (Update, THING, Some((2, Some(owner("a")))), "done"),
            (Update, THING, Some((2, Some(owner("b")))), "not done"),
            (Update, THING, Some((1, None)), "not done"),
            (Update, THING, Some((9, None)), "conflict, ours"),
            (Update, THING, None, "not done"),
            (Delete, THING, None, "gone"),
            (Delete, THING, Some((1, None)), "not done"),
            (Delete, THING, Some((9, None)), "not done"),
            (DeleteDeposed, THING, None, "gone"),
            (DeleteDeposed, THING, Some((1, None)), "not done"),
            (Read, THING, Some((1, None)), "not done"),
            (Import, THING, Some((1, None)), "not done"),
            (Forget, THING, Some((1, None)), "not done"),
        ];
        let providers = Cloud::default().providers();
        for (operation, kind, seen, expected) in rows {
            let kind = providers.kind("fake", kind).unwrap();
            let seen = match seen {
                None => Observation::Absent(proof()),
                Some((size, owner)) => Observation::Present(live(*size, owner.clone())),
            };
            let found = judge(&**kind, &doubt(*operation), seen.clone());
            assert_eq!(name(&found), *expected, "{operation:?} {} {seen:?}", kind.name());
        }
    }

    #[test]
    fn what_was_begun_for_the_address_is_ours_without_tags() {
        let providers = Cloud::default().providers();
        let kind = &**providers.kind("fake", THING).unwrap();
        let begun = |size| Observation::Present(Present { begun: true, ..live(size, None) });
        let create = doubt(Operation::Create);
        assert_eq!(name(&judge(kind, &create, begun(2))), "done");
        assert_eq!(name(&judge(kind, &create, begun(9))), "conflict, ours");
    }

    #[test]
    fn an_id_that_the_api_told_is_ours_and_the_predecessor_is_not_the_new_object() {
        let providers = Cloud::default().providers();
        let kind = &**providers.kind("fake", THING).unwrap();
        let identified = Doubt { identified: Some("id-1".into()), ..doubt(Operation::Create) };
        let seen = Observation::Present(live(9, None));
        assert_eq!(name(&judge(kind, &identified, seen)), "done");
        let replaces = Doubt { id: Some("id-1".into()), ..doubt(Operation::Create) };
        let seen = Observation::Present(live(1, Some(owner("a"))));
        assert_eq!(name(&judge(kind, &replaces, seen)), "predecessor");
    }

    #[test]
    fn what_cannot_be_read_stays_in_doubt() {
        let providers = Cloud::default().providers();
        let kind = &**providers.kind("fake", THING).unwrap();
        let unread = Unreadable {
            scope: scope("east"),
            cause: lifeboat_sdk::Cause::Unreachable,
            message: "no".to_owned(),
        };
        for operation in [Operation::Create, Operation::Update, Operation::Delete] {
            let seen = Observation::Unreadable(unread.clone());
            assert_eq!(name(&judge(kind, &doubt(operation), seen)), "unread");
        }
    }

    #[test]
    fn a_batch_agrees_or_it_is_mixed() {
        let (done, not) = (Finding::Done(None), Finding::NotDone);
        assert_eq!(whole(&[&done]), Whole::Each);
        assert_eq!(whole(&[&done, &done]), Whole::Agreed);
        assert_eq!(whole(&[&not, &not]), Whole::Agreed);
        assert_eq!(whole(&[&done, &not]), Whole::Mixed);
    }
}
