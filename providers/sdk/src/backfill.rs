//! What a copy is given that replication does not bring by itself: what is asked, and what is told.

use crate::scope::Scope;
use crate::sync::Lone;

/// As what calls of a backfill are made that name no source: by it the fence of a standby knows them.
pub const AGENT: &str = "lifeboat-backfill";

/// A copy that is given what it has not.
#[derive(Clone, Copy, Debug)]
pub struct Backfill<'a> {
    /// Where it is.
    pub scope: &'a Scope,
    /// What it is called there.
    pub name: &'a str,
    /// What of it may be replaced.
    pub over: Replaces,
    /// How many of what is left as it is are told by name.
    pub name_first: usize,
}

/// What of a copy may be replaced. What is replaced stays as an older version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// Nothing: only what it has not at all is copied.
    Nothing,
    /// What was written before its source was.
    Older,
    /// All that differs: it was given up.
    All,
}

impl Replaces {
    /// All.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Older, Self::All];

    /// Its name in plans.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Older => "older",
            Self::All => "all",
        }
    }
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backfilled {
    /// How many objects the source has.
    pub compared: u64,
    /// How many were copied.
    pub copied: u64,
    /// How large those are together.
    pub bytes: u64,
    /// How many keys were deleted there, because they are at the source.
    pub deleted: u64,
    /// How many differ and are left as they are, because replacing them was not asked for.
    pub left: u64,
    /// How many could not be copied.
    pub failed: u64,
    /// The first of both, as far as they were asked for.
    pub first: Vec<Left>,
}

/// An object that was not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which.
    pub object: Lone,
    /// Whether it could not be copied, rather than being left on purpose.
    pub failed: bool,
    /// Why, as a part of a sentence.
    pub why: String,
}
