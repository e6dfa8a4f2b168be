//! Two generations of state compared: object by object, and what became of each. Pure.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Name};
use lifeboat_state::model::{Mode as RecordMode, ObjectRecord, ObjectStatus, State};

use super::stored;
use crate::address::Address;
use crate::diff::Action;
use crate::plan::resolve::Previous;
use crate::plan::{ObjectChange, OutputChange};
use crate::registry::Catalogue;

/// An object that is not as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What became of it: made, changed, replaced, gone, moved.
    pub change: ObjectChange,
    /// What else state says of it than before.
    pub notes: Vec<String>,
}

/// What differs between two states.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Objects, by address.
    pub objects: Vec<Difference>,
    /// All outputs.
    pub outputs: BTreeMap<Name, OutputChange>,
}

/// How many objects differ, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Only in the new one.
    pub added: usize,
    /// In both, otherwise.
    pub changed: usize,
    /// Only in the old one.
    pub removed: usize,
    /// At another address.
    pub moved: usize,
}

/// How many objects differ. Values may be sealed: that is the same for the same value.
pub fn counts(old: Option<&State>, new: &State) -> Counts {
    let empty = BTreeMap::new();
    let old = old.map_or(&empty, |old| &old.objects);
    let moves = moves(old, &new.objects);
    let gone: BTreeSet<&str> = moves.values().copied().collect();
    let mut counts = Counts { moved: moves.len(), ..Counts::default() };
    for (address, object) in &new.objects {
        match old.get(address) {
            None if moves.contains_key(&**address) => {}
            None => counts.added += 1,
            Some(before) => counts.changed += usize::from(before != object),
        }
    }
    let left =
        |address: &&String| !new.objects.contains_key(*address) && !gone.contains(&***address);
    counts.removed = old.keys().filter(left).count();
    counts
}

/// Objects that are at another address now: new to old. What one is, its id tells.
fn moves<'s>(
    old: &'s BTreeMap<String, ObjectRecord>,
    new: &'s BTreeMap<String, ObjectRecord>,
) -> BTreeMap<&'s str, &'s str> {
    type Key<'s> = (&'s str, &'s str, Option<&'s str>, &'s lifeboat_state::model::RecordScope);
    fn key(object: &ObjectRecord) -> Key<'_> {
        (&object.kind, &object.provider, object.identity.as_deref(), &object.scope)
    }
    let only = |these: &'s BTreeMap<String, ObjectRecord>, those: &BTreeMap<String, _>| {
        let mut found: BTreeMap<Key<'s>, Vec<&'s str>> = BTreeMap::new();
        for (address, object) in these {
            let known = object.identity.is_some() && object.mode != RecordMode::Data;
            if known && !those.contains_key(address) {
                found.entry(key(object)).or_default().push(address);
            }
        }
        found
    };
    let (gone, come) = (only(old, new), only(new, old));
    let pairs = come.into_iter().filter_map(|(key, new)| match (&*new, &**gone.get(&key)?) {
        ([new], [old]) => Some((*new, *old)),
        // An id that several have tells nothing.
        _ => None,
    });
    pairs.collect()
}

/// What differs between two states.
///
/// # Errors
/// A record or an output cannot be read.
pub fn compare(
    old: &State,
    new: &State,
    catalogue: &Catalogue,
) -> Result<Comparison, Box<Diagnostic>> {
    let (before, after) = (stored::previous(old)?, stored::previous(new)?);
    let moves = moves(&old.objects, &new.objects);
    let gone: BTreeSet<&str> = moves.values().copied().collect();
    let mut objects = Vec::new();
    let all: BTreeSet<&Address> = before.keys().chain(after.keys()).collect();
    for address in all {
        let text = address.to_string();
        let from = moves.get(&*text).copied();
        if gone.contains(&*text) && !after.contains_key(address) {
            continue;
        }
        let was = from.map_or_else(|| Some(address.clone()), Address::parse);
        let records = (old.objects.get(from.unwrap_or(&text)), new.objects.get(&text));
        let there = (was.as_ref().and_then(|was| before.get(was)), after.get(address));
        if from.is_none() && records.0 == records.1 {
            continue;
        }
        let mut change = change(address, there, catalogue);
        change.previous_address = was.filter(|was| was != address);
        objects.push(Difference { change, notes: notes(records) });
    }
    Ok(Comparison { objects, outputs: outputs(old, new)? })
}

fn change(
    address: &Address,
    (before, after): (Option<&Previous>, Option<&Previous>),
    catalogue: &Catalogue,
) -> ObjectChange {
    let current =
        |it: Option<&Previous>| it.filter(|it| !it.only_deposed).map(|it| it.document.clone());
    let id = |it: Option<&Previous>| it.and_then(|it| it.id.clone());
    let (old, new) = (current(before), current(after));
    let action = match (&old, &new) {
        (None, None) => Action::NoOp,
        (None, Some(_)) => Action::Create,
        (Some(_), None) => Action::Delete,
        (Some(_), Some(_)) if id(before) != id(after) => Action::Replace,
        (Some(old), Some(new)) if old == new => Action::NoOp,
        (Some(_), Some(_)) => Action::Update,
    };
    let known = after.or(before);
    let provider = known.map_or_else(|| Name::from(""), |it| it.provider.clone());
    ObjectChange {
        provider_source: catalogue.source(&provider).into(),
        provider,
        scope: known.and_then(|it| it.scope.clone()),
        before: old,
        after: new,
        id: id(after).or_else(|| id(before)),
        depends_on: known.map(|it| it.depends_on.clone()).unwrap_or_default(),
        operated: known.is_some_and(|it| it.operated),
        ..ObjectChange::new(address.clone(), action)
    }
}

/// What state says of an object besides its attributes, where that is not as it was.
fn notes((old, new): (Option<&ObjectRecord>, Option<&ObjectRecord>)) -> Vec<String> {
    let (Some(old), Some(new)) = (old, new) else { return Vec::new() };
    let mut notes = Vec::new();
    let mut say = |differs: bool, text: String| {
        if differs {
            notes.push(text);
        }
    };
    let word = |status: ObjectStatus| match status {
        ObjectStatus::Ok => "whole",
        ObjectStatus::Incomplete => "incomplete",
        ObjectStatus::Fenced => "fenced",
        ObjectStatus::Tainted => "tainted",
    };
    let status = format!("{} -> {}", word(old.status), word(new.status));
    say(old.status != new.status, status);
    say(old.mode != new.mode, "it is ours to another degree".to_owned());
    say(old.provider != new.provider, format!("provider {} -> {}", old.provider, new.provider));
    say(
        old.stale != new.stale,
        match &new.stale {
            Some(why) => format!("not read: {why}"),
            None => "read again".to_owned(),
        },
    );
    let left = format!("{} -> {} deposed objects", old.deposed.len(), new.deposed.len());
    say(old.deposed != new.deposed, left);
    let needs = |object: &ObjectRecord| format!("[{}]", object.depends_on.join(", "));
    say(old.depends_on != new.depends_on, format!("needs {} -> {}", needs(old), needs(new)));
    let flags = |object: &ObjectRecord| (object.create_before_destroy, object.prevent_destroy);
    say(flags(old) != flags(new), "its lifecycle settings differ".to_owned());
    let hashes = "a write-only value differs".to_owned();
    say(old.secret_hashes != new.secret_hashes, hashes);
    notes
}

fn outputs(old: &State, new: &State) -> Result<BTreeMap<Name, OutputChange>, Box<Diagnostic>> {
    let (mut before, after) = (stored::outputs(old)?, stored::outputs(new)?);
    let hidden = |state: &State, name: &str| state.outputs.get(name).is_some_and(|o| o.sensitive);
    let both = |name: &str| hidden(old, name) || hidden(new, name);
    let mut all = BTreeMap::new();
    for (name, value) in after {
        let (sensitive, before) = (both(&name), before.remove(&name));
        all.insert(name, OutputChange { before, after: Some(value), sensitive });
    }
    for (name, value) in before {
        let sensitive = both(&name);
        all.insert(name, OutputChange { before: Some(value), after: None, sensitive });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::Value;
    use lifeboat_state::model::{Ownership, RecordScope};

    use super::*;
    use crate::apply::document;

    fn object(address: &str, id: &str, input: i64) -> ObjectRecord {
        let at = Address::parse(address).unwrap();
        let value =
            Value::object([("id".into(), Value::string(id)), ("input".into(), Value::int(input))]);
        ObjectRecord {
            address: address.to_owned(),
            module: at.module.to_string(),
            mode: RecordMode::Managed,
            kind: at.kind.to_string(),
            name: at.name.to_string(),
            index: None,
            provider: "terraform".to_owned(),
            schema_version: 0,
            status: ObjectStatus::Ok,
            document: document::store(&value).unwrap(),
            identity: Some(id.to_owned()),
            depends_on: Vec::new(),
            create_before_destroy: false,
            prevent_destroy: false,
            scope: RecordScope {
                provider: "terraform".to_owned(),
                account: String::new(),
                location: String::new(),
                service: "terraform".to_owned(),
            },
            stale: None,
            deposed: Vec::new(),
            ownership: Ownership::StateOnly,
            secret_hashes: BTreeMap::new(),
        }
    }

    fn state(objects: &[(&str, &str, i64)]) -> State {
        let mut state = State::new("lineage", "0.1.0");
        for (address, id, input) in objects {
            state.objects.insert((*address).to_owned(), object(address, id, *input));
        }
        state
    }

    #[test]
    fn what_was_made_changed_replaced_moved_and_removed_is_told_apart() {
        let old = state(&[
            ("a.changed", "1", 1),
            ("a.gone", "2", 1),
            ("a.old", "3", 1),
            ("a.replaced", "4", 1),
            ("a.same", "5", 1),
        ]);
        let new = state(&[
            ("a.changed", "1", 2),
            ("a.made", "6", 1),
            ("a.new", "3", 2),
            ("a.replaced", "7", 1),
            ("a.same", "5", 1),
        ]);
        let found = compare(&old, &new, &Catalogue::default()).unwrap();
        let told: Vec<(String, Action, Option<String>)> = found
            .objects
            .iter()
            .map(|it| &it.change)
            .map(|c| {
                let was = c.previous_address.as_ref().map(ToString::to_string);
                (c.address.to_string(), c.action, was)
            })
            .collect();
        let expected = [
            ("a.changed", Action::Update, None),
            ("a.gone", Action::Delete, None),
            ("a.made", Action::Create, None),
            ("a.new", Action::Update, Some("a.old")),
            ("a.replaced", Action::Replace, None),
        ];
        let expected =
            expected.map(|(a, action, was)| (a.to_owned(), action, was.map(str::to_owned)));
        assert_eq!(told, expected);
        let all = Counts { added: 1, changed: 2, removed: 1, moved: 1 };
        assert_eq!(counts(Some(&old), &new), all);
        assert_eq!(counts(None, &new).added, 5);
        assert_eq!(counts(Some(&old), &old), Counts::default());
    }

    #[test]
    fn an_id_that_several_have_is_no_move() {
        let old = state(&[("a.one", "1", 1), ("a.two", "1", 1)]);
        let new = state(&[("a.three", "1", 1)]);
        let all = Counts { added: 1, removed: 2, ..Counts::default() };
        assert_eq!(counts(Some(&old), &new), all);
    }

    #[test]
    fn what_state_says_beside_the_attributes_is_told_too() {
        let (old, mut new) = (state(&[("a.b", "1", 1)]), state(&[("a.b", "1", 1)]));
        let object = new.objects.get_mut("a.b").unwrap();
        object.status = ObjectStatus::Tainted;
        object.depends_on.push("a.c".to_owned());
        let found = compare(&old, &new, &Catalogue::default()).unwrap();
        assert_eq!(found.objects[0].change.action, Action::NoOp);
        assert_eq!(found.objects[0].notes, ["whole -> tainted", "needs [] -> [a.c]"]);
    }
}
