//! Why state could not do what the engine asked.

use crate::generation::GenerationError;
use crate::journal::JournalError;
use crate::lock::LockError;
use crate::secret::SecretError;
use crate::store::StoreError;

/// Why state could not do what the engine asked.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The plan was applied before.
    #[error(
        "this plan was applied before, by run {run}: a plan is applied at most once, plan again"
    )]
    PlanConsumed {
        /// The plan.
        digest: String,
        /// The run that consumed it.
        run: String,
    },
    /// No reply came, several times.
    #[error(
        "no reply came to the request to consume the plan, so it may or may not be used: run the \
         command again, it looks before it writes"
    )]
    InDoubt,
    /// Generations.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// Journals.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is a state already where another was to be put.
    #[error("there is a state already")]
    Occupied,
    /// The key.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
