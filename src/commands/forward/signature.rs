//! Signs webhooks as Standard Webhooks 1.0 says (github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over id,
//! timestamp and body. Thirty lines, tested with the vector of the reference libraries.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::commands::forward::address::read_private;
use crate::error::Failure;

const PREFIX: &str = "whsec_";
/// The shortest and longest secret, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The secrets that sign. While a secret is replaced, receivers know either the old or the new one.
pub(super) struct Secrets(Vec<Zeroizing<Vec<u8>>>);

impl Secrets {
    /// Reads a file of secrets, one a line.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = Zeroizing::new(read_private(path)?);
        Self::parse(&text).ok_or_else(|| {
            Failure::usage(format!("{} does not hold a secret of Standard Webhooks", path.display()))
                .hint("expected whsec_ and 24 to 64 bytes in base64, one secret per line; `openssl rand -base64 32` makes the part after whsec_")
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let secret = |line: &str| {
            let bytes = Zeroizing::new(STANDARD.decode(line.strip_prefix(PREFIX)?).ok()?);
            SECRET_BYTES.contains(&bytes.len()).then_some(bytes)
        };
        let secrets = lines.map(secret).collect::<Option<Vec<_>>>()?;
        (!secrets.is_empty()).then_some(Self(secrets))
    }

    /// The value of the header `webhook-signature`.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signature = |secret: &Zeroizing<Vec<u8>>| {
            // An HMAC takes keys of any length.
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body.as_bytes());
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        };
        self.0.iter().filter_map(signature).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the reference libraries' tests.
    #[test]
    fn signs_as_the_reference_libraries() {
        let secrets = Secrets::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("a secret");
        assert_eq!(
            secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_replaced_secret_signs_beside_the_new_one() {
        let [one, other] = [[1; 32], [2; 32]].map(|bytes| format!("whsec_{}", STANDARD.encode(bytes)));
        let sign = |text: &str| Secrets::parse(text).expect("secrets").sign("id", 1, "body");
        assert_eq!(sign(&format!("{one}\n\n{other}\n")), format!("{} {}", sign(&one), sign(&other)));
    }

    #[test]
    fn other_texts_are_no_secrets() {
        let short = format!("whsec_{}", STANDARD.encode([1; 23]));
        for text in ["", "\n", "whsec_", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &short] {
            assert!(Secrets::parse(text).is_none(), "{text:?}");
        }
    }
}
