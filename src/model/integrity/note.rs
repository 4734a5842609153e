//! Signed notes (C2SP `signed-note`) with Ed25519: the part that checkpoints need.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::model::integrity::checkpoint::Checkpoint;

/// The byte that names Ed25519 in keys.
const ED25519_TYPE: u8 = 1;
/// The start of a signature line.
const DASH: &str = "— ";
/// The largest note that is read. Witnesses may add signatures.
const MAX_LENGTH: usize = 64 * 1024;

/// The key that signs the checkpoints of a server. `Debug` hides it, and its memory is wiped on drop.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    secret: Zeroizing<[u8; 32]>,
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The operating system provides no randomness.
    #[error("no randomness: {0}")]
    Randomness(String),
    /// The 32 bytes are refused.
    #[error("not an Ed25519 key")]
    Invalid,
}

impl SigningKey {
    /// Generates a key.
    ///
    /// # Errors
    /// [`KeyError::Randomness`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret).map_err(|error| KeyError::Randomness(error.to_string()))?;
        Self::from_secret(&secret)
    }

    /// The key of a secret, which is the seed of RFC 8032.
    ///
    /// # Errors
    /// [`KeyError::Invalid`].
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(secret).map_err(|_| KeyError::Invalid)?;
        Ok(Self { pair, secret: Zeroizing::new(*secret) })
    }

    /// The key of a PKCS#8 document (RFC 8410), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// [`KeyError::Invalid`].
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document).map_err(|_| KeyError::Invalid)?;
        let seed = pair.seed().and_then(|seed| seed.as_be_bytes()).map_err(|_| KeyError::Invalid)?;
        let secret = seed.as_ref().try_into().map_err(|_| KeyError::Invalid)?;
        Ok(Self { pair, secret: Zeroizing::new(secret) })
    }

    /// The secret, for the store.
    #[must_use]
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The signed note of a checkpoint. The name of the key is the origin.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.to_string();
        let key = self.verifier(&checkpoint.origin);
        let mut signature = key.id.to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n{DASH}{} {}\n", key.name, STANDARD.encode(signature))
    }

    /// The public key, under the name of a log.
    #[must_use]
    pub fn verifier(&self, origin: &str) -> VerifierKey {
        let mut key = [0; 32];
        // The public half of a pair always has 32 bytes.
        key.copy_from_slice(&self.pair.public_key().as_ref()[..32]);
        VerifierKey::new(origin.to_owned(), key)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([hidden])")
    }
}

/// A public key under the name of a log. Its text is `NAME+ID+KEY`, the `vkey` of signed notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

/// The text is not a verifier key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a verifier key: expected NAME+ID+KEY, as `verify --print-key` prints it")]
pub struct InvalidKey;

/// Why a note is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text has another format.
    #[error("not a signed note")]
    Format,
    /// No signature is from this key.
    #[error("not signed by this key")]
    OtherKey,
    /// A signature names the key, but does not match.
    #[error("its signature does not match its text")]
    Signature,
    /// The signed text is not a checkpoint.
    #[error("the signed text is not a checkpoint")]
    NoCheckpoint,
    /// The checkpoint is about another log.
    #[error("it is a checkpoint of another log")]
    OtherLog,
}

impl VerifierKey {
    fn new(name: String, key: [u8; 32]) -> Self {
        let hash =
            Sha256::new_with_prefix(&name).chain_update([b'\n', ED25519_TYPE]).chain_update(key).finalize();
        let mut id = [0; 4];
        id.copy_from_slice(&hash[..4]);
        Self { name, id, key }
    }

    /// The name: the origin of the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same public key under the name of another log.
    #[must_use]
    pub fn renamed(&self, origin: &str) -> Self {
        Self::new(origin.to_owned(), self.key)
    }

    /// Checks the signature of a note, and returns its checkpoint. Signatures of other keys are ignored.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let is_control = |c: char| c < ' ' && c != '\n';
        if note.len() > MAX_LENGTH || note.contains(is_control) {
            return Err(NoteError::Format);
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Format)?;
        let (text, signatures) = (&note[..=end], &note[end + 2..]);
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Format)?;
        let mut is_signed = false;
        for line in signatures.split('\n') {
            let (name, signature) =
                line.strip_prefix(DASH).and_then(|line| line.split_once(' ')).ok_or(NoteError::Format)?;
            let signature = STANDARD.decode(signature).map_err(|_| NoteError::Format)?;
            let (id, signature) = signature.split_first_chunk().ok_or(NoteError::Format)?;
            if !is_name(name) {
                return Err(NoteError::Format);
            }
            if name == self.name && *id == self.id {
                let key = UnparsedPublicKey::new(&ED25519, &self.key);
                key.verify(text.as_bytes(), signature).map_err(|_| NoteError::Signature)?;
                is_signed = true;
            }
        }
        if !is_signed {
            return Err(NoteError::OtherKey);
        }
        let checkpoint = Checkpoint::read(text).ok_or(NoteError::NoCheckpoint)?;
        if checkpoint.origin == self.name { Ok(checkpoint) } else { Err(NoteError::OtherLog) }
    }
}

/// Key names have neither spaces nor plus signs.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, id, key } = self;
        let id = u32::from_be_bytes(*id);
        write!(f, "{name}+{id:08x}+{}", STANDARD.encode([&[ED25519_TYPE], &key[..]].concat()))
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        // A plus sign may be in the base64 of the key, but not before it.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidKey);
        };
        let key = STANDARD.decode(key).map_err(|_| InvalidKey)?;
        let Some((&ED25519_TYPE, key)) = key.split_first() else { return Err(InvalidKey) };
        let key = Self::new(name.to_owned(), key.try_into().map_err(|_| InvalidKey)?);
        if is_name(name) && key.to_string() == text { Ok(key) } else { Err(InvalidKey) }
    }
}

#[cfg(test)]
mod tests;
