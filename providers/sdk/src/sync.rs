//! Whether a copy has all that its source has: what is asked, and what is told.

use std::time::Duration;

use crate::scope::Scope;

/// A copy that is compared with its source.
#[derive(Clone, Copy, Debug)]
pub struct CopyOf<'a> {
    /// Where it is.
    pub scope: &'a Scope,
    /// What it is called there.
    pub name: &'a str,
    /// Whether it is waited for until nothing is missing; else it is looked at once, and nothing is
    /// written.
    pub wait: Option<Wait<'a>>,
}

/// How a copy is waited for, whose source takes no more writes.
#[derive(Clone, Copy, Debug)]
pub struct Wait<'a> {
    /// What is written at the source to see it arrive is named after this, the same for each attempt.
    pub mark: &'a str,
    /// How long it may take.
    pub limit: Duration,
}

/// How a copy compares with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// How many objects, rows or versions were compared.
    pub compared: u64,
    /// How many of them the copy has not; none where it was waited for.
    pub missing: u64,
    /// When the oldest of those was written, in seconds since 1970.
    pub oldest: Option<i64>,
    /// How it was seen, in a sentence.
    pub how: String,
}
