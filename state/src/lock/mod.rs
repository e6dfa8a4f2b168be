//! The lock: at most one holder at a time, and none that writes after it lost the lock.
//!
//! Taking the lock raises the term in the lock record by compare-and-swap, then moves the fence to
//! the newest generation. Breaking it raises the term too; nothing is ever deleted. Whether the
//! holder's process is still alive is asked of [`Liveness`]: a lock of a dead process on this
//! machine is taken over at once, and its open journal then tells what it was doing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::generation::{Chain, GenerationError, Permit};
use crate::record::{self, Broken, Fence, Record, RecordError};
use crate::store::{CasStore, StoreError, Stored, Version};

mod error;
mod liveness;
#[cfg(test)]
mod tests;

pub use error::LockError;
pub use liveness::{Claim, Liveness, LockFiles, NoLiveness};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 256;
/// More terms than can have gone by since the newest generation.
pub(crate) const LEAP: u64 = 1 << 32;

/// Who takes the lock and why: Terraform's fields, and where the process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockInfo {
    /// The id that breaking the lock must name; made anew for each taking. Lower-case letters,
    /// digits and hyphens.
    pub id: String,
    /// The operation: `OperationTypeApply`.
    pub operation: String,
    /// Anything else to show.
    pub info: String,
    /// `user@host`.
    pub who: String,
    /// The version of lifeboat.
    pub version: String,
    /// When, as text.
    pub created: String,
    /// Where the state is.
    pub path: String,
    /// The machine, so that the death of the process can be told; empty if unknown.
    pub host: String,
    /// The process.
    pub pid: u32,
}

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// What it said about itself.
    pub info: LockInfo,
    /// Its term.
    pub term: u64,
}

/// A lock that is held. Dropped without [`Locks::release`] it stays taken, as after a crash: on this
/// machine the next command takes it over at once.
#[derive(Debug)]
pub struct LockGuard {
    info: LockInfo,
    term: u64,
    took_over: Option<Holder>,
    _claim: Claim,
}

impl LockGuard {
    /// The term, which commits and journals carry.
    pub fn term(&self) -> u64 {
        self.term
    }

    /// What was said when it was taken.
    pub fn info(&self) -> &LockInfo {
        &self.info
    }

    /// The dead holder whose lock was taken over, if there was one.
    pub fn took_over(&self) -> Option<&Holder> {
        self.took_over.as_ref()
    }

    /// What [`Chain::commit`] asks for.
    pub fn permit(&self) -> Permit {
        Permit { term: self.term, holder: self.info.id.clone() }
    }
}

/// The lock of a store.
#[derive(Debug, Clone)]
pub struct Locks {
    store: Arc<dyn CasStore>,
    liveness: Arc<dyn Liveness>,
    chain: Chain,
}

/// What one attempt came to.
enum Attempt {
    Taken { term: u64, took_over: Option<Holder> },
    Held(Holder),
    Raced,
}

impl Locks {
    /// The lock of `store`.
    pub fn new(store: Arc<dyn CasStore>, liveness: Arc<dyn Liveness>) -> Self {
        Self { chain: Chain::new(Arc::clone(&store)), store, liveness }
    }

    /// Takes the lock; waits up to `timeout` while a living holder has it.
    ///
    /// # Errors
    /// [`LockError::Held`] says who has it.
    pub async fn lock(&self, info: LockInfo, timeout: Duration) -> Result<LockGuard, LockError> {
        // Before the record names us: whoever reads our name must find us alive.
        let claim = self.liveness.claim(&info.id).await?;
        match self.wait(&info, timeout).await {
            Ok((term, took_over)) => {
                if let Some(dead) = &took_over {
                    self.liveness.forget(&dead.info.id).await?;
                }
                Ok(LockGuard { info, term, took_over, _claim: claim })
            }
            Err(error) => {
                drop(claim);
                // Best effort: a file without a lock on it says nothing.
                drop(self.liveness.forget(&info.id).await);
                Err(error)
            }
        }
    }

    async fn wait(
        &self,
        info: &LockInfo,
        timeout: Duration,
    ) -> Result<(u64, Option<Holder>), LockError> {
        let until = Instant::now().checked_add(timeout);
        let mut pause = FIRST_PAUSE;
        let mut races = 0;
        loop {
            match self.attempt(info).await? {
                Attempt::Taken { term, took_over } => return Ok((term, took_over)),
                Attempt::Raced if races < ATTEMPTS => races += 1,
                Attempt::Raced => return Err(LockError::Contended),
                Attempt::Held(holder) => {
                    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
                    let left = left.unwrap_or(LONGEST_PAUSE);
                    if left.is_zero() {
                        return Err(LockError::Held(Box::new(holder)));
                    }
                    sleep(pause.min(left)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    async fn attempt(&self, info: &LockInfo) -> Result<Attempt, LockError> {
        let found = record::read(&*self.store).await?;
        let (record, version) = match found {
            Some((record, version)) => (record, Some(version)),
            None => (Record::default(), None),
        };
        let holder = record.holder.clone().map(|info| Holder { info, term: record.term });
        if let Some(holder) = &holder {
            // A reply that was lost: the lock is ours already.
            if holder.info == *info {
                return self.begin_term(info, record.term, None).await;
            }
            if !self.has_ended(holder, &info.host).await? {
                return Ok(Attempt::Held(holder.clone()));
            }
        }
        let term = self.newest_term().await?.max(record.term) + 1;
        let next = Record { term, holder: Some(info.clone()), broken: None, ..record };
        match record::write(&*self.store, version.as_ref(), &next).await {
            Ok(Some(_)) => self.begin_term(info, term, holder).await,
            Ok(None) | Err(RecordError::Store(StoreError::NoReply { .. })) => Ok(Attempt::Raced),
            Err(error) => Err(error.into()),
        }
    }

    /// Moves the fence to the newest generation: from here on late writes of older terms do not
    /// count. A damaged one leaves it where it is, so that the generation can be restored.
    async fn begin_term(
        &self,
        info: &LockInfo,
        term: u64,
        took_over: Option<Holder>,
    ) -> Result<Attempt, LockError> {
        for _ in 0..ATTEMPTS {
            let newest = match self.chain.load().await {
                Ok(newest) => newest,
                Err(GenerationError::Damaged { .. }) => {
                    return Ok(Attempt::Taken { term, took_over });
                }
                Err(error) => return Err(error.into()),
            };
            let (record, version) = self.ours(&info.id, term).await?;
            let fence = Fence {
                serial: newest.as_ref().map_or(0, |newest| newest.header.serial),
                term,
                digest: newest.map(|newest| newest.digest),
            };
            if record.fence == fence {
                return Ok(Attempt::Taken { term, took_over });
            }
            if fence.serial > record.fence.serial {
                // Its commit did not come to its end, so that its sync may have failed.
                self.chain.secure(fence.serial).await?;
            }
            let next = Record { fence, ..record };
            match record::write(&*self.store, Some(&version), &next).await {
                Ok(Some(_)) => return Ok(Attempt::Taken { term, took_over }),
                Ok(None) | Err(RecordError::Store(StoreError::NoReply { .. })) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LockError::Contended)
    }

    /// Checks that the lock is still held.
    ///
    /// # Errors
    /// [`LockError::Lost`].
    pub async fn verify(&self, guard: &LockGuard) -> Result<(), LockError> {
        self.ours(&guard.info.id, guard.term).await.map(drop)
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// It was lost before, or the store failed; then the next command takes it over.
    pub async fn release(&self, guard: LockGuard) -> Result<(), LockError> {
        for _ in 0..ATTEMPTS {
            let record = record::read(&*self.store).await?;
            let Some((record, version)) = record else {
                return Err(LockError::Lost { term: guard.term, now: 0 });
            };
            if record.term != guard.term {
                return Err(LockError::Lost { term: guard.term, now: record.term });
            }
            // None: an earlier attempt whose reply was lost.
            if record.holder.is_some() {
                let next = Record { holder: None, ..record };
                match record::write(&*self.store, Some(&version), &next).await {
                    Ok(Some(_)) => {}
                    Ok(None) | Err(RecordError::Store(StoreError::NoReply { .. })) => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            let LockGuard { info, _claim: claim, .. } = guard;
            drop(claim);
            return self.liveness.forget(&info.id).await;
        }
        Err(LockError::Contended)
    }

    /// Who holds the lock.
    ///
    /// # Errors
    /// The record could not be read.
    pub async fn holder(&self) -> Result<Option<Holder>, LockError> {
        let record = record::read(&*self.store).await?;
        Ok(record
            .and_then(|(record, _)| record.holder.map(|info| Holder { info, term: record.term })))
    }

    /// Whether the holder's run has ended: certain only on its own machine, `host`.
    ///
    /// # Errors
    /// Its claim could not be looked at.
    pub async fn has_ended(&self, holder: &Holder, host: &str) -> Result<bool, LockError> {
        let same = !host.is_empty() && holder.info.host == host;
        Ok(same && self.liveness.is_dead(&holder.info.id).await?)
    }

    /// Breaks the lock with this id: raises the term, so that its holder cannot commit any more.
    /// Gives back who it was.
    ///
    /// # Errors
    /// Nobody holds the lock, or somebody else does.
    pub async fn force_unlock(
        &self,
        id: &str,
        by: &str,
        reason: &str,
    ) -> Result<Holder, LockError> {
        for _ in 0..ATTEMPTS {
            let found = record::read(&*self.store).await?;
            let Some((record, version)) = found else {
                return Err(LockError::NotLocked { id: id.to_owned() });
            };
            let Some(info) = record.holder.clone() else {
                return Err(LockError::NotLocked { id: id.to_owned() });
            };
            let holder = Holder { info, term: record.term };
            if holder.info.id != id {
                let holder = Box::new(holder);
                return Err(LockError::OtherHolder { id: id.to_owned(), holder });
            }
            let broken = Broken { id: id.to_owned(), by: by.to_owned(), reason: reason.to_owned() };
            let term = record.term + 1;
            let next = Record { term, holder: None, broken: Some(broken), ..record };
            match record::write(&*self.store, Some(&version), &next).await {
                Ok(Some(_)) => return Ok(holder),
                // Without a reply: if it did happen, the next look finds nobody, which is what was
                // wanted.
                Ok(None) => {}
                Err(RecordError::Store(StoreError::NoReply { .. })) => {
                    if self.holder().await?.is_none_or(|now| now.term != holder.term) {
                        return Ok(holder);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(LockError::Contended)
    }

    /// The bytes of a lock record that cannot be read; nothing where there is none or a sound one.
    ///
    /// # Errors
    /// The record is of a newer format, or the store failed.
    pub async fn damaged(&self) -> Result<Option<Bytes>, LockError> {
        Ok(self.unreadable().await?.map(|stored| stored.bytes))
    }

    /// Puts a record that nobody holds in the place of one that cannot be read, its term above any
    /// that was lost with it. Says whether there was a damaged one.
    ///
    /// # Errors
    /// The store failed, or somebody else changed the record meanwhile.
    pub async fn replace_damaged(&self, by: &str, reason: &str) -> Result<bool, LockError> {
        let Some(stored) = self.unreadable().await? else { return Ok(false) };
        let broken = Broken { id: String::new(), by: by.to_owned(), reason: reason.to_owned() };
        let term = self.term_of_generations().await? + LEAP;
        let next = Record { term, broken: Some(broken), ..Record::default() };
        match record::write(&*self.store, Some(&stored.version), &next).await? {
            Some(_) => Ok(true),
            None => Err(LockError::Contended),
        }
    }

    /// The highest term of a generation, without the lock record.
    async fn term_of_generations(&self) -> Result<u64, LockError> {
        let mut highest = 0;
        for serial in self.chain.serials().await? {
            match self.chain.at(serial).await {
                Ok(generation) => highest = highest.max(generation.header.term),
                Err(GenerationError::Damaged { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(highest)
    }

    async fn unreadable(&self) -> Result<Option<Stored>, LockError> {
        match record::read(&*self.store).await {
            Err(RecordError::Damaged { .. }) => Ok(self.store.get(&record::name()?).await?),
            Ok(_) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn ours(&self, id: &str, term: u64) -> Result<(Record, Version), LockError> {
        match record::read(&*self.store).await? {
            Some((record, version))
                if record.term == term && record.holder.as_ref().is_some_and(|it| it.id == id) =>
            {
                Ok((record, version))
            }
            found => Err(LockError::Lost { term, now: found.map_or(0, |(record, _)| record.term) }),
        }
    }

    /// The term of the newest generation: a record that was lost must not bring old terms back.
    async fn newest_term(&self) -> Result<u64, LockError> {
        match self.chain.load().await {
            Ok(newest) => Ok(newest.map_or(0, |newest| newest.header.term)),
            Err(GenerationError::Damaged { offer: Some(serial), .. }) => {
                Ok(self.chain.at(serial).await?.header.term)
            }
            Err(GenerationError::Damaged { .. }) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}
