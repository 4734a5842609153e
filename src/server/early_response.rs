//! Responses sent before a request could be read: no free connection slot, and the HTTP library's own error responses.
//! They get a problem body like all other errors.

use crate::api::problem::{Code, Problem};
use crate::api::routes::PROBLEM_JSON;
use crate::server::error::RETRY_SECONDS;
use crate::server::middleware::{HARDENING, new_request_id};

pub(super) fn no_free_slot() -> Vec<u8> {
    let detail = "too many connections: try again in a moment";
    let head =
        format!("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: {RETRY_SECONDS}\r\n");
    with_problem(&head, Problem::new(Code::Unavailable, detail))
}

/// Adds a problem body to the HTTP library's own error responses. `None` for our responses, which carry a request id.
pub(super) fn with_body(answer: &[u8]) -> Option<Vec<u8>> {
    // Every part of every response comes past here: its text is not checked.
    if !answer.starts_with(b"HTTP/1.1 ") {
        return None;
    }
    let answer = str::from_utf8(answer).ok()?;
    let status: u16 = answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let (code, detail) = match status {
        400 => (Code::Malformed, "the request is not valid HTTP/1.1"),
        414 => (Code::TooLarge, "the URL is longer than 64 KiB: send fewer parameters"),
        431 => (Code::TooLarge, "too many headers, or too long ones"),
        _ => return None,
    };
    let head = answer.strip_suffix("\r\n\r\n")?.to_ascii_lowercase();
    let lines: Vec<_> = head.lines().collect();
    if !lines.contains(&"content-length: 0") || lines.iter().any(|line| line.starts_with("x-request-id:")) {
        return None;
    }
    let lines = answer.lines().take_while(|line| !line.is_empty());
    let lines = lines.filter(|line| !line.eq_ignore_ascii_case("content-length: 0"));
    let head: String = lines.flat_map(|line| [line, "\r\n"]).collect();
    Some(with_problem(&head, Problem { status, ..Problem::new(code, detail) }))
}

/// Completes a head and adds the problem.
fn with_problem(head: &str, problem: Problem) -> Vec<u8> {
    let request_id = new_request_id();
    let problem = Problem { request_id: Some(request_id.clone()), ..problem };
    // A problem consists of strings and numbers: serialization cannot fail.
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let length = body.len();
    let hardening =
        HARDENING.into_iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap_or("")));
    let head = hardening.fold(head.to_owned(), |head, line| head + &line);
    format!("{head}content-type: {PROBLEM_JSON}\r\ncontent-length: {length}\r\nx-request-id: {request_id}\r\n\r\n{body}")
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_librarys_error_responses_get_a_body() {
        let own = "HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\ndate: Sun, 22 Nov 2026 08:00:00 GMT\r\n\r\n";
        let with_body =
            String::from_utf8(super::with_body(own.as_bytes()).expect("an error response")).expect("UTF-8");
        let (head, body) = with_body.split_once("\r\n\r\n").expect("head and body");
        let problem: Problem = serde_json::from_str(body).expect("a problem");
        assert_eq!((problem.status, problem.code), (414, Code::TooLarge));
        assert!(head.starts_with("HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ndate: Sun"), "{head}");
        let lengths: Vec<_> = head.lines().filter(|line| line.starts_with("content-length")).collect();
        assert_eq!(lengths, [format!("content-length: {}", body.len())]);
        let id = problem.request_id.expect("an id");
        assert!(head.lines().any(|line| line == format!("x-request-id: {id}")));
        for other in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nX-Request-Id: req_1\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 400 Bad Request\r\n",
            "{\"HTTP/1.1 400\": 1}",
            "",
        ] {
            assert_eq!(super::with_body(other.as_bytes()), None, "{other}");
        }
    }
}
