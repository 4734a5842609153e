//! New entries below a list that is shown, and changes that are fetched when a row is opened.

use chrono::TimeDelta;
use krosyn_audit::model::words::Scope;
use krosyn_audit::secret::Token;

use crate::page::browser::{Browser, server, token};
use crate::page::demo::Demo;
use crate::support::entries::{NOW, append, recording, with};
use crate::support::sandbox::Sandbox;
use crate::support::stores::organization;

/// The attribute's value.
fn attribute(html: &str, name: &str) -> String {
    let rest = html.split(&format!("{name}=\"")).nth(1).unwrap_or_else(|| panic!("{name} in {html}"));
    rest.split('"').next().expect("a value").replace("&amp;", "&")
}

fn rows(html: &str) -> usize {
    html.matches("<tr><td>").count()
}

#[tokio::test]
async fn new_entries_are_rows_and_each_is_answered_once() {
    let server = server().await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    append(&server.store, server.org, ["1", "2"].map(recording)).await;
    let list = browser.get("/audit-logs?action=created").await.text;
    let mut next = attribute(&list, "data-tail");
    let viewer = attribute(&list, "data-viewer");
    let tail = |id: u64| format!("/audit-logs/new?action=created&after_id={id}&viewer={viewer}");
    assert_eq!(next, tail(2));
    let none = browser.get(&next).await.text;
    assert_eq!((rows(&none), attribute(&none, "data-next")), (0, next.clone()));
    let mut other = with(recording("x"), "action", "deleted");
    other["before"] = other["after"].take();
    append(&server.store, server.org, (3..=60).map(|id| recording(&id.to_string())).chain([other])).await;
    let mut shown = Vec::new();
    for count in [50, 8, 0] {
        let answer = browser.get(&next).await;
        assert_eq!((answer.status, rows(&answer.text)), (200, count), "{}", answer.text);
        let ids = answer.text.split("<tr><td><a href=\"/audit-logs/").skip(1);
        assert_eq!(answer.text.contains("data-more"), count == 50, "more is there already: {}", answer.text);
        shown.extend(ids.map(|it| it.split('"').next().expect("an id").parse::<u64>().expect("a number")));
        next = attribute(&answer.text, "data-next");
    }
    assert_eq!(shown, (3..=60).collect::<Vec<_>>(), "in the order of their ids");
    assert_eq!(next, tail(61));
    assert_eq!(browser.get("/audit-logs/new?action=created").await.status, 422);
    assert_eq!(browser.get("/audit-logs/new?action=x&after_id=1").await.status, 422);
}

#[tokio::test]
async fn the_live_tail_does_not_keep_a_session_alive() {
    let server = server().await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    for minutes in [20, 40, 59] {
        server.set_now(NOW.plus(TimeDelta::minutes(minutes)));
        assert_eq!(browser.get("/audit-logs/new?after_id=0").await.status, 200);
    }
    server.set_now(NOW.plus(TimeDelta::minutes(60)));
    assert_eq!(browser.get("/audit-logs/new?after_id=0").await.status, 303, "idle for an hour");
}

#[tokio::test]
async fn looking_at_the_trail_is_no_news_to_the_viewer() {
    let server = server().await;
    let browser = Browser::signed_in(&server, &[Scope::Read, Scope::Trail]).await;
    let list = browser.get("/trail").await.text;
    let tail = attribute(&list, "data-tail");
    // Another page of the trail writes the reads down.
    browser.get("/audit-logs").await;
    browser.get(&tail).await;
    browser.get("/trail?action=read").await;
    let own = browser.get(&tail).await.text;
    assert_eq!(rows(&own), 0, "{own}");
    let other = Browser::new(&server);
    assert_eq!(other.sign_in(&token(&server, "other", &[Scope::Trail]).await).await.status, 303);
    other.get("/trail?action=read").await;
    browser.get("/trail?action=exported").await;
    let news = browser.get(&tail).await.text;
    assert!(news.contains("other") && !news.contains("<td>viewer"), "{news}");
    assert_eq!(rows(&news), 2, "a session and a read: {news}");
}

#[tokio::test]
async fn an_opened_row_shows_its_changes_and_is_recorded_as_read() {
    let server = server().await;
    append(&server.store, server.org, [with(recording("1"), "reason", "asked <b>for</b>")]).await;
    let browser = Browser::signed_in(&server, &[Scope::Read, Scope::Trail]).await;
    let list = browser.get("/audit-logs").await.text;
    assert!(list.contains("<a class=\"open\" href=\"/audit-logs/1\">"), "{list}");
    assert!(!list.contains("class=\"diff\""), "the changes come on demand");
    let changes = browser.get("/audit-logs/1/changes").await;
    assert_eq!((changes.status, changes.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(changes.text.starts_with("<div class=\"expanded\">") && changes.text.contains("<ins>"));
    assert!(changes.text.contains("Reason: asked &lt;b&gt;for&lt;/b&gt;"), "{}", changes.text);
    assert_eq!(browser.get("/audit-logs/2/changes").await.status, 404);
    assert_eq!(Browser::new(&server).get("/audit-logs/1/changes").await.status, 303);
    let reads = browser.get("/trail?action=read&q=show").await.text;
    assert!(reads.contains("<td>viewer"), "{reads}");
}

#[tokio::test]
async fn fifty_rows_of_the_demo_are_small() {
    let sandbox = Sandbox::new();
    let demo = Demo::start(&sandbox);
    let browser = Browser::at(&demo.base);
    assert_eq!(browser.sign_in("demo").await.status, 303);
    for path in ["/audit-logs", "/audit-logs?action=updated", "/audit-logs?q=a"] {
        let page = browser.get(path).await.text;
        assert_eq!(rows(&page), 50, "{path}");
        assert!(page.len() < 60_000, "{path} is {} bytes", page.len());
    }
}

#[tokio::test]
async fn the_demos_link_says_how_long_it_works() {
    let sandbox = Sandbox::new();
    let demo = Demo::start(&sandbox);
    let browser = Browser::at(&demo.base);
    let form = browser.get(demo.link.strip_prefix(&demo.base).expect("a path")).await.text;
    assert!(form.contains("works once, until <time") && !form.contains("60 seconds"), "{form}");
}

#[tokio::test]
async fn after_another_sign_in_a_page_gets_nothing_of_the_other_viewer() {
    let server = server().await;
    append(&server.store, server.org, ["1", "2"].map(recording)).await;
    let other_org = organization(&server.store, "beta").await;
    append(&server.store, other_org, ["3", "4", "5"].map(recording)).await;
    let browser = Browser::signed_in(&server, &[Scope::Read, Scope::Trail]).await;
    let (list, entry) = (browser.get("/audit-logs").await.text, browser.get("/audit-logs/1").await.text);
    let viewer = attribute(&list, "data-viewer");
    let export = format!("/audit-logs/export.csv?viewer={viewer}");
    assert!(list.contains(&format!("href=\"{export}\"")), "{list}");
    let proof = format!("/audit-logs/1/proof?viewer={viewer}");
    assert!(entry.contains(&format!("href=\"{proof}\"")), "{entry}");
    let trail = attribute(&browser.get("/trail").await.text, "data-tail");
    let requests = [
        attribute(&list, "data-tail"),
        format!("/audit-logs/1/changes?viewer={viewer}"),
        proof,
        export,
        trail,
    ];
    for request in &requests {
        assert_eq!(browser.get(request).await.status, 200, "{request}");
    }
    let token = Token::generate().expect("randomness");
    server.keep_token(other_org, "bea", &[Scope::Read], None, &token).await;
    assert_eq!(browser.sign_in(token.expose()).await.status, 303);
    for request in &requests {
        let answer = browser.get(request).await;
        assert_eq!((answer.status, rows(&answer.text)), (409, 0), "{request}: {}", answer.text);
        assert!(answer.text.contains("now signed in as bea of beta"), "{}", answer.text);
    }
    assert_ne!(attribute(&browser.get("/audit-logs").await.text, "data-viewer"), viewer);
}
