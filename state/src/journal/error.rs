//! Why a journal could not be written or read.

use super::frame::RunId;
use super::status::IllegalFrame;
use crate::secret::SecretError;
use crate::store::StoreError;

/// Why a journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A frame in the middle is not as it was written.
    #[error(
        "the journal of run {run} is damaged at frame {sequence}, and whole frames follow, so what \
         the run did cannot be told from it: put the journal back from a backup, or \
         move it away and let `lifeboat plan` show what is there"
    )]
    Damaged {
        /// The run.
        run: RunId,
        /// The first frame that is not as it was written.
        sequence: u64,
    },
    /// A newer lifeboat wrote it.
    #[error(
        "the journal of run {run} has format {found}, this lifeboat knows formats up to \
         {supported}: use the version of lifeboat that wrote it, or a newer one"
    )]
    Newer {
        /// The run.
        run: RunId,
        /// The format found.
        found: u32,
        /// The newest known here.
        supported: u32,
    },
    /// There is no such run.
    #[error("there is no journal of run {run}: check the name; finished runs are kept for a while")]
    NotFound {
        /// The run.
        run: RunId,
    },
    /// The first frame never became durable, so that the run called nothing.
    #[error("run {run} never began, so it did nothing: plan again")]
    NeverBegan {
        /// The run.
        run: RunId,
    },
    /// The run is over.
    #[error("run {run} is over and cannot be resumed: plan again")]
    Ended {
        /// The run.
        run: RunId,
    },
    /// The run has a journal already, or somebody else goes on with it at the same time.
    #[error("run {run} is being written by another process: take the lock first")]
    Exists {
        /// The run.
        run: RunId,
    },
    /// The frames cannot follow those before them.
    #[error("run {run} cannot record this: it is a defect of lifeboat, please report it")]
    Illegal {
        /// The run.
        run: RunId,
        /// What cannot follow.
        #[source]
        source: IllegalFrame,
    },
    /// An append failed before.
    #[error(
        "the journal of run {run} failed before, so nothing more is recorded or started: mend the \
         disk and run the command again, it goes on from what is recorded"
    )]
    Poisoned {
        /// The run.
        run: RunId,
    },
    /// A sealed value could not be opened, or a sensitive one not be sealed.
    #[error("the secrets of the journal are out of reach")]
    Secret(#[from] SecretError),
    /// The store failed.
    #[error("the journal could not be written or read")]
    Store(#[from] StoreError),
}
