//! `Unmanaged`: objects that carry our tags and are in no state.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{
    Cause, Ctx, Failure, Inventory, Location, Name, Ownership, RegionName, Scope, Tagged,
    Unreadable,
};

use super::asked::Asked;
use super::ground::Ground;
use super::load::Loaded;
use crate::address::Address;
use crate::plan::resolve::Previous;
use crate::refresh::{Shelf, inventories};
use crate::registry::Instance;

/// What was looked for, and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Unmanaged {
    /// Objects of ours that no state knows.
    pub objects: Vec<Stray>,
    /// What could not be listed: of it nothing is known.
    pub unlisted: Vec<Unlisted>,
    /// Kinds that cannot be listed by their tags.
    pub blind: Vec<Name>,
    /// How many listings were read, one for each kind and scope.
    pub listed: usize,
}

/// An object of ours that no state knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Its kind.
    pub kind: Name,
    /// Where it lives.
    pub scope: Scope,
    /// Its id and what its tags say.
    pub tagged: Tagged,
    /// Whether the state has another object at the address that its tags name.
    pub replaced: bool,
}

/// Something that could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// The kind.
    pub kind: Name,
    /// Where.
    pub scope: Scope,
    /// The object whose tags could not be read; nothing where that is all of them.
    pub id: Option<Name>,
    /// Why.
    pub cause: Cause,
    /// What happened.
    pub message: String,
}

/// Looks at every kind that has tags, in every scope of the topology and of the state.
pub(super) async fn look(
    loaded: &Loaded,
    ground: &Ground,
    asked: &Asked,
    lineage: Option<&str>,
    ctx: &Ctx,
) -> Unmanaged {
    let topology = loaded.topology.as_ref().map(|topology| topology.name.clone());
    let owners: BTreeSet<Name> = topology.into_iter().chain(lineage.map(Name::from)).collect();
    let mut all = Unmanaged::default();
    if owners.is_empty() {
        // Nothing was ever tagged by a folder that has no state and no topology.
        return all;
    }
    let shelves = shelves(ground, asked);
    let known = known(&ground.previous);
    let taken = |tagged: &Tagged| {
        let at = Address::parse(&tagged.owner.address);
        at.is_some_and(|at| ground.previous.get(&at).is_some_and(|it| !it.only_deposed))
    };
    for (shelf, found) in inventories(&ground.providers, ctx, shelves).await {
        let strays = all.take(shelf, found);
        let ours = strays.into_iter().filter(|stray| {
            let Stray { kind, scope, tagged, .. } = stray;
            let is = (kind.clone(), scope.location.clone(), tagged.id.clone());
            owners.contains(&tagged.owner.topology) && !known.contains(&is)
        });
        all.objects.extend(ours.map(|it| Stray { replaced: taken(&it.tagged), ..it }));
    }
    all.blind.sort();
    all.blind.dedup();
    all
}

impl Unmanaged {
    /// Notes what could not be listed; everybody's tagged objects.
    fn take(&mut self, shelf: Shelf, found: Result<Option<Inventory>, Failure>) -> Vec<Stray> {
        let Shelf { scope, kind } = shelf;
        let unlisted = |id: Option<Name>, failure: &Failure| {
            let Unreadable { cause, message, .. } = Unreadable::from_failure(&scope, failure);
            Unlisted { kind: kind.clone(), scope: scope.clone(), id, cause, message }
        };
        let inventory = match found {
            Ok(Some(inventory)) => inventory,
            Ok(None) => {
                self.blind.push(kind);
                return Vec::new();
            }
            Err(failure) => {
                self.unlisted.push(unlisted(None, &failure));
                return Vec::new();
            }
        };
        self.listed += 1;
        let failed = inventory.unread.iter().map(|(id, why)| unlisted(Some(id.clone()), why));
        self.unlisted.extend(failed);
        let stray =
            |tagged| Stray { kind: kind.clone(), scope: scope.clone(), tagged, replaced: false };
        inventory.tagged.into_iter().map(stray).collect()
    }

    /// Whether everything could be listed that can be.
    pub fn complete(&self) -> bool {
        self.unlisted.is_empty()
    }
}

/// What makes an object one: kind, place, id.
type Known = (Name, Location, Name);

/// The objects of the state, those that replacements left behind too.
fn known(previous: &BTreeMap<Address, Previous>) -> BTreeSet<Known> {
    let mut all = BTreeSet::new();
    for (at, object) in previous {
        let Some(scope) = &object.scope else { continue };
        let deposed = object.deposed.iter().map(|(_, id, _)| id);
        for id in object.id.iter().chain(deposed) {
            all.insert((at.kind.clone(), scope.location.clone(), id.clone()));
        }
    }
    all
}

/// Every kind with tags in every scope in which this folder can have made one. Two configurations
/// of one account see the same objects: they are looked for once.
fn shelves(ground: &Ground, asked: &Asked) -> Vec<Shelf> {
    let mut all: BTreeMap<(Option<Name>, Location, Name), Shelf> = BTreeMap::new();
    for instance in ground.providers.0.values() {
        let regions = regions(ground, asked, instance);
        let tagged = instance.kinds.values().filter(|k| k.ownership() == Ownership::Tags);
        for kind in tagged {
            let places = match kind.service().home {
                Some(home) => vec![Location::Global { home: RegionName::from(home) }],
                None => regions.iter().cloned().map(|r| Location::Region(RegionName(r))).collect(),
            };
            for location in places {
                let scope = Scope {
                    provider: instance.name.clone(),
                    account: instance.account.clone().unwrap_or_else(|| "unverified".into()),
                    location: location.clone(),
                    service: kind.service().name.into(),
                };
                let shelf = Shelf { scope, kind: kind.name().into() };
                let same = (instance.account.clone(), location, shelf.kind.clone());
                all.entry(same).or_insert(shelf);
            }
        }
    }
    all.into_values().collect()
}

/// The regions of a provider's regional objects: its own, those of its objects in state, and for
/// one without an alias those that the files name: of the topology, and of blocks.
fn regions(ground: &Ground, asked: &Asked, of: &Instance) -> BTreeSet<Name> {
    let named = ground.regions.of_objects().filter(|_| !of.name.contains('.'));
    let mut all: BTreeSet<Name> = named.cloned().collect();
    all.extend(of.configured.default_region());
    let stored = ground.previous.values().filter(|object| object.provider == of.name);
    all.extend(stored.filter_map(|object| match &object.scope.as_ref()?.location {
        Location::Region(region) => Some(region.0.clone()),
        Location::Global { .. } => None,
    }));
    all.retain(|region| asked.exclude_regions.iter().all(|left| *left != **region));
    all
}
