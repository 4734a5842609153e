//! Below HTTP: connections over the limit, and bytes that are no valid request.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use krosyn_audit::api::problem::{Code, Problem};
use krosyn_audit::model::words::Scope;
use krosyn_audit::secret::Token;

use crate::support::entries::recording;
use crate::support::log::Log;
use crate::support::sandbox::PATIENCE;
use crate::support::test_server::{LOGS, TestServer};

const ALIVE: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

fn connect(world: &TestServer) -> TcpStream {
    let stream = TcpStream::connect(world.address()).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

/// Sends a text and reads up to the end of the answer's body, or of the connection.
fn answer(stream: &mut TcpStream, text: &str) -> String {
    // A connection over the limit may get its answer before it has written anything.
    drop(stream.write_all(text.as_bytes()));
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"}") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        answer.push(byte[0]);
    }
    String::from_utf8(answer).expect("UTF-8")
}

/// The problem of a raw answer, which must be complete and have one request id.
fn problem(answer: &str) -> Problem {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let problem: Problem = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with(&format!("http/1.1 {} ", problem.status)), "{head}");
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    let id = problem.request_id.as_deref().expect("an id");
    assert!(head.contains(&format!("x-request-id: {id}")), "{head}");
    problem
}

/// A request that is answered once its body has come: until then its connection is in the middle of something.
async fn recording_without_body(world: &TestServer, name: &str) -> TcpStream {
    let token = Token::generate().expect("randomness");
    world.keep_token(world.org, name, Scope::ALL, None, &token).await;
    let mut stream = connect(world);
    let head = format!(
        "POST {LOGS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        token.expose(),
        recording("1").to_string().len()
    );
    stream.write_all(head.as_bytes()).expect("written");
    let mut continues = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut continues).expect("the token was judged");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_over_the_limit_gets_503_until_one_closes() {
    let world = TestServer::with_settings(|settings, _| settings.max_connections = 2).await;
    let mut inside =
        [recording_without_body(&world, "one").await, recording_without_body(&world, "two").await];
    for _ in 0..3 {
        let refused = answer(&mut connect(&world), ALIVE);
        let problem = problem(&refused);
        assert_eq!((problem.status, problem.code), (503, Code::Unavailable));
        assert!(problem.detail.contains("try again in a moment"), "{problem:?}");
        assert!(refused.contains("retry-after: "), "{refused}");
    }
    let body = recording("1").to_string();
    assert!(answer(&mut inside[0], &body).starts_with("HTTP/1.1 201"), "who is inside is served on");
    // One that only waits for a next request makes room: at once, or as soon as the server has noticed.
    while !answer(&mut connect(&world), ALIVE).starts_with("HTTP/1.1 200") {}
    assert!(answer(&mut inside[1], &body).starts_with("HTTP/1.1 201"), "and the other one stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_request_heads_do_not_exclude_authenticated_callers() {
    let world = TestServer::with_settings(|settings, _| settings.max_connections = 40).await;
    let admin = world.admin().await;
    let mut flood = Vec::new();
    for round in 0..200 {
        let mut stream = connect(&world);
        drop(stream.write_all(b"GET /healthz HTTP/1.1\r\nx: "));
        flood.push(stream);
        if round % 20 == 0 {
            // A new connection each time, as a short-lived client makes.
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            admin.with_http(client).get("/api/v1/whoami").await.expect(200);
            admin.get("/api/v1/whoami").await.expect(200);
        }
    }
    world.stranger().get("/healthz").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_bodies_use_only_the_budget_of_their_token() {
    let world = TestServer::new().await;
    let attacker = Token::generate().expect("randomness");
    world.keep_token(world.org, "attacker", &[Scope::Record], None, &attacker).await;
    let other = world.caller(world.org, "other", &[Scope::Record]).await;
    let head = format!(
        "POST {LOGS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/x-ndjson\r\n\
         transfer-encoding: chunked\r\n\r\n100000\r\n",
        attacker.expose()
    );
    let part = vec![b' '; 0x10_0000];
    let mut unfinished = Vec::new();
    let mut refused = false;
    // A token holds 32 MiB at most.
    for _ in 0..34 {
        let mut stream = connect(&world);
        stream.write_all(head.as_bytes()).expect("written");
        drop(stream.write_all(&part));
        unfinished.push(stream);
        other.record(&recording("1")).await.expect(201);
    }
    for stream in &mut unfinished {
        stream.set_read_timeout(Some(Duration::from_millis(1))).expect("set");
        let mut begin = [0; 12];
        refused |= stream.read_exact(&mut begin).is_ok_and(|()| &begin == b"HTTP/1.1 503");
    }
    assert!(refused, "the token's share is used up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_its_whole_body_first_gets_the_answer() {
    let world = TestServer::new().await;
    let admin = Token::generate().expect("randomness");
    world.keep_token(world.org, "admin", Scope::ALL, None, &admin).await;
    let body = vec![b' '; 6 * 1024 * 1024];
    for (path, token, media_type, length, status) in [
        (LOGS, "kra_wrong", "application/json", body.len(), 401),
        (LOGS, admin.expose(), "text/plain", body.len(), 415),
        ("/nowhere", admin.expose(), "application/json", body.len(), 404),
        ("/healthz", admin.expose(), "application/json", body.len(), 405),
        ("/api/v1/audit-logs/prune?x=1", admin.expose(), "application/json", body.len(), 422),
        // More than the server reads: the rest is on its way when that is found out.
        (LOGS, admin.expose(), "application/x-ndjson", 2 * body.len(), 413),
    ] {
        let mut stream = connect(&world);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {media_type}\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("written");
        for _ in 0..length / body.len() {
            stream.write_all(&body).unwrap_or_else(|error| panic!("{path} {status}: {error}"));
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{path} {status}: {error}"));
        assert_eq!(problem(&answer).status, status, "{answer}");
    }
    // A body that was read to its end, and a request without one, leave the connection open.
    let mut stream = connect(&world);
    for status in ["401", "401"] {
        let answer = answer(&mut stream, &format!("GET {LOGS} HTTP/1.1\r\nhost: x\r\n\r\n"));
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")) && !answer.contains("connection: close"),
            "{answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicate_host_headers_are_refused() {
    let world = TestServer::new().await;
    for hosts in ["", "host: a\r\nhost: b\r\n", "host: a\r\nhost: a\r\n", "host: a, b\r\n"] {
        let answer = answer(&mut connect(&world), &format!("GET /healthz HTTP/1.1\r\n{hosts}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("Host header"), "{hosts:?}: {answer}");
    }
    let old = answer(&mut connect(&world), "GET /healthz HTTP/1.0\r\n\r\n");
    assert!(old.contains(" 200 "), "HTTP/1.0 needs none: {old}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_misplaced_token_is_not_logged() {
    let log = Log::listen();
    let world = TestServer::new().await;
    let token = Token::generate().expect("randomness");
    world.keep_token(world.org, "admin", Scope::ALL, None, &token).await;
    let token = token.expose();
    let authorization = format!("host: x\r\nauthorization: Bearer {token}\r\n");
    for request in [
        format!("GET /api/v1/whoami HTTP/1.1\r\n{authorization}x-request-id: {token}\r\n\r\n"),
        format!("GET /api/v1/whoami HTTP/1.1\r\nhost: x\r\nx-request-id: {token}\r\n\r\n"),
        format!("{token} /api/v1/whoami HTTP/1.1\r\nhost: x\r\n\r\n"),
        format!("GET /{token} HTTP/1.1\r\nhost: x\r\n\r\n"),
        format!("GET /api/v1/audit-logs/{token} HTTP/1.1\r\n{authorization}\r\n"),
        format!("GET /healthz HTTP/1.1\r\nhost: {token}\r\n\r\n"),
    ] {
        let answer = answer(&mut connect(&world), &request);
        let id =
            answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id").to_owned();
        assert!(id.starts_with("req_"), "{id}");
        while !log.text().contains(&id) {}
    }
    assert!(!log.text().contains(token), "{}", log.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_http_request_gets_a_problem() {
    let world = TestServer::new().await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(70_000));
    let many = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(200));
    for (text, status, code) in [
        ("c4n4ry\r\n\r\n", 400, Code::Malformed),
        ("GET /healthz HTTP/7.0\r\n\r\n", 400, Code::Malformed),
        ("GET /healthz HTTP/1.1\r\nc4n4ry\r\n\r\n", 400, Code::Malformed),
        ("GET /\u{0} HTTP/1.1\r\nhost: x\r\n\r\n", 400, Code::Malformed),
        (&long, 414, Code::TooLarge),
        (&many, 431, Code::TooLarge),
    ] {
        let answer = answer(&mut connect(&world), text);
        let problem = problem(&answer);
        assert_eq!((problem.status, problem.code), (status, code), "{answer}");
        assert!(!answer.contains("c4n4ry"), "{answer}");
    }
    assert!(answer(&mut connect(&world), ALIVE).starts_with("HTTP/1.1 200"), "and it goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_request_head_does_not_block_others() {
    let world = TestServer::new().await;
    let mut slow: Vec<_> = (0..50).map(|_| connect(&world)).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nx: ").expect("written");
    }
    world.stranger().get("/healthz").await.expect(200);
    let mut unread = connect(&world);
    unread.write_all(ALIVE.repeat(2000).as_bytes()).expect("written");
    world.stranger().get("/healthz").await.expect(200);
}
