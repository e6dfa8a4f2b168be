//! Whether a copy has all that its source has: what is asked, and what is told.

use std::time::Duration;

use crate::scope::Scope;

/// Where what is lifeboat's own lies among data, behind the prefix of what is copied: a fence leaves the
/// folder open, and what is compared or copied passes it over.
pub const OURS: &str = ".lifeboat/sync/";

/// What a watcher writes there in each round, so that it is never whole for long.
pub const CANARY: &str = "canary";

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
    /// How many of what the copy has not are told by name, where it is looked at once. Then each of
    /// them is asked for: what was copied once, and is gone there, is not missing.
    pub name_first: usize,
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
    /// How long ago that was, where only this is told.
    pub behind: Option<Duration>,
    /// How it was seen, in a sentence.
    pub how: String,
    /// The first of what is missing, as far as it was asked for.
    pub first: Vec<Lone>,
}

/// An object that the copy has not, or has with another content; or one that only the copy has still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lone {
    /// Its key.
    pub key: String,
    /// Its version, where it has one.
    pub version: Option<String>,
    /// What its content is called.
    pub tag: String,
    /// How large it is, in bytes.
    pub size: u64,
    /// When it was written, in seconds since 1970.
    pub written: Option<i64>,
    /// Whether the copy has another content under its key.
    pub differs: bool,
    /// Whether it is a deletion: the copy has the key still, and version and time are the delete
    /// marker's.
    pub deleted: bool,
}
