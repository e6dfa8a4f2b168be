//! Sealing of sensitive values for generations and journals.
//!
//! XChaCha20-Poly1305 with the lineage, the object's address and the path of the value as
//! additional data, so that a sealed value opens nowhere but in its own place. The nonce is a keyed
//! hash of that data and the value: the same value in the same place seals to the same bytes, so
//! that an unread object stays byte for byte as it was and no randomness reaches a format. What this
//! gives away is only that a value did not change.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use crate::digest::Digest;
use crate::store::StoreError;

mod document;
mod key;
#[cfg(test)]
mod tests;

pub use document::{open_document, seal_document};
pub use key::{FixedKey, KeyFile, KeySource};

/// Whether stored bytes hold a sealed value, so that the key is needed. Errs on the side of yes.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    let sealed = br#"{"sealed":""#;
    bytes.windows(sealed.len()).any(|window| window == sealed)
}

const VERSION: u8 = 1;
const ID: usize = 8;
const NONCE: usize = 24;

/// Why a value could not be sealed or opened. No message holds a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no key.
    #[error(
        "sensitive values are sealed with a key that is not at `{place}`: put the key back from a \
         backup; without it the sealed values of this state cannot be read"
    )]
    MissingKey {
        /// Where it should be.
        place: String,
    },
    /// The value was sealed with another key.
    #[error(
        "a sensitive value of `{address}` was sealed with key {needed}, but `{place}` holds key \
         {found}: put back the key that belongs to this state"
    )]
    WrongKey {
        /// The object.
        address: String,
        /// Where the key in use comes from.
        place: String,
        /// The key that sealed the value.
        needed: String,
        /// The key in use.
        found: String,
    },
    /// The sealed text is not what was written here.
    #[error(
        "the sealed value of `{address}` at {path} was altered, or moved here from another place: \
         restore the state from an earlier generation"
    )]
    Altered {
        /// The object.
        address: String,
        /// Where in it, as JSON.
        path: String,
    },
    /// A sensitive value lies open where a sealed one must be.
    #[error(
        "the sensitive value of `{address}` at {path} is not sealed, so lifeboat did not write it: \
         restore the state from an earlier generation"
    )]
    NotSealed {
        /// The object.
        address: String,
        /// Where in it, as JSON.
        path: String,
    },
    /// The document is not in wire form, so that nothing can be said about what is sensitive.
    #[error(
        "the document of `{address}` is not in the wire form (type, value, unknown, sensitive), \
         so it is not stored: this is a defect of lifeboat, please report it"
    )]
    BadDocument {
        /// The object.
        address: String,
        /// What the parser said, if it was the parser.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The key file does not hold a key.
    #[error("`{place}` does not hold a key: put it back from a backup")]
    BadKey {
        /// The file.
        place: String,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes to make the key `{place}` from")]
    NoRandom {
        /// The file.
        place: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The key file could not be read or written.
    #[error("the key could not be read or made")]
    Store(#[from] StoreError),
}

/// A secret key of 32 bytes. `Debug` shows its id only.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// A key from random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A name of the key that gives nothing of it away.
    pub fn id(&self) -> String {
        hex(&self.short_id())
    }

    fn short_id(&self) -> [u8; ID] {
        let id = self.derive("lifeboat 2026-11 key id");
        let mut short = [0; ID];
        short.copy_from_slice(&id[..ID]);
        short
    }

    fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The place of a value: what its sealed form is bound to. The serial is not part of it, so that a
/// generation can carry a sealed value on as it is.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The lineage of the state.
    pub lineage: &'a str,
    /// The address of the object (`output.NAME` for an output).
    pub address: &'a str,
    /// The path in the object's value, as JSON.
    pub path: &'a str,
}

impl Place<'_> {
    fn data(&self) -> String {
        format!("lifeboat sealed value\n{}\n{}\n{}", self.lineage, self.address, self.path)
    }
}

/// Seals and opens values with one key, or says that there is none.
#[derive(Clone)]
pub struct Sealer {
    keys: Option<Keys>,
    place: String,
}

/// A key for each purpose, derived once.
#[derive(Clone)]
struct Keys {
    id: [u8; ID],
    values: [u8; 32],
    nonces: [u8; 32],
    hashes: [u8; 32],
}

impl Keys {
    fn of(key: &Key) -> Self {
        Self {
            id: key.short_id(),
            values: key.derive("lifeboat 2026-11 sealing of values"),
            nonces: key.derive("lifeboat 2026-11 nonce of a sealed value"),
            hashes: key.derive("lifeboat 2026-11 hash of a write-only value"),
        }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.values.into())
    }

    fn nonce(&self, data: &str, json: &str) -> [u8; NONCE] {
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&keyed(&self.nonces, data, json)[..NONCE]);
        nonce
    }
}

impl Sealer {
    /// A sealer with a key; `place` says in messages where the key is from.
    pub fn new(key: Key, place: impl Into<String>) -> Self {
        Self { keys: Some(Keys::of(&key)), place: place.into() }
    }

    /// A sealer for states without sealed values: anything else is a [`SecretError::MissingKey`].
    pub fn without_key(place: impl Into<String>) -> Self {
        Self { keys: None, place: place.into() }
    }

    /// Whether there is a key.
    pub fn has_key(&self) -> bool {
        self.keys.is_some()
    }

    fn keys(&self) -> Result<&Keys, SecretError> {
        self.keys.as_ref().ok_or_else(|| SecretError::MissingKey { place: self.place.clone() })
    }

    /// Seals a JSON text: the base64 of version, key id, nonce and ciphertext.
    ///
    /// # Errors
    /// [`SecretError::MissingKey`].
    pub fn seal(&self, place: Place<'_>, json: &str) -> Result<String, SecretError> {
        let keys = self.keys()?;
        let data = place.data();
        let nonce = keys.nonce(&data, json);
        let payload = Payload { msg: json.as_bytes(), aad: data.as_bytes() };
        let sealed = keys.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| altered(place))?;
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&keys.id);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(STANDARD.encode(bytes))
    }

    /// Opens what [`Sealer::seal`] made for the same place.
    ///
    /// # Errors
    /// The key is missing or another one, or the text was not made here.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<String, SecretError> {
        let keys = self.keys()?;
        let bytes = STANDARD.decode(sealed).map_err(|_| altered(place))?;
        if bytes.len() < 1 + ID + NONCE || bytes[0] != VERSION {
            return Err(altered(place));
        }
        let (id, rest) = bytes[1..].split_at(ID);
        if id != keys.id {
            return Err(SecretError::WrongKey {
                address: place.address.to_owned(),
                place: self.place.clone(),
                needed: hex(id),
                found: hex(&keys.id),
            });
        }
        let (nonce, sealed) = rest.split_at(NONCE);
        let data = place.data();
        let payload = Payload { msg: sealed, aad: data.as_bytes() };
        let opened = keys.cipher().decrypt(XNonce::from_slice(nonce), payload);
        let opened = opened.map_err(|_| altered(place))?;
        String::from_utf8(opened).map_err(|_| altered(place))
    }

    /// A hash that only the key's holder can compute: state keeps it for write-only values, to tell
    /// whether they changed.
    ///
    /// # Errors
    /// [`SecretError::MissingKey`].
    pub fn keyed_hash(&self, place: Place<'_>, json: &str) -> Result<Digest, SecretError> {
        let hash = keyed(&self.keys()?.hashes, &place.data(), json);
        Ok(Digest::from_bytes(hash))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.keys.as_ref().map(|keys| hex(&keys.id));
        f.debug_struct("Sealer").field("key", &key).field("place", &self.place).finish()
    }
}

fn altered(place: Place<'_>) -> SecretError {
    SecretError::Altered { address: place.address.to_owned(), path: place.path.to_owned() }
}

fn keyed(key: &[u8; 32], data: &str, json: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&(data.len() as u64).to_le_bytes());
    hasher.update(data.as_bytes());
    hasher.update(json.as_bytes());
    *hasher.finalize().as_bytes()
}
