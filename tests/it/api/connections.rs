//! What happens below HTTP: connections beyond the most there may be, and requests that are none.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use krosyn_audit::api::problem::{Code, Problem};

use crate::support::sandbox::PATIENCE;
use crate::support::world::World;

const ALIVE: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

fn connect(world: &World) -> TcpStream {
    let stream = TcpStream::connect(world.address()).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

/// Sends a text and reads up to the end of the answer's body, or of the connection.
fn answer(stream: &mut TcpStream, text: &str) -> String {
    // Who finds no place may be told so before having written anything.
    drop(stream.write_all(text.as_bytes()));
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"}") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        answer.push(byte[0]);
    }
    String::from_utf8(answer).expect("UTF-8")
}

/// The problem of a raw answer, which must be whole and told under one request id.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_a_place_is_told_so_and_a_place_is_free_again_afterwards() {
    let world = World::with_settings(|settings, _| settings.max_connections = 2).await;
    let mut inside = [connect(&world), connect(&world)];
    for stream in &mut inside {
        assert!(answer(stream, ALIVE).starts_with("HTTP/1.1 200"));
    }
    for _ in 0..3 {
        let refused = answer(&mut connect(&world), ALIVE);
        let problem = problem(&refused);
        assert_eq!((problem.status, problem.code), (503, Code::Unavailable));
        assert!(problem.detail.contains("try again in a moment"), "{problem:?}");
        assert!(refused.contains("retry-after: "), "{refused}");
    }
    assert!(answer(&mut inside[0], ALIVE).starts_with("HTTP/1.1 200"), "who is inside is served on");
    let [gone, _stays] = inside;
    drop(gone);
    // The server has to notice first.
    while !answer(&mut connect(&world), ALIVE).starts_with("HTTP/1.1 200") {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_is_answered_with_a_problem_too() {
    let world = World::new().await;
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
async fn a_head_that_never_ends_keeps_nobody_else_waiting() {
    let world = World::new().await;
    let mut slow: Vec<_> = (0..50).map(|_| connect(&world)).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nx: ").expect("written");
    }
    world.stranger().get("/healthz").await.expect(200);
    let mut unread = connect(&world);
    unread.write_all(ALIVE.repeat(2000).as_bytes()).expect("written");
    world.stranger().get("/healthz").await.expect(200);
}
