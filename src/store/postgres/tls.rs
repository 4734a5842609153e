//! TLS to the database: how much of a server's certificate is checked, as `sslmode` says. It opens no connection.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::postgres::address::{Address, CertificateCheck};

/// How connections to this address are encrypted.
///
/// # Errors
/// Which file of authorities cannot be used, and why.
pub(super) fn connector(address: &Address) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match address.check {
        CertificateCheck::Nothing => {
            Arc::new(LenientVerifier { authorities: None, provider: Arc::clone(&provider) })
        }
        CertificateCheck::Authority => {
            let authorities = Some(authorities(address, &provider)?);
            Arc::new(LenientVerifier { authorities, provider: Arc::clone(&provider) })
        }
        CertificateCheck::Full => authorities(address, &provider)?,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Checks certificates against the named file, or against what the system trusts.
fn authorities(
    address: &Address,
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

/// Checks less than the usual: nothing (`require` and `prefer`, which keep out listeners only), or who signed the
/// certificate and not for which host (`verify-ca`). The handshake's signatures are always checked: otherwise a server
/// could present a certificate that is not its own.
#[derive(Debug)]
struct LenientVerifier {
    authorities: Option<Arc<dyn ServerCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for LenientVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authorities) = &self.authorities else { return Ok(ServerCertVerified::assertion()) };
        // The name is checked last, after everything else was found valid.
        match authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
