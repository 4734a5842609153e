//! TLS to a server: which certificates are trusted. Words for those that are not stand in `client::certificate`.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// The settings of TLS: what this machine trusts, HTTP/1.1.
///
/// # Errors
/// Why this machine's authorities cannot be used.
pub(super) fn config() -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let machine = Verifier::new(Arc::clone(&provider)).map_err(|error| match error {
        Error::General(words) => format!("{words} (SSL_CERT_FILE and SSL_CERT_DIR name other places)"),
        error => error.to_string(),
    })?;
    let trusted = Trusted { machine: Arc::new(machine), own: own_certificates };
    let mut config = with_verifier(provider, Arc::new(trusted)).map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn with_verifier(
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// The certificates that this machine, `SSL_CERT_FILE` or `SSL_CERT_DIR` names.
fn own_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// Trusts what the machine trusts, and a server's certificate that is itself among the machine's: `openssl req -x509`
/// makes one that is marked as an authority's, which the usual check refuses as a server's wherever it is trusted.
#[derive(Debug)]
struct Trusted {
    machine: Arc<dyn ServerCertVerifier>,
    own: fn() -> Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trusted {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged =
            self.machine.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match judged {
            // The times were found good before the mark was looked at. Of the certificate itself nobody needs to vouch
            // for, byte by byte, only the name is left to judge.
            Err(error) if is_authority_as_server(&error) && (self.own)().contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.machine.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.machine.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.machine.supported_verify_schemes()
    }
}

/// Tells whether a certificate was refused only because it is marked as an authority's.
fn is_authority_as_server(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::Other(other)) if other.0.to_string() == "CaUsedAsEndEntity")
}
