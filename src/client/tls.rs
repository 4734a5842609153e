//! TLS to a server: which certificates are trusted. The messages for refused certificates are in `client::certificate`.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerified;
use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, Error};
use rustls_platform_verifier::Verifier;

use crate::tls::{ReviewingVerifier, client_config};

/// Trusts the certificates that this machine trusts, and speaks HTTP/1.1.
///
/// # Errors
/// Why this machine's authorities cannot be used.
pub(super) fn config() -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let usual = Verifier::new(Arc::clone(&provider)).map_err(|error| match error {
        Error::General(words) => format!("{words} (SSL_CERT_FILE and SSL_CERT_DIR name other locations)"),
        error => error.to_string(),
    })?;
    let verifier = ReviewingVerifier { usual: Arc::new(usual), review: accept_listed_certificate };
    let mut config = client_config(provider, Arc::new(verifier)).map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Accepts a server certificate that is itself among those that this machine, `SSL_CERT_FILE` or `SSL_CERT_DIR` names.
/// `openssl req -x509` marks such a certificate as an authority's, and the usual check refuses that for a server.
fn accept_listed_certificate(
    error: Error,
    end_entity: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
) -> Result<ServerCertVerified, Error> {
    let is_authority_as_server = matches!(&error, Error::InvalidCertificate(CertificateError::Other(other))
        if other.0.to_string() == "CaUsedAsEndEntity");
    if !is_authority_as_server
        || !rustls_native_certs::load_native_certs().certs.iter().any(|it| it == end_entity)
    {
        return Err(error);
    }
    // The usual check had accepted the validity period before it looked at the mark. Only the name is left to check.
    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
    Ok(ServerCertVerified::assertion())
}
