//! `GET /audit-logs`: filters, pages, cursors, followers.

use krosyn_audit::api::page::Page;
use krosyn_audit::api::problem::Code;
use krosyn_audit::model::words::Scope;
use serde_json::json;

use crate::support::entries::{append, days_ago, ids, recording, recording_at, seconds_ago, with};
use crate::support::stores::organization;
use crate::support::test_server::{Caller, TestServer};

/// An admin's view of these many entries, each a second younger than the one before.
async fn with_entries(world: &TestServer, many: i64) -> Caller {
    append(
        &world.store,
        world.org,
        (1..=many).map(|it| recording_at(&it.to_string(), seconds_ago(1000 - it))),
    )
    .await;
    world.admin().await
}

async fn listed(caller: &Caller, query: &str) -> Page {
    caller.list(query).await.expect(200).read()
}

#[tokio::test]
async fn the_default_list_is_the_newest_fifty_without_a_total() {
    let world = TestServer::new().await;
    let admin = with_entries(&world, 60).await;
    let page = listed(&admin, "").await;
    assert_eq!(ids(&page.data), (11..=60).rev().collect::<Vec<_>>());
    assert_eq!((page.page.limit, page.page.as_of), (50, 60));
    assert!(page.total.is_none() && page.pruned.is_none() && page.page.next_cursor.is_some());
    let total = listed(&admin, "total=true&limit=1&model_id=3,4,99").await.total.expect("asked for");
    assert_eq!((total.count, total.exact), (2, true));
    let oldest = listed(&admin, "order=asc&limit=2").await;
    assert_eq!(ids(&oldest.data), [1, 2]);
}

#[tokio::test]
async fn a_listed_entry_has_the_documented_form() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let context = json!({"via": "web", "ip": "198.51.100.23", "request_id": "req_1"});
    let recorded = with(with(recording("42"), "context", context.clone()), "reason", "INC-2041");
    admin.record(&with(recorded, "uuid", "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11")).await.expect(201);
    assert_eq!(
        admin.list("").await.json(),
        json!({
            "data": [{
                "id": 1, "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11",
                "occurred_at": "2026-11-22T08:00:00.000000Z", "recorded_at": "2026-11-22T08:00:00.000000Z",
                "action": "created", "model_type": "connector", "model_id": "42", "model_name": "Connector 42",
                "user": {"id": "7", "email": "ana.ruiz@acme.example", "name": "Ana Ruiz", "kind": "user"},
                "context": context, "reason": "INC-2041",
                "changes": [{"field": "limit", "new": 3}, {"field": "status", "new": "active"}],
            }],
            "page": {"limit": 50, "as_of": 1},
        })
    );
}

#[tokio::test]
async fn cursors_reach_the_end_and_keep_the_first_as_of() {
    let world = TestServer::new().await;
    let admin = with_entries(&world, 10).await;
    for order in ["asc", "desc"] {
        let mut seen = Vec::new();
        let mut query = format!("order={order}&limit=4&total=true");
        loop {
            let page = listed(&admin, &query).await;
            seen.extend(ids(&page.data));
            assert!(seen.len() <= 20, "the pages repeat themselves: {seen:?}");
            assert_eq!(
                page.total.expect("asked for").count,
                page.page.as_of,
                "the total keeps to the bound too"
            );
            let Some(cursor) = page.page.next_cursor else { break };
            // The size of a page may change on the way; entries that come in between are not of this answer.
            query = format!("order={order}&limit=3&total=true&cursor={cursor}");
            admin.record(&recording("late")).await.expect(201);
        }
        seen.sort_unstable();
        let bound = if order == "asc" { 10 } else { 12 };
        assert_eq!(seen, (1..=bound).collect::<Vec<_>>(), "{order}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_query_is_refused() {
    let world = TestServer::new().await;
    let admin = with_entries(&world, 5).await;
    let other = organization(&world.store, "other").await;
    append(&world.store, other, (0..5).map(|_| recording("1"))).await;
    let other = world.caller(other, "admin", Scope::ALL).await;
    let cursor = listed(&admin, "limit=2&action=created").await.page.next_cursor.expect("more");
    for query in [
        "",
        "&action=created,updated",
        "&action=!created",
        "&action=created&order=asc",
        "&action=created&after_id=0",
    ] {
        let answer = admin.list(&format!("cursor={cursor}{query}")).await.expect(422);
        answer.refused(Code::CursorMismatch, "belongs to another filter, order or as_of");
    }
    let own = format!("action=created&cursor={cursor}");
    other.list(&own).await.expect(422).refused(Code::CursorMismatch, "");
    admin.list(&format!("{own}&as_of=4")).await.expect(422).refused(Code::CursorMismatch, "");
    let page = listed(&admin, &format!("{own}&as_of=5&limit=1000")).await;
    assert_eq!(ids(&page.data), [3, 2, 1]);
    for broken in ["x", "eyJ", &cursor[1..], "A".repeat(48).as_str()] {
        let answer = admin.list(&format!("action=created&cursor={broken}")).await.expect(422);
        assert_eq!(answer.refused(Code::Invalid, "is not a cursor").errors[0].field, "cursor");
    }
}

#[tokio::test]
async fn a_follower_reads_every_entry_once_in_id_order() {
    let world = TestServer::new().await;
    let admin = with_entries(&world, 5).await;
    // It happened long ago and is recorded now: by time it is the first, for a follower the last.
    admin.record(&recording_at("late", days_ago(30))).await.expect(201);
    let page = listed(&admin, "after_id=2&limit=2").await;
    assert_eq!(ids(&page.data), [3, 4]);
    let cursor = page.page.next_cursor.expect("more");
    let rest = listed(&admin, &format!("after_id=2&limit=2&cursor={cursor}")).await;
    assert_eq!(ids(&rest.data), [5, 6]);
    assert!(rest.page.next_cursor.is_none());
    assert!(listed(&admin, "after_id=6").await.data.is_empty());
    let answer = admin.list("after_id=2&order=asc").await.expect(422);
    assert_eq!(answer.refused(Code::Invalid, "combined with after_id").errors[0].field, "order");
}

#[tokio::test]
async fn as_of_shows_an_earlier_state() {
    let world = TestServer::new().await;
    let admin = with_entries(&world, 5).await;
    let page = listed(&admin, "as_of=3&total=true").await;
    assert_eq!((ids(&page.data), page.page.as_of), (vec![3, 2, 1], 3));
    assert_eq!(page.total.expect("asked for").count, 3);
}

#[tokio::test]
async fn every_filter_reaches_the_store() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for (place, change) in [
        json!({"action": "created", "model_type": "connector", "model_id": "a,b", "model_name": "Slack"}),
        json!({"action": "deleted", "model_type": "secret", "model_id": "!x", "user": {"email": "ben@x.example"}}),
        json!({"action": "created", "model_type": "member", "context": {"via": "cli", "request_id": "r&=+ 1", "ip": "198.51.100.23", "user_agent": "Terraform/1.9"},
            "reason": "INC-2041, urgent"}),
        json!({"action": "created", "model_type": "member", "after": {"retry": {"max": 5}}, "on_behalf_of": {"name": "Eva Ort"}}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut recorded = recording_at("9", seconds_ago(40 - 10 * place as i64));
        for (name, value) in change.as_object().expect("an object") {
            recorded[name] = value.clone();
        }
        if change["action"] == "deleted" {
            recorded["before"] = recorded["after"].take();
            recorded.as_object_mut().expect("an object").remove("after");
        }
        admin.record(&recorded).await.expect(201);
    }
    for (query, expected) in [
        ("action=created", vec![4, 3, 1]),
        ("action=Create&action=deleted", vec![4, 3, 2, 1]),
        ("action=!created", vec![2]),
        ("model_type=connector,secret", vec![2, 1]),
        ("model_type=connector&action=deleted", vec![]),
        ("model_id=a%5C,b", vec![1]),
        ("model_id=a,b", vec![]),
        ("model_id=%5C!x", vec![2]),
        ("resource=secret/!x", vec![2]),
        ("resource=secret/9", vec![]),
        ("user=BEN", vec![2]),
        ("user=!ben", vec![4, 3, 1]),
        ("on_behalf_of=EVA", vec![4]),
        ("on_behalf_of=ben", vec![]),
        ("on_behalf_of=!eva", vec![3, 2, 1]),
        ("user=eva", vec![]),
        ("q=eva+ort", vec![4]),
        ("via=cli", vec![3]),
        ("via=!cli", vec![4, 2, 1]),
        ("request_id=r%26%3D%2B+1", vec![3]),
        ("field=retry.max", vec![4]),
        ("field=retry.min", vec![]),
        ("field=!status", vec![4]),
        ("field=status=active", vec![3, 1]),
        ("field=status:active->*", vec![2]),
        ("field=retry.max=5", vec![4]),
        ("field=retry.max=6", vec![]),
        ("ip=198.51.100.0/24", vec![3]),
        ("ip=!198.51.100.23", vec![4, 2, 1]),
        ("reason=inc-2041,+URGENT", vec![3]),
        ("reason=!inc", vec![4, 2, 1]),
        ("q=inc-2041", vec![3]),
        ("q=198.51", vec![3]),
        ("q=terraform", vec![3]),
        ("q=r%26%3D", vec![3]),
        ("user=^ben", vec![4, 3, 1]),
        ("q=SLACK", vec![1]),
        ("q=!slack", vec![4, 3, 2]),
        ("since=2026-11-22T07:59:30Z", vec![4, 3, 2]),
        ("until=2026-11-22T07:59:30Z", vec![1]),
        ("since=2026-11-22T08:59:30%2B01:00&until=2026-11-22T07:59:31Z", vec![2]),
    ] {
        assert_eq!(ids(&listed(&admin, query).await.data), expected, "{query}");
    }
}

#[tokio::test]
async fn invalid_parameters_are_errors() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for (query, field, words) in [
        (
            "actoin=created",
            "actoin",
            "is not a parameter of this request: expected one of action, model_type",
        ),
        ("action=made", "action", "expected one of created, updated, deleted"),
        ("model_type=robot", "model_type", "connector_endpoint"),
        ("via=fax", "via", "terraform"),
        ("action=", "action", "has an empty value"),
        ("user=a,,b", "user", "has an empty value"),
        ("resource=42", "resource", "expected TYPE/ID"),
        ("since=yesterday", "since", "not an RFC 3339 time"),
        ("limit=0", "limit", "from 1 to 1000"),
        ("limit=1001", "limit", "from 1 to 1000"),
        ("limit=5&limit=6", "limit", "more than once"),
        ("order=newest", "order", "desc (newest first)"),
        ("after_id=-1", "after_id", "a whole number"),
        ("total=1", "total", "true or false"),
    ] {
        let problem = admin.list(query).await.expect(422).refused(Code::Invalid, words);
        assert_eq!(problem.errors.len(), 1, "{problem:?}");
        assert_eq!(problem.errors[0].field, field);
    }
    let problem = admin.list("action=made&limit=0&x=1").await.expect(422).problem();
    assert_eq!(problem.errors.len(), 3, "every fault is told at once: {problem:?}");
}

#[tokio::test]
async fn a_page_reports_the_last_prune_and_a_follower_only_missed_ones() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for days in [100, 95, 1] {
        admin.record(&recording_at("1", days_ago(days))).await.expect(201);
    }
    assert!(listed(&admin, "").await.pruned.is_none());
    admin.post("/api/v1/audit-logs/prune", &json!({})).await.expect(200);
    let page = listed(&admin, "").await;
    assert_eq!(ids(&page.data), [3]);
    let pruned = page.pruned.expect("told");
    assert_eq!((pruned.through_id, pruned.before), (2, days_ago(90)));
    for after_id in [0, 1] {
        assert_eq!(listed(&admin, &format!("after_id={after_id}")).await.pruned, Some(pruned));
    }
    assert!(listed(&admin, "after_id=2").await.pruned.is_none());
}
