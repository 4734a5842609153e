//! Builds HTTP clients, and explains why a connection failed. Forwarding connects to other systems by the same rules.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use reqwest::Url;
use rustls::ClientConfig;

use crate::client::certificate::TlsError;
use crate::client::tls;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_RETRY: Duration = Duration::from_millis(500);
/// The longest wait between two attempts.
pub(crate) const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// The waits between attempts that are repeated until one succeeds: twice as long each time, with jitter.
pub(crate) fn retry_delays() -> impl Iterator<Item = Duration> {
    let delays = ExponentialBuilder::default().with_min_delay(FIRST_RETRY).with_max_delay(LONGEST_RETRY);
    delays.with_jitter().without_max_times().build()
}

/// Creates a client for one host. It follows no redirects, because another host must not get the token.
///
/// # Errors
/// Why TLS cannot be set up.
pub(crate) fn http_client(base: &Url) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("krosyn-audit/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none());
    if base.scheme() == "http" {
        // Plain HTTP needs no certificates. Loading them takes longer than most commands, and fails where there are none
        // installed.
        builder = builder.tls_certs_only(std::iter::empty());
    } else {
        builder = builder.tls_backend_preconfigured(tls::config()?);
    }
    if is_loopback(base) {
        builder = builder.no_proxy().no_gzip().no_zstd();
    }
    builder.build().map_err(|error| error.to_string())
}

/// Returns whether a URL points to this machine, where neither proxies nor compression help.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The TLS configuration of a connection that does not speak HTTP.
///
/// # Errors
/// Why this machine's authorities cannot be used.
pub(crate) fn plain_tls() -> Result<ClientConfig, String> {
    let mut config = tls::config()?;
    config.alpn_protocols.clear();
    Ok(config)
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TransportError {
    /// The certificate is not accepted.
    Untrusted(String),
    /// The connection failed or broke.
    Network(String),
}

impl TransportError {
    /// Keeps the innermost message, because the outer ones repeat the URL.
    pub(crate) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        match TlsError::within(error) {
            Some(TlsError::Untrusted(words)) => return Self::Untrusted(words),
            Some(TlsError::Handshake(words)) => return Self::Network(words),
            None => {}
        }
        let mut innermost: &dyn std::error::Error = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        Self::Network(innermost.to_string())
    }
}

impl From<&reqwest::Error> for TransportError {
    fn from(error: &reqwest::Error) -> Self {
        Self::of(error)
    }
}
