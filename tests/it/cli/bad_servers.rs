//! Servers that are absent, are something else, or close early cause a clear error and no panic.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::thread;

use crate::support::sandbox::{Outcome, Sandbox};

/// A server that gives every connection this answer once it has read a request, and then hangs up.
fn stranger(answer: impl Into<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.into();
    // The thread waits for connections until the test process ends.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            drop(stream.read(&mut [0; 64 * 1024]));
            drop(stream.write_all(&answer));
            drop(stream.shutdown(Shutdown::Write));
            // Read until the client closes too, so that it gets the answer and no reset.
            drop(std::io::copy(&mut stream, &mut std::io::sink()));
        }
    });
    url
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn ask(command: &[&str], url: &str) -> Outcome {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&[command, &["--server", url]].concat());
    let outcome = sandbox.finish(command.env("KROSYN_AUDIT_TOKEN", "kra_hush").spawn().unwrap());
    let said = outcome.to_string();
    assert!(!said.contains("panicked") && !said.contains("hush"), "{said}");
    outcome
}

/// Runs all commands in parallel, because each retries a lost connection for a while.
fn ask_all<const N: usize>(questions: [(&[&str], &str); N]) -> [Outcome; N] {
    thread::scope(|scope| {
        let asked = questions.map(|(command, url)| scope.spawn(move || ask(command, url)));
        asked.map(|outcome| outcome.join().unwrap())
    })
}

#[test]
fn a_refused_connection_exits_9() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let [list, list_json, show_json, export_json] = ask_all([
        (&["list"], &url),
        (&["list", "--format", "json"], &url),
        (&["show", "1", "--format", "json"], &url),
        (&["export", "--format", "json"], &url),
    ]);
    insta::assert_snapshot!(list, @"
    exit 9
    -- stderr
    error: cannot reach http://127.0.0.1:[port]: Connection refused (os error 111)
      hint: check that the server is running and that --server (or KROSYN_AUDIT_SERVER) is right; --demo needs no server
    ");
    insta::assert_snapshot!(list_json, @r#"
    exit 9
    -- stdout
    {"query":{},"entries":[],"matched":null,"complete":false,"next_cursor":null}
    -- stderr
    error: cannot reach http://127.0.0.1:[port]: Connection refused (os error 111)
      hint: check that the server is running and that --server (or KROSYN_AUDIT_SERVER) is right; --demo needs no server
    {"error":{"code":"unreachable","exit":9,"hint":"check that the server is running and that --server (or KROSYN_AUDIT_SERVER) is right; --demo needs no server","message":"cannot reach http://127.0.0.1:[port]: Connection refused (os error 111)","request_id":null}}
    "#);
    assert_eq!(show_json.ended(9).out(), "");
    let document = export_json.ended(9).json();
    assert_eq!((&document["complete"], &document["entries"]), (&false.into(), &serde_json::json!([])));
}

#[test]
fn an_answer_of_another_server_is_an_error() {
    let html = http("200 OK", "content-type: text/html\r\n", "<html>welcome</html>");
    insta::assert_snapshot!(ask(&["list"], &stranger(html.clone())), @"
    exit 1
    -- stderr
    error: http://127.0.0.1:[port] answered 200, but not as a Krosyn audit API does: expected value at line 1 column 1
      hint: check that --server is the address of a Krosyn audit API
    ");
    ask(&["show", "1"], &stranger(html.clone())).ended(1);
    ask(&["prune", "--dry-run"], &stranger(html)).ended(1);
    insta::assert_snapshot!(ask(&["list"], &stranger(http("404 Not Found", "", "nothing here"))), @"
    exit 1
    -- stderr
    error: http://127.0.0.1:[port] answered 404, but not as a Krosyn audit API does: its response is not application/problem+json
      hint: check that --server is the address of a Krosyn audit API
    ");
    insta::assert_snapshot!(ask(&["list"], &stranger(http("200 OK", "", "{\"data\":[{\"id\":-1}]}"))), @"
    exit 1
    -- stderr
    error: http://127.0.0.1:[port] answered 200, but not as a Krosyn audit API does: invalid value: integer `-1`, expected u64 at line 1 column 17
      hint: check that --server is the address of a Krosyn audit API
    ");
    ask(&["list"], &stranger(http("200 OK", "", &"[".repeat(100_000)))).ended(1);
    ask(&["list"], &stranger(http("200 OK", "", "\u{1b}]0;owned\u{7}"))).ended(1);
    insta::assert_snapshot!(ask(&["list"], &stranger(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe".to_vec())), @"
    exit 1
    -- stderr
    error: http://127.0.0.1:[port] answered 200, but not as a Krosyn audit API does: its response is not UTF-8
      hint: check that --server is the address of a Krosyn audit API
    ");
}

#[test]
fn a_redirect_is_not_followed_with_the_token() {
    let elsewhere = http("302 Found", "location: http://evil.example/\r\n", "");
    insta::assert_snapshot!(ask(&["list"], &stranger(elsewhere)), @"
    exit 1
    -- stderr
    error: http://127.0.0.1:[port] answered 302, but not as a Krosyn audit API does: it redirects to another URL, and the token is not sent there: use the right server URL
      hint: check that --server is the address of a Krosyn audit API
    ");
}

#[test]
fn invalid_http_and_truncated_answers_exit_9() {
    let [ssh, half, nothing] = ask_all([
        (&["list"], &stranger("SSH-2.0-OpenSSH_9.6\r\n")),
        (&["list"], &stranger("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"data\"")),
        (&["list"], &stranger("")),
    ]);
    insta::assert_snapshot!(ssh, @"
    exit 9
    -- stderr
    error: cannot reach http://127.0.0.1:[port]: invalid HTTP version parsed
      hint: check that the server is running and that --server (or KROSYN_AUDIT_SERVER) is right; --demo needs no server
    ");
    insta::assert_snapshot!(half, @"
    exit 9
    -- stderr
    error: cannot reach http://127.0.0.1:[port]: the response broke off: end of file before message length reached
      hint: check that the server is running and that --server (or KROSYN_AUDIT_SERVER) is right; --demo needs no server
    ");
    insta::assert_snapshot!(nothing, @"
    exit 9
    -- stderr
    error: cannot reach http://127.0.0.1:[port]: connection closed before message completed
      hint: check that the server is running and that --server (or KROSYN_AUDIT_SERVER) is right; --demo needs no server
    ");
}

#[test]
fn a_problem_shows_its_reason_and_request_id() {
    let problem = r#"{"type":"x","title":"x","status":403,"detail":"no \u001b[31mred","code":"forbidden","request_id":"r-1"}"#;
    insta::assert_snapshot!(ask(&["list"], &stranger(http("403 Forbidden", "", problem))), @"
    exit 4
    -- stderr
    error: no ␛[31mred
      hint: look for request r-1 in the server's log
      hint: an operator can create a token with more scopes: `krosyn-audit token create --scope …`
    ");
    let later = r#"{"type":"x","title":"x","status":418,"detail":"a teapot","code":"of_a_later_version"}"#;
    insta::assert_snapshot!(ask(&["list"], &stranger(http("418 Teapot", "", later))), @"
    exit 1
    -- stderr
    error: a teapot
    ");
}

#[test]
fn a_cursor_that_repeats_ends_the_command() {
    let page = r#"{"data":[],"page":{"limit":50,"next_cursor":"eyJ","as_of":1}}"#;
    insta::assert_snapshot!(ask(&["list", "--all"], &stranger(http("200 OK", "", page))), @"
    exit 1
    -- stderr
    error: http://127.0.0.1:[port] answered 200, but not as a Krosyn audit API does: its next_cursor is invalid
      hint: check that --server is the address of a Krosyn audit API
    ");
}

#[test]
fn an_import_checks_the_number_of_answers() {
    let sandbox = Sandbox::new();
    let url = stranger(http("200 OK", "content-type: application/x-ndjson\r\n", ""));
    let mut command = sandbox.command(&["import", "log.jsonl", "--server", &url]);
    sandbox.write("log.jsonl", super::acme::LINES);
    let outcome = sandbox.finish(command.env("KROSYN_AUDIT_TOKEN", "kra_hush").spawn().unwrap());
    insta::assert_snapshot!(outcome, @"
    exit 1
    -- stderr
    error: the server answered for a different number of lines than were sent
    ");
}

#[test]
fn invalid_addresses_are_usage_errors() {
    for (url, status) in [
        ("krosyn.example", 2),
        ("ftp://krosyn.example", 2),
        ("http://", 2),
        ("https://ana:hush@krosyn.example", 2),
        ("https://krosyn.example/?token=hush", 2),
    ] {
        ask(&["list"], url).ended(status);
    }
    insta::assert_snapshot!(ask(&["list"], "krosyn.example"), @r#"
    exit 2
    -- stderr
    error: "krosyn.example" is not a server address (did you mean https://krosyn.example?): expected https://HOST, http:// on this machine, sqlite:PATH, postgres://… or demo:
    "#);
    insta::assert_snapshot!(ask(&["list"], "http://krosyn.example"), @"
    exit 2
    -- stderr
    error: http://krosyn.example/ would send the token unencrypted: use https://, or allow it with --insecure-http
    ");
    insta::assert_snapshot!(ask(&["list"], "https://ana:hush@krosyn.example"), @"
    exit 2
    -- stderr
    error: a server's address must not contain a user, password, query or fragment: give the token with --token-file
    ");
}
