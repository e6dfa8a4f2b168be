//! The journal of a run while it is written: one append and one sync for a whole wave.

use std::time::Duration;

use lifeboat_sdk::context::IdentifiedSink;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{Class, Failure};
use lifeboat_state::backend::{BackendError, StateBackend};
use lifeboat_state::journal::{Frame, Identified, Journal};
use lifeboat_state::lock::LockGuard;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::crash::{Crash, CrashPoint};
use super::ends::journal_step;
use crate::plan::StepId;

/// How old the last look at the lock may be when a wave starts.
const LOCK_AGE: Duration = Duration::from_secs(1);

/// The journal and the lock of a run.
pub(super) struct Recorder<'a> {
    backend: &'a dyn StateBackend,
    guard: &'a LockGuard,
    journal: Journal,
    pending: Vec<Frame>,
    waiting: Vec<oneshot::Sender<()>>,
    looked: Instant,
}

impl<'a> Recorder<'a> {
    /// Over a journal that was begun or resumed under this lock.
    pub(super) fn new(
        backend: &'a dyn StateBackend,
        guard: &'a LockGuard,
        journal: Journal,
    ) -> Self {
        let (pending, waiting) = (Vec::new(), Vec::new());
        Self { backend, guard, journal, pending, waiting, looked: Instant::now() }
    }

    /// Adds frames to the next append.
    pub(super) fn add(&mut self, frames: impl IntoIterator<Item = Frame>) {
        self.pending.extend(frames);
    }

    /// Adds the id of an object to the next append, and answers who told it when it is durable.
    pub(super) fn identified(&mut self, told: Told) {
        self.pending.push(Frame::Identified(Identified {
            step: journal_step(told.step),
            member: told.member,
            id: told.id,
        }));
        self.waiting.push(told.durable);
    }

    /// Makes everything that was added durable.
    ///
    /// # Errors
    /// Nothing may be started any more: nobody would know of it.
    pub(super) async fn flush(&mut self) -> Result<(), BackendError> {
        let frames = std::mem::take(&mut self.pending);
        if let Err(error) = self.journal.append(&frames).await {
            // Who waits for it hears that it is not durable.
            self.waiting.clear();
            return Err(error.into());
        }
        for durable in self.waiting.drain(..) {
            // Who told it may be gone: its task was stopped.
            durable.send(()).ok();
        }
        Ok(())
    }

    /// Checks, at most once in a while, that the lock is still held.
    ///
    /// # Errors
    /// It is lost: somebody else may be writing.
    pub(super) async fn hold(&mut self) -> Result<(), BackendError> {
        if self.looked.elapsed() >= LOCK_AGE {
            self.backend.verify(self.guard).await?;
            self.looked = Instant::now();
        }
        Ok(())
    }
}

/// An id that the API told, on its way to the journal.
pub(super) struct Told {
    /// The step.
    pub(super) step: StepId,
    /// The member's name in the journal.
    pub(super) member: String,
    /// The id.
    pub(super) id: String,
    durable: oneshot::Sender<()>,
}

/// What tells ids of one step's objects to the event loop.
pub(super) struct Sink {
    step: StepId,
    to: mpsc::UnboundedSender<Told>,
    crash: Crash,
}

impl Sink {
    /// For one step.
    pub(super) fn new(step: StepId, to: mpsc::UnboundedSender<Told>, crash: Crash) -> Self {
        Self { step, to, crash }
    }

    async fn tell(&self, address: &str, id: &str) -> Result<(), Failure> {
        self.crash.point(CrashPoint::BeforeIdentified);
        let (durable, known) = oneshot::channel();
        let (member, id) = (address.to_owned(), id.to_owned());
        let told = Told { step: self.step, member, id, durable };
        if self.to.send(told).is_err() || known.await.is_err() {
            let text = "the journal could not be written, so nothing more is done";
            return Err(Failure::new(Class::Interrupted, text));
        }
        self.crash.point(CrashPoint::AfterIdentified);
        Ok(())
    }
}

impl IdentifiedSink for Sink {
    fn identified<'a>(
        &'a self,
        address: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.tell(address, id))
    }
}
