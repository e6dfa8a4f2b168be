//! Databases, whose replicas are behind: the proof that one has all that its source has, or had.

use std::time::Duration;

use lifeboat_sdk::{Class, CopyOf, Ctx, Failure, KnownDoc, Synced, counted};
use tokio::time::Instant;

use super::{Over, Place};
use crate::ahead;
use crate::cloud::Site;
use crate::cloud::log::Behind;
use crate::cloud::store::Key;
use crate::cloud::world::missing;

/// Between two looks at both logs.
const LOOK: Duration = Duration::from_secs(1);

impl Over {
    /// Compares how far the logs of a database and of its replica are: once, or until they end at the
    /// same commit.
    pub(super) async fn compare_logs(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        object: &KnownDoc,
        copy: CopyOf<'_>,
    ) -> Result<Synced, Failure> {
        let Some(id) = self.template.id_of(object.value()) else {
            return Err(Failure::new(Class::Other, "the database has no identifier"));
        };
        let there = Place::new(copy.scope, self.account.as_ref());
        let kind = self.template.name();
        let (source, replica) =
            (Key::of(&place.here, kind, id.clone()), Key::of(&there.here, kind, copy.name));
        let begun = Instant::now();
        loop {
            // Both are asked: what does not answer proves nothing.
            self.get(ctx, place, &id).await?;
            self.get(ctx, &there, &copy.name.into()).await?;
            let follows = ahead::source(&self.cloud.lock(), &replica);
            if follows.as_ref() != Some(&source) {
                let text = format!("{} in {} does not copy {id}", copy.name, copy.scope.location);
                return Err(Failure::new(Class::Other, text));
            }
            let behind = self.cloud.lock().behind(&source, &replica);
            if behind.missing == 0 || copy.wait.is_none() {
                return Ok(synced(behind, "the logs of both end at the same place"));
            }
            look_again(ctx, &copy, begun, &counted(behind.missing, "commit")).await?;
        }
    }

    /// Compares what two tables hold: once, or until all has arrived that was written before. Both go on
    /// taking writes, so that there is no moment at which nothing is under way.
    pub(super) async fn compare_tables(
        &self,
        ctx: &Ctx,
        place: &Place<'_>,
        object: &KnownDoc,
        copy: CopyOf<'_>,
    ) -> Result<Synced, Failure> {
        let Some(id) = self.template.id_of(object.value()) else {
            return Err(Failure::new(Class::Other, "the table has no name"));
        };
        let there = Place::new(copy.scope, self.account.as_ref());
        let source = Key::of(&place.here, self.template.name(), id.clone());
        let begun = Instant::now();
        loop {
            self.get(ctx, place, &id).await?;
            let replica = self.ask(ctx, &there, copy.name).await?;
            for key in [&source, &replica] {
                let world = self.cloud.lock();
                if !ahead::table::is_active(&world, key) {
                    let status = ahead::table::status(&world, key).unwrap_or("gone");
                    let text = format!("{} in {} is {status}", key.id, key.location);
                    return Err(Failure::new(Class::Other, text));
                }
            }
            let behind = self.cloud.lock().lacking(&source, &replica);
            let arrived = behind.since.is_none_or(|since| since > begun);
            if arrived || copy.wait.is_none() {
                // What was written since then is under way, and not what was waited for.
                let behind = match copy.wait {
                    Some(_) => Behind { missing: 0, since: None, ..behind },
                    None => behind,
                };
                let how = "what was written before the comparison is in both tables";
                return Ok(synced(behind, how));
            }
            look_again(ctx, &copy, begun, &counted(behind.missing, "write")).await?;
        }
    }

    /// Asks for the table of a name in another region, the first one or a replica.
    async fn ask(&self, ctx: &Ctx, there: &Place<'_>, name: &str) -> Result<Key, Failure> {
        let (kind, call) = (self.template.name(), &self.calls.read);
        let site = Site { scope: &there.here, call, kind, id: Some(name), sent: &[] };
        let make = || {
            self.cloud.request(site, |world| {
                let (account, location) = (&there.here.account, &there.here.location);
                let key = ahead::table::at(world, account, location, name);
                key.ok_or_else(|| missing(&Key::of(&there.here, kind, name)))
            })
        };
        ctx.call(call, there.scope, make).await
    }
}

/// How far a copy is.
fn synced(Behind { all, missing, since }: Behind, how: &str) -> Synced {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Synced {
        compared: number(all),
        missing: number(missing),
        oldest: None,
        behind: since.map(|since| since.elapsed()),
        how: how.to_owned(),
        first: Vec::new(),
    }
}

/// Waits until the next look, where there is time for one.
async fn look_again(
    ctx: &Ctx,
    copy: &CopyOf<'_>,
    begun: Instant,
    lacks: &str,
) -> Result<(), Failure> {
    if copy.wait.is_none_or(|wait| begun.elapsed() >= wait.limit) {
        let text = format!("{lacks} are not in {}", copy.name);
        return Err(Failure::new(Class::Other, text));
    }
    ctx.wait(LOOK).await
}
