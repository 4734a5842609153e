//! A server on a free port over an empty store, with a clock that only the test moves, and its callers.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use krosyn_audit::client::Client;
use krosyn_audit::clock::Clock;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::trail::Actor;
use krosyn_audit::model::words::Scope;
use krosyn_audit::secret::Token;
use krosyn_audit::server::{self, Listeners, Settings};
use krosyn_audit::store::{self, OrgId, Organization, Store, StoredToken};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::answer::Answer;
use crate::support::entries::NOW;
use crate::support::stores::organization;

pub(crate) const LOGS: &str = "/api/v1/audit-logs";

/// A running server and its store.
pub(crate) struct TestServer {
    pub(crate) store: Arc<Store>,
    /// The organization most tests use, `acme`.
    pub(crate) org: OrgId,
    now: Arc<AtomicI64>,
    base: String,
    /// Where the metrics are.
    metrics: String,
    http: reqwest::Client,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    directory: Option<TempDir>,
}

impl TestServer {
    /// Over a store in memory.
    pub(crate) async fn new() -> Self {
        Self::over(store::open_in_memory().expect("a store"), None, |_, _| ()).await
    }

    /// Over a store in memory, with other settings.
    pub(crate) async fn with_settings(change: impl FnOnce(&mut Settings, &Organization)) -> Self {
        Self::over(store::open_in_memory().expect("a store"), None, change).await
    }

    /// Over a store in a file.
    pub(crate) async fn in_a_file() -> Self {
        Self::in_a_file_with(|_, _| ()).await
    }

    /// Over a store in a file, with other settings.
    pub(crate) async fn in_a_file_with(change: impl FnOnce(&mut Settings, &Organization)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite:{}", directory.path().join("audit.db").display());
        Self::over(store::open(&url).await.expect("a store"), Some(directory), change).await
    }

    async fn over(
        store: Arc<Store>,
        directory: Option<TempDir>,
        change: impl FnOnce(&mut Settings, &Organization),
    ) -> Self {
        let org = organization(&store, "acme").await;
        let organization = store.organizations().await.expect("one").remove(0);
        let now = Arc::new(AtomicI64::new(NOW.micros()));
        let server = Self::at(store, org, now, |settings| change(settings, &organization)).await;
        Self { directory, ..server }
    }

    /// Over a store that has an organization, with a clock that others may share.
    pub(crate) async fn at(
        store: Arc<Store>,
        org: OrgId,
        now: Arc<AtomicI64>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let mut settings = Settings::new(Clock::Manual(Arc::clone(&now)));
        change(&mut settings);
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { drop(stopped.await) };
        let observed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let metrics = format!("http://{}/metrics", observed.local_addr().expect("an address"));
        let listeners = Listeners { metrics: Some(observed), ..listener.into() };
        let serve = server::serve(listeners, Arc::clone(&store), settings, shutdown);
        let served = tokio::spawn(async { serve.await.expect("served to the end") });
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { store, org, now, base, metrics, http, stop, served, directory: None }
    }

    /// Moves the server's clock.
    pub(crate) fn set_now(&self, now: Timestamp) {
        self.now.store(now.micros(), Ordering::SeqCst);
    }

    /// Where the store's files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.as_ref().expect("a store in a file").path()
    }

    /// Stops the server and waits until it has closed its store; gives back its files.
    pub(crate) async fn stop(self) -> Option<TempDir> {
        // The shutdown waits for open connections.
        drop(self.http);
        self.stop.send(()).expect("the server still runs");
        self.served.await.expect("the server ends");
        self.directory
    }

    /// The server's host and port.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// The text of the metrics, from their own listener.
    pub(crate) async fn metrics(&self) -> String {
        let response = self.http.get(&self.metrics).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        let media_type = response.headers()["content-type"].to_str().expect("text").to_owned();
        assert!(media_type.starts_with("application/openmetrics-text"), "{media_type}");
        response.text().await.expect("text")
    }

    /// The listener of the metrics.
    pub(crate) fn metrics_base(&self) -> &str {
        self.metrics.trim_end_matches("/metrics")
    }

    /// A caller without a token.
    pub(crate) fn stranger(&self) -> Caller {
        Caller { base: self.base.clone(), http: self.http.clone(), token: None }
    }

    /// A caller with a new token of this name and scopes.
    pub(crate) async fn caller(&self, org: OrgId, name: &str, scopes: &[Scope]) -> Caller {
        self.caller_until(org, name, scopes, None).await
    }

    /// The same, with an expiry.
    pub(crate) async fn caller_until(
        &self,
        org: OrgId,
        name: &str,
        scopes: &[Scope],
        expires_at: Option<Timestamp>,
    ) -> Caller {
        let token = Token::generate().expect("randomness");
        self.keep_token(org, name, scopes, expires_at, &token).await;
        self.stranger().with_token(token.expose())
    }

    pub(crate) async fn keep_token(
        &self,
        org: OrgId,
        name: &str,
        scopes: &[Scope],
        expires_at: Option<Timestamp>,
        token: &Token,
    ) {
        let (name, scopes) = (name.to_owned(), scopes.to_vec());
        let kept = StoredToken {
            name,
            hash: token.hash(),
            scopes,
            created_at: NOW,
            created_by: None,
            expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        self.store.create_token(org, kept).await.expect("a token");
    }

    /// A caller who may do everything in `acme`.
    pub(crate) async fn admin(&self) -> Caller {
        self.caller(self.org, "admin", Scope::ALL).await
    }
}

/// The account of a process that started its server for itself.
pub(crate) fn local_actor() -> Actor {
    Actor::account("ana", "build-7")
}

/// A client of the server. Every answer is checked against the contract.
#[derive(Clone)]
pub(crate) struct Caller {
    base: String,
    http: reqwest::Client,
    token: Option<String>,
}

impl Caller {
    /// The same caller with this token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The token.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().expect("a token")
    }

    /// The same caller with another HTTP client.
    pub(crate) fn with_http(&self, http: reqwest::Client) -> Self {
        Self { http, ..self.clone() }
    }

    /// Builds a request, which a test can change before it is sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The product's own client, with the same token.
    pub(crate) fn client(&self) -> Client {
        let token = Token::read(self.token.as_deref().expect("a token")).expect("a token");
        Client::new(self.base.parse().expect("an address"), token).expect("a client")
    }

    /// The HTTP client, for requests whose answers are not checked.
    pub(crate) const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::to(&self.http, request.build().expect("a request")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `GET /audit-logs` with this query string.
    pub(crate) async fn list(&self, query: &str) -> Answer {
        self.get(&format!("{LOGS}?{query}")).await
    }

    /// Posts a body of this media type.
    pub(crate) async fn post_as(&self, path: &str, media_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", media_type);
        self.send(request.body(body.into())).await
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_as(path, "application/json", body.to_string()).await
    }

    /// Records one entry.
    pub(crate) async fn record(&self, recording: &Value) -> Answer {
        self.post(LOGS, recording).await
    }

    /// Records many lines.
    pub(crate) async fn record_lines(&self, query: &str, lines: &str) -> Answer {
        self.post_as(&format!("{LOGS}?{query}"), "application/x-ndjson", lines).await
    }
}
