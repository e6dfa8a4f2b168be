//! `Bundle`: all that another machine needs to go on: files, the newest state, open journals, what
//! was measured last.
//!
//! One text in the envelope of `crate::envelope` (`lifeboat-bundle VERSION LENGTH DIGEST`), so that
//! it is read whole or not at all. What is sealed stays sealed: the key is never in it. The form is
//! a public contract (docs/role-record.md).

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::envelope::{self, Flaw};
use crate::generation::{Damage, Generation};
use crate::journal::{self, RunId};
use crate::secret;

#[cfg(test)]
mod tests;
mod v1;

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

const MAGIC: &str = "lifeboat-bundle";

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It does not begin as a bundle does.
    #[error("it does not begin as a bundle does")]
    NotABundle,
    /// It is shorter or longer than written.
    #[error("it was cut, or something was added")]
    Length,
    /// The bytes are not those that were written.
    #[error("its checksum does not match its content")]
    Checksum,
    /// It is in a newer format.
    #[error("it has format {found}, this lifeboat knows formats up to {supported}")]
    Newer {
        /// The format found.
        found: u32,
        /// The newest known here.
        supported: u32,
    },
    /// The checksum holds, but the content is none of a bundle.
    #[error("its content is not a bundle")]
    Content(#[from] serde_json::Error),
    /// It holds something in base64 that is none.
    #[error("it holds something in base64 that cannot be read")]
    Base64,
    /// The state in it is not whole.
    #[error("the state in it is damaged: {0}")]
    State(Damage),
    /// What it says of itself is not what the state in it says.
    #[error("it says that it is of serial {told}, and the state in it is of {found}")]
    Other {
        /// What it says of itself.
        told: u64,
        /// What its generation says.
        found: u64,
    },
}

/// All that another machine needs to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// What it says of itself.
    pub about: About,
    /// The files of the root module and of its modules, and every file that a function read: name,
    /// seen from the root module, to content.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The state.
    pub state: Packed,
}

/// What a bundle says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The topology's name.
    pub topology: String,
    /// The state that it goes with.
    pub lineage: String,
    /// The state's epoch.
    pub epoch: u64,
    /// The state's serial.
    pub serial: u64,
    /// The primary of the state.
    pub primary: String,
    /// The promotion that is open.
    pub promotion: Option<Move>,
    /// Who the providers are: account ids.
    pub identities: BTreeMap<String, String>,
    /// The last names of the root module's path, as many as its files go up from it; empty where
    /// they do not.
    pub folder: String,
    /// The version of lifeboat that wrote it.
    pub tool_version: String,
    /// When, as text for people.
    pub at: String,
}

/// A promotion from one region to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The region that is left.
    pub from: String,
    /// The new primary.
    pub to: String,
    /// The epoch that it opens.
    pub epoch: u64,
}

impl About {
    /// The epoch that the run which wrote it was in, or on its way to.
    pub fn reaches(&self) -> u64 {
        self.promotion.as_ref().map_or(0, |promotion| promotion.epoch).max(self.epoch)
    }

    /// What tells the later of two bundles of one state: its epoch and serial, and of two with the same
    /// the one with an open promotion.
    pub fn place(&self) -> (u64, u64, u64) {
        (self.epoch, self.serial, self.reaches())
    }
}

/// State as it is stored, what is sealed sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The newest generation.
    pub generation: Bytes,
    /// The parts of the journals of open runs by name.
    pub journals: BTreeMap<String, Bytes>,
    /// The standing plan, where one was made.
    pub standing: Option<Standing>,
    /// What was measured last.
    pub measured: Measured,
}

/// What was measured last: records as they are stored, each of which tells by itself whether it is
/// whole. One that is missing counts as never measured; bundles of before have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// Up to when copies were seen to have all ([`crate::positions`]).
    pub positions: Option<Bytes>,
    /// How long changes took ([`crate::durations`]).
    pub durations: Option<Bytes>,
}

/// A promotion that was planned ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The plan file.
    pub plan: Bytes,
    /// What a person types in its place: a script for a POSIX shell.
    pub commands: String,
}

impl Packed {
    /// The generation in it, verified by itself.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn generation(&self) -> Result<Generation, Damage> {
        Generation::decode(&self.generation)
    }

    /// Whether the journal of a run has something in it that another one's has not: who packed this went on
    /// with the run, and the other does not know how.
    pub fn knows_more_of(&self, run: &RunId, other: &Self) -> bool {
        let known = |name: &String| other.journals.get(name).map_or(&[][..], |part| part);
        let of_run = |name: &str| name.split('+').next() == Some(run.as_str());
        let mut parts = self.journals.iter().filter(|(name, _)| of_run(name));
        parts.any(|(name, part)| !known(name).starts_with(part))
    }

    /// Whether something in it is sealed, so that the key is needed. Errs on the side of yes.
    pub fn is_sealed(&self) -> bool {
        let mut journals = self.journals.values();
        secret::is_sealed(&self.generation)
            || journals.any(|part| journal::is_sealed(part))
            || self.standing.as_ref().is_some_and(|standing| secret::is_sealed(&standing.plan))
    }
}

impl Bundle {
    /// The bytes of a bundle in the newest format.
    ///
    /// # Errors
    /// It has no JSON form, which is a defect.
    pub fn encode(&self) -> Result<Bytes, BundleError> {
        let text = v1::text(self)?;
        Ok(envelope::wrap(MAGIC, FORMAT, &[&text, "\n"]).0)
    }

    /// Reads a bundle and verifies it and the state in it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        let opened = envelope::unwrap(MAGIC, bytes).map_err(|flaw| match flaw {
            Flaw::Other => BundleError::NotABundle,
            Flaw::Length => BundleError::Length,
            Flaw::Checksum => BundleError::Checksum,
        })?;
        if opened.version > FORMAT {
            let found = opened.version;
            return Err(BundleError::Newer { found, supported: FORMAT });
        }
        let bundle = v1::read(opened.text)?;
        let header = bundle.state.generation().map_err(BundleError::State)?.header;
        let About { lineage, epoch, serial, .. } = &bundle.about;
        if (&header.lineage, header.epoch, header.serial) != (lineage, *epoch, *serial) {
            return Err(BundleError::Other { told: *serial, found: header.serial });
        }
        Ok(bundle)
    }
}
