//! Databases, whose replicas are behind: the proof that one has all that its source has.

use std::time::Duration;

use lifeboat_sdk::{Class, CopyOf, Ctx, Failure, KnownDoc, Synced, counted};
use tokio::time::Instant;

use super::{Over, Place};
use crate::ahead;
use crate::cloud::log::Behind;
use crate::cloud::store::Key;

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
            let Behind { all, missing, since } = self.cloud.lock().behind(&source, &replica);
            let over = copy.wait.is_none_or(|wait| begun.elapsed() >= wait.limit);
            if missing == 0 || copy.wait.is_none() {
                let how = "the logs of both end at the same place".to_owned();
                let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
                return Ok(Synced {
                    compared: number(all),
                    missing: number(missing),
                    oldest: None,
                    behind: since.map(|since| since.elapsed()),
                    how,
                    first: Vec::new(),
                });
            }
            if over {
                let text = format!("{} are not in {}", counted(missing, "commit"), copy.name);
                return Err(Failure::new(Class::Other, text));
            }
            ctx.wait(LOOK).await?;
        }
    }
}
