//! Writes: one call each, or one for a batch that takes effect whole or not at all.

use std::time::Duration;

use futures_util::future::join_all;
use lifeboat_sdk::kind::{ChangeAction, all_failed};
use lifeboat_sdk::{
    Batch, Change, Class, Ctx, Failure, KnownDoc, Name, Outcome, Owner, Ownership, Value,
    WriteFailure,
};
use tokio::time::Instant;

use super::{Behaviour, Over, Place, compared};
use crate::ahead;
use crate::cloud::ledger::Sent;
use crate::cloud::store::{Key, Stored};
use crate::cloud::world::{Seen, World, missing};
use crate::cloud::{Site, Timed};
use crate::conform;
use crate::hints::Hints;

/// The longest pause between two looks at what is not ready yet.
const LOOK: Duration = Duration::from_secs(15);

impl Over {
    pub(super) async fn change(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        changes: Vec<Change<KnownDoc>>,
    ) -> Vec<Outcome<Value>> {
        if let Err(failure) = self.check(place.scope) {
            return all_failed(&changes, &failure);
        }
        match self.template.batch() {
            None => join_all(changes.iter().map(|c| self.change_one(ctx, place, c))).await,
            Some(batch) => self.change_all(ctx, place, &changes, batch).await,
        }
    }

    async fn change_one(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        change: &Change<KnownDoc>,
    ) -> Outcome<Value> {
        let (call, id) = match &change.action {
            ChangeAction::Create { .. } => (&self.calls.create, None),
            ChangeAction::Update { id, .. } => (&self.calls.update, Some(&**id)),
            ChangeAction::Delete { id, .. } => (&self.calls.delete, Some(&**id)),
        };
        let sent = [sent(change)];
        let site = Site { scope: &place.here, call, kind: self.template.name(), id, sent: &sent };
        let begun = Instant::now();
        self.until_it_may(ctx, place, change).await?;
        let make = || self.cloud.request(site, |world| self.effect(world, place, change));
        let done = ctx.call(call, place.scope, make).await.map_err(compared::told)?;
        self.finish(ctx, place, change, (begun, done)).await
    }

    /// Waits for what the cloud does by itself before an object can be changed so.
    async fn until_it_may(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        change: &Change<KnownDoc>,
    ) -> Result<(), Failure> {
        let ChangeAction::Update { id, after, .. } = &change.action else { return Ok(()) };
        let key = Key::of(&place.here, self.template.name(), id.clone());
        loop {
            if ahead::may_change(&self.cloud.lock(), &key, after.value()) {
                return Ok(());
            }
            self.get(ctx, place, id).await?;
            ctx.wait(LOOK).await?;
            self.cloud.lock().ship();
        }
    }

    async fn change_all(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        changes: &[Change<KnownDoc>],
        batch: Batch,
    ) -> Vec<Outcome<Value>> {
        let call = &self.calls.change;
        let (kind, sent) = (self.template.name(), changes.iter().map(sent).collect::<Vec<_>>());
        let begun = Instant::now();
        let site = Site { scope: &place.here, call, kind, id: None, sent: &sent };
        let make = || {
            self.cloud.request(site, |world| {
                within(changes, batch)?;
                world.store.begin();
                let done: Result<Vec<_>, Failure> =
                    changes.iter().map(|change| self.effect(world, place, change)).collect();
                world.store.end(done.is_ok());
                done
            })
        };
        match ctx.call(call, place.scope, make).await {
            Ok(done) => {
                let done = changes.iter().zip(done);
                let finish = |(change, seen)| self.finish(ctx, place, change, (begun, seen));
                join_all(done.map(finish)).await
            }
            Err(failure) => all_failed(changes, &compared::told(failure)),
        }
    }

    /// What one change does to the cloud; `None` after a delete, of a missing object too.
    fn effect(
        &self,
        world: &mut World,
        place: &Place<'_>,
        change: &Change<KnownDoc>,
    ) -> Result<Option<Seen>, Failure> {
        let name = self.template.name();
        match &change.action {
            // What is operated is there already, or comes from somebody else just now.
            ChangeAction::Create { after } if self.operated(world, place, after.value()) => {
                let id = self.template.id_of(after.value()).unwrap_or_default();
                let key = Key::of(&place.here, name, id);
                self.update(world, place, &key, None, after.value(), None).map(Some)
            }
            ChangeAction::Create { after } => {
                self.create(world, place, change, after.value()).map(Some)
            }
            ChangeAction::Update { id, before, after } => {
                let key = Key::of(&place.here, name, id.clone());
                let (read, owner) = (Some(before.value()), change.owner.clone());
                self.update(world, place, &key, read, after.value(), owner).map(Some)
            }
            ChangeAction::Delete { .. } if self.template.ownership() == Ownership::Operated => {
                Ok(None)
            }
            ChangeAction::Delete { id, before } => {
                let key = Key::of(&place.here, name, id.clone());
                let left = ahead::last(world, &key, before.value())?;
                match world.delete(&key) {
                    Ok(()) => {
                        if let Some(left) = left {
                            left.stay(world);
                        }
                        Ok(None)
                    }
                    Err(failure) if failure.class == Class::NotFound => Ok(None),
                    Err(failure) => Err(failure),
                }
            }
        }
    }

    /// Whether it is somebody else's and there.
    fn operated(&self, world: &World, place: &Place<'_>, after: &Value) -> bool {
        let id = self.template.id_of(after);
        let key = id.map(|id| Key::of(&place.here, self.template.name(), id));
        self.template.ownership() == Ownership::Operated
            && key.is_some_and(|key| world.live(&key).is_ok())
    }

    fn create(
        &self,
        world: &mut World,
        place: &Place<'_>,
        change: &Change<KnownDoc>,
        after: &Value,
    ) -> Result<Seen, Failure> {
        let name = self.template.name();
        let attributes = self.template.schema().attributes;
        conform::document(attributes, after)?;
        // The changes of a batch have one token.
        let token: Name = format!("{}/{}", change.token, change.address).into();
        if let Some(made) = world.made_by(&token, &Key::of(&place.here, name, "")) {
            return world.live(&made);
        }
        let id = match self.template.id_of(after).or_else(|| self.id_in_parent(world, place, after))
        {
            Some(id) => id,
            None => Hints::new_id(name, &token),
        };
        let key = Key::of(&place.here, name, id.clone());
        self.needs_parent(world, &key, after)?;
        let hints = Hints { kind: name, scope: &place.here, id: &id, revision: 1 };
        if let Some(live) = self.compare(world, hints, &key, None, after)? {
            return Ok(live);
        }
        if let Some(effect) = ahead::effect(name).filter(|_| world.store.get(&key).is_none()) {
            effect(world, &key, &ahead::Change { before: None, after })?;
        }
        let Behaviour { takes, fails } = self.behave(world, after);
        let stored = Stored {
            token: Some(token),
            ready_at: (takes > Duration::ZERO).then(|| Instant::now() + takes),
            fails,
            ..Stored::plain(hints.complete(attributes, after, None), change.owner.clone())
        };
        world.create(key, stored)
    }

    /// A part that is alone of its kind in its parent has the parent's id, as settings of a
    /// bucket have; several parts have ids of their own.
    fn id_in_parent(&self, world: &World, place: &Place<'_>, after: &Value) -> Option<Name> {
        let (attribute, _) = self.parent.as_ref()?;
        let id: Name = after.get(attribute)?.as_str()?.into();
        let key = Key::of(&place.here, self.template.name(), id.clone());
        let other = world.store.get(&key).is_some_and(|s| !self.same_identity(&s.document, after));
        (!other).then_some(id)
    }

    fn update(
        &self,
        world: &mut World,
        place: &Place<'_>,
        key: &Key,
        read: Option<&Value>,
        after: &Value,
        owner: Option<Owner>,
    ) -> Result<Seen, Failure> {
        let attributes = self.template.schema().attributes;
        conform::document(attributes, after)?;
        let Some(old) = world.store.get(key) else { return Err(missing(key)) };
        let revision = old.revision + 1;
        let (was, shall) = (self.template.normalise(&old.document), self.template.normalise(after));
        let fixed = attributes.iter().filter(|a| a.forces_replacement);
        for a in fixed {
            let wanted = shall.get(a.name).filter(|v| !v.is_null());
            let left = a.presence.computed() && wanted.is_none();
            if !left && wanted != was.get(a.name).filter(|v| !v.is_null()) {
                let text = format!("`{}` of {} {} can never change", a.name, key.kind, key.id);
                return Err(Failure::new(Class::Invalid, text).code("Immutable"));
            }
        }
        let hints = Hints { kind: self.template.name(), scope: &place.here, id: &key.id, revision };
        if let Some(live) = self.compare(world, hints, key, read, after)? {
            return Ok(live);
        }
        let document = hints.complete(attributes, after, Some(&old.document));
        if let Some(effect) = ahead::effect(self.template.name()) {
            let before = old.document.clone();
            effect(world, key, &ahead::Change { before: Some(&before), after })?;
        }
        let Behaviour { takes, fails: _ } = self.behave(world, after);
        let ready_at = (takes > Duration::ZERO).then(|| Instant::now() + takes);
        world.update(key, document, owner, ready_at)
    }

    /// Refuses to make a part of what is not there.
    fn needs_parent(&self, world: &World, key: &Key, after: &Value) -> Result<(), Failure> {
        let Some((attribute, kinds)) = self.parent.as_ref().filter(|_| world.strictness.parents)
        else {
            return Ok(());
        };
        let named = after.get(attribute).and_then(Value::as_str).unwrap_or_default();
        let parent = |kind: &&str| Key { kind: (*kind).into(), id: named.into(), ..key.clone() };
        if kinds.iter().map(parent).any(|key| world.store.get(&key).is_some()) {
            return Ok(());
        }
        let text = format!("{} {named} does not exist", kinds.join(" or "));
        Err(Failure::new(Class::NotFound, text).code("NoSuchParent"))
    }

    fn behave(&self, world: &World, after: &Value) -> Behaviour {
        match self.behaviour {
            Some(behaviour) => behaviour(after),
            None => {
                let takes = world.paces.get(self.template.name()).copied().unwrap_or_default();
                Behaviour { takes, fails: false }
            }
        }
    }

    /// Tells the id, then waits until the object is usable and every read shows it.
    async fn finish(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        change: &Change<KnownDoc>,
        (begun, done): (Instant, Option<Seen>),
    ) -> Outcome<Value> {
        // What is stale goes away by itself; nobody may be told before.
        let stale = self.cloud.lock().strictness.stale;
        let pause = || stale.max(self.rest(place, change, begun));
        let Some(seen) = done else {
            if !pause().is_zero() {
                ctx.wait(pause()).await?;
            }
            return Ok(None);
        };
        let half = |failure, seen: &Seen| {
            Err(WriteFailure { failure, half_made: Some(self.present(seen)) })
        };
        if matches!(change.action, ChangeAction::Create { .. })
            && let Err(failure) = ctx.identified(&change.address, &seen.id).await
        {
            return half(failure, &seen);
        }
        let seen = match self.settle(ctx, place, seen).await {
            Ok(seen) => seen,
            Err((failure, seen)) => return half(failure, &seen),
        };
        if !pause().is_zero()
            && let Err(failure) = ctx.wait(pause()).await
        {
            return half(failure, &seen);
        }
        if seen.failed {
            let text = format!("{} {} could not be finished", self.template.name(), seen.id);
            return half(Failure::new(Class::Other, text).code("CreationFailed"), &seen);
        }
        Ok(Some(self.present(&seen)))
    }

    /// What is left of the time that a change takes since `begun`.
    fn rest(&self, place: &Place<'_>, change: &Change<KnownDoc>, begun: Instant) -> Duration {
        let operation = match change.action {
            ChangeAction::Create { .. } => "create",
            ChangeAction::Update { .. } => "update",
            ChangeAction::Delete { .. } => "delete",
        };
        let (kind, location) = (self.template.name(), &place.scope.location);
        let time = self.cloud.time(Timed { address: &change.address, kind, operation, location });
        time.unwrap_or_default().saturating_sub(begun.elapsed())
    }

    async fn settle(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        mut seen: Seen,
    ) -> Result<Seen, (Failure, Box<Seen>)> {
        let mut pause = Duration::from_secs(1);
        let revision = seen.revision;
        while !seen.ready {
            if let Err(failure) = ctx.wait(pause).await {
                return Err((failure, Box::new(seen)));
            }
            pause = (pause * 2).min(LOOK);
            match self.get(ctx, place, &seen.id).await {
                Ok(now) if now.revision >= revision => seen = now,
                Ok(_) => {}
                Err(failure) if failure.class == Class::NotFound => {}
                Err(failure) => return Err((failure, Box::new(seen))),
            }
        }
        Ok(seen)
    }
}

/// What the ledger says of a change.
fn sent(change: &Change<KnownDoc>) -> Sent {
    let (id, removes) = match &change.action {
        ChangeAction::Create { .. } => (None, false),
        ChangeAction::Update { id, .. } => (Some(id.clone()), false),
        ChangeAction::Delete { id, .. } => (Some(id.clone()), true),
    };
    Sent { address: change.address.clone(), token: change.token.clone(), id, removes }
}

/// Refuses a batch of several keys, or one that is too heavy.
fn within(changes: &[Change<KnownDoc>], batch: Batch) -> Result<(), Failure> {
    let document = |change: &Change<KnownDoc>| match &change.action {
        ChangeAction::Create { after } | ChangeAction::Update { after, .. } => after.clone(),
        ChangeAction::Delete { before, .. } => before.clone(),
    };
    let weight: u32 = changes
        .iter()
        .map(|change| match change.action {
            ChangeAction::Update { .. } => batch.update_weight,
            ChangeAction::Create { .. } | ChangeAction::Delete { .. } => batch.weight,
        })
        .sum();
    let refuse = |text: String| Err(Failure::new(Class::Invalid, text).code("InvalidChangeBatch"));
    if weight > batch.limit {
        return refuse(format!("the batch weighs {weight}, the limit is {}", batch.limit));
    }
    let mut keys: Vec<Option<Value>> =
        changes.iter().map(|change| document(change).get(batch.key).cloned()).collect();
    keys.dedup();
    if keys.len() > 1 {
        return refuse(format!("the changes of a batch have different `{}`", batch.key));
    }
    Ok(())
}
