//! Bearer tokens: 256 random bits that cannot be printed by accident. Stores keep only the hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// The prefix by which redaction and secret scanners recognise our tokens.
const PREFIX: &str = "kra_";

/// A bearer token in plain text. `Debug` hides it, and its memory is wiped on drop.
#[derive(Clone)]
pub struct Token(SecretString);

/// The text is not a valid token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token is one line of visible ASCII characters")]
pub struct NotAToken;

impl Token {
    /// Generates a token of 256 random bits.
    ///
    /// # Errors
    /// The operating system's error when it cannot provide randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bits = zeroize::Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bits)?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*bits)).into()))
    }

    /// Parses the text of a token, as typed or as stored in a file. Surrounding whitespace is ignored.
    ///
    /// # Errors
    /// [`NotAToken`] when the text is blank or contains characters that an HTTP header cannot carry.
    pub fn read(text: &str) -> Result<Self, NotAToken> {
        let text = text.trim();
        let sound = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if sound { Ok(Self(text.to_owned().into())) } else { Err(NotAToken) }
    }

    /// The token in plain text, for the `Authorization` header and for `token create`.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The SHA-256 hash. Random tokens need no slow password hash.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.expose()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([hidden])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unique_long_and_hidden_from_debug() {
        let (one, other) = (Token::generate().expect("randomness"), Token::generate().expect("randomness"));
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), PREFIX.len() + 43);
        assert!(!format!("{one:?}").contains(one.expose()));
        let read = Token::read(&format!(" {}\r\n", one.expose())).expect("a token");
        assert_eq!(read.hash(), one.hash());
        assert!(crate::model::redaction::Redaction::default().text(one.expose()) == "[redacted]");
        for bad in ["", "\n", "two words", "a\nb", "é"] {
            assert!(Token::read(bad).is_err(), "{bad:?}");
        }
    }
}
