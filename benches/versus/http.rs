//! Bare HTTP to a `serve`: what the benchmarks send without the product's own client in between.

use std::time::Instant;

use reqwest::{Client, Method};

/// Whom to ask, and with which token.
#[derive(Clone)]
pub(crate) struct Caller {
    http: Client,
    base: String,
    token: String,
}

impl Caller {
    pub(crate) fn new(base: &str, token: &str) -> Self {
        let http = Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build().expect("a client");
        Self { http, base: base.to_owned(), token: token.to_owned() }
    }

    /// Asks for something below `/api/v1/`; gives the answer and the seconds until its last byte.
    pub(crate) async fn get(&self, path: &str) -> (String, f64) {
        self.send(Method::GET, path, "", String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, media_type: &'static str, body: String) -> (String, f64) {
        self.send(Method::POST, path, media_type, body).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        media_type: &'static str,
        body: String,
    ) -> (String, f64) {
        let begin = Instant::now();
        let mut request =
            self.http.request(method, format!("{}/api/v1/{path}", self.base)).bearer_auth(&self.token);
        if !media_type.is_empty() {
            request = request.header("content-type", media_type).body(body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("text");
        assert!(status.is_success(), "{path}: {status} {text}");
        (text, begin.elapsed().as_secs_f64())
    }
}

/// Runs work that waits for answers.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work)
}
