//! `StateBackend`: all that the engine asks of state.

mod bundle;
mod error;
mod inspect;
mod local;
mod standing;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::BoxFuture;
use crate::bundle::Packed;
use crate::durations::{Durations, Work};
use crate::generation::Head;
use crate::journal::{Journal, OpenRun, Recorded, Run, RunBegin, RunId};
use crate::lock::{Holder, LockGuard, LockInfo};
use crate::model::State;
use crate::positions::Copies;
use crate::request::Requests;
use crate::secret::Sealer;

pub use error::BackendError;
pub use inspect::{Applied, Inspected};
pub use local::LocalState;
pub use store::{Parts, StoreBackend};

/// State as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The state.
    pub state: State,
    /// What a commit that follows it names.
    pub head: Head,
    /// The token of the commit that wrote it: tells a recovered run whether its commit arrived.
    pub commit: String,
}

/// All that the engine asks of state.
pub trait StateBackend: Debug + Send + Sync {
    /// The newest state; `None` before the first apply. Takes no lock and writes nothing.
    fn load(&self) -> BoxFuture<'_, Result<Option<Loaded>, BackendError>>;

    /// The state of one generation.
    fn at(&self, serial: u64) -> BoxFuture<'_, Result<Loaded, BackendError>>;

    /// The serials of the generations that are kept, oldest first.
    fn serials(&self) -> BoxFuture<'_, Result<Vec<u64>, BackendError>>;

    /// Takes the lock; waits up to `timeout` for a living holder.
    fn lock(
        &self,
        info: LockInfo,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<LockGuard, BackendError>>;

    /// Checks that the lock is still held.
    fn verify<'a>(&'a self, guard: &'a LockGuard) -> BoxFuture<'a, Result<(), BackendError>>;

    /// Gives the lock back.
    fn unlock(&self, guard: LockGuard) -> BoxFuture<'_, Result<(), BackendError>>;

    /// Who holds the lock.
    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, BackendError>>;

    /// Breaks the lock `id`; gives back who held it.
    fn force_unlock<'a>(
        &'a self,
        id: &'a str,
        by: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<Holder, BackendError>>;

    /// The bytes of a lock record that cannot be read, if it is so.
    fn damaged_lock(&self) -> BoxFuture<'_, Result<Option<Bytes>, BackendError>>;

    /// Puts a new record in the place of one that cannot be read; says whether there was one.
    fn replace_damaged_lock<'a>(
        &'a self,
        by: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<bool, BackendError>>;

    /// Adds a generation after `expected`. The state's serial and term are those of the result, not
    /// those that it holds. `commit` is a token of this commit: trying again with it after an error
    /// finds the first attempt.
    fn commit<'a>(
        &'a self,
        guard: &'a LockGuard,
        expected: Option<&'a Head>,
        commit: &'a str,
        state: &'a State,
    ) -> BoxFuture<'a, Result<Head, BackendError>>;

    /// Writes the content of an earlier generation as a new one.
    fn restore<'a>(
        &'a self,
        guard: &'a LockGuard,
        serial: u64,
        commit: &'a str,
    ) -> BoxFuture<'a, Result<Head, BackendError>>;

    /// Consumes a plan for a run: once, and again only for the same run.
    fn consume_plan<'a>(
        &'a self,
        digest: &'a str,
        run: &'a RunId,
    ) -> BoxFuture<'a, Result<(), BackendError>>;

    /// Begins a run: its first frame is durable and its plan consumed when this returns.
    fn journal_begin<'a>(
        &'a self,
        guard: &'a LockGuard,
        begin: RunBegin,
    ) -> BoxFuture<'a, Result<Journal, BackendError>>;

    /// Goes on with a run whose process died. `at` is the time as text.
    fn journal_resume<'a>(
        &'a self,
        guard: &'a LockGuard,
        run: &'a RunId,
        at: &'a str,
    ) -> BoxFuture<'a, Result<(Journal, Run), BackendError>>;

    /// All that a run recorded.
    fn journal_read<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Recorded, BackendError>>;

    /// The runs without an end.
    fn open_runs(&self) -> BoxFuture<'_, Result<Vec<OpenRun>, BackendError>>;

    /// How long changes took in earlier runs; none where that was never learnt or cannot be read.
    fn durations(&self) -> BoxFuture<'_, Result<Durations, BackendError>>;

    /// Takes what a run measured. Nothing depends on it, so a caller may ignore that it failed.
    fn learn<'a>(
        &'a self,
        guard: &'a LockGuard,
        measured: BTreeMap<Work, Vec<Duration>>,
    ) -> BoxFuture<'a, Result<(), BackendError>>;

    /// Up to when copies were seen to have all that their sources had. Needs no lock.
    fn copies(&self) -> Copies;

    /// The newest generation, the journals of open runs and what was measured last as they are stored,
    /// for a bundle; `None` before the first apply.
    fn packed(&self) -> BoxFuture<'_, Result<Option<Packed>, BackendError>>;

    /// What operators ask of runs. Needs no lock.
    fn requests(&self) -> Requests;

    /// What seals values; for keyed hashes and for the plan file.
    fn sealer(&self) -> Arc<Sealer>;
}
