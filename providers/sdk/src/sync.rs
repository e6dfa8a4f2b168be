//! Whether a copy has all that its source has: what is asked, and what is told.

use std::time::Duration;

use crate::scope::Scope;

/// A copy whose source takes no more writes.
#[derive(Clone, Copy, Debug)]
pub struct CopyOf<'a> {
    /// Where it is.
    pub scope: &'a Scope,
    /// What it is called there.
    pub name: &'a str,
    /// What is written at the source to see it arrive is named after this, the same for each attempt.
    pub mark: &'a str,
    /// How long it may take.
    pub limit: Duration,
}

/// That a copy has all that its source has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// How many objects, rows or versions were compared.
    pub compared: u64,
    /// How it was seen, in a sentence.
    pub how: String,
}
