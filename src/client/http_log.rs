//! One request and its answer, as events of the target `http` for whoever listens: in a line each, and with headers.
//! Bodies are never told: what is recorded may hold secrets, and what is read belongs on stdout. The token is hidden
//! wherever it turns up.

use std::time::Instant;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use reqwest::{Request, Response, StatusCode};

use crate::secret::Token;

/// A request under way.
pub(super) struct HttpLog<'a> {
    line: String,
    token: &'a Token,
    begun: Instant,
}

impl<'a> HttpLog<'a> {
    pub(super) fn begin(request: &Request, token: &'a Token) -> Self {
        let line = format!("{} {}", request.method(), request.url());
        tracing::debug!(target: "http", "> {line}");
        let exchange = Self { line, token, begun: Instant::now() };
        exchange.tell_headers('>', request.headers());
        if let Some(body) = request.body().and_then(reqwest::Body::as_bytes) {
            tracing::debug!(target: "http", "> [a body of {} bytes]", body.len());
        }
        exchange
    }

    pub(super) fn answered(&self, response: &Response) {
        tracing::debug!(target: "http", "< {:?} {}", response.version(), response.status());
        self.tell_headers('<', response.headers());
    }

    pub(super) fn end(&self, status: StatusCode, bytes: usize) {
        let elapsed_ms = self.begun.elapsed().as_millis();
        tracing::debug!(target: "http", "< [a body of {bytes} bytes]");
        tracing::info!(target: "http", "{}: {}, {bytes} bytes in {elapsed_ms} ms", self.line, status.as_u16());
    }

    fn tell_headers(&self, mark: char, headers: &HeaderMap) {
        for (name, value) in headers {
            tracing::debug!(target: "http", "{mark} {name}: {}", shown(name, value, self.token));
        }
    }
}

/// A header's value, unless it is secret or nothing a terminal should get.
fn shown<'a>(name: &HeaderName, value: &'a HeaderValue, token: &Token) -> &'a str {
    match value.to_str() {
        Err(_) => "[not text]",
        Ok(text) if value.is_sensitive() || *name == SET_COOKIE || text.contains(token.expose()) => {
            "[hidden]"
        }
        Ok(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_or_no_text_is_not_shown() {
        let token = Token::read("kra_hush").expect("a token");
        let shown = |name: &str, value: &str| {
            let (name, value) =
                (name.parse().expect(name), HeaderValue::from_bytes(value.as_bytes()).expect(value));
            super::shown(&name, &value, &token).to_owned()
        };
        assert_eq!(shown("content-type", "application/json"), "application/json");
        assert_eq!(shown("x-echo", "Bearer kra_hush"), "[hidden]");
        assert_eq!(shown("set-cookie", "a=b"), "[hidden]");
        assert_eq!(shown("server", "\u{202e}x"), "[not text]");
        let mut secret = HeaderValue::from_static("x");
        secret.set_sensitive(true);
        assert_eq!(super::shown(&reqwest::header::AUTHORIZATION, &secret, &token), "[hidden]");
    }
}
