//! An HTTP answer, checked against the contract when it is received.

use krosyn_audit::api::problem::{Code, Problem};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Request, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::contract;

/// An answer that satisfies the contract.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Sends a request and checks the answer: a documented status, media type and shape, a request id in the header,
    /// and for an error a problem with the same status and id.
    pub(crate) async fn to(http: &reqwest::Client, request: Request) -> Self {
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response = http.execute(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.expect("a whole body").to_vec();
        let answer = Self { status: status.as_u16(), headers, body };
        let id = answer.header("x-request-id");
        assert!(!id.is_empty(), "{method} {path}: every answer has a request id");
        if let Some(objection) =
            contract::objection(&method, &path, answer.status, answer.media_type(), &answer.body)
        {
            panic!("{objection}: {}", answer.text());
        }
        if status.is_client_error() || status.is_server_error() {
            assert_eq!(answer.media_type(), "application/problem+json", "{method} {path}");
            let problem = answer.problem();
            assert_eq!(problem.status, answer.status);
            assert_eq!(problem.request_id.as_deref(), Some(id));
            assert_eq!(problem.code.status(), answer.status);
            assert_eq!(problem.title, problem.code.title());
            assert!(problem.kind.starts_with("urn:krosyn-audit:problem:") && !problem.detail.is_empty());
        }
        answer
    }

    /// A header's text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    fn media_type(&self) -> &str {
        self.header(CONTENT_TYPE.as_str()).split(';').next().unwrap_or("").trim()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The body as any JSON.
    pub(crate) fn json(&self) -> Value {
        self.read()
    }

    /// The body as a type of the contract.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body's lines, each as a type of the contract.
    pub(crate) fn lines<T: DeserializeOwned>(&self) -> Vec<T> {
        self.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The body as a problem.
    pub(crate) fn problem(&self) -> Problem {
        self.read()
    }

    /// Checks the status and returns the answer.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Checks that the answer is an error with this code and text, and returns the problem.
    #[track_caller]
    pub(crate) fn refused(&self, code: Code, words: &str) -> Problem {
        assert!(StatusCode::from_u16(self.status).is_ok_and(|it| !it.is_success()), "{}", self.text());
        let problem = self.problem();
        assert_eq!(problem.code, code, "{problem:?}");
        assert!(problem.detail.contains(words), "{words:?} is not in {:?}", problem.detail);
        problem
    }
}
