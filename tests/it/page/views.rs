//! The views by plain HTTP: filters, pages, errors and headers.

use krosyn_audit::model::words::Scope;
use serde_json::json;

use crate::page::browser::{Browser, server, token};
use crate::support::entries::{NOW, append, days_ago, recording_at};
use crate::support::stores::of_connector;
use crate::support::test_server::TestServer;

/// Records as many entries, a second apart, with actions and users in turns.
async fn record(server: &TestServer, count: usize) {
    let caller = server.caller(server.org, "recorder", &[Scope::Record]).await;
    let lines = (0..count).map(|index| {
        let action = ["created", "updated", "deleted"][index % 3];
        let sides = [json!({"new": "b"}), json!({"old": "a", "new": "b"}), json!({"old": "a"})];
        let mut change = sides[index % 3].clone();
        change["field"] = json!("status");
        let user = ["ana@acme.example", "bo, the second"][index % 2];
        let at = format!("2026-11-22T07:{:02}:{:02}Z", index / 60, index % 60);
        json!({
            "occurred_at": at, "action": action, "model_type": "connector", "model_id": (index / 3).to_string(),
            "user": { "name": user }, "context": { "request_id": format!("r{}", index / 2) }, "changes": [change],
        })
        .to_string()
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    let answer = caller.record_lines("", &lines).await;
    assert!(!answer.text().contains("\"error\""), "{}", answer.text());
}

/// The ids of a list's rows.
fn ids(html: &str) -> Vec<u64> {
    let cells = html.split("<tr><td><a href=\"/audit-logs/").skip(1);
    cells.map(|it| it.split('"').next().expect("an id").parse().expect("a number")).collect()
}

/// The target of the link with this relation.
fn step(html: &str, relation: &str) -> Option<String> {
    let before = html.split(&format!("\" rel=\"{relation}\"")).next().filter(|before| *before != html)?;
    Some(before.rsplit("href=\"").next()?.replace("&amp;", "&"))
}

#[tokio::test]
async fn older_and_newer_pages_show_each_entry_once() {
    let server = server().await;
    record(&server, 120).await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let first = browser.get("/audit-logs").await.text;
    assert!(first.contains("<b>120</b> entries") && step(&first, "prev").is_none());
    let second = browser.get(&step(&first, "next").expect("older")).await.text;
    let third = browser.get(&step(&second, "next").expect("older")).await.text;
    assert!(step(&third, "next").is_none());
    let all: Vec<_> = [&first, &second, &third].into_iter().flat_map(|page| ids(page)).collect();
    assert_eq!(all, (1..=120).rev().collect::<Vec<_>>());
    let back = browser.get(&step(&third, "prev").expect("newer")).await.text;
    assert_eq!(ids(&back), ids(&second));
    assert_eq!(ids(&browser.get(&step(&back, "prev").expect("newer")).await.text), ids(&first));
    let other = step(&first, "next").expect("older").replace("/audit-logs?", "/audit-logs?action=created&");
    let mixed = browser.get(&other).await;
    assert_eq!((mixed.status, ids(&mixed.text).len()), (422, 0), "a position belongs to its filter");
}

#[tokio::test]
async fn a_relative_time_stays_the_same_on_the_next_page() {
    let server = server().await;
    record(&server, 60).await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let first = browser.get("/audit-logs?since=60d").await.text;
    server.set_now(NOW.plus(chrono::TimeDelta::minutes(1)));
    let second = browser.get(&step(&first, "next").expect("older")).await;
    assert_eq!((second.status, ids(&second.text)), (200, (1..=10).rev().collect()));
}

#[tokio::test]
async fn filters_combine_and_stay_checked() {
    let server = server().await;
    record(&server, 60).await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let form = browser.get("/audit-logs").await.text;
    let user = r"is:bo\, the second";
    assert!(form.contains(&format!("name=\"user\" value=\"{user}\"")), "a comma in a name is escaped");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("action", "created"),
            ("action", "deleted"),
            ("user", user),
            ("user", ""),
            ("q", ""),
            ("since", ""),
        ])
        .finish();
    let page = browser.get(&format!("/audit-logs?{query}")).await.text;
    assert!(page.contains("<b>20</b> entries"), "of 60, two thirds and half of these");
    assert_eq!(page.matches(" checked").count(), 3);
    assert!(
        page.contains("krosyn-audit list --action created,deleted --user &#39;is:bo\\, the second&#39;")
            || page.contains("krosyn-audit list --action created,deleted --user 'is:bo\\, the second'"),
        "{page}"
    );
    assert!(page.contains(
        "/audit-logs/export.csv?action=created&amp;action=deleted&amp;user=is%3Abo%5C%2C+the+second"
    ));
}

#[tokio::test]
async fn a_bad_parameter_is_explained_beside_its_control_and_lists_nothing() {
    let server = server().await;
    record(&server, 3).await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    for (query, message) in [
        ("action=explode", "id=\"error-action\""),
        ("since=whenever", "id=\"error-since\""),
        ("resource=42", "id=\"error-resource\""),
        ("ip=198.51.100", "id=\"error-ip\""),
        ("acton=created", "<b>acton</b>"),
        ("older=x", "<b>older</b>"),
    ] {
        let page = browser.get(&format!("/audit-logs?{query}")).await;
        assert_eq!(page.status, 422, "{query}");
        assert!(page.text.contains(message) && ids(&page.text).is_empty(), "{query}: {}", page.text);
    }
    let many = browser.get(&format!("/audit-logs?{}", "action=x&".repeat(60))).await;
    assert_eq!((many.status, many.text.matches("id=\"error-action\"").count()), (422, 1), "ids are unique");
    assert_eq!(many.text.matches("role=\"alert\"").count(), 20, "and few messages are enough");
    for path in
        ["/audit-logs/resource?type=connector&id=0", "/retention?", "/audit-logs/1?", "/audit-logs/1/proof?"]
    {
        let page = browser.get(&format!("{path}&foo=1")).await;
        assert_eq!(page.status, 422, "{path}");
        let text = page.text.replace("</b>", "");
        assert!(
            text.contains("foo is no parameter here") || text.contains("foo: is no parameter here"),
            "{text}"
        );
        assert!(!text.contains("<h2>"), "{path} lists nothing: {text}");
    }
    for parameter in ["after_id=1", "older=x", "newer=x", "total=true"] {
        let export = browser.get(&format!("/audit-logs/export.csv?{parameter}")).await;
        assert_eq!(export.status, 422, "{parameter}");
    }
    let page = browser.get("/audit-logs/resource?type=connector&id=0&at=whenever&from=1h").await;
    assert_eq!(page.status, 422);
    assert!(!page.text.contains("Who set each value"));
    assert!(page.text.contains("id=\"error-at\"") && page.text.contains("id=\"error-to\""), "{}", page.text);
}

#[tokio::test]
async fn the_views_of_an_entry_and_its_resource_show_its_changes() {
    let server = server().await;
    record(&server, 6).await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let entry = browser.get("/audit-logs/2").await.text;
    assert!(
        entry.contains("<del>")
            && entry.contains("<ins>")
            && entry.contains("<span class=\"word\">changed</span>"),
        "{entry}"
    );
    assert!(
        entry.contains("Change set") && entry.contains("href=\"/audit-logs/1\""),
        "the other entry of its request"
    );
    let proof = browser.get("/audit-logs/2/proof").await;
    assert_eq!((proof.status, proof.text.starts_with('{')), (200, true));
    let query =
        "type=connector&id=0&at=2026-11-22T07:00:01Z&from=2026-11-22T07:00:00Z&to=2026-11-22T07:00:01Z";
    let resource = browser.get(&format!("/audit-logs/resource?{query}")).await;
    assert_eq!(resource.status, 200, "{}", resource.text);
    assert!(resource.text.contains("the state at") && resource.text.contains("Who set each value"));
}

#[tokio::test]
async fn retention_shows_each_log_that_the_token_may_read() {
    let server = server().await;
    record(&server, 3).await;
    for (scopes, logs) in [
        (&[Scope::Read][..], &["Audit log"][..]),
        (&[Scope::Trail], &["Trail"]),
        (&[Scope::Read, Scope::Trail], &["Audit log", "Trail"]),
    ] {
        let browser = Browser::new(&server);
        let name = format!("{scopes:?}");
        assert_eq!(browser.sign_in(&token(&server, &name, scopes).await).await.status, 303);
        let page = browser.get("/retention").await;
        let titles = page.text.split("<h2>").skip(1).filter_map(|it| it.split('<').next());
        assert_eq!((page.status, titles.collect::<Vec<_>>()), (200, logs.to_vec()), "{scopes:?}");
        assert!(page.text.contains("href=\"/retention\" aria-current=\"page\""), "{}", page.text);
        assert_eq!(page.text.contains("prune --dry-run"), scopes.contains(&Scope::Read));
        if scopes.contains(&Scope::Trail) {
            assert!(page.text.contains("kept for 1y"), "the trail's own retention: {}", page.text);
        }
    }
}

#[tokio::test]
async fn retention_shows_which_holds_keep_expired_entries() {
    let server = server().await;
    append(&server.store, server.org, [recording_at("1", days_ago(100))]).await;
    server.store.create_hold(server.org, of_connector("case-14", "1")).await.expect("created");
    let page = Browser::signed_in(&server, &[Scope::Read]).await.get("/retention").await;
    assert!(page.text.contains("1 expired entry, kept by holds: "), "{}", page.text);
    assert!(page.text.contains("case-14") && !page.text.contains("court order"), "{}", page.text);
}

#[tokio::test]
async fn missing_entries_and_resources_are_pages() {
    let server = server().await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    for path in ["/audit-logs/7", "/audit-logs/x", "/audit-logs/resource?type=connector&id=9"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.header("content-type").starts_with("text/html") && page.text.contains("Not found"));
    }
}

#[tokio::test]
async fn the_export_has_the_filters_entries() {
    let server = server().await;
    record(&server, 30).await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let csv = browser.get("/audit-logs/export.csv?action=created").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"acme-audit-log.csv\"");
    assert_eq!(csv.text.lines().count(), 11, "{}", csv.text);
    assert_eq!(browser.get("/audit-logs/export.csv?action=x").await.status, 422);
}

#[tokio::test]
async fn every_answer_has_the_pages_headers_and_the_api_keeps_its_own() {
    let server = server().await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let paths = [
        "/audit-logs",
        "/audit-logs/9",
        "/sign-in",
        "/page/page.js",
        "/trail",
        "/audit-logs?x=1",
        "/",
        "/audit-logs/export.csv",
    ];
    for path in paths {
        let page = browser.get(path).await;
        let policies: Vec<_> = page.headers.get_all("content-security-policy").iter().collect();
        assert_eq!(policies.len(), 1, "{path}");
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';")
                && policy.ends_with("require-trusted-types-for 'script'")
        );
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(page.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(
            (page.header("cache-control"), page.header("x-content-type-options")),
            ("no-store", "nosniff")
        );
    }
    assert_eq!(
        browser.get("/healthz").await.header("content-security-policy"),
        "default-src 'none'; frame-ancestors 'none'"
    );
}

/// The command lines that a view says are equal.
fn commands(html: &str) -> Vec<&str> {
    html.split("<code tabindex=\"0\">").skip(1).filter_map(|it| it.split('<').next()).collect()
}

#[tokio::test]
async fn a_command_line_is_shown_only_if_it_is_equal() {
    let server = server().await;
    record(&server, 60).await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let first = browser.get("/audit-logs").await.text;
    assert_eq!(commands(&first), ["krosyn-audit list"]);
    let second = browser.get(&step(&first, "next").expect("older")).await.text;
    assert_eq!(commands(&second), [""; 0], "it would show the first page");
    let other = browser.get("/audit-logs?model_id=1&action=created").await.text;
    assert_eq!(commands(&other), [""; 0]);
    assert!(other.contains("no flag for model_id"), "{other}");
    let times = "at=2026-11-22T07:00:01Z&from=2026-11-22T07:00:00Z&to=2026-11-22T07:00:02Z";
    let resource = browser.get(&format!("/audit-logs/resource?type=connector&id=0&{times}")).await.text;
    let at = |second: u8| format!("2026-11-22T07:00:0{second}.000000Z");
    let history = "krosyn-audit history connector/0";
    let equal = [format!("{history} --at {}", at(1)), format!("{history} --diff {} {}", at(0), at(2))];
    assert_eq!(commands(&resource), equal);
}

#[tokio::test]
async fn several_texts_have_a_box_each_and_stay_several() {
    let server = server().await;
    record(&server, 3).await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let page = browser.get("/audit-logs?q=created&q=a,b&field=x,y").await.text;
    let values = |name: &str| {
        let begin = format!("name=\"{name}\" value=\"");
        let boxes = page.split(&begin).skip(1);
        boxes.map(|it| it.split('"').next().expect("a value").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values("q"), ["created", r"a\,b"], "as the filter reads it back");
    assert_eq!(values("field"), ["x,y"], "commas separate these");
}
