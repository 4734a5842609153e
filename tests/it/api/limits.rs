//! Limits of a query, and of the answer that reports them.

use std::time::Duration;

use krosyn_audit::api::problem::Code;
use serde_json::json;

use crate::support::entries::{append, recording, recording_at, seconds_ago, with};
use crate::support::test_server::{LOGS, TestServer};

#[tokio::test]
async fn an_error_names_the_limit_and_not_the_whole_input() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let ids: Vec<_> = (0..11_000).map(|id| id.to_string()).collect();
    let unknown: Vec<_> = (0..9_000).map(|name| format!("{name:x}=")).collect();
    let words: Vec<_> = (0..4_000).map(|word| format!("q=w{word}")).collect();
    let names: Vec<_> = (0..900).map(|name| format!("p{name}=x")).collect();
    for (query, detail) in [
        (format!("model_id={}", ids.join(",")), "model_id has more than 100 values"),
        (format!("user={}", ids.join(",")), "user has more than 100 values"),
        (unknown.join("&"), "the query string has more than 1000 parameters"),
        (words.join("&"), "the query string has more than 1000 parameters"),
        (words[..900].join("&"), "q has more than 20 values"),
        (names.join("&"), "; and 880 more"),
        (format!("action={}", "x".repeat(50_000)), "unknown action \"xxx"),
        (format!("{}=1", "x".repeat(50_000)), "is not a parameter of this request"),
        (format!("q={}", "x".repeat(50_000)), "more than 1000 characters"),
    ] {
        for path in [LOGS.to_owned(), format!("{LOGS}/facets"), format!("{LOGS}/counts")] {
            let answer = admin.get(&format!("{path}?{query}")).await;
            let problem = answer.refused(Code::Invalid, detail);
            assert!(problem.errors.len() <= 20 && answer.text().len() < 16_000, "{path}: {}", answer.text());
        }
    }
    for path in ["/api/v1/whoami", "/api/v1/audit-logs/retention"] {
        let answer = admin.get(&format!("{path}?{}", unknown.join("&"))).await;
        answer.refused(Code::Invalid, "(and 8992 more are not)");
        assert!(answer.text().len() < 16_000, "{path}");
    }
}

#[tokio::test]
async fn an_exact_user_filter_matches_one_user() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let users = [
        json!({"name": "Ana", "id": "1"}),
        json!({"name": "Ana Ruiz", "id": "2"}),
        json!({"name": "Ana", "id": "admin:7,8"}),
        json!({"name": "Ana", "kind": "service"}),
    ];
    let by = |(at, user): (i64, &serde_json::Value)| {
        with(recording_at("1", seconds_ago(99 - at)), "user", user.clone())
    };
    append(&world.store, world.org, (0..).zip(&users).map(by)).await;
    for (user, ids) in [
        ("ana", "4321"),
        ("is:Ana", "431"),
        ("service/is:Ana", "4"),
        ("id:1", "1"),
        ("is:Ana,!id:1", "43"),
        (r"id:admin:7\,8", "3"),
        ("name:Ana Ruiz,id:1", "21"),
        ("id:3", ""),
    ] {
        let request = admin.request(reqwest::Method::GET, LOGS).query(&[("user", user)]);
        let page: krosyn_audit::api::page::Page = admin.send(request).await.expect(200).read();
        let found: String = page.data.iter().map(|entry| entry.id.to_string()).collect();
        assert_eq!(found, ids, "{user}");
    }
    admin.list("user=id:").await.refused(Code::Invalid, "has no value after");
}

#[tokio::test]
async fn a_query_that_takes_longer_than_the_timeout_is_503_and_says_so() {
    let world = TestServer::in_a_file_with(|settings, _| settings.query_timeout = Some(Duration::ZERO)).await;
    let admin = world.admin().await;
    append(&world.store, world.org, (0..2_000).map(|n| recording(&n.to_string()))).await;
    let recorded = admin.record(&recording("1")).await;
    assert_eq!(recorded.status, 201, "recording has no such limit");
    for path in [
        "?q=nowhere",
        "/facets?q=nowhere",
        "/counts?by=day&q=nowhere",
        "?total=true&q=nowhere",
        "/checkpoint",
    ] {
        let path = format!("{LOGS}{path}");
        // A reader that is faster than the clock may answer.
        let mut answer = admin.get(&path).await;
        for _ in 0..20 {
            if answer.status == 503 {
                break;
            }
            answer = admin.get(&path).await;
        }
        let problem = answer.refused(Code::Unavailable, "(--query-timeout) and was stopped");
        assert_eq!((answer.status, problem.status), (503, 503), "{path}");
        assert_eq!(answer.header("retry-after"), "2", "{path}");
    }
}
