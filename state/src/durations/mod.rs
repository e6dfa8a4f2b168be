//! `Durations`: how long changes took in earlier runs, so that a later one can say how long it will
//! take.
//!
//! Nothing depends on them: a record that is damaged or was lost is learnt again, and one that a
//! newer lifeboat wrote is left alone.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::store::{CasStore, Name, StoreError, Version};

#[cfg(test)]
mod tests;
mod v1;

/// Runs that a kind of work is remembered from: enough that one slow day does not decide.
const KEPT: usize = 9;

/// A kind of work whose duration is much the same each time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work {
    /// The kind of object: `aws_s3_bucket`.
    pub kind: String,
    /// What is done to it: `create`.
    pub operation: String,
    /// Where: `us-east-1`.
    pub location: String,
}

/// How long work took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    /// A median of each run, the newest last.
    runs: BTreeMap<Work, Vec<Duration>>,
}

impl Durations {
    /// Takes what one run measured.
    pub fn learn(&mut self, work: Work, measured: Vec<Duration>) {
        let Some(median) = median(measured) else { return };
        let runs = self.runs.entry(work).or_default();
        runs.push(median);
        let old = runs.len().saturating_sub(KEPT);
        runs.drain(..old);
    }

    /// How long it usually takes: the median of the runs. `None` where it was never done.
    pub fn expected(&self, work: &Work) -> Option<Duration> {
        median(self.runs.get(work)?.clone())
    }

    /// Whether nothing was learnt.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

/// The middle one; of two the larger, because what takes longer than was said annoys more.
fn median(mut all: Vec<Duration>) -> Option<Duration> {
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

/// The record as it is kept.
#[derive(Debug)]
pub(crate) enum Kept {
    /// None yet.
    Missing,
    /// As it was written, with what a swap must name.
    Whole(Durations, Version),
    /// It cannot be read: it is written anew.
    Damaged(Version),
    /// A newer lifeboat wrote it: it is left alone.
    Newer,
}

/// Reads the record.
pub(crate) async fn read(store: &dyn CasStore) -> Result<Kept, StoreError> {
    let Some(stored) = store.get(&Name::new("durations")?).await? else {
        return Ok(Kept::Missing);
    };
    Ok(match v1::decode(&stored.bytes) {
        Ok(durations) => Kept::Whole(durations, stored.version),
        Err(v1::Unread::Damaged) => Kept::Damaged(stored.version),
        Err(v1::Unread::Newer) => Kept::Newer,
    })
}

/// The record as it is stored, for a bundle; nothing where it is damaged.
pub(crate) async fn stored(store: &dyn CasStore) -> Result<Option<Bytes>, StoreError> {
    let stored = store.get(&Name::new("durations")?).await?.map(|stored| stored.bytes);
    Ok(stored.filter(|bytes| !matches!(v1::decode(bytes), Err(v1::Unread::Damaged))))
}

/// Puts a record of another machine where there is none.
pub(crate) async fn put(store: &dyn CasStore, bytes: Bytes) -> Result<(), StoreError> {
    store.put_new(&Name::new("durations")?, bytes).await.map(drop)
}

/// Writes the record in the place of `kept`. Where another run was faster its record stays.
pub(crate) async fn write(
    store: &dyn CasStore,
    kept: &Kept,
    durations: &Durations,
) -> Result<(), StoreError> {
    let name = Name::new("durations")?;
    let Some(bytes) = v1::encode(durations).map(Bytes::from) else { return Ok(()) };
    match kept {
        Kept::Missing => drop(store.put_new(&name, bytes).await?),
        Kept::Whole(_, version) | Kept::Damaged(version) => {
            drop(store.swap(&name, version, bytes).await?);
        }
        Kept::Newer => {}
    }
    Ok(())
}
