//! Reads: one call each, or one listing for all where a kind is written in batches or has no id.

use std::sync::Arc;

use futures_util::future::join_all;
use lifeboat_sdk::{
    CompleteListing, Ctx, Failure, Inventory, Listing, Name, Observation, Ownership, Target, Value,
};

use super::{Over, Place};
use crate::cloud::Site;
use crate::cloud::store::{Key, Stored};
use crate::cloud::world::Seen;
use crate::hints::Hints;

impl Over {
    pub(super) async fn observe(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        targets: &[Target],
    ) -> Vec<Observation<Value>> {
        if let Err(failure) = self.check(place.scope) {
            return targets
                .iter()
                .map(|_| Observation::unreadable(place.scope, &failure))
                .collect();
        }
        let ids: Vec<Option<Name>> = targets
            .iter()
            .map(|target| target.id.clone().or_else(|| self.template.id_of(&target.hint)))
            .collect();
        self.made_by_others(place, targets, &ids);
        if self.template.batch().is_none() && ids.iter().all(Option::is_some) {
            let reads = ids.iter().flatten().map(|id| self.read_one(ctx, place, id));
            return join_all(reads).await;
        }
        let listing = self.list(ctx, place).await;
        let found = targets.iter().zip(&ids).map(|(target, id)| match &listing {
            Ok(listing) => self.look_up(place, listing, target, id.as_ref()),
            Err(failure) => Observation::unreadable(place.scope, failure),
        });
        found.collect()
    }

    /// Puts there what is operated, where others have made all of it.
    fn made_by_others(&self, place: &Place<'_>, targets: &[Target], ids: &[Option<Name>]) {
        let mut world = self.cloud.lock();
        if !world.others || self.template.ownership() != Ownership::Operated {
            return;
        }
        for (target, id) in targets.iter().zip(ids) {
            let Some(id) = id.as_ref().filter(|_| target.hint.is_wholly_known()) else { continue };
            let (kind, scope) = (self.template.name(), &place.here);
            let key = Key::of(scope, kind, id.clone());
            if world.store.get(&key).is_none() {
                let hints = Hints { kind, scope, id, revision: 1 };
                let attributes = self.template.schema().attributes;
                let document = hints.complete(attributes, &target.hint, None);
                world.store.put(key, Stored::plain(document, None));
            }
        }
    }

    /// One object by its id.
    pub(super) async fn get(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        id: &Name,
    ) -> Result<Seen, Failure> {
        let key = Key::of(&place.here, self.template.name(), id.clone());
        let site = Site {
            scope: &place.here,
            call: &self.calls.read,
            kind: self.template.name(),
            id: Some(id),
            sent: &[],
        };
        let make = || self.cloud.request(site, |world| world.read(&key));
        ctx.call(&self.calls.read, place.scope, make).await
    }

    async fn read_one(&self, ctx: &Ctx, place: &Place<'_>, id: &Name) -> Observation<Value> {
        match self.get(ctx, place, id).await {
            Ok(seen) => Observation::Present(self.present(&seen)),
            Err(failure) => Observation::from_failure(place.scope, failure),
        }
    }

    /// All objects of the kind in the scope, to the last page.
    async fn list(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
    ) -> Result<Arc<CompleteListing<Seen>>, Failure> {
        let name = self.template.name();
        ctx.shared(place.scope, &format!("sim:{name}"), || async {
            let of = Key::of(&place.here, name, "");
            let site = Site {
                scope: &place.here,
                call: &self.calls.list,
                kind: name,
                id: None,
                sent: &[],
            };
            let mut listing = Listing::default();
            let mut cursor = None;
            loop {
                let make = || self.cloud.request(site, |world| world.list(&of, cursor));
                let page = ctx.call(&self.calls.list, place.scope, make).await?;
                listing.page(page.items, page.next.is_some());
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            let incomplete = || Failure::new(lifeboat_sdk::Class::Garbled, "a page is missing");
            listing.complete().ok_or_else(incomplete)
        })
        .await
    }

    /// All objects by their owner tags, which a listing of this cloud tells.
    pub(super) async fn tagged(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
    ) -> Result<Option<Inventory>, Failure> {
        if self.template.ownership() != Ownership::Tags {
            return Ok(None);
        }
        self.check(place.scope)?;
        let listing = self.list(ctx, place).await?;
        let all = listing.items().iter().map(|seen| (seen.id.clone(), Ok(seen.owner.clone())));
        Ok(Some(Inventory::of(all)))
    }

    /// A target in a complete listing: by id, by its tags, or by what can never change of it.
    fn look_up(
        &self,
        place: &Place<'_>,
        listing: &CompleteListing<Seen>,
        target: &Target,
        id: Option<&Name>,
    ) -> Observation<Value> {
        let tagged =
            |seen: &Seen| seen.owner.as_ref().is_some_and(|owner| owner.address == target.address);
        let found = listing.items().iter().filter(|seen| match id {
            Some(id) => seen.id == *id,
            None if self.template.ownership() == Ownership::Tags => tagged(seen),
            None => self.same_identity(&seen.document, &target.hint),
        });
        let found: Vec<&Seen> = found.collect();
        match found[..] {
            [] => Observation::Absent(listing.proof(&format!(
                "{} in {}",
                self.template.name(),
                place.scope
            ))),
            [seen] => Observation::Present(self.present(seen)),
            _ => {
                let text = format!("{} objects could be {}", found.len(), target.address);
                let failure = Failure::new(lifeboat_sdk::Class::Other, text).code("Ambiguous");
                Observation::unreadable(place.scope, &failure)
            }
        }
    }

    /// Whether all that forces a replacement and is known of `hint` is so in `document`.
    pub(super) fn same_identity(&self, document: &Value, hint: &Value) -> bool {
        let known = self.template.schema().attributes.iter().filter_map(|a| {
            let value = hint.get(a.name)?;
            let tells = a.forces_replacement && a.presence.configurable();
            (tells && value.is_wholly_known() && !value.is_null()).then_some((a.name, value))
        });
        let mut told = false;
        for (name, value) in known {
            told = true;
            if document.get(name) != Some(value) {
                return false;
            }
        }
        told
    }
}
