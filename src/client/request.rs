//! One call: built, sent, retried when that is safe, and its answer read within bounds.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::problem::Problem;
use crate::client::certificate::Fault;
use crate::client::error::ClientError;
use crate::client::http_log::HttpLog;
use crate::secret::Token;

/// How long an answer may stand still.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// The most an answer may hold. The server keeps pages far below; whoever sends more does not keep the contract.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// For how much an answer is believed when it says how long it is.
const MAX_ANNOUNCED_BYTES: usize = 8 * 1024 * 1024;
/// How often a call is tried again.
const RETRIES: usize = 3;
/// The longest wait a server may ask for before it is tried again.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// A call to be made.
pub(super) struct Call<'a> {
    http: &'a reqwest::Client,
    token: &'a Token,
    /// For messages.
    server: &'a str,
    method: Method,
    url: Url,
    /// Shared, so that trying again copies nothing.
    body: Option<(Bytes, &'static str)>,
    retried: bool,
    time_limit: Option<Duration>,
}

/// A failed try, and when to try again.
struct Failure {
    error: ClientError,
    again: bool,
    after: Option<Duration>,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        http: &'a reqwest::Client,
        token: &'a Token,
        server: &'a str,
        method: Method,
        url: Url,
    ) -> Self {
        let retried = method == Method::GET;
        Self { http, token, server, method, url, body: None, retried, time_limit: Some(READ_TIMEOUT) }
    }

    pub(super) fn query(mut self, pairs: Vec<(&'static str, String)>) -> Self {
        if !pairs.is_empty() {
            self.url.query_pairs_mut().extend_pairs(pairs);
        }
        self
    }

    pub(super) fn body(self, body: String, media_type: &'static str) -> Self {
        Self { body: Some((body.into(), media_type)), ..self }
    }

    pub(super) fn body_json(self, body: &impl Serialize) -> Result<Self, ClientError> {
        let text = serde_json::to_string(body).map_err(|error| ClientError::Setup(error.to_string()))?;
        Ok(self.body(text, "application/json"))
    }

    /// Says that trying again does no harm.
    pub(super) fn retried(self) -> Self {
        Self { retried: true, ..self }
    }

    pub(super) fn without_time_limit(self) -> Self {
        Self { time_limit: None, ..self }
    }

    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let server = self.server;
        let (status, text) = self.text().await?;
        serde_json::from_str(&text).map_err(|error| ClientError::foreign(server, status, &error))
    }

    /// Makes the call; gives the status, which is one of success, and the text.
    pub(super) async fn text(self) -> Result<(u16, String), ClientError> {
        let retries = if self.retried { RETRIES } else { 0 };
        let waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_jitter()
            .with_max_times(retries);
        let outcome = (|| self.attempt())
            .retry(waits)
            .when(|failure| failure.again)
            .adjust(|failure, wait| wait.map(|wait| failure.after.map_or(wait, |after| wait.max(after))))
            .await;
        outcome.map_err(|failure| failure.error)
    }

    async fn attempt(&self) -> Result<(u16, String), Failure> {
        let request = self.http.request(self.method.clone(), self.url.clone());
        let mut request = request.bearer_auth(self.token.expose());
        if let Some((body, media_type)) = &self.body {
            request = request.header(CONTENT_TYPE, *media_type).body(body.clone());
        }
        let request = request.build().map_err(|error| self.unreachable(Cause::from(&error)))?;
        let exchange = HttpLog::begin(&request, self.token);
        let sent = within(self.time_limit, self.http.execute(request)).await;
        let mut response = sent.map_err(|cause| self.unreachable(cause))?;
        let status = response.status();
        exchange.answered(&response);
        let after = retry_after(&response);
        let text = self.read(&mut response).await?;
        exchange.end(status, text.len());
        if status.is_success() {
            return Ok((status.as_u16(), text));
        }
        let again = matches!(status.as_u16(), 429 | 502 | 503 | 504);
        let error = match serde_json::from_str::<Problem>(&text) {
            Ok(problem) => ClientError::Problem(Box::new(problem)),
            Err(_) if status.is_redirection() => self.foreign(
                status.as_u16(),
                "it redirects elsewhere, and a token is not sent there: name the right server",
            ),
            Err(_) => self.foreign(status.as_u16(), "its answer is no problem+json"),
        };
        Err(Failure { error, again, after })
    }

    async fn read(&self, response: &mut Response) -> Result<String, Failure> {
        let status = response.status().as_u16();
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(MAX_ANNOUNCED_BYTES));
        loop {
            match within(self.time_limit, response.chunk()).await {
                Ok(None) => break,
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Err(Cause::Network(cause)) => {
                    return Err(self.unreachable(Cause::Network(format!("the answer broke off: {cause}"))));
                }
                Err(cause) => return Err(self.unreachable(cause)),
            }
            if bytes.len() > MAX_ANSWER_BYTES {
                let error = self.foreign(status, "its answer is larger than 64 MiB");
                return Err(Failure { error, again: false, after: None });
            }
        }
        String::from_utf8(bytes).map_err(|_| Failure {
            error: self.foreign(status, "its answer is not UTF-8"),
            again: false,
            after: None,
        })
    }

    fn unreachable(&self, cause: Cause) -> Failure {
        let server = self.server.to_owned();
        match cause {
            // No other try would find the certificate better.
            Cause::Untrusted(cause) => {
                Failure { error: ClientError::Untrusted { server, cause }, again: false, after: None }
            }
            Cause::Network(cause) => {
                Failure { error: ClientError::Unreachable { server, cause }, again: true, after: None }
            }
        }
    }

    fn foreign(&self, status: u16, cause: &str) -> ClientError {
        ClientError::foreign(self.server, status, &cause)
    }
}

/// Why there is no answer.
enum Cause {
    /// The server's certificate.
    Untrusted(String),
    /// Anything else.
    Network(String),
}

impl From<&reqwest::Error> for Cause {
    /// The innermost words of an error: the outer ones repeat the URL.
    fn from(error: &reqwest::Error) -> Self {
        match Fault::within(error) {
            Some(Fault::Untrusted(words)) => return Self::Untrusted(words),
            Some(Fault::Handshake(words)) => return Self::Network(words),
            None => {}
        }
        let mut innermost: &dyn std::error::Error = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        Self::Network(innermost.to_string())
    }
}

/// Waits no longer than `limit`.
async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = reqwest::Result<T>>,
) -> Result<T, Cause> {
    let outcome = match limit {
        None => work.await,
        Some(limit) => {
            let waited = tokio::time::timeout(limit, work).await;
            waited.map_err(|_| Cause::Network(format!("no answer for {} seconds", limit.as_secs())))?
        }
    };
    outcome.map_err(|error| Cause::from(&error))
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}
