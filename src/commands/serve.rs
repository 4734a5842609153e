//! `serve`: run the audit API on a store.

mod process;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::commands::connect::{self, DEFAULT_SLUG, Need};
use crate::commands::serve::process::Certificate;
use crate::commands::{Context, target, token};
use crate::error::Failure;
use crate::model::redaction::Redaction;
use crate::model::words::Scope;
use crate::server::{self, Listeners, MAX_CONNECTIONS, Settings};
use crate::store::Store;
use crate::terminal::logs::{self, LogFormat, LogLevel};
use crate::{exit, store};

/// How often what has expired is swept.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// Run the audit API on a store
///
/// Prints `listening on http://ADDRESS` to stdout once it answers, and logs to stderr. Stops on SIGTERM or Ctrl-C once
/// running requests have finished; on SIGHUP reads the certificate and its key again. On an empty store it makes the organization `default` and an admin token, which is
/// shown once on a terminal or written to --token-out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit serve --store sqlite:/var/lib/krosyn-audit/audit.db --token-out admin.token\n  krosyn-audit serve --listen 0.0.0.0:7744 --tls-cert chain.pem --tls-key key.pem"
)]
pub(crate) struct ServeArgs {
    /// The store: sqlite:PATH or postgres://… (default: SQLite in the platform's data directory)
    #[arg(long, value_name = "URL")]
    store: Option<String>,

    /// Make the directory of a SQLite store that is not there
    #[arg(long)]
    create: bool,

    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7744", value_parser = listen)]
    listen: SocketAddr,

    /// Answer /metrics on this address, over plain HTTP: they count all organizations together. A port alone is on
    /// loopback (default: nowhere)
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    metrics_listen: Option<SocketAddr>,

    /// The certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// A proxy in front speaks TLS: listen on other addresses than loopback without it
    #[arg(long, conflicts_with = "tls_cert")]
    behind_proxy: bool,

    /// Write the first admin token to this file, mode 0600
    #[arg(long, value_name = "FILE")]
    token_out: Option<PathBuf>,

    /// A further key that names a credential, in any spelling, never to be kept (can be repeated)
    #[arg(long, value_name = "NAME")]
    redact: Vec<String>,

    /// Do not delete by itself what has expired; prunes by hand still do
    #[arg(long)]
    no_sweep: bool,

    /// How many requests a second each token may make, and twice as many at once; 0 is any number
    #[arg(long, value_name = "N", default_value_t = 1000)]
    rate_limit: u32,

    /// How many wrong tokens a minute each address may send before it is answered 429 for a while, whatever it sends; 0 is
    /// any number
    #[arg(long, value_name = "N", default_value_t = 30)]
    wrong_token_limit: u32,

    /// How many connections there may be at once; more are answered 503
    #[arg(long, value_name = "N", default_value_t = MAX_CONNECTIONS, value_parser = connections)]
    max_connections: usize,

    /// How many seconds a question may take before it is stopped and answered 503; 0 is any time
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    query_timeout: u64,

    /// How to log: text, json
    #[arg(long, value_name = "FORM", default_value = "text", hide_possible_values = true)]
    log: LogWord,

    /// What to log: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL", default_value = "info", hide_possible_values = true)]
    log_level: LevelWord,
}

fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .map_err(|error| Failure::new(exit::FAILED, format!("cannot listen on {address}: {error}")))
}

/// An address and a port; a port alone, or `localhost`, is this machine's loopback.
fn listen(text: &str) -> Result<SocketAddr, &'static str> {
    let text = text.strip_prefix("localhost:").unwrap_or(text);
    let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let address = text.parse().ok().or_else(|| text.trim_start_matches(':').parse().ok().map(loopback));
    address.ok_or("expected an address and a port, such as 127.0.0.1:7744, or a port")
}

/// A number of connections that somebody can use.
fn connections(text: &str) -> Result<usize, &'static str> {
    text.parse()
        .ok()
        .filter(|number| (1..=1_000_000).contains(number))
        .ok_or("expected a number from 1 to 1000000")
}

/// A form of log.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogWord {
    Text,
    Json,
}

/// A level of log.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LevelWord {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl ServeArgs {
    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// [`Failure`], before the ready line for anything that is wrong with the settings.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if !self.listen.ip().is_loopback() && self.tls_cert.is_none() && !self.behind_proxy {
            let message = format!(
                "{} can be reached from other machines, and tokens would cross the network in clear",
                self.listen
            );
            return Err(Failure::usage(message)
                .hint("give --tls-cert and --tls-key, or --behind-proxy when a proxy in front speaks TLS"));
        }
        process::without_core_dumps()?;
        let connections = process::connections_within_limit(self.max_connections)?;
        let (tls, certificate) = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let served = server::tls(certificate, key).await?;
                let (certificate, key) = (certificate.clone(), key.clone());
                (Some(served.clone()), Some(Certificate { served, certificate, key }))
            }
            _ => (None, None),
        };
        let url = match &self.store {
            Some(url) => target::whole_url(context, url)?,
            None => target::default_store(context)?,
        };
        let need = if self.create { Need::CreateDirectory } else { Need::Create };
        if url.strip_prefix("sqlite:").is_some_and(|path| !Path::new(path).exists()) {
            self.can_tell_a_token(context)?;
        }
        let listener = bind(self.listen)?;
        let metrics = self.metrics_listen.map(bind).transpose()?;
        let address = listener.local_addr()?;
        // Before the store is opened: it logs what an operator should know of it.
        self.start_log();
        connections.warning.iter().for_each(|warning| tracing::warn!("{warning}"));
        let store = connect::open(context, &url, need).await;
        let store = store.map_err(|failure| match failure.exit {
            exit::NOT_FOUND => failure.hint("or let the server make it: --create"),
            _ => failure,
        })?;
        let lock = match store::lock_for_serving(&url) {
            Ok(lock) => lock,
            Err(error) => {
                store.close().await;
                return Err(error.into());
            }
        };
        self.first_start(context, store.as_ref()).await?;
        tracing::info!(store = store::without_password(&url), %address, "serving");
        if let Some(metrics) = &metrics {
            tracing::info!(address = %metrics.local_addr()?, "answering /metrics");
        }

        // Before the ready line: whoever has read it may ask for the end at once.
        let (stop, others) = (process::stop_signal()?, process::other_signals(certificate)?);
        let scheme = if tls.is_some() { "https" } else { "http" };
        writeln!(context.terminal.data(), "listening on {scheme}://{address}")?;
        context.terminal.flush()?;
        let settings = Settings {
            redaction: Redaction::new(&self.redact),
            sweep_every: (!self.no_sweep).then_some(SWEEP_EVERY),
            wrong_tokens_a_minute: NonZeroU32::new(self.wrong_token_limit),
            requests_a_second: NonZeroU32::new(self.rate_limit),
            behind_proxy: self.behind_proxy,
            max_connections: connections.most,
            query_timeout: Some(Duration::from_secs(self.query_timeout)).filter(|time| !time.is_zero()),
            notes_time: true,
            ..Settings::new(context.clock.clone())
        };
        let others = tokio::spawn(others);
        let listeners = Listeners { api: listener, tls, metrics };
        let served = server::serve(listeners, store, settings, stop).await;
        others.abort();
        served?;
        drop(lock);
        tracing::info!("stopped");
        Ok(exit::DONE)
    }

    fn start_log(&self) {
        let form = match self.log {
            LogWord::Text => LogFormat::Text,
            LogWord::Json => LogFormat::Json,
        };
        logs::start(
            form,
            match self.log_level {
                LevelWord::Error => LogLevel::ERROR,
                LevelWord::Warn => LogLevel::WARN,
                LevelWord::Info => LogLevel::INFO,
                LevelWord::Debug => LogLevel::DEBUG,
                LevelWord::Trace => LogLevel::TRACE,
            },
        );
    }

    /// Refuses an empty store whose first token could be given to nobody.
    fn can_tell_a_token(&self, context: &Context) -> Result<(), Failure> {
        if self.token_out.is_none() && !context.terminal.err_is_terminal() {
            return Err(Failure::usage(
                "the store is empty, and there is no terminal to show its first token on",
            )
            .hint("--token-out FILE writes it there, mode 0600")
            .hint("or make both before: krosyn-audit org create, krosyn-audit token create"));
        }
        Ok(())
    }

    /// Makes an organization and a token for it on a store that has none.
    async fn first_start(&self, context: &mut Context, store: &dyn Store) -> Result<(), Failure> {
        if !store.organizations().await?.is_empty() {
            // A service is started again with the flags of its first start.
            if let Some(path) = self.token_out.as_deref().filter(|path| !path.exists()) {
                context.terminal.warn(&format!(
                    "no token was written to {}: --token-out is for the first start, and this store has organizations",
                    path.display()
                ));
                context.terminal.hint("`krosyn-audit token create --token-out FILE` makes another");
            }
            return Ok(());
        }
        self.can_tell_a_token(context)?;
        // First of all: a token that finds no place would leave a store that nobody can open.
        let place = self
            .token_out
            .as_deref()
            .map(|path| Ok::<_, Failure>((path, token::private_file(path)?)))
            .transpose()?;
        let now = context.time.now;
        let (organization, is_made_here) = connect::first_organization(store, now).await?;
        if !is_made_here {
            if let Some((path, _)) = place {
                std::fs::remove_file(path).map_err(|error| token::unwritten(path, &error))?;
            }
            context.terminal.show(&format!(
                "another server has just made the organization {DEFAULT_SLUG} and its admin token: this one made none"
            ));
            return Ok(());
        }
        let by = token::account(context);
        let made = token::make(store, organization.id, "admin", Scope::ALL, by, None, now).await?;
        let plan = organization.retention.plan;
        context.terminal.show(&format!(
            "made the organization {DEFAULT_SLUG} on the {plan} plan; `krosyn-audit org` changes it"
        ));
        match place {
            Some((path, mut file)) => {
                writeln!(file, "{}", made.expose()).map_err(|error| token::unwritten(path, &error))?;
                context.terminal.show(&format!("its admin token is in {}", path.display()));
            }
            None => context.terminal.show(&format!("its admin token, shown this once: {}", made.expose())),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_short() {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 7744));
        for text in ["127.0.0.1:7744", "localhost:7744", ":7744", "7744"] {
            assert_eq!(listen(text), Ok(local), "{text}");
        }
        assert_eq!(listen("[::]:0").map(|it| it.port()), Ok(0));
        assert!(listen("here").is_err() && listen("example.com:1").is_err());
    }
}
