//! What `-unmanaged` found, ready for every format. Texts are as they came.

use std::path::Path;

use lifeboat_sdk::Scope;

use super::report::Place;
use crate::address::Address;
use crate::engine::{Loaded, Unmanaged, unmanaged};
use crate::view::plan::word;

/// Objects of ours that no state knows, and what is not known of others.
#[derive(Clone, Debug, Default)]
pub struct Strays {
    /// The objects.
    pub objects: Vec<Stray>,
    /// What could not be listed.
    pub unlisted: Vec<Unlisted>,
    /// Kinds that cannot be listed by their tags.
    pub blind: Vec<String>,
}

/// An object of ours that no state knows.
#[derive(Clone, Debug)]
pub struct Stray {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Where it lives.
    pub scope: Scope,
    /// The address that its tags name.
    pub address: String,
    /// The block of that address, where there is one.
    pub place: Option<Place>,
    /// Whether the state has another object at that address.
    pub replaced: bool,
}

/// Something that could not be listed.
#[derive(Clone, Debug)]
pub struct Unlisted {
    /// The kind.
    pub kind: String,
    /// Where.
    pub scope: Scope,
    /// The object whose tags could not be read; nothing where that is all of them.
    pub id: Option<String>,
    /// The cause in a word.
    pub cause: &'static str,
    /// What happened.
    pub message: String,
}

impl Strays {
    /// Of what was looked for; files are named from `base`.
    pub(super) fn of(found: &Unmanaged, loaded: &Loaded, base: &Path) -> Self {
        let (config, sources) = (&loaded.config, &loaded.config.sources);
        let object = |one: &unmanaged::Stray| {
            let address = one.tagged.owner.address.to_string();
            let span = Address::parse(&address).and_then(|at| loaded.desired.declared(config, &at));
            Stray {
                kind: one.kind.to_string(),
                id: one.tagged.id.to_string(),
                scope: one.scope.clone(),
                address,
                place: span.and_then(|span| Place::of(span, sources)).map(|p| p.below(base)),
                replaced: one.replaced,
            }
        };
        let unlisted = |one: &unmanaged::Unlisted| Unlisted {
            kind: one.kind.to_string(),
            scope: one.scope.clone(),
            id: one.id.as_deref().map(str::to_owned),
            cause: word(&one.cause),
            message: one.message.clone(),
        };
        Self {
            objects: found.objects.iter().map(object).collect(),
            unlisted: found.unlisted.iter().map(unlisted).collect(),
            blind: found.blind.iter().map(ToString::to_string).collect(),
        }
    }

    /// What is said once of the kinds that cannot be listed by their tags.
    pub fn not_looked_for(&self) -> Option<String> {
        let names = self.blind.join(", ");
        (!names.is_empty())
            .then(|| format!("Not looked for, because no listing tells tags: {names}."))
    }
}

impl Stray {
    /// `aws_s3_bucket web-old`
    pub fn name(&self) -> String {
        format!("{} {}", self.kind, self.id)
    }

    /// What is wrong with it.
    pub fn sentence(&self) -> String {
        format!(
            "{} in {} carries the tags of {} and is in no state.",
            self.name(),
            self.scope.location,
            self.address
        )
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        if self.replaced {
            "The state has another object at that address: delete the one that is not wanted."
        } else if self.place.is_some() {
            "The next apply takes it into the state."
        } else {
            "No block declares it: import it, or delete it."
        }
    }
}

impl Unlisted {
    /// `aws_s3_bucket in us-west-2`, or the object.
    pub fn name(&self) -> String {
        match &self.id {
            Some(id) => format!("{} {id}", self.kind),
            None => format!("{} in {}", self.kind, self.scope.location),
        }
    }

    /// What is not known of it.
    pub fn sentence(&self) -> String {
        let what = if self.id.is_some() { "its tags could not be read" } else { "not listed" };
        format!("{}: {what}: {}: {}", self.name(), self.cause, self.message)
    }
}
