//! `Shelf`: whole objects under names, kept beside what is managed. Role records are read from it,
//! and region bundles are kept on it; it is no kind, since nothing plans what lies there.

use std::fmt;

use crate::context::Ctx;
use crate::failure::Failure;
use crate::future::BoxFuture;
use crate::kind::Service;
use crate::scope::Scope;
use crate::value::Name;

/// Where a shelf stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The circuit of its calls: provider, account, region, and the service of the shelf.
    pub scope: Scope,
    /// What holds the objects: a bucket.
    pub bucket: Name,
}

/// An object as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// The content.
    pub bytes: Vec<u8>,
    /// What [`Over::This`] must name to replace it.
    pub version: Name,
}

/// The content may be anything, a secret too.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes.len();
        f.debug_struct("Kept").field("bytes", &bytes).field("version", &self.version).finish()
    }
}

/// What a write must find: it fails otherwise, with [`crate::Class::Conflict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over<'a> {
    /// No object of that name.
    Nothing,
    /// The object with this version.
    This(&'a str),
}

/// Whole objects under names, in buckets of any region. A write is seen whole or not at all.
pub trait Shelf: Send + Sync {
    /// The service whose calls it makes.
    fn service(&self) -> Service;

    /// The object of a name; `None` where the bucket holds none.
    ///
    /// # Errors
    /// The call failed; with [`crate::Class::NotFound`] where there is no such bucket.
    fn get<'a>(
        &'a self,
        ctx: &'a Ctx,
        place: &'a Place,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Kept>, Failure>>;

    /// Writes an object; gives its new version. A refused write is looked into before it is
    /// believed: it may be an earlier attempt of our own that was first.
    ///
    /// # Errors
    /// The call failed; with [`crate::Class::Conflict`] where something else lies there.
    fn put<'a>(
        &'a self,
        ctx: &'a Ctx,
        place: &'a Place,
        key: &'a str,
        bytes: Vec<u8>,
        over: Over<'a>,
    ) -> BoxFuture<'a, Result<Name, Failure>>;
}
