//! Signatures of OpenSSH (PROTOCOL.sshsig) over a text, by somebody who may give them.

use ssh_key::{Algorithm, PublicKey, SshSig};

use super::approver::fingerprint;
use super::{Approver, Policy};

/// What a signature must be for (`ssh-keygen -Y sign -n lifeboat`), so that none which was made for
/// anything else approves a promotion.
pub const NAMESPACE: &str = "lifeboat";

/// Bits of what a security key says of a signature (PROTOCOL.u2f): somebody touched it.
const PRESENT: u8 = 1;

/// Why a signature approves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not in the form that `ssh-keygen -Y sign` writes.
    #[error("it is no signature as `ssh-keygen -Y sign` writes them")]
    Form,
    /// By a key that is nobody's who may approve.
    #[error("it was made with the key {fingerprint}, which is no approver's")]
    Stranger {
        /// `SHA256:…`
        fingerprint: String,
    },
    /// For something else.
    #[error("it was made for {found:?} and not for {NAMESPACE:?}: sign with -n {NAMESPACE}")]
    Namespace {
        /// What it is for.
        found: String,
    },
    /// By a security key that nobody touched.
    #[error("it was made by a security key that {name} did not touch")]
    Untouched {
        /// The name of the approver.
        name: String,
    },
    /// Over another text, or altered.
    #[error("it is by {name}, but not over this text")]
    Text {
        /// The name of the approver.
        name: String,
    },
}

impl Policy {
    /// Who of those who may approve signed this text: `armoured` is what `ssh-keygen -Y sign` wrote.
    ///
    /// # Errors
    /// Why it approves nothing.
    pub fn signer(&self, text: &str, armoured: &[u8]) -> Result<&Approver, SignatureError> {
        let signature = SshSig::from_pem(armoured).map_err(|_| SignatureError::Form)?;
        if signature.version() != SshSig::VERSION {
            return Err(SignatureError::Form);
        }
        let key = signature.public_key();
        let Some(approver) = self.approvers.iter().find(|a| a.key() == key) else {
            return Err(SignatureError::Stranger { fingerprint: fingerprint(key) });
        };
        if signature.namespace() != NAMESPACE {
            return Err(SignatureError::Namespace { found: signature.namespace().to_owned() });
        }
        let name = || approver.name().to_owned();
        PublicKey::from(key.clone())
            .verify(NAMESPACE, text.as_bytes(), &signature)
            .map_err(|_| SignatureError::Text { name: name() })?;
        if !touched(&signature) {
            return Err(SignatureError::Untouched { name: name() });
        }
        Ok(approver)
    }
}

/// Whether somebody touched the security key; so of all keys that are none.
fn touched(signature: &SshSig) -> bool {
    match signature.algorithm() {
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => {
            // One byte of flags and four of a counter end it.
            let flags = signature.signature_bytes().iter().nth_back(4);
            flags.is_some_and(|flags| flags & PRESENT != 0)
        }
        _ => true,
    }
}
