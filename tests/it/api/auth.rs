//! Authentication and scopes: which token may call which operation, as the document says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::num::NonZeroU32;

use chrono::TimeDelta;
use krosyn_audit::api::problem::Code;
use krosyn_audit::model::words::Scope;
use krosyn_audit::secret::Token;
use krosyn_audit::server::LocalToken;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::contract;
use crate::support::entries::{NOW, recording};
use crate::support::test_server::{Caller, LOGS, TestServer, local_actor};

const WHOAMI: &str = "/api/v1/whoami";
/// It needs one of two scopes: `page::sign_in` tests that.
const SESSION_LINK: &str = "/api/v1/sessions/link";

/// The access of each route. A route missing here fails the first test below.
#[rustfmt::skip]
const ROUTES: &[(&str, &str, Needs)] = &[
    ("get",  "/api/v1/audit-logs",           Needs::One(Scope::Read)),
    ("post", "/api/v1/audit-logs",           Needs::One(Scope::Record)),
    ("get",  "/api/v1/audit-logs/{id}",      Needs::One(Scope::Read)),
    ("get",  "/api/v1/audit-logs/facets",    Needs::One(Scope::Read)),
    ("get",  "/api/v1/audit-logs/counts",    Needs::One(Scope::Read)),
    ("get",  "/api/v1/audit-logs/export",    Needs::One(Scope::Read)),
    ("get",  "/api/v1/audit-logs/retention", Needs::One(Scope::Read)),
    ("get",  "/api/v1/audit-logs/prunes",    Needs::One(Scope::Read)),
    ("post", "/api/v1/audit-logs/prune",     Needs::One(Scope::Prune)),
    ("get",  "/api/v1/holds",                Needs::One(Scope::Hold)),
    ("post", "/api/v1/holds",                Needs::One(Scope::Hold)),
    ("get",  "/api/v1/holds/{name}",         Needs::One(Scope::Hold)),
    ("post", "/api/v1/holds/{name}/release", Needs::One(Scope::Hold)),
    ("get",  "/api/v1/trail",                Needs::One(Scope::Trail)),
    ("get",  "/api/v1/trail/{id}",           Needs::One(Scope::Trail)),
    ("get",  "/api/v1/trail/facets",         Needs::One(Scope::Trail)),
    ("get",  "/api/v1/trail/counts",         Needs::One(Scope::Trail)),
    ("get",  "/api/v1/trail/export",         Needs::One(Scope::Trail)),
    ("get",  "/api/v1/trail/retention",      Needs::One(Scope::Trail)),
    ("get",  "/api/v1/trail/prunes",         Needs::One(Scope::Trail)),
    ("get",  "/api/v1/audit-logs/checkpoint",  Needs::One(Scope::Read)),
    ("get",  "/api/v1/audit-logs/tile/{tile}", Needs::One(Scope::Read)),
    ("get",  "/api/v1/audit-logs/{id}/proof",  Needs::One(Scope::Read)),
    ("get",  "/api/v1/trail/checkpoint",       Needs::One(Scope::Trail)),
    ("get",  "/api/v1/trail/tile/{tile}",      Needs::One(Scope::Trail)),
    ("get",  "/api/v1/trail/{id}/proof",       Needs::One(Scope::Trail)),
    ("get",  "/api/v1/erasures",             Needs::One(Scope::Erase)),
    ("post", "/api/v1/erasures",             Needs::One(Scope::Erase)),
    ("get",  "/api/v1/whoami",               Needs::Token),
    ("post", "/api/v1/sessions/link",        Needs::Token),
    ("get",  "/healthz",                     Needs::Nothing),
    ("get",  "/readyz",                      Needs::Nothing),
    ("get",  "/api/openapi.json",            Needs::Nothing),
];

/// The access that a call needs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Needs {
    Nothing,
    /// Any token in force.
    Token,
    /// A token with this scope.
    One(Scope),
}

/// The document is generated from the registered routes: a route missing in it is not served.
#[test]
fn every_route_and_its_scope_are_in_the_table() {
    let walked = contract::operations().into_iter().map(|(method, path, operation)| {
        let needs = match operation["security"].as_array().map(Vec::as_slice) {
            None | Some([]) => Needs::Nothing,
            Some([bearer]) => match bearer["bearer"].as_array().map(Vec::as_slice) {
                Some([]) => Needs::Token,
                Some([scope]) => Needs::One(scope.as_str().and_then(|it| it.parse().ok()).expect("a scope")),
                other => panic!("{method} {path}: {other:?}"),
            },
            other => panic!("{method} {path}: {other:?}"),
        };
        (method, path, needs)
    });
    let mut walked: Vec<_> = walked.collect();
    let mut table = ROUTES.to_vec();
    walked.sort_by_key(|(method, path, _)| (*path, *method));
    table.sort_by_key(|(method, path, _)| (*path, *method));
    assert_eq!(walked, table);
}

/// The calls that need a token, and the scopes each asks for.
fn secured() -> Vec<(Method, String, Vec<Scope>)> {
    let call = |(method, path, needs): &(&str, &str, Needs)| {
        let (method, path) = (
            method.to_uppercase().parse().expect("a method"),
            path.replace("{id}", "1").replace("{name}", "1"),
        );
        match needs {
            Needs::Nothing => None,
            Needs::Token => Some((method, path, Vec::new())),
            Needs::One(scope) => Some((method, path, vec![*scope])),
        }
    };
    ROUTES.iter().filter_map(call).collect()
}

/// Calls an operation with a body it could take.
async fn call(caller: &Caller, method: &Method, path: &str) -> Answer {
    let request = caller.request(method.clone(), path);
    let body = if path.ends_with("/prune") { json!({"dry_run": true}) } else { recording("1") };
    caller.send(if *method == Method::POST { request.json(&body) } else { request }).await
}

#[tokio::test]
async fn every_documented_operation_with_security_answers_401_without_a_token() {
    let world = TestServer::new().await;
    let secured = secured();
    assert_eq!(secured.len(), 30, "the document keeps its operations under lock: {secured:?}");
    for (method, path, _) in &secured {
        let answer = call(&world.stranger(), method, path).await;
        answer.refused(Code::Unauthorized, "no token: send the header");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{path}");
    }
    assert_eq!(
        world.admin().await.list("total=true").await.json()["total"]["count"],
        0,
        "and nothing happened"
    );
}

#[tokio::test]
async fn every_operation_accepts_only_its_own_scope() {
    let world = TestServer::new().await;
    let mut refused = 0;
    for scope in Scope::ALL {
        let caller = world.caller(world.org, scope.as_str(), &[*scope]).await;
        for (method, path, needed) in secured().into_iter().filter(|(_, path, _)| path != SESSION_LINK) {
            let answer = call(&caller, &method, &path).await;
            if needed.is_empty() || needed.contains(scope) {
                assert!(!matches!(answer.status, 401 | 403), "{scope} {method} {path}: {}", answer.text());
            } else {
                let words = format!("needs the scope {}; the token \"{scope}\" has {scope}", needed[0]);
                answer.refused(Code::Forbidden, &words);
                refused += 1;
            }
        }
    }
    // Ten read the audit log and ten the trail, four are about holds, one records, one prunes, two erase, one takes any token.
    assert_eq!(refused, (10 + 10 + 4 + 1 + 1 + 2) * 5);
}

#[tokio::test]
async fn a_token_without_scopes_can_only_call_whoami() {
    let world = TestServer::new().await;
    let bare = world.caller(world.org, "bare", &[]).await;
    for (method, path, needed) in secured().into_iter().filter(|(_, path, _)| path != SESSION_LINK) {
        let answer = call(&bare, &method, &path).await;
        if needed.is_empty() {
            assert_eq!(answer.status, 200);
        } else {
            answer.refused(Code::Forbidden, "has none");
        }
    }
}

#[tokio::test]
async fn only_a_known_bearer_token_is_accepted() {
    let world = TestServer::new().await;
    let stranger = world.stranger();
    for header in ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer two words"] {
        let request = stranger.request(Method::GET, WHOAMI).header(AUTHORIZATION, header);
        stranger.send(request).await.refused(Code::Unauthorized, "Authorization: Bearer TOKEN");
    }
    let unknown = Token::generate().expect("randomness");
    stranger.with_token(unknown.expose()).get(WHOAMI).await.refused(Code::Unauthorized, "unknown");
}

#[tokio::test]
async fn the_bearer_scheme_is_case_insensitive() {
    let token = Token::generate().expect("randomness");
    let hash = token.hash();
    let world = TestServer::with_settings(|settings, organization| {
        let (name, organization) = ("this process".to_owned(), organization.clone());
        settings.local =
            Some(LocalToken { hash, name, organization, actor: local_actor(), scopes: vec![Scope::Read] });
    })
    .await;
    for word in ["Bearer", "bearer", "BEARER"] {
        let header = format!("{word} {}", token.expose());
        let request = world.stranger().request(Method::GET, WHOAMI).header(AUTHORIZATION, header);
        world.stranger().send(request).await.expect(200);
    }
}

#[tokio::test]
async fn a_token_expires_exactly_at_its_expiry() {
    let world = TestServer::new().await;
    let end = NOW.plus(TimeDelta::days(1));
    let caller = world.caller_until(world.org, "short", Scope::ALL, Some(end)).await;
    world.set_now(end.plus(TimeDelta::microseconds(-1)));
    assert_eq!(caller.get(WHOAMI).await.expect(200).json()["expires_at"], end.to_string());
    world.set_now(end);
    for (method, path, _) in secured() {
        call(&caller, &method, &path).await.refused(Code::Unauthorized, "revoked or expired");
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused() {
    let world = TestServer::new().await;
    let (caller, other) = (world.admin().await, world.caller(world.org, "other", &[]).await);
    assert_eq!(caller.get(WHOAMI).await.status, 200);
    world.store.revoke_token(world.org, "admin".into(), NOW).await.expect("revoked");
    for (method, path, _) in secured() {
        call(&caller, &method, &path).await.refused(Code::Unauthorized, "revoked or expired");
    }
    assert_eq!(other.get(WHOAMI).await.status, 200, "only that one was");
}

#[tokio::test]
async fn data_outside_a_tokens_scope_looks_absent() {
    let world = TestServer::new().await;
    let other = crate::support::stores::organization(&world.store, "other").await;
    let (acme, other) = (world.admin().await, world.caller(other, "admin", Scope::ALL).await);
    acme.record(&recording("1")).await.expect(201);
    let (theirs, nobodys) = (
        other.get("/api/v1/audit-logs/1").await.problem(),
        other.get("/api/v1/audit-logs/2").await.problem(),
    );
    assert_eq!((theirs.code, &theirs.detail), (Code::NotFound, &nobodys.detail.replace('2', "1")));
    assert_eq!(other.list("total=true").await.json()["total"]["count"], 0);
    assert_eq!(other.get("/api/v1/audit-logs/facets").await.json()["total"], 0);
    assert_eq!(other.get("/api/v1/audit-logs/retention").await.json()["counts"]["kept"], 0);
}

#[tokio::test]
async fn the_in_process_token_has_its_scopes_and_is_not_stored() {
    let token = Token::generate().expect("randomness");
    let hash = token.hash();
    let world = TestServer::with_settings(|settings, organization| {
        let (name, organization) = ("this process".to_owned(), organization.clone());
        settings.local =
            Some(LocalToken { hash, name, organization, actor: local_actor(), scopes: vec![Scope::Read] });
    })
    .await;
    let caller = world.stranger().with_token(token.expose());
    assert_eq!(caller.get(WHOAMI).await.expect(200).json()["token"], "this process");
    caller.list("").await.expect(200);
    caller.record(&recording("1")).await.refused(Code::Forbidden, "needs the scope record");
    assert!(world.store.tokens(world.org).await.expect("none").is_empty());
}

#[tokio::test]
async fn too_many_requests_get_429_with_retry_after() {
    let world =
        TestServer::with_settings(|settings, _| settings.requests_a_second = NonZeroU32::new(1)).await;
    let (one, other) = (world.admin().await, world.caller(world.org, "other", &[Scope::Read]).await);
    let mut answer = one.get(WHOAMI).await;
    for _ in 0..200 {
        if answer.status == 429 {
            break;
        }
        answer = one.get(WHOAMI).await;
    }
    answer.refused(Code::TooManyRequests, "try again in");
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1));
    other.get(WHOAMI).await.expect(200);

    // Wrong tokens are counted by address. Over the limit a right token is refused too, so that guessing reveals nothing,
    // unless the connection has shown it before.
    let world = TestServer::new().await;
    let right = world.admin().await;
    right.get(WHOAMI).await.expect(200);
    let stranger = right.with_http(reqwest::Client::builder().no_proxy().build().expect("a client"));
    let wrong = stranger.with_token(Token::generate().expect("randomness").expose());
    let mut statuses = vec![wrong.get(WHOAMI).await.status];
    while statuses.len() < 200 && statuses.last() == Some(&401) {
        statuses.push(wrong.get(WHOAMI).await.status);
    }
    assert_eq!((statuses[0], statuses.last()), (401, Some(&429)));
    let answer = stranger.get(WHOAMI).await.expect(429);
    answer.refused(Code::TooManyRequests, "try again in");
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1));
    right.get(WHOAMI).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_expires_during_its_request_body_is_refused() {
    let world = TestServer::new().await;
    for (path, body) in [(LOGS, recording("1")), ("/api/v1/audit-logs/prune", json!({"dry_run": true}))] {
        let name = path.rsplit('/').next().expect("a name");
        let token = Token::generate().expect("randomness");
        world.keep_token(world.org, name, Scope::ALL, None, &token).await;
        let body = body.to_string();
        let mut stream = std::net::TcpStream::connect(world.address()).expect("a connection");
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             expect: 100-continue\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            token.expose(),
            body.len()
        )
        .expect("written");
        let mut answer = BufReader::new(stream.try_clone().expect("a handle"));
        let mut line = String::new();
        answer.read_line(&mut line).expect("read");
        assert_eq!(line, "HTTP/1.1 100 Continue\r\n", "the token was good when the head came");
        world.store.revoke_token(world.org, name.to_owned(), NOW).await.expect("revoked");
        stream.write_all(body.as_bytes()).expect("written");
        let mut rest = String::new();
        answer.read_to_string(&mut rest).expect("read");
        assert!(rest.contains("HTTP/1.1 401") && rest.contains("revoked or expired"), "{path}: {rest}");
    }
    assert_eq!(world.admin().await.list("total=true").await.json()["total"]["count"], 0);
}
