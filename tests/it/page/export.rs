//! The CSV file of the page: it stops when its session or token ends, and HEAD is no export.

use krosyn_audit::model::words::Scope;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::page::browser::{Browser, server};
use crate::support::entries::{NOW, append, recording, with};
use crate::support::test_server::TestServer;

const EXPORT: &str = "/audit-logs/export.csv";

/// A server with as many pages of an export as it reads ahead, and several more.
async fn with_large_entries() -> TestServer {
    let server = server().await;
    for first in [0, 10, 20, 30, 40] {
        let large = |it: i64| with(recording(&it.to_string()), "after", json!({"text": "x".repeat(900_000)}));
        append(&server.store, server.org, (first..first + 10).map(large)).await;
    }
    server
}

/// A download that was begun and is read slowly: a small buffer leaves the rest with the server.
async fn begun(server: &TestServer, browser: &Browser) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(64 * 1024).expect("a buffer");
    let mut stream = socket.connect(server.address().parse().expect("an address")).await.expect("connected");
    let request = format!(
        "GET {EXPORT} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nconnection: close\r\n\r\n",
        server.address(),
        browser.cookies()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut head = [0; 1024];
    stream.read_exact(&mut head).await.expect("the beginning");
    assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// Whether the rest of the answer has the end that every whole answer has.
async fn is_whole(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest).await;
    ended.is_ok() && rest.ends_with(b"\r\n0\r\n\r\n")
}

#[tokio::test]
async fn an_export_is_cut_when_its_session_or_token_ends() {
    let server = with_large_entries().await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let untouched = begun(&server, &browser).await;
    assert!(is_whole(untouched).await, "without an end of the session");
    let running = begun(&server, &browser).await;
    let form_token = browser.get("/audit-logs?model_id=1").await.hidden("form_token");
    assert_eq!(browser.post("/sign-out", &[("form_token", &form_token)]).await.status, 303);
    assert!(!is_whole(running).await, "signed out");
    let again = Browser::new(&server);
    let token = crate::page::browser::token(&server, "again", &[Scope::Read]).await;
    assert_eq!(again.sign_in(&token).await.status, 303);
    let running = begun(&server, &again).await;
    server.store.revoke_token(server.org, "again".to_owned(), NOW).await.expect("revoked");
    assert!(!is_whole(running).await, "the token was revoked");
    let auditor = server.caller(server.org, "auditor", &[Scope::Trail]).await;
    let count = async |text: &str| {
        let trail = auditor.get(&format!("/api/v1/trail?action=exported&q={text}&total=true")).await;
        trail.expect(200).json()["total"]["count"].as_u64()
    };
    assert_eq!([count("begun").await, count("ended").await], [Some(3), Some(1)]);
}

#[tokio::test]
async fn a_head_request_is_no_export() {
    let server = server().await;
    append(&server.store, server.org, [recording("1")]).await;
    let browser = Browser::signed_in(&server, &[Scope::Read, Scope::Trail]).await;
    for path in [EXPORT, "/trail/export.csv"] {
        let head = browser.head(path).await;
        let get = browser.get(path).await;
        for name in ["content-type", "content-disposition", "content-length", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        assert_eq!((head.status, get.status, &*head.text), (200, 200, ""));
    }
    let admin = server.admin().await;
    for path in ["/api/v1/audit-logs/export", "/api/v1/trail/export"] {
        let request = admin.request(reqwest::Method::HEAD, path).send().await.expect("an answer");
        assert_eq!(request.status(), 200, "{path}");
    }
    let trail = admin.get("/api/v1/trail?action=exported&q=begun&total=true").await.expect(200).json();
    assert_eq!(trail["total"]["count"], 2, "only the two that were read: {trail}");
}
