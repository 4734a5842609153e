//! Paging by key returns every entry once, whatever happens between two pages.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::{Order, Position};
use krosyn_audit::store::entries::PageForm;
use krosyn_audit::store::{OrgId, PageRequest, Store};

use crate::support::entries::{
    NOW, append, days_ago, everything, first_page, ids, listed, page_after, read_all, recording,
    recording_at, seconds_ago,
};
use crate::support::stores::{organization, prune};

const ORDERS: [Order; 3] = [Order::Descending, Order::Ascending, Order::ById];

/// Thirty entries with five at each time, in another order than their ids.
async fn thirty_with_equal_times(store: &Arc<Store>, org: OrgId) -> Vec<Entry> {
    let at = |number: i64| seconds_ago(number * 7 % 6 * 60);
    append(store, org, (0..30).map(|number| recording_at(&number.to_string(), at(number)))).await
}

fn in_order(mut entries: Vec<Entry>, order: Order) -> Vec<Entry> {
    let key = |entry: &Entry| (entry.occurred_at, entry.id);
    match order {
        Order::Descending => entries.sort_by_key(|entry| std::cmp::Reverse(key(entry))),
        Order::Ascending => entries.sort_by_key(key),
        Order::ById => entries.sort_by_key(|entry| entry.id),
    }
    entries
}

pub(crate) async fn pages_of_any_size_return_every_entry_in_order(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let entries = thirty_with_equal_times(&store, org).await;
    for order in ORDERS {
        let expected = in_order(entries.clone(), order);
        for limit in [1, 2, 4, 5, 7, 10, 29, 30, 31, 1000] {
            let read = read_all(&store, org, &Filter::default(), order, limit).await;
            assert_eq!(ids(&read), ids(&expected), "{order:?} by {limit}");
        }
    }
}

pub(crate) async fn three_pages_equal_one_page_of_three_times_the_limit(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    thirty_with_equal_times(&store, org).await;
    let mut inside = Filter::default();
    inside.field.add("status").expect("a path");
    for (filter, order) in
        ORDERS.iter().flat_map(|order| [(Filter::default(), *order), (inside.clone(), *order)])
    {
        let large = store.page(org, first_page(&filter, order, 12)).await.expect("a page");
        let (mut three, mut request) = (Vec::new(), first_page(&filter, order, 4));
        for _ in 0..3 {
            let read = store.page(org, request.clone()).await.expect("a page");
            assert!(read.more && read.entries.len() == 4);
            three.extend(listed(&read));
            request = page_after(&request, read.entries.last().expect("four"), read.as_of);
        }
        assert_eq!(three, listed(&large), "{order:?}");
        assert!(large.more);
    }
}

pub(crate) async fn a_full_last_page_reports_no_more(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let empty = store.page(org, first_page(&Filter::default(), Order::Descending, 10)).await.expect("a page");
    assert_eq!((empty.entries.len(), empty.more, empty.as_of), (0, false, 0));
    assert!(empty.pruned.is_none());
    thirty_with_equal_times(&store, org).await;
    for (limit, more) in [(29, true), (30, false), (31, false)] {
        let read =
            store.page(org, first_page(&Filter::default(), Order::Ascending, limit)).await.expect("a page");
        assert_eq!((read.more, read.as_of), (more, 30), "{limit}");
    }
}

pub(crate) async fn as_of_excludes_entries_recorded_later(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [recording_at("1", seconds_ago(10)), recording_at("2", seconds_ago(30))]).await;
    append(&store, org, [recording_at("3", seconds_ago(20))]).await;
    let ask = |as_of| PageRequest { as_of, ..first_page(&Filter::default(), Order::Descending, 10) };
    for (as_of, expected, bound) in [
        (Some(2), vec![1, 2], 2),
        (Some(0), vec![], 0),
        (None, vec![1, 3, 2], 3),
        (Some(99), vec![1, 3, 2], 3),
    ] {
        let read = store.page(org, ask(as_of)).await.expect("a page");
        assert_eq!((ids(&listed(&read)), read.as_of), (expected, bound), "{as_of:?}");
        let counted = store.count(org, Filter::default(), bound).await.expect("a count");
        assert_eq!(counted, read.entries.len() as u64);
    }
}

pub(crate) async fn paging_continues_after_a_pruned_or_future_id(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [recording_at("1", days_ago(100)), recording("2"), recording("3")]).await;
    let run = store.begin_prune(org, "cron".into(), days_ago(90), NOW).await.expect("asked").expect("free");
    assert_eq!(store.prune_batch(org, run.clone(), 10, NOW).await.expect("a batch").deleted, 1);
    store.finish_prune(org, run, true, NOW).await.expect("finished");
    for (after_id, expected) in [(0, vec![2, 3]), (1, vec![2, 3]), (2, vec![3]), (3, vec![]), (50, vec![])] {
        let after = Some(Position { occurred_at: days_ago(1), id: after_id });
        let request = PageRequest { after, ..first_page(&Filter::default(), Order::ById, 10) };
        assert_eq!(ids(&listed(&store.page(org, request).await.expect("a page"))), expected, "{after_id}");
    }
}

/// Between any two pages entries are recorded on both sides of the cursor and a prune deletes the oldest.
pub(crate) async fn paging_during_appends_and_prunes_returns_each_entry_once(store: Arc<Store>) {
    for order in ORDERS {
        let org = organization(&store, &format!("acme-{order:?}").to_lowercase()).await;
        let at = |number: i64| days_ago(100 - number * 13 % 40);
        let before = append(&store, org, (0..60).map(|number| recording_at("1", at(number)))).await;
        let run =
            store.begin_prune(org, "cron".into(), days_ago(90), NOW).await.expect("asked").expect("free");
        let mut request = first_page(&Filter::default(), order, 7);
        let (mut read, mut turn) = (Vec::new(), 0);
        loop {
            let page = store.page(org, request.clone()).await.expect("a page");
            assert_eq!(page.as_of, 60, "the first page's bound holds to the last");
            read.extend(ids(&listed(&page)));
            if !page.more {
                break;
            }
            request = page_after(&request, page.entries.last().expect("not empty"), page.as_of);
            turn += 1;
            assert!(turn < 60, "the pages repeat themselves: {read:?}");
            let times = [at(turn), at(turn + 20), days_ago(120), days_ago(1)];
            append(&store, org, times.map(|at| recording_at("2", at))).await;
            store.prune_batch(org, run.clone(), 3, NOW).await.expect("a batch");
        }
        store.finish_prune(org, run, false, NOW).await.expect("finished");
        let once: HashSet<u64> = read.iter().copied().collect();
        assert_eq!(once.len(), read.len(), "none twice: {order:?} {read:?}");
        let kept: BTreeSet<u64> =
            ids(&everything(&store, org).await).into_iter().filter(|id| *id <= 60).collect();
        assert!(kept.iter().all(|id| once.contains(id)), "none left out: {order:?} {read:?}");
        let before: HashSet<u64> = ids(&before).into_iter().collect();
        assert!(once.is_subset(&before), "nothing recorded later: {order:?} {read:?}");
        assert!(turn >= 4, "the reader was disturbed");
    }
}

/// Entries whose times follow their ids, but for a late one among the last and a gap that a prune left.
pub(crate) async fn large_pages_and_rows_have_the_entries_of_small_pages(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, (0..5).map(|number| recording_at(&number.to_string(), days_ago(900)))).await;
    append(
        &store,
        org,
        (5..2200).map(|number| recording_at(&number.to_string(), seconds_ago(9000 - number))),
    )
    .await;
    append(&store, org, [recording_at("late", seconds_ago(6999)), recording_at("equal", seconds_ago(6801))])
        .await;
    prune(&store, org, days_ago(800), 1000).await;
    for order in ORDERS {
        let expected = ids(&read_all(&store, org, &Filter::default(), order, 150).await);
        assert_eq!(expected.len(), 2197);
        for limit in [250, 1000, 2100, 5000] {
            let large = read_all(&store, org, &Filter::default(), order, limit).await;
            assert!(ids(&large) == expected, "{order:?} by {limit}");
            let (mut request, mut rows) = (first_page(&Filter::default(), order, limit), Vec::new());
            loop {
                let read = store.rows(org, request.clone(), PageForm::Lines).await.expect("a page");
                let lines = std::str::from_utf8(read.entries.text()).expect("text").lines();
                rows.extend(lines.map(|line| serde_json::from_str::<Entry>(line).expect("an entry").id));
                let Some(last) = read.entries.last().filter(|_| read.more) else { break };
                request = page_after(&request, last, read.as_of);
            }
            assert!(rows == expected, "{order:?}: rows by {limit}");
        }
    }
}
