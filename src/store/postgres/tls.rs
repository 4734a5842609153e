//! TLS to the database: how much of a server's certificate is checked, as `sslmode` says. It opens no connection.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::postgres::address::{CertificateCheck, DatabaseAddress};
use crate::tls::{ReviewingVerifier, client_config};

/// How connections to this address are encrypted.
///
/// # Errors
/// Which file of authorities cannot be used, and why.
pub(super) fn connector(address: &DatabaseAddress) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match address.check {
        CertificateCheck::Nothing => Arc::new(Unchecked(Arc::clone(&provider))),
        CertificateCheck::Authority => {
            Arc::new(ReviewingVerifier { usual: authorities(address, &provider)?, review: accept_any_host })
        }
        CertificateCheck::Full => authorities(address, &provider)?,
    };
    let config = client_config(provider, verifier).map_err(|error| error.to_string())?;
    Ok(MakeRustlsConnect::new(config))
}

/// Checks certificates against the named file, or against what the system trusts.
fn authorities(
    address: &DatabaseAddress,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let Some(path) = address.root_certificates() else {
        let verifier = Verifier::new(Arc::clone(provider)).map_err(|error| error.to_string())?;
        return Ok(Arc::new(verifier));
    };
    let unusable = |error: &dyn std::fmt::Display| format!("sslrootcert {}: {error}", path.display());
    let roots = read_roots(path).map_err(|error| unusable(&error))?;
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    builder.build().map(|it| it as Arc<dyn ServerCertVerifier>).map_err(|error| unusable(&error))
}

fn read_roots(path: &Path) -> Result<RootCertStore, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    Ok(roots)
}

/// Takes any certificate: `require` and `prefer` keep out those who only listen. The handshake's signatures are still
/// checked, or anybody could speak for a certificate that is not theirs.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// `verify-ca` checks who signed the certificate, and ignores the host name. The usual check looks at the name last, once
/// everything else is accepted.
fn accept_any_host(
    error: Error,
    _end_entity: &CertificateDer<'_>,
    _server_name: &ServerName<'_>,
) -> Result<ServerCertVerified, Error> {
    match error {
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Ok(ServerCertVerified::assertion()),
        error => Err(error),
    }
}
