//! Messages for TLS and certificate errors. The library's own messages are names of variants.

use std::io;

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error};

use crate::model::timestamp::Timestamp;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum TlsError {
    /// The certificate is not accepted.
    Untrusted(String),
    /// The handshake failed for another reason.
    Handshake(String),
}

impl TlsError {
    /// Finds a TLS error among the sources of an error.
    pub(super) fn within(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if let Some(fault) = error.downcast_ref::<Error>() {
            return Some(Self::of(fault));
        }
        // `source` of an I/O error skips the error that it wraps.
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let inside = inside.map(|inside| inside as &(dyn std::error::Error + 'static));
        inside.or(error.source()).and_then(Self::within)
    }

    fn of(error: &Error) -> Self {
        let handshake = |words: &str| Self::Handshake(words.to_owned());
        match error {
            Error::InvalidCertificate(fault) => Self::Untrusted(sentence(fault)),
            Error::NoCertificatesPresented => Self::Untrusted("it has no certificate".to_owned()),
            Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
                handshake("it does not speak TLS: try an http:// URL")
            }
            Error::PeerIncompatible(_) | Error::NoApplicationProtocol => {
                handshake("it supports neither TLS 1.2 nor 1.3")
            }
            Error::AlertReceived(alert) => {
                Self::Handshake(format!("it aborted the TLS handshake ({})", words(&format!("{alert:?}"))))
            }
            _ => handshake("its TLS handshake is invalid"),
        }
    }
}

fn sentence(fault: &CertificateError) -> String {
    use CertificateError as It;
    let plain = match fault {
        It::UnknownIssuer => "its certificate is not signed by an authority that this machine trusts",
        It::Expired => "its certificate has expired",
        It::ExpiredContext { not_after, .. } => {
            return format!(
                "its certificate expired at {}: is this machine's clock right?",
                moment(*not_after)
            );
        }
        It::NotValidYet => "its certificate is not valid yet: is this machine's clock right?",
        It::NotValidYetContext { not_before, .. } => {
            return format!(
                "its certificate is not valid before {}: is this machine's clock right?",
                moment(*not_before)
            );
        }
        It::NotValidForName => "its certificate is for another name",
        It::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "its certificate names no host: it needs a subjectAltName (the common name is ignored)"
        }
        It::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| plain_name(name)).collect();
            return format!("its certificate is for {}, not for {}", names.join(", "), expected.to_str());
        }
        It::Revoked => "its certificate was revoked",
        It::BadEncoding => "its certificate is malformed",
        It::BadSignature => "the signature of its certificate is invalid",
        It::UnhandledCriticalExtension => "its certificate has an unsupported critical extension",
        It::UnknownRevocationStatus | It::ExpiredRevocationList | It::ExpiredRevocationListContext { .. } => {
            "the revocation status of its certificate is unknown"
        }
        It::UnsupportedSignatureAlgorithmContext { .. }
        | It::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its certificate has an unsupported signature, such as SHA-1 or a short key"
        }
        It::InvalidPurpose | It::InvalidPurposeContext { .. } => "its certificate is not for servers",
        It::InvalidOcspResponse => "its OCSP response is invalid",
        It::ApplicationVerificationFailure => "its certificate is not accepted on this machine",
        It::Other(other) => match other.0.to_string().as_str() {
            "CaUsedAsEndEntity" => {
                "its certificate is marked as an authority's, as `openssl req -x509` makes it, and this machine does not trust it"
            }
            "certificate had invalid extensions" => "its certificate is not for servers",
            "UnsupportedCertVersion" => "its certificate is of an old version: it must be X.509 version 3",
            variant => return format!("its certificate is not accepted ({})", words(variant)),
        },
        _ => "its certificate has an unsupported signature",
    };
    plain.to_owned()
}

/// The plain name in the library's `DnsName("localhost")` or `IpAddress(127.0.0.1)`.
fn plain_name(name: &str) -> String {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(name).trim_matches('"').to_owned()
}

fn moment(time: UnixTime) -> String {
    let micros = i64::try_from(time.as_secs()).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
    micros
        .and_then(Timestamp::from_micros)
        .map_or_else(|| "another time".to_owned(), |moment| moment.to_string())
}

/// Splits a variant's name into words, such as `NameConstraintViolation`, without its arguments.
fn words(variant: &str) -> String {
    let name: String = variant.chars().take_while(char::is_ascii_alphanumeric).collect();
    let mut words = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    if words.is_empty() { "unknown reason".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rustls::pki_types::ServerName;
    use rustls::{AlertDescription, InvalidMessage, OtherError};

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Named(&'static str);

    fn other(name: &'static str) -> CertificateError {
        CertificateError::Other(OtherError(Arc::new(Named(name))))
    }

    #[test]
    fn every_certificate_error_has_a_plain_message() {
        use CertificateError as It;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(1_795_334_400));
        let expected = ServerName::try_from("audit.example").expect("a name");
        let presented = vec!["DnsName(\"localhost\")".to_owned(), "IpAddress(127.0.0.1)".to_owned()];
        let oid = vec![1, 2];
        let faults = [
            It::UnknownIssuer,
            It::Expired,
            It::ExpiredContext { time, not_after: time },
            It::NotValidYet,
            It::NotValidYetContext { time, not_before: time },
            It::NotValidForName,
            It::NotValidForNameContext { expected: expected.clone(), presented: Vec::new() },
            It::NotValidForNameContext { expected, presented },
            It::Revoked,
            It::BadEncoding,
            It::BadSignature,
            It::UnhandledCriticalExtension,
            It::UnknownRevocationStatus,
            It::ExpiredRevocationList,
            It::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: oid.clone(),
                public_key_algorithm_id: oid.clone(),
            },
            It::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: oid,
                supported_algorithms: vec![],
            },
            It::InvalidPurpose,
            It::InvalidOcspResponse,
            It::ApplicationVerificationFailure,
            other("CaUsedAsEndEntity"),
            other("certificate had invalid extensions"),
            other("NameConstraintViolation"),
            other("TrailingData(Certificate)"),
            other("Weird { a: [1], b: Some(2) }"),
        ];
        for fault in &faults {
            let sentence = sentence(fault);
            let is_debug =
                |text: &str| text.contains("::") || text.contains("Some") || text.contains(['{', '[']);
            assert!(!is_debug(&sentence), "{sentence}");
            // A variant's name has a capital letter inside a word.
            let camel = |pair: &[char]| pair[0].is_lowercase() && pair[1].is_uppercase();
            let letters: Vec<_> = sentence.replace("subjectAltName", "").chars().collect();
            assert!(!letters.windows(2).any(camel), "{sentence}");
        }
        assert_eq!(
            sentence(&faults[2]),
            "its certificate expired at 2026-11-22T08:00:00.000000Z: is this machine's clock right?"
        );
        assert_eq!(
            sentence(&faults[7]),
            "its certificate is for localhost, 127.0.0.1, not for audit.example"
        );
        assert_eq!(
            sentence(&other("NameConstraintViolation")),
            "its certificate is not accepted (name constraint violation)"
        );
        assert_eq!(
            sentence(&other("TrailingData(Certificate)")),
            "its certificate is not accepted (trailing data)"
        );
    }

    #[test]
    fn a_tls_error_is_found_inside_other_errors() {
        let tls = Error::InvalidCertificate(CertificateError::Revoked);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        assert_eq!(
            TlsError::within(&wrapped),
            Some(TlsError::Untrusted("its certificate was revoked".to_owned()))
        );
        assert_eq!(TlsError::within(&io::Error::other("no route")), None);
        for (error, words) in [
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "does not speak TLS"),
            (Error::AlertReceived(AlertDescription::HandshakeFailure), "(handshake failure)"),
            (Error::DecryptError, "handshake is invalid"),
        ] {
            let found = TlsError::within(&io::Error::other(error));
            assert!(matches!(&found, Some(TlsError::Handshake(said)) if said.contains(words)), "{found:?}");
        }
    }
}
