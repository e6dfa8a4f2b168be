//! Generations: state as a sequence of immutable files, each linked to the one that it follows.
//!
//! `generations/<20-digit serial>` holds three lines: `lifeboat-state VERSION LENGTH DIGEST`, the
//! header and the payload, both JSON. The digest covers the version, the length and both lines, so
//! that every flipped bit and every cut is noticed; the header repeats the serial, so that a file
//! under another name is noticed; and it names the digest of the generation before, so that a
//! replaced one is noticed.

mod chain;
mod convert;
mod envelope;
mod error;
mod survey;
#[cfg(test)]
mod tests;
mod upgrade;
mod v1;
mod v2;

pub use chain::{Chain, KEEP, NewGeneration, Permit};
pub use error::{Damage, GenerationError};
pub use survey::{Kept, Standing, Survey};

use bytes::Bytes;

use crate::digest::Digest;
use crate::model::State;
use crate::secret::{Sealer, SecretError};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 2;

/// What a generation says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Which state this is.
    pub lineage: String,
    /// Which generation: one more than the highest before it.
    pub serial: u64,
    /// The term of the lock's holder that wrote it.
    pub term: u64,
    /// How many promotions there were.
    pub epoch: u64,
    /// The generation that it follows; none for the first.
    pub previous: Option<Link>,
    /// The token of the commit that wrote it: tells our own write from another's.
    pub commit: String,
    /// The generation whose content was restored by this one.
    pub restored: Option<u64>,
}

/// Points at a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Its serial.
    pub serial: u64,
    /// Its digest.
    pub digest: Digest,
}

/// What the next commit follows: the newest generation, as its reader saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its serial.
    pub serial: u64,
    /// Its digest.
    pub digest: Digest,
    /// Which state it is of.
    pub lineage: String,
}

/// A generation, read and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// What it says about itself.
    pub header: Header,
    /// The digest that a link to it carries.
    pub digest: Digest,
    version: u32,
    payload: String,
}

impl Generation {
    /// What a commit that follows it must name.
    pub fn head(&self) -> Head {
        let Header { serial, lineage, .. } = &self.header;
        Head { serial: *serial, digest: self.digest, lineage: lineage.clone() }
    }

    /// The state in it, its sealed values opened.
    ///
    /// # Errors
    /// The key is missing or another one, or the payload is not a state.
    pub fn state(&self, sealer: &Sealer) -> Result<State, GenerationError> {
        let damaged =
            |why| GenerationError::Damaged { serial: self.header.serial, why, offer: None };
        let payload = upgrade::payload(self.version, &self.payload).map_err(damaged)?;
        Ok(convert::from_payload(&self.header, payload, Some(sealer))?)
    }

    /// The state in it, its sealed values left as they are: enough to tell what changed, since the
    /// same value in the same place is sealed alike. Needs no key.
    ///
    /// # Errors
    /// The payload is not a state.
    pub fn sealed(&self) -> Result<State, Damage> {
        let payload = upgrade::payload(self.version, &self.payload)?;
        convert::from_payload(&self.header, payload, None).map_err(|_| Damage::NotAState)
    }

    /// Whether it holds a sealed value, so that its key is needed. Errs on the side of yes.
    pub fn is_sealed(&self) -> bool {
        self.payload.contains(r#"{"sealed":""#)
    }

    /// The payload as stored: JSON, sealed.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// Reads the bytes of a generation and verifies what can be verified without its neighbours.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let raw = envelope::decode(bytes)?;
        let header = upgrade::header(raw.version, raw.header)?;
        Ok(Self { header, digest: raw.digest, version: raw.version, payload: raw.payload.into() })
    }

    /// The bytes of a generation in the newest format.
    ///
    /// # Errors
    /// The header cannot be written as JSON, which is a defect.
    pub fn encode(header: &Header, payload: &str) -> Result<(Bytes, Digest), Damage> {
        let header = upgrade::header_text(header)?;
        Ok(envelope::encode(FORMAT, &header, payload))
    }
}

/// The payload of a state in the newest format: what [`Chain::commit`] stores.
///
/// # Errors
/// A sensitive value could not be sealed.
pub fn payload(state: &State, sealer: &Sealer) -> Result<String, SecretError> {
    let payload = convert::to_payload(state, sealer)?;
    serde_json::to_string(&payload).map_err(|error| SecretError::BadDocument {
        address: "the state".to_owned(),
        source: Some(error),
    })
}
