//! Bearer tokens: 256 random bits that cannot be printed by accident, and the hash that is kept in their place.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// What every token of ours begins with, so that redaction and secret scanners know one when they see it.
const PREFIX: &str = "kra_";

/// A bearer token in clear. `Debug` shows nothing, and its memory is wiped when it goes.
#[derive(Clone)]
pub struct Token(SecretString);

/// A text that cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token is one line of visible ASCII characters")]
pub struct NotAToken;

impl Token {
    /// Makes a token of 256 random bits.
    ///
    /// # Errors
    /// The operating system's, when it has no randomness to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bits = zeroize::Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bits)?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*bits)).into()))
    }

    /// Takes a token as a person or a file gives it, without the line's end.
    ///
    /// # Errors
    /// [`NotAToken`] when it is blank or holds anything an HTTP header could not carry.
    pub fn read(text: &str) -> Result<Self, NotAToken> {
        let text = text.trim();
        let sound = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if sound { Ok(Self(text.to_owned().into())) } else { Err(NotAToken) }
    }

    /// The token in clear, for the one header or the one line that must carry it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// SHA-256: 256 random bits need no slow hash.
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
    fn tokens_differ_are_long_and_do_not_print() {
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
