//! Logs each request and response as events of the target `http`: one line each, and the headers at debug level. Bodies
//! are never logged, because they may contain secrets. The token is hidden wherever it appears.

use std::time::Instant;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use reqwest::{Request, Response, StatusCode};

use crate::secret::Token;

pub(super) struct HttpLog<'a> {
    line: String,
    token: &'a Token,
    begun: Instant,
}

impl<'a> HttpLog<'a> {
    pub(super) fn begin(request: &Request, token: &'a Token) -> Self {
        let line = format!("{} {}", request.method(), request.url());
        tracing::debug!(target: "http", "> {line}");
        let log = Self { line, token, begun: Instant::now() };
        log.log_headers('>', request.headers());
        if let Some(body) = request.body().and_then(reqwest::Body::as_bytes) {
            tracing::debug!(target: "http", "> [a body of {} bytes]", body.len());
        }
        log
    }

    pub(super) fn response(&self, response: &Response) {
        tracing::debug!(target: "http", "< {:?} {}", response.version(), response.status());
        self.log_headers('<', response.headers());
    }

    pub(super) fn end(&self, status: StatusCode, bytes: usize) {
        let elapsed_ms = self.begun.elapsed().as_millis();
        tracing::debug!(target: "http", "< [a body of {bytes} bytes]");
        tracing::info!(target: "http", "{}: {}, {bytes} bytes in {elapsed_ms} ms", self.line, status.as_u16());
    }

    fn log_headers(&self, mark: char, headers: &HeaderMap) {
        for (name, value) in headers {
            tracing::debug!(target: "http", "{mark} {name}: {}", shown(name, value, self.token));
        }
    }
}

/// The value of a header, unless it is secret or not printable ASCII.
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
    fn secret_and_unprintable_headers_are_hidden() {
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
