//! Sends HTTP requests to `serve` without the product's own client.

use std::time::Instant;

use reqwest::{Client, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A server's address and a token.
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

    /// Requests a path below `/api/v1/`. Returns the answer and the seconds until its last byte.
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

/// A persistent connection without a client library, so that the client costs little.
pub(crate) struct Wire {
    stream: TcpStream,
    head: String,
    buffer: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(caller: &Caller) -> Self {
        let address = caller.base.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let head = format!(
            "POST /api/v1/audit-logs HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
            caller.token
        );
        Self { stream, head, buffer: Vec::new() }
    }

    /// Records one entry. Returns the seconds until the last byte of the answer, which must be 201.
    pub(crate) async fn record(&mut self, entry: &str) -> f64 {
        let begin = Instant::now();
        let request = format!("{}Content-Length: {}\r\n\r\n{entry}", self.head, entry.len());
        self.stream.write_all(request.as_bytes()).await.expect("sent");
        self.buffer.clear();
        while !self.is_whole() {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("an answer");
            assert!(read > 0, "the connection ended");
        }
        let seconds = begin.elapsed().as_secs_f64();
        assert!(self.buffer.starts_with(b"HTTP/1.1 201 "), "{}", String::from_utf8_lossy(&self.buffer));
        seconds
    }

    fn is_whole(&self) -> bool {
        let Some(end) = self.buffer.windows(4).position(|it| it == b"\r\n\r\n") else { return false };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        self.buffer.len() - end - 4 == length.parse::<usize>().expect("a number")
    }
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work)
}
