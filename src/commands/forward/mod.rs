//! `forward`: follows a log and delivers each entry to another system: a webhook, syslog, OpenTelemetry, a file or a program.

mod address;
mod delivery;
mod delivery_error;
mod destination;
mod event;
mod file;
mod http;
mod metrics;
mod otlp;
mod program;
mod progress;
mod signature;
mod stop;
mod syslog;
mod syslog_message;
mod syslog_unix;
mod unit;
mod webhook;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use url::Url;

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::client::error::ClientError;
use crate::client::follower::Follower;
use crate::client::last_entry::LogPosition;
use crate::client::transport::retry_delays;
use crate::client::{Client, is_loopback};
use crate::commands::Context;
use crate::commands::connect::connect_to_read;
use crate::commands::follow::cursor_of;
use crate::commands::forward::address::{Address, UrlSource, masked};
use crate::commands::forward::delivery::Forwarder;
use crate::commands::forward::destination::{Destination, DestinationOptions};
use crate::commands::forward::event::{DeliveryForm, Renderer};
use crate::commands::forward::metrics::Metrics;
use crate::commands::forward::progress::CursorProgress;
use crate::commands::forward::signature::Secrets;
use crate::commands::forward::stop::Stop;
use crate::commands::output::empty;
use crate::commands::serve::{bind, listen};
use crate::error::Failure;
use crate::exit;
use crate::model::filter::Filter;
use crate::model::page::{MAX_LIMIT, Order};
use crate::model::prune::Pruned;
use crate::render::filter_summary::describe_in;

const DEFAULT_FORM: DeliveryForm = DeliveryForm::Json;
const DEFAULT_INTERVAL: u64 = 2;

/// Deliver each new entry to a webhook, syslog, OpenTelemetry, a file or a program
///
/// Follows the log like `list --follow`, and delivers each matching entry at least once and in order; a repeated
/// delivery has the same uuid. The cursor file moves only after a delivery. A server or destination that does not answer is tried
/// again until it does. A notice replaces entries that were pruned before they could be delivered; when the command ends, its exit
/// code is then 3. SIGTERM finishes what is in flight, for 5 seconds at most. With --until, the command exits 9 if the server cannot be reached at the start. Entries recorded before the last delivered one, but with a time after
/// --until, are not skipped: the next run starts before them, and may repeat others.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit forward --to syslog:127.0.0.1:514 --cursor-file siem.cursor\n  krosyn-audit forward --demo --from beginning --until now --as ecs --to file:all.ndjson"
)]
pub(crate) struct ForwardArgs {
    /// The destination: webhook:URL, syslog:HOST:PORT (TCP), syslog+tls:HOST:PORT, syslog+unix:PATH, otlp:URL, file:PATH or
    /// exec:PROGRAM; webhook:@FILE and otlp:@FILE read the URL from a file
    #[arg(long, value_name = "DESTINATION")]
    to: TypedAddress,

    /// The format of a delivered entry
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = DEFAULT_FORM)]
    form: DeliveryForm,

    /// The most entries in one delivery (default: webhook 1, otlp 500, other destinations all waiting entries). If
    /// given, a webhook gets a JSON list, even of one entry
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_LIMIT)))]
    batch: Option<u32>,

    /// Sign webhooks with the secret in this file: whsec_… of Standard Webhooks. To rotate it, put
    /// the new and the old secret in the file, one per line: both sign
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Save the position in this file, and continue from it the next time; each destination needs a file of its own
    #[arg(long, value_name = "FILE")]
    cursor_file: Option<PathBuf>,

    /// Where to start if no position is saved: an entry's id, beginning or now [default: now]
    #[arg(long, value_name = "ID|beginning|now")]
    from: Option<From>,

    /// Seconds between two requests for new entries
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_INTERVAL, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,

    /// Serve /metrics on this address over plain HTTP: lag, deliveries and the last error. A port alone means loopback
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    metrics: Option<SocketAddr>,

    /// Print a systemd unit that runs this command, and deliver nothing
    #[arg(long)]
    print_systemd: bool,

    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The destination, or what is wrong with it. The parser of the command line would repeat a wrong value, which may be a secret.
#[derive(Debug, Clone)]
struct TypedAddress(Result<Address, String>);

impl FromStr for TypedAddress {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.parse()))
    }
}

impl TypedAddress {
    fn address(&self) -> Result<&Address, Failure> {
        self.0.as_ref().map_err(|cause| {
            Failure::usage(format!("invalid --to: {cause}"))
                .hint("the value is not shown: it may hold a secret")
        })
    }
}

/// `--from`: where the first run starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Now,
    Beginning,
    Id(u64),
}

impl FromStr for From {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "now" => Ok(Self::Now),
            "beginning" => Ok(Self::Beginning),
            _ => {
                let id = text.parse().ok().filter(|id| *id > 0);
                id.map(Self::Id).ok_or("expected the id of an entry, beginning or now")
            }
        }
    }
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::Beginning => f.write_str("beginning"),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

impl ForwardArgs {
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        self.check()?;
        if self.print_systemd {
            return self.print_unit(context);
        }
        // Before anything is opened: a signal may come at any time.
        let stop = Stop::listen(context.terminal.err_is_terminal())?;
        let prepared = tokio::select! {
            prepared = self.prepare(context, stop.clone()) => prepared?,
            () = stop.requested() => return Ok(exit::DONE),
        };
        let (mut forwarder, mut follower) = prepared;
        let outcome = forwarder.run(context, &mut follower, Duration::from_secs(self.interval)).await;
        let is_used = forwarder.finish(context).await;
        Ok(if is_used { outcome? } else { outcome?.max(exit::FAILED) })
    }

    /// Refuses flags that the destination cannot use.
    fn check(&self) -> Result<(), Failure> {
        let is_webhook = matches!(self.to.address()?, Address::Webhook(_));
        if self.form == DeliveryForm::Slack && !is_webhook {
            return Err(Failure::usage("--as slack is the body of a webhook: use it with --to webhook:URL"));
        }
        if self.secret_file.is_some() && !is_webhook {
            return Err(Failure::usage("--secret-file signs webhooks: use it with --to webhook:URL"));
        }
        Ok(())
    }

    async fn prepare(&self, context: &mut Context, stop: Stop) -> Result<(Forwarder, Follower), Failure> {
        let to = self.to.address()?;
        let secrets = self.secret_file.as_deref().map(Secrets::read).transpose()?;
        let (client, filter) = connect_to_read(context, &self.connection, &self.filter).await?;
        let batch = self.batch.and_then(|batch| usize::try_from(batch).ok());
        let organization = reach(context, &client, filter.until.is_some()).await?;
        let options = DestinationOptions {
            secrets,
            clock: context.clock.clone(),
            organization: organization.clone(),
            host: context.environment.host.clone().unwrap_or_default(),
        };
        let destination = Destination::new(to, options)?;
        let cursor = match &self.cursor_file {
            Some(path) => {
                let cursor = cursor_of(path, context, &self.connection, &client, &filter).await?;
                Some(cursor.for_destination(to.distinct_name()).open(path)?)
            }
            None => None,
        };
        let saved = cursor.as_ref().and_then(|cursor| cursor.resumed);
        let (position, pruned) = match saved {
            Some(position) => (position, None),
            None => self.from.unwrap_or(From::Now).position(&client).await?,
        };
        if let (Some(from), Some(position)) = (self.from, saved) {
            context.terminal.status(&format!(
                "--from {from} is ignored: the cursor file continues after entry {}",
                position.after_id
            ));
        }
        let metrics = self.metrics(context)?;
        if let Some(host) = unencrypted(to) {
            context.terminal.warn(&format!("entries are sent to {host} unencrypted"));
        }
        context.terminal.status(&self.describe((to, &client), &filter, position, context));
        if cursor.is_none() && filter.until.is_none() {
            context.terminal.status(
                "without --cursor-file, what is recorded while this command does not run is not delivered",
            );
        }
        let mut progress = CursorProgress::new(cursor, position);
        progress.save(&mut context.terminal);
        let renderer = Renderer { form: self.form, log: client.log(), organization };
        let follower = Follower::new(client, filter, position, context.clock.clone());
        let is_list = batch.is_some();
        let forwarder = Forwarder {
            batch: destination.batch(batch),
            destination,
            name: to.to_string(),
            renderer,
            is_list,
            progress,
            metrics,
            stop,
            has_gaps: false,
            repeats: 0,
            repeat_at: None,
        };
        Ok((forwarder, follower.without_reporting(pruned)))
    }

    /// The metrics, served on the address of `--metrics` if it is given.
    fn metrics(&self, context: &mut Context) -> Result<Arc<Metrics>, Failure> {
        let metrics = Arc::new(Metrics::new(context.clock.clone()));
        if let Some(address) = self.metrics {
            let listener = bind(address)?;
            let address = listener.local_addr()?;
            metrics::serve(listener, Arc::clone(&metrics))?;
            context.terminal.status(&format!("metrics on http://{address}/metrics"));
        }
        Ok(metrics)
    }

    fn describe(
        &self,
        (to, client): (&Address, &Client),
        filter: &Filter,
        position: LogPosition,
        context: &Context,
    ) -> String {
        let start = match position.after_id {
            0 if matches!(self.from, None | Some(From::Now)) => {
                format!("({} now)", empty(client.log()))
            }
            0 => "from the first entry".to_owned(),
            id => format!("after entry {id}"),
        };
        let query = describe_in(client.log(), filter, &context.time);
        let query = if query.is_empty() { query } else { format!(" · {query}") };
        format!("forwarding to {to} {start}{query}; Ctrl-C ends it")
    }
}

impl From {
    /// The position before the first entry to deliver, and what was pruned before anything was to be delivered.
    async fn position(self, client: &Client) -> Result<(LogPosition, Option<Pruned>), Failure> {
        // Without the filter: only where the log begins and ends is needed.
        let query = Query { order: Order::ById, limit: 1, after_id: Some(0), ..Query::default() };
        let page = client.page(&query).await?;
        if let Self::Id(id) = self {
            let (after_id, end) = (id.saturating_sub(1), page.page.as_of);
            if after_id > end {
                return Err(Failure::usage(format!(
                    "cannot start from entry {id}: the log ends at entry {end}"
                ))
                .hint("--from now starts with the next entry"));
            }
            return Ok((LogPosition { after_id, last: None }, None));
        }
        let after_id = if self == Self::Now { page.page.as_of } else { 0 };
        Ok((LogPosition { after_id, last: None }, page.pruned))
    }
}

/// Waits until the server answers, and returns the organization of the token. A command that ends by itself does not wait.
async fn reach(context: &mut Context, client: &Client, ends: bool) -> Result<String, Failure> {
    let mut is_told = false;
    for delay in retry_delays() {
        match client.whoami().await {
            Err(error @ ClientError::Unreachable { .. }) if !ends => {
                if !is_told {
                    context.terminal.status(&format!("{error}; trying again until it answers"));
                    is_told = true;
                }
                tokio::time::sleep(delay).await;
            }
            answer => return Ok(answer?.organization),
        }
    }
    Ok(client.whoami().await?.organization)
}

/// The host to which entries are sent without TLS over a network.
fn unencrypted(address: &Address) -> Option<String> {
    match address {
        Address::Syslog { host, is_tls: false, .. } => {
            let url = Url::parse(&format!("http://{host}")).ok()?;
            (!is_loopback(&url)).then(|| host.clone())
        }
        Address::Webhook(UrlSource::Typed(url)) | Address::Otlp(UrlSource::Typed(url)) => {
            (url.scheme() == "http" && !is_loopback(url)).then(|| masked(url))
        }
        _ => None,
    }
}
