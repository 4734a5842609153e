//! What a browser sees when there is nothing to show: unknown paths, pruned entries, and a store that is away.

use krosyn_audit::model::words::Scope;
use serde_json::json;

use crate::page::browser::{Answered, Browser, server};
use crate::support::entries::{append, days_ago, recording, recording_at};

const HTML: &str = "text/html; charset=utf-8";
const PROBLEM: &str = "application/problem+json";

fn kind(answer: &Answered) -> (u16, &str) {
    (answer.status, answer.header("content-type"))
}

#[tokio::test]
async fn an_unknown_path_is_a_page_for_browsers_and_a_problem_for_programs() {
    let server = server().await;
    let browser = Browser::new(&server);
    for path in ["/audit", "/audit-logs/1/2/3", "/trail/", "/favicon.ico"] {
        let page = browser.get(path).await;
        assert_eq!(kind(&page), (404, HTML), "{path}");
        assert!(
            page.text.contains("href=\"/audit-logs\"") && !page.text.contains("openapi"),
            "{}",
            page.text
        );
        assert!(page.header("content-security-policy").contains("form-action 'self'"), "{path}");
        for accept in ["*/*", "application/json", "text/html2"] {
            assert_eq!(kind(&browser.get_as(path, accept).await), (404, PROBLEM), "{path} {accept}");
        }
        assert_eq!(kind(&browser.get_as(path, "application/json, Text/HTML;q=0.9").await), (404, HTML));
    }
    assert_eq!(kind(&browser.get("/sign-out").await), (405, HTML));
    assert_eq!(kind(&browser.get("/api/v1/audit").await), (404, PROBLEM), "the API is for programs");
    let without_page = crate::support::test_server::TestServer::new().await;
    assert_eq!(kind(&Browser::new(&without_page).get("/audit-logs").await), (404, PROBLEM));
}

#[tokio::test]
async fn a_pruned_entry_is_a_page_that_says_when_and_by_which_prune() {
    let server = server().await;
    append(&server.store, server.org, [recording_at("1", days_ago(100)), recording("2")]).await;
    let admin = server.admin().await;
    admin.post("/api/v1/audit-logs/prune", &json!({})).await.expect(200);
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    for path in ["/audit-logs/1", "/audit-logs/1/changes"] {
        let page = browser.get(path).await;
        assert_eq!(kind(&page), (410, HTML), "{path}");
        let detail = "entry 1 was pruned at 2026-11-22T08:00:00.000000Z by admin (prune 1, cutoff 2026-08-24T08:00:00.000000Z)";
        assert!(page.text.contains("This entry was pruned") && page.text.contains(detail), "{}", page.text);
        assert!(page.text.contains("href=\"/retention\""));
    }
    let list = browser.get("/audit-logs").await.text;
    assert!(
        list.contains("href=\"/retention\">Retention</a></p>"),
        "the end of the list says that older are gone"
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_a_page_that_offers_to_try_again() {
    let server = server().await;
    append(&server.store, server.org, [recording("1")]).await;
    let link = server.admin().await.client().session_link().await.expect("a link");
    let link = link.split_once("/sign-in").expect("a path").1;
    let browser = Browser::signed_in(&server, &[Scope::Read, Scope::Trail]).await;
    let form_token = browser.get("/sign-in").await.hidden("form_token");
    // A store that was closed answers as one that cannot be reached.
    server.store.close().await;
    let signing_in = format!("/sign-in{link}");
    for path in [
        "/audit-logs",
        "/audit-logs/1",
        "/audit-logs/1/changes",
        "/audit-logs/new?after_id=0",
        "/audit-logs/resource?type=connector&id=1",
        "/audit-logs/export.csv",
        "/retention",
        "/trail",
        &signing_in,
    ] {
        let page = browser.get(path).await;
        assert_eq!((kind(&page), page.header("retry-after")), ((503, HTML), "2"), "{path}: {}", page.text);
        assert!(page.text.contains("Wait 2 seconds, then <a href=\"\">try again</a>."), "{}", page.text);
    }
    let answer = browser.post("/sign-in", &[("form_token", &form_token), ("token", "kra_x")]).await;
    assert_eq!(kind(&answer), (503, HTML));
}
