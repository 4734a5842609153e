//! One-time links that sign a browser in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::{Store, StoredSession};

/// 256 random bits as text, whose hash is stored.
pub(super) struct Secret(pub(super) String);

impl Secret {
    pub(super) fn generate() -> Result<Self, getrandom::Error> {
        let mut bits = zeroize::Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bits)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(*bits)))
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

/// Makes a link for the token with this hash. Returns its path and query.
///
/// # Errors
/// [`StoreError`], also when the operating system has no randomness.
pub async fn session_link(
    store: &Store,
    token_hash: [u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<String, StoreError> {
    let secret = Secret::generate().map_err(|error| StoreError::Failed(error.to_string()))?;
    let (hash, is_link) = (secret.hash(), true);
    let link = StoredSession { hash, is_link, token_hash, created_at: now, last_used_at: now, expires_at };
    store.add_session(link).await?;
    Ok(format!("/sign-in?link={}", secret.0))
}
