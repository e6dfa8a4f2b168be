//! Reads: one call each, or one listing for all where a kind is written in batches or has no id.

use std::sync::Arc;

use futures_util::future::join_all;
use lifeboat_sdk::{
    CompleteListing, Ctx, Failure, Listing, Name, Observation, Ownership, Scope, Target, Value,
};

use super::Over;
use crate::cloud::Site;
use crate::cloud::store::Key;
use crate::cloud::world::Seen;

impl Over {
    pub(super) async fn observe(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<Value>> {
        if let Err(failure) = self.check(scope) {
            return targets.iter().map(|_| Observation::unreadable(scope, &failure)).collect();
        }
        let ids: Vec<Option<Name>> = targets
            .iter()
            .map(|target| target.id.clone().or_else(|| self.template.id_of(&target.hint)))
            .collect();
        if self.template.batch().is_none() && ids.iter().all(Option::is_some) {
            let reads = ids.iter().flatten().map(|id| self.read_one(ctx, scope, id));
            return join_all(reads).await;
        }
        let listing = self.list(ctx, scope).await;
        let found = targets.iter().zip(&ids).map(|(target, id)| match &listing {
            Ok(listing) => self.look_up(scope, listing, target, id.as_ref()),
            Err(failure) => Observation::unreadable(scope, failure),
        });
        found.collect()
    }

    /// One object by its id.
    pub(super) async fn get(&self, ctx: &Ctx, scope: &Scope, id: &Name) -> Result<Seen, Failure> {
        let key = Key::of(scope, self.template.name(), id.clone());
        let site = Site { scope, call: &self.calls.read, kind: self.template.name(), id: Some(id) };
        let make = || self.cloud.request(site, |world| world.read(&key));
        ctx.call(&self.calls.read, scope, make).await
    }

    async fn read_one(&self, ctx: &Ctx, scope: &Scope, id: &Name) -> Observation<Value> {
        match self.get(ctx, scope, id).await {
            Ok(seen) => Observation::Present(self.present(&seen)),
            Err(failure) => Observation::from_failure(scope, failure),
        }
    }

    /// All objects of the kind in the scope, to the last page.
    async fn list(&self, ctx: &Ctx, scope: &Scope) -> Result<Arc<CompleteListing<Seen>>, Failure> {
        let name = self.template.name();
        ctx.shared(scope, &format!("sim:{name}"), || async {
            let of = Key::of(scope, name, "");
            let site = Site { scope, call: &self.calls.list, kind: name, id: None };
            let mut listing = Listing::default();
            let mut cursor = None;
            loop {
                let make = || self.cloud.request(site, |world| world.list(&of, cursor));
                let page = ctx.call(&self.calls.list, scope, make).await?;
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

    /// A target in a complete listing: by id, by its tags, or by what can never change of it.
    fn look_up(
        &self,
        scope: &Scope,
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
            [] => {
                Observation::Absent(listing.proof(&format!("{} in {scope}", self.template.name())))
            }
            [seen] => Observation::Present(self.present(seen)),
            _ => {
                let text = format!("{} objects could be {}", found.len(), target.address);
                let failure = Failure::new(lifeboat_sdk::Class::Other, text).code("Ambiguous");
                Observation::unreadable(scope, &failure)
            }
        }
    }

    /// Whether all that forces a replacement and is known of `hint` is so in `document`.
    fn same_identity(&self, document: &Value, hint: &Value) -> bool {
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
