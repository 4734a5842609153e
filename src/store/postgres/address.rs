//! Parses a `postgres://…` URL as libpq does, with TLS by `sslmode`.
//!
//! No message of this file quotes the URL: its password must not be shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

/// How long to wait for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may be idle before a keepalive is sent.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How long sent data may stay unacknowledged before the connection counts as lost.
const UNCONFIRMED: Duration = Duration::from_secs(15);

/// How much of the server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CertificateCheck {
    /// Nothing: this protects against eavesdropping, not against impersonation.
    Nothing,
    /// Who signed it.
    Authority,
    /// Who signed it, and that it is for this host.
    Full,
}

/// Where and how to connect.
#[derive(Clone)]
pub(super) struct DatabaseAddress {
    pub(super) config: Config,
    pub(super) check: CertificateCheck,
    /// A PEM file of the authorities to trust, in place of the system's.
    pub(super) root_certificates: Option<PathBuf>,
}

impl DatabaseAddress {
    /// Parses a URL; fails with what is wrong, without its password.
    pub(super) fn read(url: &str) -> Result<Self, String> {
        // A host of `%2Fpath`, or none, is valid here; a strict URL parser would refuse it.
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut mode = "prefer".to_owned();
        let mut root_certificates = None;
        let mut rest = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sslmode" => mode = value.into_owned(),
                "sslrootcert" if value == "system" => {}
                "sslrootcert" => root_certificates = Some(PathBuf::from(&*value)),
                _ => drop(rest.append_pair(&name, &value)),
            }
        }
        let rest = rest.finish().replace('+', "%20");
        let mut config: Config = format!("{base}?{rest}").parse().map_err(|error| with_cause(&error))?;
        let (ssl_mode, check) = match mode.as_str() {
            "disable" => (SslMode::Disable, CertificateCheck::Nothing),
            "prefer" => (SslMode::Prefer, CertificateCheck::Nothing),
            "require" => (SslMode::Require, CertificateCheck::Nothing),
            "verify-ca" => (SslMode::Require, CertificateCheck::Authority),
            "verify-full" => (SslMode::Require, CertificateCheck::Full),
            _ => {
                return Err(format!(
                    "{mode:?} is no sslmode: expected disable, prefer, require, verify-ca or verify-full"
                ));
            }
        };
        if config.get_hosts().is_empty() {
            return Err("it names no host: expected postgres://USER@HOST/DATABASE, or ?host=/DIRECTORY of a Unix socket".to_owned());
        }
        config.ssl_mode(ssl_mode).keepalives_idle(KEEPALIVE).tcp_user_timeout(UNCONFIRMED);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("krosyn-audit");
        }
        Ok(Self { config, check, root_certificates })
    }

    pub(super) fn root_certificates(&self) -> Option<&Path> {
        self.root_certificates.as_deref()
    }
}

/// An error with its causes: the outer one alone often says only that something failed.
pub(super) fn with_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> DatabaseAddress {
        DatabaseAddress::read(url).expect(url)
    }

    #[test]
    fn each_sslmode_has_its_meaning() {
        for (mode, ssl_mode, check) in [
            ("", SslMode::Prefer, CertificateCheck::Nothing),
            ("?sslmode=disable", SslMode::Disable, CertificateCheck::Nothing),
            ("?sslmode=prefer", SslMode::Prefer, CertificateCheck::Nothing),
            ("?sslmode=require", SslMode::Require, CertificateCheck::Nothing),
            ("?sslmode=verify-ca", SslMode::Require, CertificateCheck::Authority),
            ("?sslmode=verify-full&connect_timeout=2", SslMode::Require, CertificateCheck::Full),
        ] {
            let address = read(&format!("postgres://ana@db.example/audit{mode}"));
            assert_eq!((address.config.get_ssl_mode(), address.check), (ssl_mode, check), "{mode}");
        }
        let address = read("postgres://ana@db/x?sslmode=verify-full&sslrootcert=/etc/ca%20all.pem");
        assert_eq!(address.root_certificates(), Some(Path::new("/etc/ca all.pem")));
        assert_eq!(read("postgres://db/x?sslrootcert=system").root_certificates(), None);
    }

    #[test]
    fn errors_do_not_show_the_password() {
        for (url, words) in [
            ("postgres://ana:hunter2@db/x?sslmode=allow", "is no sslmode"),
            ("postgres://ana:hunter2@db/x?ssl=1", "ssl"),
            ("postgres://ana:hunter2@db:port/x", ""),
            ("postgres:///x", "names no host"),
        ] {
            let error = DatabaseAddress::read(url).err().unwrap_or_else(|| panic!("{url}"));
            assert!(error.contains(words) && !error.contains("hunter2"), "{url}: {error}");
        }
    }

    #[test]
    fn sockets_hosts_and_options_are_read_as_libpq_reads_them() {
        for url in ["postgres:///x?host=/run/pg", "postgres://%2Frun%2Fpg/x"] {
            let hosts = read(url).config.get_hosts().to_vec();
            assert_eq!(hosts, [tokio_postgres::config::Host::Unix("/run/pg".into())], "{url}");
        }
        let two = read("postgresql://ana@one,two:6432/x?target_session_attrs=read-write");
        assert_eq!((two.config.get_hosts().len(), two.config.get_ports()), (2, &[5432, 6432][..]));
    }
}
