//! The client's wing: one method for each call of the contract. It knows no store, no server and no terminal.

mod certificate;
pub mod error;
pub mod follower;
mod http_log;
pub mod pages;
mod request;
mod tls;

use std::time::Duration;

use reqwest::{Method, Url};

use crate::api::account::Whoami;
use crate::api::counts::{Counts, CountsQuery};
use crate::api::page::Page;
use crate::api::prune::{PruneAnswer, PruneRequest, Prunes, RetentionAnswer};
use crate::api::query::{Query, filter_pairs};
use crate::api::record::LineAnswer;
use crate::api::routes;
use crate::client::error::ClientError;
use crate::client::request::Call;
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::model::filter::Filter;
use crate::secret::Token;

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may stand still.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A Krosyn audit API, and a token for it.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Token,
}

/// What became of one recording.
#[derive(Debug)]
pub enum Recorded {
    /// It is stored now.
    New(Box<Entry>),
    /// It was stored already.
    Known(Box<Entry>),
    /// Nothing was to be stored.
    Nothing,
}

impl Client {
    /// A client for the API at `base`, such as `https://krosyn.example`.
    ///
    /// # Errors
    /// [`ClientError::Setup`] when TLS cannot be set up.
    pub fn new(base: Url, token: Token) -> Result<Self, ClientError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("krosyn-audit/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if base.scheme() == "http" {
            // Loading the machine's certificates takes longer than the whole of most commands, and fails where none are
            // installed; a plain URL needs none.
            builder = builder.tls_certs_only(std::iter::empty());
        } else {
            let tls = tls::config().map_err(ClientError::Setup)?;
            builder = builder.tls_backend_preconfigured(tls);
        }
        if is_loopback(&base) {
            builder = builder.no_proxy().no_gzip().no_zstd();
        }
        let http = builder.build().map_err(|error| ClientError::Setup(error.to_string()))?;
        Ok(Self { http, base, token })
    }

    /// The same, with connections of its own.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn anew(&self) -> Result<Self, ClientError> {
        Self::new(self.base.clone(), self.token.clone())
    }

    /// The server, for messages.
    #[must_use]
    pub fn server(&self) -> &str {
        server_name(&self.base)
    }

    /// Reads one page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn page(&self, query: &Query) -> Result<Page, ClientError> {
        self.call(Method::GET, routes::AUDIT_LOGS).query(query.pairs()).json().await
    }

    /// Reads one page, as it came.
    async fn page_text(&self, query: &Query) -> Result<(u16, String), ClientError> {
        self.call(Method::GET, routes::AUDIT_LOGS).query(query.pairs()).text().await
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn entry(&self, id: u64) -> Result<Entry, ClientError> {
        self.call(Method::GET, &routes::AUDIT_LOG.replace("{id}", &id.to_string())).json().await
    }

    /// Counts by action, model type, user and day.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn facets(&self, filter: &Filter) -> Result<Facets, ClientError> {
        self.call(Method::GET, routes::FACETS).query(filter_pairs(filter)).json().await
    }

    /// Counts by one or two dimensions.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn counts(&self, query: &CountsQuery) -> Result<Counts, ClientError> {
        self.call(Method::GET, routes::COUNTS).query(query.pairs()).json().await
    }

    /// Tells what is kept, and what there is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn retention(&self) -> Result<RetentionAnswer, ClientError> {
        self.call(Method::GET, routes::RETENTION).json().await
    }

    /// Plans or runs a prune. A running prune answers when it is done, however long that takes.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn prune(&self, request: &PruneRequest) -> Result<PruneAnswer, ClientError> {
        let call = self.call(Method::POST, routes::PRUNE).body_json(request)?;
        let call = if request.dry_run { call.retried() } else { call.without_time_limit() };
        call.json().await
    }

    /// Lists past prunes.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn prunes(&self) -> Result<Prunes, ClientError> {
        self.call(Method::GET, routes::PRUNES).json().await
    }

    /// Tells who the token is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn whoami(&self) -> Result<Whoami, ClientError> {
        self.call(Method::GET, routes::WHOAMI).json().await
    }

    /// Records one entry, given as JSON that holds a uuid: a retry then records nothing twice.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn record(&self, proposal: String) -> Result<Recorded, ClientError> {
        let (status, text) = self
            .call(Method::POST, routes::AUDIT_LOGS)
            .body(proposal, "application/json")
            .retried()
            .text()
            .await?;
        let foreign = |error: serde_json::Error| ClientError::foreign(self.server(), status, &error);
        if let Ok(entry) = serde_json::from_str(&text) {
            return Ok(if status == 201 { Recorded::New(entry) } else { Recorded::Known(entry) });
        }
        serde_json::from_str::<crate::api::record::Unrecorded>(&text)
            .map(|_| Recorded::Nothing)
            .map_err(foreign)
    }

    /// Records many entries, one JSON text a line. One without a uuid gets one made of its content, so that a retry records
    /// nothing twice. The answers stand in the order of the lines.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn record_lines(&self, lines: String, dry_run: bool) -> Result<Vec<LineAnswer>, ClientError> {
        let options = vec![("dry_run", dry_run.to_string()), ("content_uuid", true.to_string())];
        let call = self.call(Method::POST, routes::AUDIT_LOGS).query(options);
        let (status, text) = call.body(lines, routes::NDJSON).retried().text().await?;
        let answers = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        answers.map_err(|error| ClientError::foreign(self.server(), status, &error))
    }

    fn call(&self, method: Method, path: &str) -> Call<'_> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        Call::new(self, method, url)
    }
}

/// A server as messages name it and as its token is kept under.
#[must_use]
pub fn server_name(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// Tells whether a URL leads back to this machine, where neither proxies nor compression help.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
