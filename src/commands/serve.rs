//! `serve`: runs the audit API on a store.

mod demo;
mod process;
mod reload;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::commands::connect::{self, DEFAULT_SLUG, OpenMode};
use crate::commands::serve::reload::{ReloadedSettings, ServedCertificate, SettingsFile};
use crate::commands::{Context, target, token};
use crate::error::Failure;
use crate::model::redaction::Redaction;
use crate::model::words::Scope;
use crate::secret::Token;
use crate::server::{self, Listeners, MAX_CONNECTIONS, PageSettings, Settings};
use crate::store::{Organization, ServeLock, Store};
use crate::terminal::logs::{self, LogFormat, LogLevel};
use crate::{exit, store};

pub(super) use crate::commands::serve::process::bind;

/// How often expired entries are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// Run the audit API on a store
///
/// Prints `listening on http://ADDRESS` to stdout when it is ready, and logs to stderr. On SIGTERM or Ctrl-C it finishes
/// running requests and stops. On SIGHUP it reads the certificate, its key and the file of --settings again; a file that cannot
/// be used changes nothing. In an empty store it creates the organization `default` and an admin token, which is shown once on a
/// terminal or written to --token-out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit serve --store sqlite:/var/lib/krosyn-audit/audit.db --token-out admin.token\n  krosyn-audit serve --listen 0.0.0.0:7744 --tls-cert chain.pem --tls-key key.pem"
)]
pub(crate) struct ServeArgs {
    /// The store: sqlite:PATH or postgres://… (default: SQLite in the platform's data directory)
    #[arg(long, alias = "server", value_name = "URL")]
    store: Option<String>,

    /// Create the directory of a SQLite store if it is missing
    #[arg(long)]
    create: bool,

    /// The address to listen on; port 0 selects a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7744", value_parser = listen)]
    listen: SocketAddr,

    /// Serve /metrics on this address, over plain HTTP; metrics cover all organizations. A port alone means loopback
    /// (default: off)
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    metrics_listen: Option<SocketAddr>,

    /// The TLS certificate chain (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// A proxy in front handles TLS: allow plain HTTP on other addresses than loopback
    #[arg(long, conflicts_with = "tls_cert")]
    behind_proxy: bool,

    /// Write the first admin token to this file (mode 0600)
    #[arg(long, value_name = "FILE")]
    token_out: Option<PathBuf>,

    /// The Ed25519 private key (PKCS#8 in PEM) that signs checkpoints (default: a key in the store, generated on the first
    /// start)
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,

    /// Remember in this directory what the key of --signing-key has signed (default: the key's path with .signed)
    #[arg(long, value_name = "DIR", requires = "signing_key")]
    signed: Option<PathBuf>,

    /// Also redact values of this field name, in any spelling: they are never stored (can be repeated)
    #[arg(long, value_name = "NAME")]
    redact: Vec<String>,

    /// Settings that SIGHUP reads again (TOML): redact = ["NAME", …], in addition to --redact, and log_level = "LEVEL"
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// Do not delete expired entries automatically; `prune` still does
    #[arg(long)]
    no_sweep: bool,

    /// Requests per second allowed for each token, with bursts of twice as many; 0 means no limit, nor one on recorded reads
    #[arg(long, value_name = "N", default_value_t = 1000)]
    rate_limit: u32,

    /// Invalid tokens per minute allowed from each address; above that, its requests get status 429, except on
    /// connections that already used the same token. 0 means no limit
    #[arg(long, value_name = "N", default_value_t = 30)]
    wrong_token_limit: u32,

    /// Maximum number of connections; further ones get status 503
    #[arg(long, value_name = "N", default_value_t = MAX_CONNECTIONS, value_parser = connections)]
    max_connections: usize,

    /// Time limit of a query in seconds; a longer one is stopped and gets status 503. 0 means no limit
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    query_timeout: u64,

    /// Serve only the API, without the audit logs page for browsers
    #[arg(long)]
    no_page: bool,

    /// Log format: text, json
    #[arg(long, value_name = "FORM", default_value = "text", hide_possible_values = true, value_parser = log_form())]
    log: LogFormat,

    /// Log level: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL", default_value = "info", hide_possible_values = true, value_parser = log_level())]
    log_level: LogLevel,
}

/// An address and a port. A port alone, or with `localhost`, means loopback.
pub(super) fn listen(text: &str) -> Result<SocketAddr, &'static str> {
    let text = text.strip_prefix("localhost:").unwrap_or(text);
    let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let address = text.parse().ok().or_else(|| text.trim_start_matches(':').parse().ok().map(loopback));
    address.ok_or("expected an address and a port, such as 127.0.0.1:7744, or a port")
}

fn connections(text: &str) -> Result<usize, &'static str> {
    text.parse()
        .ok()
        .filter(|number| (1..=1_000_000).contains(number))
        .ok_or("expected a number from 1 to 1000000")
}

fn log_form() -> impl TypedValueParser<Value = LogFormat> {
    PossibleValuesParser::new(["text", "json"])
        .map(|word| if word == "json" { LogFormat::Json } else { LogFormat::Text })
}

fn log_level() -> impl TypedValueParser<Value = LogLevel> {
    PossibleValuesParser::new(["error", "warn", "info", "debug", "trace"]).try_map(|word| word.parse())
}

impl ServeArgs {
    /// Serves until a signal stops it. Wrong settings fail before the ready line is printed.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if context.demo {
            return match &self.store {
                Some(_) => Err(Failure::usage("--demo and --store cannot be used together")),
                None => demo::run(context, self.listen, (self.log, self.log_level)).await,
            };
        }
        self.check_encryption()?;
        process::without_core_dumps()?;
        let limit = process::connection_limit(self.max_connections)?;
        let signer =
            self.signing_key.as_deref().map(|key| server::signer(key, self.signed.as_deref())).transpose()?;
        let (tls, certificate) = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let served = server::tls(certificate, key).await?;
                let (certificate, key) = (certificate.clone(), key.clone());
                (Some(served.clone()), Some(ServedCertificate { served, certificate, key }))
            }
            _ => (None, None),
        };
        let file = self.settings.as_deref().map(SettingsFile::read).transpose()?.unwrap_or_default();
        let url = match &self.store {
            Some(url) => target::expand_home(context, url)?,
            None => target::default_store(context)?,
        };
        if url.strip_prefix("sqlite:").is_some_and(|path| !Path::new(path).exists()) {
            self.check_token_output(context)?;
        }
        let listener = bind(self.listen)?;
        let metrics = self.metrics_listen.map(bind).transpose()?;
        let address = listener.local_addr()?;
        // Before the store is opened, because opening it logs warnings.
        let reloaded = ReloadedSettings {
            certificate,
            file: self.settings.clone(),
            redact: self.redact.clone(),
            log_level: self.log_level,
            redaction: Redaction::default(),
            log: logs::start(self.log, file.log_level.unwrap_or(self.log_level)),
        };
        reloaded.apply(&file);
        let redaction = reloaded.redaction.clone();
        limit.warning.iter().for_each(|warning| tracing::warn!("{warning}"));
        let (store, lock) = self.open_store(context, &url).await?;
        self.initialize(context, store.as_ref()).await?;
        tracing::info!(store = store::without_password(&url), %address, "serving");
        if let Some(metrics) = &metrics {
            tracing::info!(address = %metrics.local_addr()?, "answering /metrics");
        }

        // Before the ready line: a signal may follow it immediately.
        let (stop, others) = (process::stop_signal()?, process::other_signals(reloaded)?);
        let scheme = if tls.is_some() { "https" } else { "http" };
        writeln!(context.terminal.data(), "listening on {scheme}://{address}")?;
        context.terminal.flush()?;
        if let Some(socket) = &context.environment.notify_socket
            && let Err(error) = process::notify_ready(socket)
        {
            tracing::warn!("cannot tell the service manager that the server is ready: {error}");
        }
        let settings =
            Settings { redaction, signer, max_connections: limit.most, ..self.server_settings(context) };
        let others = tokio::spawn(others);
        let listeners = Listeners { api: listener, tls, metrics };
        let served = server::serve(listeners, store, settings, stop).await;
        others.abort();
        served?;
        drop(lock);
        tracing::info!("stopped");
        Ok(exit::DONE)
    }

    /// Refuses to listen for other machines without encryption.
    fn check_encryption(&self) -> Result<(), Failure> {
        if self.listen.ip().is_loopback() || self.tls_cert.is_some() || self.behind_proxy {
            return Ok(());
        }
        let message =
            format!("{} is reachable from other machines, and tokens would be sent unencrypted", self.listen);
        Err(Failure::usage(message)
            .hint("give --tls-cert and --tls-key, or --behind-proxy if a proxy in front handles TLS"))
    }

    /// Opens the store, and locks it until the server ends.
    async fn open_store(&self, context: &mut Context, url: &str) -> Result<(Arc<Store>, ServeLock), Failure> {
        let mode = if self.create { OpenMode::CreateDirectory } else { OpenMode::Create };
        let store = connect::open(context, url, mode).await.map_err(|failure| match failure.exit {
            exit::NOT_FOUND => failure.hint("or let the server create it: --create"),
            _ => failure,
        })?;
        match store::lock_for_serving(url) {
            Ok(lock) => Ok((store, lock)),
            Err(error) => {
                store.close().await;
                Err(error.into())
            }
        }
    }

    /// The settings that flags give.
    fn server_settings(&self, context: &Context) -> Settings {
        // A proxy in front has the certificate, so that browsers see HTTPS.
        let is_https = self.tls_cert.is_some() || self.behind_proxy;
        Settings {
            sweep_every: (!self.no_sweep).then_some(SWEEP_EVERY),
            wrong_tokens_a_minute: NonZeroU32::new(self.wrong_token_limit),
            requests_a_second: NonZeroU32::new(self.rate_limit),
            behind_proxy: self.behind_proxy,
            page: (!self.no_page).then_some(PageSettings { is_https }),
            query_timeout: Some(Duration::from_secs(self.query_timeout)).filter(|time| !time.is_zero()),
            notes_time: true,
            host: Some(context.environment.host.clone().unwrap_or_else(|| "unknown".to_owned())),
            ..Settings::new(context.clock.clone())
        }
    }

    /// Fails if the first token of an empty store could not be shown or written.
    fn check_token_output(&self, context: &Context) -> Result<(), Failure> {
        if self.token_out.is_none() && !context.terminal.err_is_terminal() {
            return Err(Failure::usage(
                "the store is empty, and there is no terminal to show the first token on",
            )
            .hint("--token-out FILE writes it to a file (mode 0600)")
            .hint("or first create an organization and a token: krosyn-audit org create, krosyn-audit token create"));
        }
        Ok(())
    }

    /// Creates an organization and its admin token in an empty store.
    async fn initialize(&self, context: &mut Context, store: &Store) -> Result<(), Failure> {
        if !store.organizations().await?.is_empty() {
            // Services keep the flags of their first start, so this is only a warning.
            if let Some(path) = self.token_out.as_deref().filter(|path| !path.exists()) {
                context.terminal.warn(&format!(
                    "no token was written to {}: --token-out applies to an empty store, and this one has organizations",
                    path.display()
                ));
                context
                    .terminal
                    .hint("create another token with `krosyn-audit token create --token-out FILE`");
            }
            return Ok(());
        }
        self.check_token_output(context)?;
        // Open the file first: if the token cannot be written, the store would be inaccessible.
        let file = self.token_out.as_deref().map(|path| token::private_file(path).map(|file| (path, file)));
        let file = file.transpose()?;
        let first = first_token(context, store).await;
        if let (Ok(None) | Err(_), Some((path, _))) = (&first, &file) {
            std::fs::remove_file(path).map_err(|error| token::write_failure(path, &error))?;
        }
        let Some((organization, created)) = first? else {
            context.terminal.show(&format!(
                "another server has just created the organization {DEFAULT_SLUG} and its admin token"
            ));
            return Ok(());
        };
        let plan = organization.retention.plan;
        context.terminal.show(&format!(
            "created the organization {DEFAULT_SLUG} with plan {plan}; change it with `krosyn-audit org`"
        ));
        match file {
            Some((path, mut file)) => {
                writeln!(file, "{}", created.expose()).map_err(|error| token::write_failure(path, &error))?;
                context.terminal.show(&format!("admin token written to {}", path.display()));
            }
            None => context.terminal.show(&format!("admin token (shown only once): {}", created.expose())),
        }
        Ok(())
    }
}

/// Creates the first organization and its admin token. `None` if another server has just created one.
async fn first_token(context: &mut Context, store: &Store) -> Result<Option<(Organization, Token)>, Failure> {
    let (organization, is_created_here) = connect::first_organization(context, store).await?;
    if !is_created_here {
        return Ok(None);
    }
    let by = token::current_user(context);
    let created = token::create(context, store, organization.id, ("admin", Scope::ALL), by, None).await?;
    Ok(Some((organization, created)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_address_may_be_abbreviated() {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 7744));
        for text in ["127.0.0.1:7744", "localhost:7744", ":7744", "7744"] {
            assert_eq!(listen(text), Ok(local), "{text}");
        }
        assert_eq!(listen("[::]:0").map(|it| it.port()), Ok(0));
        assert!(listen("here").is_err() && listen("example.com:1").is_err());
    }
}
