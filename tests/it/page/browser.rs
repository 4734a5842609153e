//! What a browser does without a script: cookies, forms, no automatic redirects.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use krosyn_audit::model::words::Scope;
use krosyn_audit::secret::Token;
use krosyn_audit::server::PageSettings;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;

use crate::support::test_server::TestServer;

/// A page that was answered.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answered {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The value of the first hidden control of this name.
    pub(super) fn hidden(&self, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let behind = self.text.split(&begin).nth(1).unwrap_or_else(|| panic!("{name} in {}", self.text));
        behind.split('"').next().expect("a value").to_owned()
    }
}

/// A browser with its cookies.
pub(super) struct Browser {
    base: String,
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client")
}

/// A server with the page.
pub(super) async fn server() -> TestServer {
    TestServer::with_settings(|settings, _| settings.page = Some(PageSettings { is_https: false })).await
}

/// A new token in `acme`, as text.
pub(super) async fn token(server: &TestServer, name: &str, scopes: &[Scope]) -> String {
    let token = Token::generate().expect("randomness");
    server.keep_token(server.org, name, scopes, None, &token).await;
    token.expose().to_owned()
}

impl Browser {
    pub(super) fn new(server: &TestServer) -> Self {
        Self::at(&format!("http://{}", server.address()))
    }

    /// A browser of the server at this address.
    pub(super) fn at(base: &str) -> Self {
        Self { base: base.to_owned(), http: http(), cookies: Mutex::default() }
    }

    /// The same cookies on a new connection. What happens to them here is unknown to the other.
    pub(super) fn copied(&self) -> Self {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { base: self.base.clone(), http: http(), cookies: Mutex::new(cookies) }
    }

    /// Sets a cookie.
    pub(super) fn set_cookie(&self, name: &str, value: &str) {
        let mut jar = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        jar.insert(name.to_owned(), value.to_owned());
    }

    /// The header with all cookies.
    pub(super) fn cookies(&self) -> String {
        let jar = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// A browser that is signed in by a token with these scopes.
    pub(super) async fn signed_in(server: &TestServer, scopes: &[Scope]) -> Self {
        let browser = Self::new(server);
        let answer = browser.sign_in(&token(server, "viewer", scopes).await).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/audit-logs"), "{}", answer.text);
        browser
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answered {
        let response = request.header("cookie", self.cookies()).send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().expect("text").split_once('=').expect("a pair");
            self.set_cookie(name, rest.split(';').next().expect("a value"));
        }
        Answered { status, headers, text: response.text().await.expect("text") }
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.get_as(path, "text/html,application/xhtml+xml,*/*;q=0.8").await
    }

    /// Asks for a media type.
    pub(super) async fn get_as(&self, path: &str, accept: &str) -> Answered {
        self.send(self.http.get(format!("{}{path}", self.base)).header("accept", accept)).await
    }

    /// Asks with these headers.
    pub(super) async fn get_with(&self, headers: &[(&str, &str)], path: &str) -> Answered {
        let request = self.http.get(format!("{}{path}", self.base)).header("accept", "text/html");
        self.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    pub(super) async fn head(&self, path: &str) -> Answered {
        self.send(self.http.head(format!("{}{path}", self.base))).await
    }

    /// Sends a form as the server's own page does.
    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answered {
        self.post_with(&[("origin", &self.base)], path, fields).await
    }

    /// Sends a form with these headers.
    pub(super) async fn post_with(
        &self,
        headers: &[(&str, &str)],
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answered {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(format!("{}{path}", self.base)).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    pub(super) async fn sign_in(&self, token: &str) -> Answered {
        let form = self.get("/sign-in").await;
        self.post("/sign-in", &[("form_token", &form.hidden("form_token")), ("token", token)]).await
    }
}
