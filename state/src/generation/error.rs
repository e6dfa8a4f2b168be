//! What can be wrong with a generation, and with the chain of them.

use crate::digest::Digest;
use crate::record::RecordError;
use crate::secret::SecretError;
use crate::store::StoreError;

/// What is wrong with one generation.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It is shorter or longer than written.
    #[error("it was cut, or something was added")]
    Length,
    /// The bytes are not those that were written.
    #[error("its checksum does not match its content")]
    Checksum,
    /// It does not begin as a generation does.
    #[error("it does not begin as a state does")]
    NotAState,
    /// The checksum holds, but the content is none of a state.
    #[error("its content is not a state")]
    Content(#[source] serde_json::Error),
    /// It lies under another generation's name.
    #[error("it is generation {inside} under another name")]
    Serial {
        /// The serial that it says it has.
        inside: u64,
    },
    /// It is whole, but not the one that the lock record or the next generation names.
    #[error("it was replaced: {found} is there instead of {expected}")]
    Replaced {
        /// The digest that was recorded.
        expected: Digest,
        /// The digest of what is there.
        found: Digest,
    },
    /// It is whole and so is the one before, but that one is not the one that it follows.
    #[error("it does not follow generation {previous}, which is as it was written")]
    Stranger {
        /// The generation that it says it follows.
        previous: u64,
    },
    /// It is gone.
    #[error("it is gone")]
    Missing,
    /// It is in a newer format.
    #[error("it has format {found}, this lifeboat knows formats up to {supported}")]
    Newer {
        /// The format found.
        found: u32,
        /// The newest known here.
        supported: u32,
    },
}

/// Why state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// A generation is not as it was written.
    #[error("generation {serial} of the state is damaged: {why}. {}", offered(*offer))]
    Damaged {
        /// The generation.
        serial: u64,
        /// What is wrong with it.
        why: Damage,
        /// The newest good generation: [`super::Chain::restore`] takes it.
        offer: Option<u64>,
    },
    /// A newer lifeboat wrote the state.
    #[error(
        "generation {serial} of the state has format {found}, this lifeboat knows formats up to \
         {supported}: use the version of lifeboat that wrote it, or a newer one"
    )]
    Newer {
        /// The generation.
        serial: u64,
        /// The format found.
        found: u32,
        /// The newest known here.
        supported: u32,
    },
    /// Another generation was committed since the state was read.
    #[error(
        "the state has moved on from generation {expected} to {found} since it was read: plan again"
    )]
    Conflict {
        /// The generation that the commit was to follow; 0 for none.
        expected: u64,
        /// The newest generation found.
        found: u64,
    },
    /// The commit is of another state than the one that is there.
    #[error(
        "this folder holds the state with the lineage {found}, not {given}: check that the right \
         backend is configured"
    )]
    Lineage {
        /// The lineage of the newest generation.
        found: String,
        /// The lineage of the commit.
        given: String,
    },
    /// The lock was taken over or broken: nothing that was written after that counts.
    #[error(
        "the lock was taken away from this run (its term was {term}, now it is {now}), so nothing \
         more is written: what it did is in its journal"
    )]
    LockLost {
        /// The term of the commit.
        term: u64,
        /// The term of the lock record.
        now: u64,
    },
    /// No reply came, several times.
    #[error(
        "no reply came to the commit of generation {serial}, so it may or may not be there: run \
         the command again, it looks before it writes"
    )]
    InDoubt {
        /// The generation.
        serial: u64,
    },
    /// There is no such generation.
    #[error("there is no generation {serial} of the state")]
    NotFound {
        /// The generation asked for.
        serial: u64,
    },
    /// A sealed value could not be opened, or a sensitive one not be sealed.
    #[error("the secrets of the state are out of reach")]
    Secret(#[from] SecretError),
    /// The lock record could not be read or written.
    #[error("it cannot be told which generations count")]
    Record(#[from] RecordError),
    /// The store failed.
    #[error("the state could not be read or written")]
    Store(#[from] StoreError),
}

fn offered(offer: Option<u64>) -> String {
    match offer {
        Some(serial) => format!(
            "Generation {serial} is whole: take it back with `lifeboat state restore {serial}`, \
             then plan, which shows what has changed since"
        ),
        None => "No other generation is whole: take `.lifeboat` back from a backup".to_owned(),
    }
}
