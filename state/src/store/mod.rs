//! Stores: small named values with conditional writes, and append-only segments.
//!
//! [`CasStore`] is all that the lock and the chain of generations need; [`Segments`] is all that
//! the journal needs. [`local`] and [`memory`] implement both; [`contract`] is the suite that every
//! store passes.

use std::fmt::{self, Debug};

use bytes::Bytes;

use crate::BoxFuture;
use crate::digest::Digest;

pub mod contract;
mod error;
pub(crate) mod file;
pub mod local;
pub mod memory;
mod name;
#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use local::LocalStore;
pub use memory::MemoryDisk;
pub use name::Name;

/// What a conditional write must find: an etag, a resource version, or a digest of the content.
#[derive(Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// A version as the store names it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The version of a store that has none of its own: the digest of the content.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Digest::of(bytes).to_string())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The content.
    pub bytes: Bytes,
    /// What [`CasStore::swap`] must name to replace it.
    pub version: Version,
}

/// The outcome of [`CasStore::put_new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutNew {
    /// It is there and durable.
    Created(Version),
    /// Something has that name already: perhaps an earlier attempt of our own, so look before
    /// believing that somebody else was faster.
    Exists,
}

/// The outcome of [`CasStore::swap`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// It is replaced and durable.
    Swapped(Version),
    /// The value is another one, or gone: perhaps by an earlier attempt of our own.
    Refused,
}

/// Named values that are created or replaced only under a condition.
///
/// A write that returned success survives a power cut. A write that returned
/// [`StoreError::NoReply`] may have happened. A write is seen whole or not at all.
pub trait CasStore: Debug + Send + Sync {
    /// The value, if there is one.
    fn get<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Stored>, StoreError>>;

    /// Creates the value if there is none of that name.
    fn put_new<'a>(
        &'a self,
        name: &'a Name,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<PutNew, StoreError>>;

    /// Replaces the value if its version is the expected one.
    fn swap<'a>(
        &'a self,
        name: &'a Name,
        expected: &'a Version,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<Swap, StoreError>>;

    /// The names directly in a folder, sorted.
    fn list<'a>(&'a self, folder: &'a Name) -> BoxFuture<'a, Result<Vec<Name>, StoreError>>;

    /// Removes a value; one that is absent counts as removed. Only pruning does that.
    fn remove<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// A segment that is open for appending.
pub trait Segment: Debug + Send {
    /// Writes `bytes` at the end in one write, and returns once they are durable.
    ///
    /// After an error nothing is known about the end of the segment: nothing may be appended.
    fn append(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Append-only segments. A segment is created once and never opened for appending again.
pub trait Segments: Debug + Send + Sync {
    /// A new, empty, durable segment; `None` if there is one of that name.
    fn create<'a>(
        &'a self,
        name: &'a Name,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Segment>>, StoreError>>;

    /// Makes durable what is there of a segment: an append whose sync failed may have left bytes
    /// that a loss of power would take away, after somebody read them and went on from there.
    fn settle<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>>;

    /// All of a segment.
    fn read<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>>;

    /// At most the last `limit` bytes of a segment.
    fn tail<'a>(
        &'a self,
        name: &'a Name,
        limit: usize,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>>;

    /// The segments directly in a folder, sorted.
    fn segments<'a>(&'a self, folder: &'a Name) -> BoxFuture<'a, Result<Vec<Name>, StoreError>>;

    /// Removes a segment; one that is absent counts as removed. Only pruning does that.
    fn remove_segment<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>>;
}
