//! Long answers, read page by page with our own client.

use krosyn_audit::api::query::Query;
use krosyn_audit::client::Client;
use krosyn_audit::client::pages::Pages;
use krosyn_audit::model::page::{Cursor, Order};
use serde_json::json;

use crate::support::entries::{append, recording_at, seconds_ago, with};
use crate::support::test_server::TestServer;

/// The ids of the first entries, and the cursor of the last page.
async fn first(client: &Client, order: Order, most: u64) -> (Vec<u64>, Option<String>) {
    let query = Query { order, total: true, ..Query::default() };
    read(Pages::first(client.clone(), query, most)).await
}

/// The ids after a cursor.
async fn behind(client: &Client, order: Order, cursor: &str) -> Vec<u64> {
    let cursor = Some(Cursor::decode(cursor).expect("a cursor"));
    read(Pages::new(client.clone(), Query { order, cursor, limit: 1000, ..Query::default() })).await.0
}

async fn read(mut pages: Pages) -> (Vec<u64>, Option<String>) {
    let (mut ids, mut next) = (Vec::new(), None);
    while let Some(page) = pages.next().await.expect("a page") {
        ids.extend(page.data.iter().map(|entry| entry.id));
        next = page.page.next_cursor;
    }
    (ids, next)
}

/// The first entries and those after the cursor are all entries, each once, for any limit.
async fn are_cut_where_the_cursor_goes_on(client: &Client, held: u64, most: &[u64]) {
    for order in [Order::Descending, Order::Ascending] {
        let all: Vec<_> = match order {
            Order::Descending => (1..=held).rev().collect(),
            _ => (1..=held).collect(),
        };
        for &most in most {
            let (mut ids, next) = first(client, order, most).await;
            assert_eq!(ids.len() as u64, most.min(held), "{order:?} {most}");
            assert_eq!(next.is_some(), most < held, "{order:?} {most}");
            if let Some(cursor) = next {
                ids.extend(behind(client, order, &cursor).await);
            }
            assert_eq!(ids, all, "{order:?} {most}");
        }
    }
}

#[tokio::test]
async fn a_limited_list_continues_at_its_cursor() {
    let world = TestServer::new().await;
    let held = 2600;
    append(&world.store, world.org, (0..held).map(|it| recording_at("1", seconds_ago(9000 - it)))).await;
    let client = world.admin().await.client();
    let most = [1, 1000, 1001, 1500, 2000, 2599, 2600, u64::MAX];
    are_cut_where_the_cursor_goes_on(&client, held.unsigned_abs(), &most).await;
}

#[tokio::test]
async fn pages_that_end_at_the_byte_limit_continue() {
    let world = TestServer::new().await;
    let large = |it: i64| {
        let entry =
            with(recording_at("1", seconds_ago(9000 - it)), "after", json!({"text": "x".repeat(700_000)}));
        with(entry, "action", "created")
    };
    append(&world.store, world.org, (0..14).map(large)).await;
    let client = world.admin().await.client();
    are_cut_where_the_cursor_goes_on(&client, 14, &[1, 5, 6, 7, 12, 14]).await;
}
