//! Exit codes (design.md, section 10).

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// An error, usage errors included.
    Error,
    /// Changes are present.
    Changes,
    /// `fmt -check` found files that are not in their canonical form.
    Unformatted,
    /// Applied in part; can be resumed.
    Partial,
    /// Refused by a guard or gate.
    Refused,
    /// Something could not be read.
    Unread,
}

impl Exit {
    /// The same where results could not be written: no success, and no answer to trust.
    #[must_use]
    pub fn without_output(self) -> Self {
        match self {
            Self::Done | Self::Changes | Self::Unformatted | Self::Unread => Self::Error,
            Self::Error | Self::Partial | Self::Refused => self,
        }
    }

    /// The code of the process.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Unformatted => 3,
            Self::Partial => 4,
            Self::Refused => 5,
            Self::Unread => 6,
        }
    }
}
