//! Posts to an HTTP receiver, and decides by its answer whether to try again.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};

use crate::client::transport::{TransportError, http_client};
use crate::clock::Clock;
use crate::commands::forward::address::masked;
use crate::commands::forward::delivery_error::DeliveryError;
use crate::error::Failure;
use crate::exit;

/// The time limit of a request.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The longest `Retry-After` that is respected.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// The longest answer that is read.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// An HTTP receiver.
pub(super) struct HttpReceiver {
    http: reqwest::Client,
    url: Url,
    /// For messages: without secrets.
    name: String,
    /// What to check when a request is refused (401, 403, 400).
    on_refusal: &'static str,
    clock: Clock,
}

impl HttpReceiver {
    pub(super) fn new(url: Url, on_refusal: &'static str, clock: Clock) -> Result<Self, Failure> {
        let http = http_client(&url);
        let http = http.map_err(|cause| Failure::new(exit::FAILED, format!("cannot set up TLS: {cause}")))?;
        Ok(Self { http, name: masked(&url), url, on_refusal, clock })
    }

    /// Posts a body with so many entries. Returns the answer of a receiver whose status is a success.
    pub(super) async fn post(
        &self,
        headers: HeaderMap,
        media_type: &'static str,
        body: String,
        entries: usize,
    ) -> Result<Response, DeliveryError> {
        let request = self.http.post(self.url.clone()).headers(headers).header(CONTENT_TYPE, media_type);
        let sent = request.timeout(TIME_LIMIT).body(body).send().await;
        let response = sent.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(self.refused(&response, entries)) }
    }

    /// Reads the body of an answer. The rest of one that is too long is not read.
    pub(super) async fn read(&self, mut response: Response) -> Result<Vec<u8>, DeliveryError> {
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if answer.len() + chunk.len() > MAX_ANSWER_BYTES {
                break;
            }
            answer.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    /// An answer that does not tell whether the entries were accepted.
    pub(super) fn unreadable(&self) -> DeliveryError {
        DeliveryError::transient(format!("the answer of {} cannot be read", self.name))
    }

    fn unreachable(&self, error: &reqwest::Error) -> DeliveryError {
        let name = &self.name;
        if error.is_timeout() && !error.is_connect() {
            return DeliveryError::transient(format!(
                "{name} did not answer for {} seconds",
                TIME_LIMIT.as_secs()
            ));
        }
        match TransportError::from(error) {
            TransportError::Untrusted(cause) => DeliveryError::Permanent(untrusted(name, &cause)),
            TransportError::Network(cause) => {
                DeliveryError::transient(format!("cannot reach {name}: {cause}"))
                    .hint("check that the receiver is running, and that the address in --to is right")
            }
        }
    }

    fn refused(&self, response: &Response, entries: usize) -> DeliveryError {
        let (name, status) = (&self.name, response.status());
        let answered = format!("{name} answered {}", status.as_u16());
        let permanent = |exit, words: &str, hint: &str| {
            DeliveryError::Permanent(Failure::new(exit, format!("{answered}: {words}")).hint(hint))
        };
        match status {
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                self.busy(answered, response)
            }
            _ if status.is_server_error() => self.busy(answered, response),
            StatusCode::GONE => permanent(
                exit::FAILED,
                "the receiver takes no more entries",
                "the subscription has ended: remove this forward, or give another --to",
            ),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                permanent(exit::NOT_ALLOWED, "it refuses the sender", self.on_refusal)
            }
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => permanent(
                exit::NOT_FOUND,
                "no receiver takes POST requests at this URL",
                "check the path of the URL in --to",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => permanent(
                exit::FAILED,
                "the request is too large",
                match entries {
                    1 => "raise the receiver's limit of a request: one entry is larger",
                    _ => "send fewer entries in one request: --batch N",
                },
            ),
            _ if status.is_redirection() => permanent(
                exit::FAILED,
                "it redirects to another URL, and entries are not sent there",
                "give the URL that it redirects to in --to",
            ),
            _ => permanent(exit::FAILED, "it does not accept the request", self.on_refusal),
        }
    }

    fn busy(&self, cause: String, response: &Response) -> DeliveryError {
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|text| retry_after(text, &self.clock));
        DeliveryError::Transient { cause, hint: None, retry_after }
    }
}

/// The failure of a receiver whose certificate is not accepted. Nothing was sent.
pub(super) fn untrusted(name: &str, cause: &str) -> Failure {
    Failure::new(exit::UNREACHABLE, format!("cannot trust {name}: {cause}"))
        .hint("no entry was sent: the connection may be intercepted")
        .hint("a private CA or a self-signed certificate must be in the system's trust store or in the file named by SSL_CERT_FILE")
}

/// Reads a `Retry-After` of seconds, or an HTTP date.
fn retry_after(text: &str, clock: &Clock) -> Option<Duration> {
    let seconds = text.trim().parse().ok().map(Duration::from_secs);
    let until = || {
        let date = DateTime::parse_from_rfc2822(text.trim()).ok()?;
        (date.to_utc() - clock.now().datetime()).to_std().ok()
    };
    Some(seconds.or_else(until)?.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let clock = Clock::fixed("2026-11-22T08:00:00Z".parse().expect("a time"));
        let read = |text| retry_after(text, &clock).map(|wait| wait.as_secs());
        assert_eq!(read("120"), Some(120));
        assert_eq!(read("Sun, 22 Nov 2026 08:01:00 GMT"), Some(60));
        assert_eq!(read("Sun, 22 Nov 2026 07:00:00 GMT"), None, "in the past");
        assert_eq!(read("999999999"), Some(3600));
        assert_eq!(read("soon"), None);
    }
}
