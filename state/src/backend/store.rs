//! `StoreBackend`: the state over a store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::{BackendError, Loaded, StateBackend};
use crate::BoxFuture;
use crate::bundle::Packed;
use crate::durations::{self, Durations, Kept, Work};
use crate::generation::{self, Chain, Generation, GenerationError, Head, NewGeneration};
use crate::journal::{
    Frame, Journal, Journals, OpenRun, Recorded, Run, RunBegin, RunEnd, RunId, RunStatus,
};
use crate::lock::{Holder, Liveness, LockGuard, LockInfo, Locks};
use crate::model::State;
use crate::positions::Copies;
use crate::request::Requests;
use crate::secret::{KeySource, Sealer};
use crate::store::{CasStore, MemoryDisk, Name, PutNew, Segments, StoreError};

/// What a backend is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Generations, lock record, consumed plans.
    pub store: Arc<dyn CasStore>,
    /// Journals.
    pub segments: Arc<dyn Segments>,
    /// Who is alive.
    pub liveness: Arc<dyn Liveness>,
    /// The key.
    pub keys: Arc<dyn KeySource>,
}

/// State over a store.
#[derive(Debug)]
pub struct StoreBackend {
    pub(super) parts: Parts,
    pub(super) chain: Chain,
    locks: Locks,
    sealer: Mutex<Arc<Sealer>>,
}

impl StoreBackend {
    /// Whether the holder's run has ended: certain only on its own machine, `host`.
    ///
    /// # Errors
    /// Its claim could not be looked at.
    pub async fn has_ended(&self, holder: &Holder, host: &str) -> Result<bool, BackendError> {
        Ok(self.locks.has_ended(holder, host).await?)
    }

    /// The state over these parts.
    ///
    /// # Errors
    /// The key cannot be read.
    pub async fn open(parts: Parts) -> Result<Self, BackendError> {
        let place = parts.keys.place();
        let sealer = match parts.keys.load().await? {
            Some(key) => Sealer::new(key, place),
            None => Sealer::without_key(place),
        };
        Ok(Self::over(parts, sealer))
    }

    pub(super) fn over(parts: Parts, sealer: Sealer) -> Self {
        Self {
            chain: Chain::new(Arc::clone(&parts.store)),
            locks: Locks::new(Arc::clone(&parts.store), Arc::clone(&parts.liveness)),
            sealer: Mutex::new(Arc::new(sealer)),
            parts,
        }
    }

    /// State on a simulated disk.
    ///
    /// # Errors
    /// The key cannot be read.
    pub async fn memory(disk: &MemoryDisk, keys: Arc<dyn KeySource>) -> Result<Self, BackendError> {
        let store = Arc::new(disk.clone());
        let (segments, liveness) = (store.clone(), store.clone());
        Self::open(Parts { store, segments, liveness, keys }).await
    }

    /// Makes the key where there is none yet, so that a plan with sensitive values can be saved
    /// before the first lock.
    ///
    /// # Errors
    /// The key cannot be read or made.
    pub async fn prepare_key(&self) -> Result<(), BackendError> {
        self.ensure_key().await
    }

    fn current_sealer(&self) -> Arc<Sealer> {
        Arc::clone(&self.sealer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn journals(&self) -> Journals {
        Journals::new(Arc::clone(&self.parts.segments), self.current_sealer())
    }

    fn loaded(&self, generation: &Generation) -> Result<Loaded, BackendError> {
        let state = generation.state(&self.current_sealer())?;
        let commit = generation.header.commit.clone();
        Ok(Loaded { state, head: generation.head(), commit })
    }

    /// Makes the key before the first value is sealed. Where sealed values exist and the key is
    /// gone, none is made: it would only hide what is missing.
    async fn ensure_key(&self) -> Result<(), BackendError> {
        if self.current_sealer().has_key() {
            return Ok(());
        }
        let key = match self.parts.keys.load().await? {
            Some(key) => key,
            None if self.needs_old_key().await? => return Ok(()),
            None => self.parts.keys.create().await?,
        };
        let sealer = Arc::new(Sealer::new(key, self.parts.keys.place()));
        *self.sealer.lock().unwrap_or_else(PoisonError::into_inner) = sealer;
        Ok(())
    }

    async fn needs_old_key(&self) -> Result<bool, BackendError> {
        let sealed = match self.chain.load().await {
            Ok(newest) => newest.is_some_and(|newest| newest.is_sealed()),
            Err(GenerationError::Damaged { .. }) => true,
            Err(error) => return Err(error.into()),
        };
        Ok(sealed || self.journals().is_sealed().await?)
    }

    async fn take_lock(
        &self,
        info: LockInfo,
        timeout: Duration,
    ) -> Result<LockGuard, BackendError> {
        let guard = self.locks.lock(info, timeout).await?;
        match self.prepare().await {
            Ok(()) => Ok(guard),
            Err(error) => {
                self.locks.release(guard).await?;
                Err(error)
            }
        }
    }

    /// What a holder of the lock relies on.
    async fn prepare(&self) -> Result<(), BackendError> {
        self.journals().settle().await?;
        self.ensure_key().await
    }

    async fn commit_state(
        &self,
        guard: &LockGuard,
        expected: Option<&Head>,
        commit: &str,
        state: &State,
    ) -> Result<Head, BackendError> {
        let payload = generation::payload(state, &self.current_sealer())?;
        let new = NewGeneration {
            lineage: state.lineage.clone(),
            epoch: state.epoch,
            commit: commit.to_owned(),
            payload,
        };
        let head = self.chain.commit(&guard.permit(), expected, new).await?;
        // Best effort: what is not pruned now is pruned after a later commit.
        drop(self.chain.prune().await);
        drop(self.journals().prune().await);
        Ok(head)
    }

    async fn consume(&self, digest: &str, run: &RunId) -> Result<(), BackendError> {
        let name = Name::new("plans")?.join(digest)?;
        for _ in 0..8 {
            match self.parts.store.put_new(&name, Bytes::from(format!("{run}\n"))).await {
                Ok(PutNew::Created(_)) => return Ok(()),
                Ok(PutNew::Exists) => {
                    let stored = self.parts.store.get(&name).await?;
                    let by =
                        stored.map(|stored| String::from_utf8_lossy(&stored.bytes).into_owned());
                    let by = by.unwrap_or_default().trim_end().to_owned();
                    if by == run.as_str() {
                        return Ok(());
                    }
                    return Err(BackendError::PlanConsumed { digest: digest.to_owned(), run: by });
                }
                Err(StoreError::NoReply { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(BackendError::InDoubt)
    }

    /// The journal first: a run that dies before its plan is consumed is resumed, and consumes it
    /// then.
    async fn begin_run(&self, guard: &LockGuard, begin: RunBegin) -> Result<Journal, BackendError> {
        self.locks.verify(guard).await?;
        let (run, digest) = (begin.run.clone(), begin.plan_digest.clone());
        let (serial, at) = (begin.base_serial, begin.at.clone());
        let mut journal = self.journals().begin(begin).await?;
        match self.consume(&digest, &run).await {
            Ok(()) => Ok(journal),
            Err(error) => {
                let status = RunStatus::Refused;
                journal.append(&[Frame::RunEnd(RunEnd { status, serial, at })]).await?;
                Err(error)
            }
        }
    }

    async fn learn_durations(
        &self,
        guard: &LockGuard,
        measured: BTreeMap<Work, Vec<Duration>>,
    ) -> Result<(), BackendError> {
        self.locks.verify(guard).await?;
        let kept = durations::read(&*self.parts.store).await?;
        let mut durations = match &kept {
            Kept::Whole(durations, _) => durations.clone(),
            Kept::Missing | Kept::Damaged(_) | Kept::Newer => Durations::default(),
        };
        for (work, measured) in measured {
            durations.learn(work, measured);
        }
        Ok(durations::write(&*self.parts.store, &kept, &durations).await?)
    }

    async fn resume_run(
        &self,
        guard: &LockGuard,
        id: &RunId,
        at: &str,
    ) -> Result<(Journal, Run), BackendError> {
        self.locks.verify(guard).await?;
        let (journal, run) = self.journals().resume(id, guard.term(), at).await?;
        self.consume(&run.begin.plan_digest, id).await?;
        Ok((journal, run))
    }
}

impl StateBackend for StoreBackend {
    fn load(&self) -> BoxFuture<'_, Result<Option<Loaded>, BackendError>> {
        Box::pin(async move {
            let newest = self.chain.load().await?;
            newest.map(|newest| self.loaded(&newest)).transpose()
        })
    }

    fn at(&self, serial: u64) -> BoxFuture<'_, Result<Loaded, BackendError>> {
        Box::pin(async move { self.loaded(&self.chain.at(serial).await?) })
    }

    fn serials(&self) -> BoxFuture<'_, Result<Vec<u64>, BackendError>> {
        Box::pin(async move { Ok(self.chain.serials().await?) })
    }

    fn lock(
        &self,
        info: LockInfo,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<LockGuard, BackendError>> {
        Box::pin(self.take_lock(info, timeout))
    }

    fn verify<'a>(&'a self, guard: &'a LockGuard) -> BoxFuture<'a, Result<(), BackendError>> {
        Box::pin(async move { Ok(self.locks.verify(guard).await?) })
    }

    fn unlock(&self, guard: LockGuard) -> BoxFuture<'_, Result<(), BackendError>> {
        Box::pin(async move { Ok(self.locks.release(guard).await?) })
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, BackendError>> {
        Box::pin(async move { Ok(self.locks.holder().await?) })
    }

    fn force_unlock<'a>(
        &'a self,
        id: &'a str,
        by: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<Holder, BackendError>> {
        Box::pin(async move { Ok(self.locks.force_unlock(id, by, reason).await?) })
    }

    fn damaged_lock(&self) -> BoxFuture<'_, Result<Option<Bytes>, BackendError>> {
        Box::pin(async move { Ok(self.locks.damaged().await?) })
    }

    fn replace_damaged_lock<'a>(
        &'a self,
        by: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<bool, BackendError>> {
        Box::pin(async move { Ok(self.locks.replace_damaged(by, reason).await?) })
    }

    fn commit<'a>(
        &'a self,
        guard: &'a LockGuard,
        expected: Option<&'a Head>,
        commit: &'a str,
        state: &'a State,
    ) -> BoxFuture<'a, Result<Head, BackendError>> {
        Box::pin(self.commit_state(guard, expected, commit, state))
    }

    fn restore<'a>(
        &'a self,
        guard: &'a LockGuard,
        serial: u64,
        commit: &'a str,
    ) -> BoxFuture<'a, Result<Head, BackendError>> {
        Box::pin(async move { Ok(self.chain.restore(&guard.permit(), serial, commit).await?) })
    }

    fn consume_plan<'a>(
        &'a self,
        digest: &'a str,
        run: &'a RunId,
    ) -> BoxFuture<'a, Result<(), BackendError>> {
        Box::pin(self.consume(digest, run))
    }

    fn journal_begin<'a>(
        &'a self,
        guard: &'a LockGuard,
        begin: RunBegin,
    ) -> BoxFuture<'a, Result<Journal, BackendError>> {
        Box::pin(self.begin_run(guard, begin))
    }

    fn journal_resume<'a>(
        &'a self,
        guard: &'a LockGuard,
        run: &'a RunId,
        at: &'a str,
    ) -> BoxFuture<'a, Result<(Journal, Run), BackendError>> {
        Box::pin(self.resume_run(guard, run, at))
    }

    fn journal_read<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Recorded, BackendError>> {
        Box::pin(async move { Ok(self.journals().read(run).await?) })
    }

    fn open_runs(&self) -> BoxFuture<'_, Result<Vec<OpenRun>, BackendError>> {
        Box::pin(async move { Ok(self.journals().open_runs().await?) })
    }

    fn durations(&self) -> BoxFuture<'_, Result<Durations, BackendError>> {
        Box::pin(async move {
            Ok(match durations::read(&*self.parts.store).await? {
                Kept::Whole(durations, _) => durations,
                Kept::Missing | Kept::Damaged(_) | Kept::Newer => Durations::default(),
            })
        })
    }

    fn learn<'a>(
        &'a self,
        guard: &'a LockGuard,
        measured: BTreeMap<Work, Vec<Duration>>,
    ) -> BoxFuture<'a, Result<(), BackendError>> {
        Box::pin(self.learn_durations(guard, measured))
    }

    fn copies(&self) -> Copies {
        Copies::new(Arc::clone(&self.parts.store))
    }

    fn packed(&self) -> BoxFuture<'_, Result<Option<Packed>, BackendError>> {
        Box::pin(self.pack())
    }

    fn requests(&self) -> Requests {
        Requests::new(Arc::clone(&self.parts.store))
    }

    fn sealer(&self) -> Arc<Sealer> {
        self.current_sealer()
    }
}
