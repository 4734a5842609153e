//! `--to`: where entries are forwarded. A URL may be a secret, so that only its host is ever printed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use url::Url;

use crate::commands::cursor_file::MARK;
use crate::config::credentials::refuse_readable_by_others;
use crate::error::Failure;

/// The port of syslog over TLS (RFC 5425).
const SYSLOG_TLS_PORT: u16 = 6514;
/// The path of logs under an OTLP endpoint.
pub(super) const OTLP_LOGS: &str = "/v1/logs";

/// A destination as it was typed.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    Webhook(UrlSource),
    Otlp(UrlSource),
    /// Host and port, and whether to use TLS.
    Syslog {
        host: String,
        port: u16,
        is_tls: bool,
    },
    /// The path of a datagram socket.
    SyslogUnix(PathBuf),
    File(PathBuf),
    /// A program and its arguments.
    Exec(Vec<String>),
}

/// A URL, or the file that holds it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum UrlSource {
    Typed(Url),
    File(PathBuf),
}

const EXPECTED: &str = "expected webhook:URL, syslog:HOST:PORT, syslog+tls:HOST:PORT, syslog+unix:PATH, otlp:URL, file:PATH or exec:PROGRAM";

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The text itself is not repeated: it may hold a credential.
        let Some((scheme, rest)) = text.split_once(':') else { return Err(EXPECTED.to_owned()) };
        if matches!(scheme, "http" | "https") {
            return Err(format!(
                "a URL needs the kind of its receiver before it, such as webhook:{scheme}://…"
            ));
        }
        match scheme {
            _ if rest.is_empty() => Err(EXPECTED.to_owned()),
            "webhook" => Ok(Self::Webhook(UrlSource::parse(rest)?)),
            "otlp" => Ok(Self::Otlp(UrlSource::parse(rest)?)),
            "syslog" => syslog(rest, false),
            "syslog+tls" => syslog(rest, true),
            "syslog+unix" => Ok(Self::SyslogUnix(rest.into())),
            "file" => Ok(Self::File(rest.into())),
            "exec" => {
                let words = shell_words::split(rest).map_err(|_| "exec: has an unclosed quote".to_owned())?;
                if words.is_empty() { Err(EXPECTED.to_owned()) } else { Ok(Self::Exec(words)) }
            }
            _ => Err(format!("unknown kind of destination: {EXPECTED}")),
        }
    }
}

fn syslog(text: &str, is_tls: bool) -> Result<Address, String> {
    // The URL type knows the brackets of IPv6 addresses.
    let url = Url::parse(&format!("syslog://{text}")).ok();
    let url = url.filter(|url| matches!(url.path(), "" | "/") && url.username().is_empty());
    let host = url.as_ref().and_then(Url::host_str).filter(|host| !host.is_empty());
    let port = url.as_ref().and_then(Url::port).or(is_tls.then_some(SYSLOG_TLS_PORT));
    match (host, port) {
        (Some(host), Some(port)) => Ok(Address::Syslog { host: host.to_owned(), port, is_tls }),
        _ => Err("expected a host and a port, such as syslog:127.0.0.1:514".to_owned()),
    }
}

impl UrlSource {
    fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix('@') {
            Some(path) => Ok(Self::File(path.into())),
            None => parse_url(text).map(Self::Typed).ok_or_else(|| {
                "expected an https:// or http:// URL, or @FILE to read the URL from a file".to_owned()
            }),
        }
    }

    /// The URL. A file must be private to its owner, and its content is never quoted.
    pub(super) fn read(&self) -> Result<Url, Failure> {
        let path = match self {
            Self::Typed(url) => return Ok(url.clone()),
            Self::File(path) => path,
        };
        let text = read_private(path)?;
        let invalid = || Failure::usage(format!("{} does not hold one https:// URL", path.display()));
        parse_url(text.trim()).ok_or_else(invalid)
    }
}

/// Reads a small file that only its owner can read.
pub(super) fn read_private(path: &Path) -> Result<String, Failure> {
    let read = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", &error))?;
    refuse_readable_by_others(path)?;
    Ok(read)
}

fn parse_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The URL that takes logs: an endpoint without a path is completed.
pub(super) fn otlp_logs(mut url: Url) -> Url {
    if matches!(url.path(), "" | "/") {
        url.set_path(OTLP_LOGS);
    }
    url
}

/// The URL without user, password, path and query.
pub(super) fn masked(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let rest = if matches!(url.path(), "" | "/") && url.query().is_none() { "" } else { "/…" };
    format!("{}://{host}{port}{rest}", url.scheme())
}

impl Address {
    /// The name, with a mark that tells URLs of one host apart, and programs by their arguments. The mark has 16 bits of a hash:
    /// enough to notice a mistake, and too few to guess a secret by it.
    pub(super) fn distinct_name(&self) -> String {
        let hidden = match self {
            Self::Webhook(UrlSource::Typed(url)) | Self::Otlp(UrlSource::Typed(url)) => url.to_string(),
            Self::Exec(words) => words.join("\0"),
            _ => return self.to_string(),
        };
        let hash = Sha256::digest(hidden);
        format!("{self}{MARK}{:02x}{:02x}", hash[0], hash[1])
    }
}

/// The name in messages, without secrets.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |source: &UrlSource| match source {
            UrlSource::Typed(url) => masked(url),
            UrlSource::File(path) => format!("@{}", path.display()),
        };
        match self {
            Self::Webhook(source) => write!(f, "webhook:{}", url(source)),
            Self::Otlp(source) => write!(f, "otlp:{}", url(source)),
            Self::Syslog { host, port, is_tls: false } => write!(f, "syslog:{host}:{port}"),
            Self::Syslog { host, port, is_tls: true } => write!(f, "syslog+tls:{host}:{port}"),
            Self::SyslogUnix(path) => write!(f, "syslog+unix:{}", path.display()),
            Self::File(path) => write!(f, "file:{}", path.display()),
            // Arguments may hold credentials.
            Self::Exec(words) => write!(f, "exec:{}", words.first().map_or("", String::as_str)),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_parsed_and_named_without_secrets() {
        for (text, shown) in [
            ("webhook:https://ana:hush@h.example/hush?k=hush", "webhook:https://h.example/…"),
            ("webhook:http://127.0.0.1:8080", "webhook:http://127.0.0.1:8080"),
            ("webhook:@/etc/slack.url", "webhook:@/etc/slack.url"),
            ("otlp:http://localhost:4318", "otlp:http://localhost:4318"),
            ("syslog:siem.example:514", "syslog:siem.example:514"),
            ("syslog:[::1]:514", "syslog:[::1]:514"),
            ("syslog+tls:siem.example", "syslog+tls:siem.example:6514"),
            ("syslog+unix:/dev/log", "syslog+unix:/dev/log"),
            ("file:/var/log/audit.jsonl", "file:/var/log/audit.jsonl"),
            ("exec:/bin/send --key 'hush hush'", "exec:/bin/send"),
        ] {
            let address: Address = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), shown);
        }
    }

    #[test]
    fn webhooks_of_one_host_have_distinct_names_without_secrets() {
        let name = |text: &str| text.parse::<Address>().expect(text).distinct_name();
        let names = ["webhook:https://h.example/hush-a", "webhook:https://h.example/hush-b"].map(name);
        assert_ne!(names[0], names[1]);
        assert_eq!(name("webhook:https://h.example/hush-a"), names[0]);
        assert!(names.iter().all(|name| name.starts_with("webhook:https://h.example/… #")), "{names:?}");
        assert_ne!(name("exec:/bin/send --key hush"), name("exec:/bin/send --key other"));
        assert_eq!(name("webhook:@/etc/slack.url"), "webhook:@/etc/slack.url", "its URL may be replaced");
    }

    #[test]
    fn bad_destinations_are_refused_without_repeating_them() {
        for text in [
            "hush",
            "https://h.example/hush",
            "webhook:hush",
            "webhook:ftp://hush",
            "otlp:",
            "syslog:hush",
            "syslog:hush:x",
            "syslog:a:1/hush",
            "exec:'hush",
            "exec: ",
            "kafka:hush",
        ] {
            let error = text.parse::<Address>().expect_err(text);
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn an_otlp_endpoint_gets_the_path_of_logs() {
        let logs = |text: &str| otlp_logs(Url::parse(text).expect("a URL")).to_string();
        assert_eq!(logs("http://localhost:4318"), "http://localhost:4318/v1/logs");
        assert_eq!(logs("https://otlp.example/tenant/v1/logs"), "https://otlp.example/tenant/v1/logs");
    }
}
