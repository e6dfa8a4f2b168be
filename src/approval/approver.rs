//! `Approver`: a public key of OpenSSH and the name of its owner.

use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, PublicKey};

/// Somebody who may approve promotions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approver {
    name: String,
    line: String,
    key: KeyData,
}

/// Why a line stands for no approver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not in OpenSSH's form.
    #[error("it is no public key as OpenSSH writes them")]
    Form,
    /// Of a type that is weak, or that this version cannot check.
    #[error("keys of the type {0} approve nothing")]
    Type(String),
    /// Nobody is named.
    #[error("its comment, which names the approver, is missing")]
    NoName,
    /// A name that could not be shown on one line.
    #[error("its comment has characters that cannot be shown")]
    Name,
}

impl Approver {
    /// Reads the line of a `.pub` file: type, key and comment, which is the name.
    ///
    /// # Errors
    /// It is no such line, nobody is named, or the key is neither Ed25519 nor ECDSA P-256, on disk
    /// or in a security key.
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        let key = PublicKey::from_openssh(line.trim()).map_err(|_| KeyError::Form)?;
        match key.algorithm() {
            Algorithm::Ed25519
            | Algorithm::SkEd25519
            | Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 }
            | Algorithm::SkEcdsaSha2NistP256 => {}
            other => return Err(KeyError::Type(other.as_str().to_owned())),
        }
        let name = key.comment().trim().to_owned();
        if name.is_empty() {
            return Err(KeyError::NoName);
        }
        if name.chars().any(char::is_control) {
            return Err(KeyError::Name);
        }
        let key = key.key_data().clone();
        let line = PublicKey::new(key.clone(), &*name).to_openssh().map_err(|_| KeyError::Form)?;
        Ok(Self { name, line, key })
    }

    /// The name, as the comment of the key says it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line of a `.pub` file.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The fingerprint as `ssh-keygen -l` shows it: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.key)
    }

    /// The key.
    pub(super) fn key(&self) -> &KeyData {
        &self.key
    }

    /// Whether both may be the same person: they share a key or a name.
    pub fn may_be(&self, other: &Self) -> bool {
        self.key == other.key || self.name == other.name
    }
}

/// The fingerprint as `ssh-keygen -l` shows it: `SHA256:…`.
pub(super) fn fingerprint(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}
