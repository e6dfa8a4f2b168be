//! What exists in the cloud, and what refers to what.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::value::Step;
use lifeboat_sdk::{Location, Name, Owner, Path, Value};
use tokio::time::Instant;

/// What names an object of the cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The account.
    pub account: Name,
    /// The region, or the global plane.
    pub location: Location,
    /// The kind's name.
    pub kind: Name,
    /// The object's id.
    pub id: Name,
}

/// An object of the cloud, as tests and simulations see it.
#[derive(Clone, Debug, PartialEq)]
pub struct SimObject {
    /// What names it.
    pub key: Key,
    /// What it is.
    pub document: Value,
    /// Whom its tags name as owner.
    pub owner: Option<Owner>,
    /// Whether it holds data.
    pub full: bool,
}

/// An object with what only the cloud knows.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) document: Value,
    pub(crate) owner: Option<Owner>,
    /// The token of its creation.
    pub(crate) token: Option<Name>,
    pub(crate) full: bool,
    /// Counts its changes.
    pub(crate) revision: u64,
    /// When it will be usable, and whether it will fail instead.
    pub(crate) ready_at: Option<Instant>,
    pub(crate) fails: bool,
    /// What it was before its newest change, for stale reads.
    pub(crate) before: Option<(Instant, Option<Box<Stored>>)>,
}

impl Stored {
    /// An object that nothing is known of but its content.
    pub(crate) fn plain(document: Value, owner: Option<Owner>) -> Self {
        Self {
            document,
            owner,
            token: None,
            full: false,
            revision: 1,
            ready_at: None,
            fails: false,
            before: None,
        }
    }
}

/// All objects, with an index of what they mention.
#[derive(Debug, Default)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Stored>,
    /// From a text in a document to who has it, and in which attribute.
    mentions: BTreeMap<Name, BTreeSet<(Key, Name)>>,
    undo: Option<Vec<(Key, Option<Stored>)>>,
    /// The kinds whose objects each region shows: they lie in no one region.
    anywhere: BTreeSet<Name>,
}

/// The location of what each region shows.
const ANYWHERE: &str = "anywhere";

/// Longer texts name nothing.
const LONGEST: usize = 300;

impl Store {
    /// Lets the objects of a kind be the same from each region.
    pub(crate) fn show_anywhere(&mut self, kind: &str) {
        self.anywhere.insert(kind.into());
        let there: Vec<Key> =
            self.objects.keys().filter(|key| *key.kind == *kind).cloned().collect();
        for key in there {
            if let Some(stored) = self.objects.remove(&key) {
                self.forget(&key, Some(&stored));
                self.put(key, stored);
            }
        }
    }

    /// Where an object lies, from wherever it is asked for.
    fn place(&self, key: &Key) -> Key {
        let location = self.location(&key.kind, &key.location);
        Key { location, ..key.clone() }
    }

    fn location(&self, kind: &str, asked: &Location) -> Location {
        match self.anywhere.contains(kind) {
            true => Location::Global { home: ANYWHERE.into() },
            false => asked.clone(),
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Stored> {
        match self.anywhere.contains(&key.kind) {
            true => self.objects.get(&self.place(key)),
            false => self.objects.get(key),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Stored)> {
        self.objects.iter()
    }

    /// The objects of a kind in one place.
    pub(crate) fn of_kind<'a>(
        &'a self,
        account: &'a str,
        location: &'a Location,
        kind: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Stored)> {
        let location = self.location(kind, location);
        let first = Key {
            account: account.into(),
            location: location.clone(),
            kind: kind.into(),
            id: "".into(),
        };
        self.objects.range(first..).take_while(move |(key, _)| {
            *key.account == *account && key.location == location && *key.kind == *kind
        })
    }

    /// Puts an object in the place of what was there.
    pub(crate) fn put(&mut self, key: Key, stored: Stored) {
        let key = self.place(&key);
        let texts = texts(&stored.document);
        let old = self.objects.insert(key.clone(), stored);
        self.forget(&key, old.as_ref());
        for (text, attribute) in texts {
            self.mentions.entry(text).or_default().insert((key.clone(), attribute));
        }
        self.record(key, old);
    }

    pub(crate) fn remove(&mut self, key: &Key) -> Option<Stored> {
        let key = &self.place(key);
        let old = self.objects.remove(key)?;
        self.forget(key, Some(&old));
        self.record(key.clone(), Some(old.clone()));
        Some(old)
    }

    fn forget(&mut self, key: &Key, old: Option<&Stored>) {
        for (text, attribute) in old.map(|old| texts(&old.document)).unwrap_or_default() {
            if let Some(who) = self.mentions.get_mut(&text) {
                who.remove(&(key.clone(), attribute));
                if who.is_empty() {
                    self.mentions.remove(&text);
                }
            }
        }
    }

    fn record(&mut self, key: Key, old: Option<Stored>) {
        if let Some(undo) = &mut self.undo {
            undo.push((key, old));
        }
    }

    /// Begins a change that can be taken back.
    pub(crate) fn begin(&mut self) {
        self.undo = Some(Vec::new());
    }

    /// Ends it; takes it back if `keep` is not set.
    pub(crate) fn end(&mut self, keep: bool) {
        for (key, old) in self.undo.take().unwrap_or_default().into_iter().rev() {
            match old {
                _ if keep => {}
                Some(old) => self.put(key, old),
                None => {
                    self.remove(&key);
                }
            }
        }
    }

    /// Who refers to an object: by its ARN from anywhere, by its id in an attribute that is named
    /// after its kind from the same place or from a global service.
    pub(crate) fn dependants(&self, key: &Key) -> Vec<&Key> {
        let Some(stored) = self.objects.get(key) else { return Vec::new() };
        let arn = stored.document.get("arn").and_then(Value::as_str).unwrap_or_default();
        let near = |other: &Key| {
            other.location == key.location || matches!(other.location, Location::Global { .. })
        };
        let by = |text: &str| self.mentions.get(text).into_iter().flatten();
        let by_id = by(&key.id).filter(|(who, name)| near(who) && refers(name, &key.kind));
        let mut found: Vec<&Key> = by(arn)
            .chain(by_id)
            .map(|(who, _)| who)
            .filter(|who| *who != key && who.account == key.account)
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

/// Whether an attribute of this name refers to objects of this kind: `bucket` and `bucket_id`
/// to `aws_s3_bucket`, `target_bucket` too.
pub(crate) fn refers(attribute: &str, kind: &str) -> bool {
    let endings = ["_id", "_ids", "_arn", "_arns", "_name", "_names"];
    let stem = endings.iter().find_map(|end| attribute.strip_suffix(end)).unwrap_or(attribute);
    let word = kind.rsplit('_').next().unwrap_or(kind);
    let ends = |text: &str, end: &str| {
        text.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    };
    ends(kind, stem) || ends(stem, word)
}

/// The texts of a document that may name something, with the attribute that each is in.
fn texts(document: &Value) -> BTreeSet<(Name, Name)> {
    let mut texts = BTreeSet::new();
    document.walk(&Path::root(), &mut |path, value| {
        let attribute = path.0.iter().rev().find_map(|step| match step {
            Step::Attr(name) => Some(name.clone()),
            Step::Key(_) | Step::Index(_) => None,
        });
        if let (Some(text), Some(attribute)) = (value.as_str(), attribute)
            && !text.is_empty()
            && text.len() <= LONGEST
            && &*attribute != "id"
            && &*attribute != "arn"
        {
            texts.insert((text.into(), attribute));
        }
    });
    texts
}

#[cfg(test)]
mod tests {
    use super::refers;

    #[test]
    fn an_attribute_refers_to_the_kind_that_it_is_named_after() {
        for (attribute, kind) in [
            ("bucket", "aws_s3_bucket"),
            ("target_bucket", "aws_s3_bucket"),
            ("zone_id", "aws_route53_zone"),
            ("health_check_id", "aws_route53_health_check"),
            ("role", "aws_iam_role"),
            ("store", "sim_store"),
        ] {
            assert!(refers(attribute, kind), "{attribute} {kind}");
        }
        for (attribute, kind) in
            [("bucket", "aws_iam_role"), ("id", "aws_s3_bucket"), ("cket", "aws_s3_bucket")]
        {
            assert!(!refers(attribute, kind), "{attribute} {kind}");
        }
    }
}
