//! `Positions`: up to when each copy was seen to have all that its source had, so that it can be told
//! how much is lost at most where the source does not answer any more.
//!
//! They are measurements, each with its own time: whoever compares a copy notes what was seen, without
//! the lock. What is damaged counts as never measured, which makes nobody believe in less loss; one that
//! a newer lifeboat wrote is left alone.

use std::sync::Arc;

use bytes::Bytes;

use crate::store::{CasStore, Name, PutNew, StoreError, Swap, Version};

#[cfg(test)]
mod tests;
mod v1;

/// How often a note is tried again where another one was faster.
const TRIES: usize = 8;

/// Up to when a copy was seen to have all that its source had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// What copies: `replication.exports`, `database.orders`.
    pub about: String,
    /// The region that it copies from.
    pub from: String,
    /// The region that the copy is in.
    pub to: String,
    /// The epoch in which that was the primary.
    pub epoch: u64,
    /// All that was written there up to this is in the copy: seconds since 1970.
    pub until: i64,
    /// When it was compared: seconds since 1970.
    pub at: i64,
    /// How it was seen, in a sentence.
    pub how: String,
}

impl Position {
    fn same_copy(&self, other: &Self) -> bool {
        (&self.about, &self.from, &self.to) == (&other.about, &other.from, &other.to)
    }

    /// Whether it says more than another of the same copy.
    fn is_ahead(&self, other: &Self) -> bool {
        (self.epoch, self.until, self.at) > (other.epoch, other.until, other.at)
    }
}

/// The positions of a state's copies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions {
    /// The lineage of that state.
    lineage: String,
    all: Vec<Position>,
}

impl Positions {
    /// Of the state with this lineage: none yet.
    pub fn of(lineage: &str) -> Self {
        Self { lineage: lineage.to_owned(), all: Vec::new() }
    }

    /// Takes what was seen. A copy never loses what it was seen to have, so that what says less is no
    /// news; another epoch begins anew.
    pub fn note(&mut self, seen: Position) {
        match self.all.iter_mut().find(|known| known.same_copy(&seen)) {
            Some(known) if seen.is_ahead(known) => *known = seen,
            Some(_) => {}
            None => self.all.push(seen),
        }
    }

    /// A record as it is stored, in a bundle for instance; nothing where it cannot be read.
    pub fn of_stored(bytes: &[u8]) -> Self {
        v1::decode(bytes).unwrap_or_default()
    }

    /// Whether it says more of a copy than another record of the same state.
    pub fn adds_to(&self, other: &Self) -> bool {
        let mut both = other.clone();
        both.lineage.clone_from(&self.lineage);
        let before = both.clone();
        self.all.iter().cloned().for_each(|position| both.note(position));
        both != before
    }

    /// All that is known of copies in the state with this lineage and epoch.
    pub fn all(&self, lineage: &str, epoch: u64) -> impl Iterator<Item = &Position> {
        let ours = self.lineage == lineage;
        self.all.iter().filter(move |position| ours && position.epoch == epoch)
    }

    /// What is known of a copy in the state with this lineage and epoch.
    pub fn get(&self, lineage: &str, epoch: u64, copy: [&str; 3]) -> Option<&Position> {
        let [about, from, to] = copy;
        let is = |p: &&Position| [&*p.about, &*p.from, &*p.to] == [about, from, to];
        self.all(lineage, epoch).find(is)
    }
}

/// The record as it is kept.
#[derive(Debug)]
enum Kept {
    /// None yet.
    Missing,
    /// As it was written, with what a swap must name.
    Whole(Positions, Version),
    /// It cannot be read: it is written anew.
    Damaged(Version),
    /// A newer lifeboat wrote it: it is left alone.
    Newer,
}

async fn kept(store: &dyn CasStore) -> Result<Kept, StoreError> {
    let Some(stored) = store.get(&Name::new("positions")?).await? else {
        return Ok(Kept::Missing);
    };
    Ok(match v1::decode(&stored.bytes) {
        Ok(positions) => Kept::Whole(positions, stored.version),
        Err(v1::Unread::Damaged) => Kept::Damaged(stored.version),
        Err(v1::Unread::Newer) => Kept::Newer,
    })
}

/// The record in a store.
#[derive(Debug, Clone)]
pub struct Copies {
    store: Arc<dyn CasStore>,
}

impl Copies {
    /// The record of this store.
    pub(crate) fn new(store: Arc<dyn CasStore>) -> Self {
        Self { store }
    }

    /// What is known; nothing where that was never noted, or is damaged.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known(&self) -> Result<Positions, StoreError> {
        read(&*self.store).await
    }

    /// Notes what was seen of copies in the state with this lineage: a measurement, with its own time.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn note(&self, lineage: &str, seen: &[Position]) -> Result<(), StoreError> {
        note(&*self.store, lineage, seen).await
    }
}

/// The record as it is stored, for a bundle; nothing where it is damaged.
pub(crate) async fn stored(store: &dyn CasStore) -> Result<Option<Bytes>, StoreError> {
    let stored = store.get(&Name::new("positions")?).await?.map(|stored| stored.bytes);
    Ok(stored.filter(|bytes| !matches!(v1::decode(bytes), Err(v1::Unread::Damaged))))
}

/// Puts a record of another machine where there is none.
pub(crate) async fn put(store: &dyn CasStore, bytes: Bytes) -> Result<(), StoreError> {
    store.put_new(&Name::new("positions")?, bytes).await.map(drop)
}

/// What is known; nothing where that cannot be read.
async fn read(store: &dyn CasStore) -> Result<Positions, StoreError> {
    Ok(match kept(store).await? {
        Kept::Whole(positions, _) => positions,
        Kept::Missing | Kept::Damaged(_) | Kept::Newer => Positions::default(),
    })
}

/// Adds what was seen of copies in the state with this lineage.
async fn note(store: &dyn CasStore, lineage: &str, seen: &[Position]) -> Result<(), StoreError> {
    let name = Name::new("positions")?;
    for _ in 0..TRIES {
        let kept = kept(store).await?;
        let known = match &kept {
            Kept::Whole(known, _) if known.lineage == lineage => known.clone(),
            Kept::Whole(..) | Kept::Missing | Kept::Damaged(_) => Positions::of(lineage),
            Kept::Newer => return Ok(()),
        };
        let mut after = known.clone();
        seen.iter().cloned().for_each(|position| after.note(position));
        if matches!(kept, Kept::Whole(..)) && after == known {
            return Ok(());
        }
        let Some(bytes) = v1::encode(&after).map(Bytes::from) else { return Ok(()) };
        let written = match &kept {
            Kept::Missing => matches!(store.put_new(&name, bytes).await?, PutNew::Created(_)),
            Kept::Whole(_, version) | Kept::Damaged(version) => {
                matches!(store.swap(&name, version, bytes).await?, Swap::Swapped(_))
            }
            Kept::Newer => true,
        };
        if written {
            return Ok(());
        }
    }
    Ok(())
}
