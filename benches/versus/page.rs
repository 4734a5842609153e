//! Compares the list in a browser with the API's page of the same fifty entries, by the CPU time of the server.

use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use crate::http::{Caller, block_on};
use crate::process::{Serve, cpu};
use crate::report::Outcome;
use crate::set::Set;

/// Requests of each.
const TIMES: u32 = 200;

pub(crate) fn outcome(set: &Set) -> Outcome {
    let server = Serve::start(&set.store());
    server.rest();
    let cpu_ms = || cpu(server.pid()) * 1000.0 / f64::from(TIMES);
    let (page_ms, api_ms) = block_on(async {
        let viewer = Viewer::sign_in(&server.base, &set.token).await;
        let caller = Caller::new(&server.base, &set.token);
        // Statements are prepared and caches filled.
        viewer.list().await;
        caller.get("audit-logs?limit=50").await;
        let before = cpu_ms();
        for _ in 0..TIMES {
            viewer.list().await;
        }
        let between = cpu_ms();
        for _ in 0..TIMES {
            caller.get("audit-logs?limit=50").await;
        }
        (between - before, cpu_ms() - between)
    });
    let what = format!("list in a browser, CPU ms more than the API's page, {} entries", set.entries);
    Outcome::bound(&what, 2.0, page_ms - api_ms)
}

/// A browser that is signed in.
struct Viewer {
    http: Client,
    base: String,
    cookie: String,
}

impl Viewer {
    async fn sign_in(base: &str, token: &str) -> Self {
        let http = Client::builder().no_proxy().tls_certs_only(std::iter::empty()).redirect(Policy::none());
        let http = http.build().expect("a client");
        let form = http.get(format!("{base}/sign-in")).send().await.expect("a form");
        let cookie = cookie(&form);
        let html = form.text().await.expect("text");
        let form_token = html.split("name=\"form_token\" value=\"").nth(1).expect("a hidden control");
        let form_token = form_token.split('"').next().expect("a value");
        let fields = [("form_token", form_token), ("token", token)];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = http.post(format!("{base}/sign-in")).header("origin", base).header("cookie", cookie);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 303, "signed in");
        Self { http, base: base.to_owned(), cookie: self::cookie(&answer) }
    }

    async fn list(&self) {
        let request = self.http.get(format!("{}/audit-logs", self.base)).header("cookie", &self.cookie);
        let answer = request.header("accept", "text/html").send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let html = answer.text().await.expect("text");
        assert_eq!(html.matches("<tr").count(), 51, "a heading and fifty entries: {html}");
    }
}

/// The cookies that an answer sets.
fn cookie(answer: &Response) -> String {
    let cookies = answer.headers().get_all("set-cookie").iter();
    let pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}
