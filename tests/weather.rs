//! What becomes of the old primary in the cases of a promotion.

use std::fmt;

/// What becomes of the old primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// It is well.
    Well,
    /// It hangs from before the start.
    Gone,
    /// So do the global services, whose home is there.
    GoneWithGlobal,
    /// It hangs from the call with this number on: of those there, or of all.
    Dies(u64),
}

impl fmt::Display for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well => f.write_str("well"),
            Self::Gone => f.write_str("gone"),
            Self::GoneWithGlobal => f.write_str("gone, and the global plane"),
            Self::Dies(calls) => write!(f, "dies after {calls} calls"),
        }
    }
}
