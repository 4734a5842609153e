//! Where a command talks to.

use std::path::PathBuf;

use clap::Args;
use url::Url;

/// Which server or store, and with which token.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]
    ///
    /// A URL is a remote audit API; plain http:// is taken only for this machine. sqlite:PATH and postgres://…
    /// start the same API in this process over that store, for this one command. Without it: the store in the platform's data directory.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,

    /// Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]
    #[arg(long, value_name = "PATH")]
    pub token_file: Option<PathBuf>,

    /// Which organization of a local store (needed when it holds several)
    #[arg(long, value_name = "SLUG")]
    pub org: Option<String>,

    /// Send the token over plain http:// to another machine
    #[arg(long)]
    pub insecure_http: bool,
}

/// What a server setting names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A remote audit API.
    Remote(Url),
    /// A store of this machine.
    Store(String),
    /// The demo organization.
    Demo,
}

impl ConnectionArgs {
    /// Tells what was named: by `--demo`, by `--server`, else by the environment, else nothing.
    ///
    /// # Errors
    /// A sentence when the setting cannot be used.
    pub fn target(&self, demo: bool, from_environment: Option<&str>) -> Result<Option<Target>, String> {
        if demo {
            return match &self.server {
                Some(_) => Err("--demo and --server name two different places".to_owned()),
                None => Ok(Some(Target::Demo)),
            };
        }
        let Some(text) = self.server.as_deref().or(from_environment) else { return Ok(None) };
        if text == "demo:" {
            return Ok(Some(Target::Demo));
        }
        if ["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| text.starts_with(scheme)) {
            return Ok(Some(Target::Store(text.to_owned())));
        }
        let url =
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url =
            url.ok_or_else(|| format!("{text:?} is no server: expected https://HOST, sqlite:PATH or demo:"))?;
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(
                "a server's address holds no user, password, query or fragment: tokens come by --token-file"
                    .to_owned(),
            );
        }
        if url.scheme() == "http" && !crate::client::is_loopback(&url) && !self.insecure_http {
            return Err(format!(
                "{url} would send the token in clear: use https://, or --insecure-http if you must"
            ));
        }
        Ok(Some(Target::Remote(url)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(server: &str) -> Result<Option<Target>, String> {
        ConnectionArgs { server: Some(server.to_owned()), ..ConnectionArgs::default() }.target(false, None)
    }

    #[test]
    fn tells_remote_store_and_demo_apart() {
        assert!(matches!(target("https://krosyn.example/audit"), Ok(Some(Target::Remote(_)))));
        assert!(matches!(target("http://127.0.0.1:7744"), Ok(Some(Target::Remote(_)))));
        assert!(matches!(target("http://localhost:7744"), Ok(Some(Target::Remote(_)))));
        assert_eq!(target("sqlite:/tmp/x.db"), Ok(Some(Target::Store("sqlite:/tmp/x.db".to_owned()))));
        assert_eq!(target("demo:"), Ok(Some(Target::Demo)));
        assert_eq!(ConnectionArgs::default().target(false, None), Ok(None));
        assert_eq!(ConnectionArgs::default().target(false, Some("demo:")), Ok(Some(Target::Demo)));
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
        let insecure = ConnectionArgs {
            server: Some("http://krosyn.example".into()),
            insecure_http: true,
            ..ConnectionArgs::default()
        };
        assert!(insecure.target(false, None).is_ok());
    }
}
