//! The API client: one method for each call. It knows no store, no server and no terminal.

mod certificate;
pub mod error;
pub mod follower;
mod holds;
mod http_log;
pub mod last_entry;
pub mod pages;
mod request;
pub mod rows;
mod tls;
pub(crate) mod transport;
pub mod tree;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use tokio::sync::watch;

use crate::api::account::{SessionLink, Whoami};
use crate::api::counts::{Counts, CountsQuery};
use crate::api::erase::{ErasureAnswer, ErasureRequest, Erasures};
use crate::api::page::Page;
use crate::api::prune::{PruneAnswer, PruneRequest, Prunes, RetentionAnswer};
use crate::api::purpose::ExportPurpose;
use crate::api::query::{Query, filter_pairs};
use crate::api::record::LineAnswer;
use crate::api::routes::{self, LogPaths};
use crate::api::rows::RowOptions;
use crate::client::error::ClientError;
use crate::client::request::{Answer, Call};
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::model::filter::Filter;
use crate::model::words::Log;
use crate::secret::Token;

pub use crate::client::transport::is_loopback;

/// A client for one Krosyn audit API, with its token.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Token,
    /// Sent with each page.
    purpose: Option<ExportPurpose>,
    /// The log that the client reads.
    log: Log,
}

/// The outcome of recording one entry.
#[derive(Debug)]
pub enum Recorded {
    /// The entry is new.
    New(Box<Entry>),
    /// An entry with this uuid exists already.
    Known(Box<Entry>),
    /// There was nothing to store.
    Nothing,
}

impl Client {
    /// Creates a client for the API at `base`, such as `https://krosyn.example`.
    ///
    /// # Errors
    /// [`ClientError::Setup`] when TLS cannot be set up.
    pub fn new(base: Url, token: Token) -> Result<Self, ClientError> {
        let http = transport::http_client(&base).map_err(ClientError::Setup)?;
        Ok(Self { http, base, token, purpose: None, log: Log::Audit })
    }

    /// Creates a client with separate connections.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_own_connections(&self) -> Result<Self, ClientError> {
        Ok(Self {
            purpose: self.purpose.clone(),
            log: self.log,
            ..Self::new(self.base.clone(), self.token.clone())?
        })
    }

    /// The same client, which tells the server that it reads pages for an export in this format.
    #[must_use]
    pub fn exporting(&self, format: &str) -> Self {
        Self { purpose: Some(ExportPurpose { format: Some(format.to_owned()) }), ..self.clone() }
    }

    /// The client, reading this log. A new client reads the audit log.
    #[must_use]
    pub fn reading(self, log: Log) -> Self {
        Self { log, ..self }
    }

    /// The log that the client reads.
    #[must_use]
    pub const fn log(&self) -> Log {
        self.log
    }

    const fn paths(&self) -> LogPaths {
        LogPaths::of(self.log)
    }

    /// The server's name for messages.
    #[must_use]
    pub fn server(&self) -> &str {
        server_name(&self.base)
    }

    /// Reads one page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn page(&self, query: &Query) -> Result<Page, ClientError> {
        let call = self.call(Method::GET, self.paths().list).purpose(self.purpose.as_ref());
        call.query(query.pairs()).json().await
    }

    /// Reads one page without parsing it, as rows if the server knows them. Announces the headers of its answer.
    async fn page_answer(
        &self,
        query: &Query,
        rows: Option<&RowOptions>,
        headers: watch::Sender<HeaderMap>,
    ) -> Result<Answer, ClientError> {
        let call = self.call(Method::GET, self.paths().list).purpose(self.purpose.as_ref());
        let call = call.query(query.pairs()).announce(headers);
        match rows {
            Some(rows) => call.query(rows.pairs()).accept(rows.form.media_type()).answer().await,
            None => call.answer().await,
        }
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn entry(&self, id: u64) -> Result<Entry, ClientError> {
        self.call(Method::GET, &self.paths().entry.replace("{id}", &id.to_string())).json().await
    }

    /// Counts by action, model type, user and day.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn facets(&self, filter: &Filter) -> Result<Facets, ClientError> {
        self.call(Method::GET, self.paths().facets).query(filter_pairs(filter)).json().await
    }

    /// Counts by one or two dimensions.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn counts(&self, query: &CountsQuery) -> Result<Counts, ClientError> {
        self.call(Method::GET, self.paths().counts).query(query.pairs()).json().await
    }

    /// Returns the retention and the number of kept and expired entries.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn retention(&self) -> Result<RetentionAnswer, ClientError> {
        self.call(Method::GET, self.paths().retention).json().await
    }

    /// Plans or runs a prune. A run is answered when it is done, so there is no time limit.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn prune(&self, request: &PruneRequest) -> Result<PruneAnswer, ClientError> {
        let call = self.call(Method::POST, routes::PRUNE).body_json(request)?;
        let call = if request.dry_run { call.with_retries() } else { call.without_time_limit() };
        call.json().await
    }

    /// Lists past prunes.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn prunes(&self) -> Result<Prunes, ClientError> {
        self.call(Method::GET, self.paths().prunes).json().await
    }

    /// Plans or runs an erasure. A run is answered when it is done, so there is no time limit.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn erase(&self, request: &ErasureRequest) -> Result<ErasureAnswer, ClientError> {
        let call = self.call(Method::POST, routes::ERASURES).body_json(request)?;
        let call = if request.dry_run { call.with_retries() } else { call };
        // A plan reads both logs.
        call.without_time_limit().json().await
    }

    /// Lists erasures.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn erasures(&self) -> Result<Erasures, ClientError> {
        self.call(Method::GET, routes::ERASURES).json().await
    }

    /// Returns the token's organization, name and scopes.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn whoami(&self) -> Result<Whoami, ClientError> {
        self.call(Method::GET, routes::WHOAMI).json().await
    }

    /// Makes a one-time link that signs a browser in to the server's page. Returns its URL.
    ///
    /// # Errors
    /// [`ClientError`], also from servers without a page.
    pub async fn session_link(&self) -> Result<String, ClientError> {
        let link: SessionLink = self.call(Method::POST, routes::SESSION_LINK).json().await?;
        Ok(format!("{}{}", self.server(), link.path))
    }

    /// Records one entry. Its JSON must contain a uuid, so that a retry does not record it twice.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn record(&self, proposal: String) -> Result<Recorded, ClientError> {
        let (status, text) = self
            .call(Method::POST, routes::AUDIT_LOGS)
            .body(proposal, "application/json")
            .with_retries()
            .text()
            .await?;
        let unexpected = |error: serde_json::Error| ClientError::unexpected(self.server(), status, &error);
        if let Ok(entry) = serde_json::from_str(&text) {
            return Ok(if status == 201 { Recorded::New(entry) } else { Recorded::Known(entry) });
        }
        serde_json::from_str::<crate::api::record::Unrecorded>(&text)
            .map(|_| Recorded::Nothing)
            .map_err(unexpected)
    }

    /// Records many entries, one JSON text per line. An entry without a uuid gets one derived from its content, so that
    /// a retry does not record it twice. The responses are in the order of the lines.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn record_lines(&self, lines: String, dry_run: bool) -> Result<Vec<LineAnswer>, ClientError> {
        let options = vec![("dry_run", dry_run.to_string()), ("content_uuid", true.to_string())];
        let call = self.call(Method::POST, routes::AUDIT_LOGS).query(options);
        let (status, text) = call.body(lines, routes::NDJSON).with_retries().text().await?;
        let answers = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        answers.map_err(|error| ClientError::unexpected(self.server(), status, &error))
    }

    fn call(&self, method: Method, path: &str) -> Call<'_> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        Call::new(&self.http, &self.token, self.server(), method, url)
    }
}

/// The name of a server in messages and in the credentials file.
#[must_use]
pub fn server_name(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}
