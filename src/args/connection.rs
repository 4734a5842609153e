//! The flags that select the server or store and the token.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use url::Url;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// The audit API or store to use: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]
    ///
    /// An http(s) URL is a remote audit API; plain http:// is accepted only for this machine. sqlite:PATH and postgres://… start
    /// the same API in this process over that store, for this one command. Default: the profile's server, else that of the
    /// last login, else the store in the platform's data directory.
    #[arg(long, alias = "store", value_name = "URL")]
    pub server: Option<String>,

    /// Read the token from this file; - is stdin [env: KROSYN_AUDIT_TOKEN holds the token itself]
    #[arg(long, value_name = "PATH")]
    pub token_file: Option<PathBuf>,

    /// The organization of a local store (required if it holds several)
    #[arg(long, value_name = "SLUG")]
    pub org: Option<String>,

    /// Allow sending the token unencrypted (http://) to another machine
    #[arg(long)]
    pub insecure_http: bool,
}

/// Connection flags that take a value. Operator commands have --store and --org, too.
pub(crate) const WITH_VALUE: [&str; 4] = ["--server", "--store", "--token-file", "--org"];
/// Global flags that take a value.
pub(crate) const GLOBAL_WITH_VALUE: [&str; 5] = ["--color", "--theme", "--tz", "--time", "--profile"];
/// Commands with subcommands.
pub(crate) const GROUPS: [&str; 4] = ["hold", "org", "store", "token"];

/// Moves connection flags from before the command to after it, among its own flags.
pub(crate) fn behind_command(words: Vec<OsString>) -> Vec<OsString> {
    let (mut ordered, mut moved) = (Vec::new(), Vec::new());
    let mut words = words.into_iter();
    ordered.extend(words.next());
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        let (name, has_value) = text.split_once('=').map_or((text.as_str(), false), |(name, _)| (name, true));
        if !text.starts_with('-') {
            let is_group = GROUPS.contains(&text.as_str());
            ordered.push(word);
            if is_group {
                ordered.extend(words.next());
            }
            break;
        }
        let is_connection = WITH_VALUE.contains(&name) || name == "--insecure-http";
        let target = if is_connection { &mut moved } else { &mut ordered };
        target.push(word);
        if !has_value && (WITH_VALUE.contains(&name) || GLOBAL_WITH_VALUE.contains(&name)) {
            target.extend(words.next());
        }
    }
    ordered.extend(moved);
    ordered.extend(words);
    ordered
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerAddress {
    /// A remote audit API.
    Remote(Url),
    /// The URL of a store.
    Store(String),
    Demo,
}

impl ServerAddress {
    /// Parses a server address. Plain HTTP to another machine is an error unless `insecure_http` is set.
    pub(crate) fn parse(text: &str, insecure_http: bool) -> Result<Self, String> {
        if text == "demo:" {
            return Ok(Self::Demo);
        }
        if ["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| text.starts_with(scheme)) {
            return Ok(Self::Store(text.to_owned()));
        }
        let url =
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or_else(|| not_a_server(text))?;
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(
                "a server's address must not contain a user, password, query or fragment: give the token with --token-file"
                    .to_owned(),
            );
        }
        if url.scheme() == "http" && !crate::client::is_loopback(&url) && !insecure_http {
            return Err(format!(
                "{url} would send the token unencrypted: use https://, or allow it with --insecure-http"
            ));
        }
        Ok(Self::Remote(url))
    }
}

/// The message for an invalid address, with a suggestion for a local address without `http://`.
fn not_a_server(text: &str) -> String {
    let expected = "expected https://HOST, http:// on this machine, sqlite:PATH, postgres://… or demo:";
    let local = format!("http://{text}");
    let is_local = Url::parse(&local).is_ok_and(|url| crate::client::is_loopback(&url));
    let is_file = text.contains('/') || text.ends_with(".db") || text.ends_with(".sqlite");
    let is_host = !is_file && text.contains('.') && Url::parse(&format!("https://{text}")).is_ok();
    let meant = if is_local {
        Some(local)
    } else if is_file && !text.contains("://") {
        Some(format!("sqlite:{text}"))
    } else {
        is_host.then(|| format!("https://{text}"))
    };
    let suggestion = meant.map(|meant| format!(" (did you mean {meant}?)")).unwrap_or_default();
    format!("{text:?} is not a server address{suggestion}: {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_flags_before_the_command_move_behind_it() {
        let moved = |line: &str| {
            let words = behind_command(line.split(' ').map(Into::into).collect());
            words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
        };
        for (typed, expected) in [
            ("k --server sqlite:x list -n 1", "k list --server sqlite:x -n 1"),
            ("k --tz utc --org=acme --insecure-http list", "k --tz utc list --org=acme --insecure-http"),
            ("k --store sqlite:x token list", "k token list --store sqlite:x"),
            ("k --server x hold list", "k hold list --server x"),
            ("k list --server x", "k list --server x"),
            ("k -v --demo list", "k -v --demo list"),
            ("k --server", "k --server"),
            ("k", "k"),
        ] {
            assert_eq!(moved(typed), expected, "{typed}");
        }
    }

    #[test]
    fn parses_remote_servers_stores_and_the_demo() {
        let target = |text| ServerAddress::parse(text, false);
        for remote in ["https://krosyn.example/audit", "http://127.0.0.1:7744", "http://localhost:7744"] {
            assert!(matches!(target(remote), Ok(ServerAddress::Remote(_))), "{remote}");
        }
        assert_eq!(target("sqlite:/tmp/x.db"), Ok(ServerAddress::Store("sqlite:/tmp/x.db".to_owned())));
        assert_eq!(target("demo:"), Ok(ServerAddress::Demo));
        for bad in [
            "krosyn.example",
            "http://krosyn.example",
            "ftp://x",
            "https://",
            "https://ana:pw@krosyn.example",
            "https://k.example/?a=1",
        ] {
            assert!(target(bad).is_err(), "{bad}");
        }
        assert!(ServerAddress::parse("http://krosyn.example", true).is_ok());
        for local in ["127.0.0.1:7744", "localhost:7744"] {
            let message = target(local).expect_err("no scheme");
            assert!(message.contains(&format!("did you mean http://{local}?")), "{message}");
        }
        for (text, meant) in [
            ("krosyn.example", "https://krosyn.example"),
            ("/var/audit.db", "sqlite:/var/audit.db"),
            ("audit.db", "sqlite:audit.db"),
        ] {
            let message = target(text).expect_err("no scheme");
            assert!(message.contains(&format!("did you mean {meant}?")), "{message}");
        }
        assert!(!target("ftp://x").expect_err("no scheme").contains("did you mean"));
    }
}
