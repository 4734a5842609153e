//! Builds and sends one API call, retries it when that is safe, and reads the response within a size limit.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::api::problem::{Code, Problem};
use crate::api::purpose::{ExportPurpose, PURPOSE};
use crate::client::error::ClientError;
use crate::client::http_log::HttpLog;
use crate::client::transport::TransportError;
use crate::secret::Token;

/// How long to wait for the next bytes of a response.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// The largest response that is read. The server's pages are far smaller.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// The most memory that is reserved because of a `Content-Length`.
const MAX_ANNOUNCED_BYTES: usize = 8 * 1024 * 1024;
const RETRIES: usize = 3;
/// The longest `Retry-After` that is respected.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

pub(super) struct Call<'a> {
    http: &'a reqwest::Client,
    token: &'a Token,
    /// For messages.
    server: &'a str,
    method: Method,
    url: Url,
    /// Shared between retries.
    body: Option<(Bytes, &'static str)>,
    has_retries: bool,
    time_limit: Option<Duration>,
    /// Why the call reads.
    purpose: Option<String>,
    accept: Option<&'static str>,
    announce: Option<watch::Sender<HeaderMap>>,
}

/// A successful response.
pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header that is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The status and the body.
    pub(super) fn text(self, server: &str) -> Result<(u16, String), ClientError> {
        let text = String::from_utf8(self.body);
        let invalid = |_| ClientError::unexpected(server, self.status, &"its response is not UTF-8");
        Ok((self.status, text.map_err(invalid)?))
    }
}

/// A failed attempt.
struct FailedAttempt {
    error: ClientError,
    may_retry: bool,
    retry_after: Option<Duration>,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        http: &'a reqwest::Client,
        token: &'a Token,
        server: &'a str,
        method: Method,
        url: Url,
    ) -> Self {
        let has_retries = method == Method::GET;
        let time_limit = Some(READ_TIMEOUT);
        Self {
            http,
            token,
            server,
            method,
            url,
            body: None,
            has_retries,
            time_limit,
            purpose: None,
            accept: None,
            announce: None,
        }
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

    pub(super) fn purpose(self, purpose: Option<&ExportPurpose>) -> Self {
        Self { purpose: purpose.map(ToString::to_string), ..self }
    }

    /// Asks for this media type.
    pub(super) fn accept(self, media_type: &'static str) -> Self {
        Self { accept: Some(media_type), ..self }
    }

    /// Sends the headers of a successful response ahead of its body. If the body breaks off, a retry sends its own.
    pub(super) fn announce(self, headers: watch::Sender<HeaderMap>) -> Self {
        Self { announce: Some(headers), ..self }
    }

    /// Allows retries: the call is idempotent.
    pub(super) fn with_retries(self) -> Self {
        Self { has_retries: true, ..self }
    }

    pub(super) fn without_time_limit(self) -> Self {
        Self { time_limit: None, ..self }
    }

    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let server = self.server;
        let (status, text) = self.text().await?;
        serde_json::from_str(&text).map_err(|error| ClientError::unexpected(server, status, &error))
    }

    /// Sends the call. Returns the status, which is a 2xx, and the body.
    pub(super) async fn text(self) -> Result<(u16, String), ClientError> {
        let server = self.server;
        self.answer().await?.text(server)
    }

    /// As [`Self::text`], for a body that is no text.
    pub(super) async fn bytes(self) -> Result<(u16, Vec<u8>), ClientError> {
        let answer = self.answer().await?;
        Ok((answer.status, answer.body))
    }

    /// As [`Self::text`], with the headers.
    pub(super) async fn answer(self) -> Result<Answer, ClientError> {
        let retries = if self.has_retries { RETRIES } else { 0 };
        let waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_jitter()
            .with_max_times(retries);
        let outcome = (|| self.attempt())
            .retry(waits)
            .when(|failure| failure.may_retry)
            .adjust(|failure, wait| {
                wait.map(|wait| failure.retry_after.map_or(wait, |after| wait.max(after)))
            })
            .await;
        outcome.map_err(|failure| failure.error)
    }

    async fn attempt(&self) -> Result<Answer, FailedAttempt> {
        let request = self.http.request(self.method.clone(), self.url.clone());
        let mut request = request.bearer_auth(self.token.expose());
        if let Some((body, media_type)) = &self.body {
            request = request.header(CONTENT_TYPE, *media_type).body(body.clone());
        }
        if let Some(purpose) = &self.purpose {
            request = request.header(PURPOSE, purpose);
        }
        if let Some(media_type) = self.accept {
            request = request.header(ACCEPT, media_type);
        }
        let request = request.build().map_err(|error| self.unreachable(TransportError::from(&error)))?;
        let log = HttpLog::begin(&request, self.token);
        let sent = within(self.time_limit, self.http.execute(request)).await;
        let mut response = sent.map_err(|cause| self.unreachable(cause))?;
        let status = response.status();
        log.response(&response);
        let retry_after = retry_after(&response);
        if let Some(announce) = &self.announce
            && status.is_success()
        {
            announce.send_replace(response.headers().clone());
        }
        let body = self.read(&mut response).await?;
        log.end(status, body.len());
        if status.is_success() {
            let headers = std::mem::take(response.headers_mut());
            return Ok(Answer { status: status.as_u16(), headers, body });
        }
        let mut may_retry = matches!(status.as_u16(), 429 | 502 | 503 | 504);
        let error = match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => {
                // A person has to act first.
                may_retry &= problem.code != Code::Unwritable;
                ClientError::Problem(Box::new(problem))
            }
            Err(_) if status.is_redirection() => self.unexpected(
                status.as_u16(),
                "it redirects to another URL, and the token is not sent there: use the right server URL",
            ),
            Err(_) => self.unexpected(status.as_u16(), "its response is not application/problem+json"),
        };
        Err(FailedAttempt { error, may_retry, retry_after })
    }

    async fn read(&self, response: &mut Response) -> Result<Vec<u8>, FailedAttempt> {
        let status = response.status().as_u16();
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(MAX_ANNOUNCED_BYTES));
        loop {
            match within(self.time_limit, response.chunk()).await {
                Ok(None) => break,
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Err(TransportError::Network(cause)) => {
                    return Err(
                        self.unreachable(TransportError::Network(format!("the response broke off: {cause}")))
                    );
                }
                Err(cause) => return Err(self.unreachable(cause)),
            }
            if bytes.len() > MAX_ANSWER_BYTES {
                let error = self.unexpected(status, "its response is larger than 64 MiB");
                return Err(FailedAttempt { error, may_retry: false, retry_after: None });
            }
        }
        Ok(bytes)
    }

    fn unreachable(&self, cause: TransportError) -> FailedAttempt {
        let server = self.server.to_owned();
        match cause {
            // A retry would get the same certificate.
            TransportError::Untrusted(cause) => FailedAttempt {
                error: ClientError::Untrusted { server, cause },
                may_retry: false,
                retry_after: None,
            },
            TransportError::Network(cause) => FailedAttempt {
                error: ClientError::Unreachable { server, cause },
                may_retry: true,
                retry_after: None,
            },
        }
    }

    fn unexpected(&self, status: u16, cause: &str) -> ClientError {
        ClientError::unexpected(self.server, status, &cause)
    }
}

async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = reqwest::Result<T>>,
) -> Result<T, TransportError> {
    let outcome = match limit {
        None => work.await,
        Some(limit) => {
            let waited = tokio::time::timeout(limit, work).await;
            waited.map_err(|_| {
                TransportError::Network(format!("no response for {} seconds", limit.as_secs()))
            })?
        }
    };
    outcome.map_err(|error| TransportError::from(&error))
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}
