//! Stage 5, prior + desired -> changes: pure, by shape, without colour.

pub mod merge;
pub mod propose;

pub use merge::Ignore;
pub use propose::Proposal;

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Made.
    Create,
    /// Read during apply (data).
    Read,
    /// Changed in place.
    Update,
    /// Removed and made anew.
    Replace,
    /// Removed.
    Delete,
    /// Dropped from state, left alive.
    Forget,
}
