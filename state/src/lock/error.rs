//! Why the lock could not be taken, kept or broken.

use super::Holder;
use crate::generation::GenerationError;
use crate::record::RecordError;
use crate::store::StoreError;

/// Why the lock could not be taken, kept or broken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// A living holder has it, or one whose death cannot be told from here.
    #[error(
        "the state is locked by {} ({}, since {}, term {}): wait for it with `-lock-timeout`, or, if \
         you know that it is dead, break the lock with `lifeboat force-unlock {}`",
        .0.info.who, .0.info.operation, .0.info.created, .0.term, .0.info.id
    )]
    Held(Box<Holder>),
    /// The lock was taken over or broken.
    #[error(
        "the lock was taken away from this run (its term was {term}, now it is {now}), so nothing \
         more is started or written"
    )]
    Lost {
        /// The term that was held.
        term: u64,
        /// The term of the lock record.
        now: u64,
    },
    /// Nobody holds the lock.
    #[error("there is no lock {id} to break: the state is not locked")]
    NotLocked {
        /// The id given.
        id: String,
    },
    /// Somebody else holds the lock.
    #[error(
        "the lock is {} of {}, not {id}: look again before you break it",
        holder.info.id, holder.info.who
    )]
    OtherHolder {
        /// The id given.
        id: String,
        /// Who holds the lock.
        holder: Box<Holder>,
    },
    /// Too many others changed the lock record at the same time.
    #[error("too many processes are after the lock at once: run the command again")]
    Contended,
    /// A lock with this id is held by a living process.
    #[error("the lock id {id} is in use by a living process: each taking needs an id of its own")]
    IdInUse {
        /// The id.
        id: String,
    },
    /// The lock record could not be read or written.
    #[error("the lock record cannot be read or written")]
    Record(#[from] RecordError),
    /// The newest generation could not be read.
    #[error("the lock cannot be taken before the state can be read")]
    Generation(#[from] GenerationError),
    /// The store failed.
    #[error("the lock could not be taken or given back")]
    Store(#[from] StoreError),
}
