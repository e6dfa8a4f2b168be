//! Requests: what operators ask of a run that is under way, from any terminal or machine.
//!
//! A log beside the state: `requests/N` is a request, created once and never changed, and
//! `requests/N+answer` is what became of it, created once by the run that looked at it. Neither needs
//! the lock. A request without an answer is open. What a run has taken is in its journal; an answer is
//! for those who wait for it, and nothing depends on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::journal::RunId;
use crate::store::{CasStore, Name, PutNew, StoreError};

#[cfg(test)]
mod tests;
mod v1;

/// How many requests are kept: more than anybody makes of one run.
pub const KEEP: usize = 200;

/// How often another number is tried where somebody was faster.
const ATTEMPTS: usize = 32;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Begin nothing more until it is to be gone on with.
    Pause,
    /// Go on.
    Resume,
    /// Go on without a step.
    Skip,
    /// Run again what failed.
    Retry,
    /// Give the promotion up.
    Abort,
    /// Go on without the region that is left.
    Ungraceful,
}

impl What {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Pause, Self::Resume, Self::Skip, Self::Retry, Self::Abort, Self::Ungraceful];

    /// Its word, as people type it and as it is stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Skip => "skip",
            Self::Retry => "retry",
            Self::Abort => "abort",
            Self::Ungraceful => "ungraceful",
        }
    }

    /// The request of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.word() == word)
    }
}

/// What an operator asks of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// A token of its own, by which it is found where the reply to its appending was lost.
    pub id: String,
    /// Of which state.
    pub lineage: String,
    /// Of which run.
    pub run: RunId,
    /// In which epoch that began.
    pub epoch: u64,
    /// What.
    pub what: What,
    /// The step that is meant; nothing where it is about the whole.
    pub step: Option<String>,
    /// The regions of which it is attested that they cannot write.
    pub attested: Vec<String>,
    /// How much loss is accepted.
    pub accepted_loss: Option<String>,
    /// How many seconds of writes may be lost at most, as it was when it was asked; nothing where that
    /// is unknown.
    pub loss_bound: Option<u64>,
    /// Since when the region that is left takes no writes (RFC 3339), as a person knows it.
    pub since: Option<String>,
    /// Whether the files stay as they are where that leads to other ones.
    pub no_edit: bool,
    /// Why; empty where nobody said so.
    pub reason: String,
    /// Who: `user@host`.
    pub who: String,
    /// When, as text: for people.
    pub at: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it was taken.
    pub taken: bool,
    /// What is done now, or why not, as a sentence.
    pub how: String,
    /// When, as text: for people.
    pub at: String,
}

/// Why a request or an answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The bytes are not those that were written.
    #[error("it is damaged")]
    Damaged,
    /// A newer lifeboat wrote it.
    #[error(
        "a newer lifeboat wrote it, in format {found}, and this one knows formats up to {supported}: \
         make the request with the version of lifeboat that carries out the promotion"
    )]
    Newer {
        /// The format found.
        found: u32,
        /// The newest known here.
        supported: u32,
    },
}

/// A request that nobody has answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its number: later ones have higher ones.
    pub number: u64,
    /// What is asked, or why that cannot be told.
    pub request: Result<Request, Unread>,
}

/// The log of requests of a store.
#[derive(Debug, Clone)]
pub struct Requests {
    store: Arc<dyn CasStore>,
}

impl Requests {
    /// Those in `store`.
    pub fn new(store: Arc<dyn CasStore>) -> Self {
        Self { store }
    }

    /// Appends a request; its number.
    ///
    /// # Errors
    /// The store failed, so that it may or may not be there, or others were always faster.
    pub async fn append(&self, request: &Request) -> Result<u64, StoreError> {
        let bytes = Bytes::from(v1::encode(request));
        let names = self.store.list(&folder()?).await?;
        self.prune(&names).await;
        let mut number = names.iter().filter_map(self::number).max().unwrap_or_default();
        for _ in 0..ATTEMPTS {
            number += 1;
            let name = name(number)?;
            match self.store.put_new(&name, bytes.clone()).await {
                Ok(PutNew::Created(_)) => return Ok(number),
                Ok(PutNew::Exists) | Err(StoreError::NoReply { .. }) => {
                    let stored = self.store.get(&name).await?;
                    match stored.map(|stored| v1::decode(&stored.bytes)) {
                        Some(Ok(there)) if there.id == request.id => return Ok(number),
                        // It did not arrive: the same number is tried once more.
                        None => number -= 1,
                        Some(_) => {}
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::NoReply { action: "append a request to", name: folder()?.to_string() })
    }

    /// The requests without an answer, in their order: one listing, and a read for each that is not
    /// among the `known`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn open(&self, known: &BTreeSet<u64>) -> Result<Vec<Open>, StoreError> {
        let names = self.store.list(&folder()?).await?;
        let answered: BTreeSet<u64> = names.iter().filter_map(answered).collect();
        let mut all = Vec::new();
        for name in &names {
            let Some(number) = number(name) else { continue };
            if answered.contains(&number) || known.contains(&number) {
                continue;
            }
            // One that went meanwhile was old.
            let Some(stored) = self.store.get(name).await? else { continue };
            all.push(Open { number, request: v1::decode(&stored.bytes) });
        }
        Ok(all)
    }

    /// Answers a request; the first answer stays.
    ///
    /// # Errors
    /// The store failed.
    pub async fn answer(&self, number: u64, answer: &Answer) -> Result<(), StoreError> {
        let bytes = Bytes::from(v1::encode_answer(answer));
        self.store.put_new(&answer_name(number)?, bytes).await.map(drop)
    }

    /// The answer to a request, if there is one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn answered(
        &self,
        number: u64,
    ) -> Result<Option<Result<Answer, Unread>>, StoreError> {
        let stored = self.store.get(&answer_name(number)?).await?;
        Ok(stored.map(|stored| v1::decode_answer(&stored.bytes)))
    }

    /// Removes the oldest ones. Best effort: what stays now goes later.
    async fn prune(&self, names: &[Name]) {
        let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        // One is about to come.
        let old = (numbers.len() + 1).saturating_sub(KEEP);
        let gone: BTreeSet<u64> = numbers.into_iter().take(old).collect();
        for name in names {
            if [number(name), answered(name)].into_iter().flatten().any(|n| gone.contains(&n)) {
                drop(self.store.remove(name).await);
            }
        }
    }
}

fn folder() -> Result<Name, StoreError> {
    Name::new("requests")
}

fn name(number: u64) -> Result<Name, StoreError> {
    folder()?.join(&format!("{number:020}"))
}

fn answer_name(number: u64) -> Result<Name, StoreError> {
    folder()?.join(&format!("{number:020}{ANSWER}"))
}

/// What the name of an answer ends with.
const ANSWER: &str = "+answer";

/// The number of a request.
fn number(name: &Name) -> Option<u64> {
    name.last().parse().ok()
}

/// The number of the request that this answers.
fn answered(name: &Name) -> Option<u64> {
    name.last().strip_suffix(ANSWER)?.parse().ok()
}
