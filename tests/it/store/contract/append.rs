//! Appending: ids without gaps in commit order, unique uuids, and atomic batches.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::TimeDelta;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::store::{Appended, OrgId, Store};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::entries::{
    NOW, append, draft, draft_at, drafts, everything, first_page, ids, listed, new, page_after, recording,
    recording_at, seconds_ago, with,
};
use crate::support::stores::organization;

const RECORDERS: u64 = 16;
const APPENDS: u64 = 25;

/// Appends again and again, one to three entries at a time, and returns the ids it was given.
async fn keep_recording(store: Arc<Store>, org: OrgId, recorder: u64) -> Vec<u64> {
    let mut given = Vec::new();
    for turn in 0..APPENDS {
        let many = 1 + (recorder + turn) % 3;
        let model_id = |number| format!("{recorder}-{turn}-{number}");
        let entries = append(&store, org, (0..many).map(|number| recording(&model_id(number)))).await;
        let first = entries[0].id;
        assert_eq!(
            ids(&entries),
            (first..first + many).collect::<Vec<_>>(),
            "one append's ids stand together"
        );
        assert!(given.last().is_none_or(|last| *last < first), "a later append has higher ids");
        given.extend(ids(&entries));
    }
    given
}

/// Follows in id order until entry `end` came.
async fn follow(store: Arc<Store>, org: OrgId, end: u64) {
    let start = first_page(&Filter::default(), Order::ById, 100);
    let (mut seen, mut request) = (0, start.clone());
    while seen < end {
        let read = store.page(org, request.clone()).await.expect("a page");
        let expected: Vec<_> = (seen + 1..).take(read.entries.len()).collect();
        assert_eq!(ids(&listed(&read)), expected, "no id is seen before the one below it");
        if let Some(last) = read.entries.last() {
            seen = last.id;
            request = page_after(&start, last, u64::MAX >> 1);
        }
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn concurrent_appends_get_ids_without_gaps_in_commit_order(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let all: u64 =
        (0..RECORDERS).flat_map(|recorder| (0..APPENDS).map(move |turn| 1 + (recorder + turn) % 3)).sum();
    let follower = tokio::spawn(follow(Arc::clone(&store), org, all));
    let mut recorders = JoinSet::new();
    for recorder in 0..RECORDERS {
        recorders.spawn(keep_recording(Arc::clone(&store), org, recorder));
    }
    let mut given: Vec<u64> = recorders.join_all().await.into_iter().flatten().collect();
    given.sort_unstable();
    assert_eq!(given, (1..=all).collect::<Vec<_>>(), "from 1, each once, none left out");
    follower.await.expect("the follower saw every id in its turn");
    assert_eq!(ids(&everything(&store, org).await), given, "what was acknowledged can be read");
}

pub(crate) async fn an_appended_entry_is_read_back_unchanged(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let full = json!({
        "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11",
        "occurred_at": "2026-11-22T07:14:07.412033Z",
        "action": "updated", "model_type": "connector_endpoint", "model_id": "4/2", "model_name": "日本 ← \u{0} \u{202e}🤖",
        "user": {"id": "7", "email": "a@acme.example", "name": "Ana", "role": "admin", "kind": "service"},
        "context": {"via": "terraform", "ip": "2001:db8::7", "user_agent": "curl/8", "request_id": "req_1"},
        "reason": "INC-2041", "before": {"status": "active"}, "after": {"status": null},
    });
    let made = draft(&full.to_string());
    let mut expected = made.entry().clone();
    let returned = new(store.append(org, vec![made], false).await.expect("appended").remove(0));
    expected.id = 1;
    assert_eq!(returned, expected);
    assert_eq!(everything(&store, org).await, [expected]);
}

pub(crate) async fn a_repeated_uuid_is_known_or_a_conflict(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let recorded = with(recording("42"), "uuid", Uuid::from_u128(1).to_string());
    let first = append(&store, org, [recorded.clone()]).await.remove(0);
    // A retry that gave no time is the same recording, whenever it comes.
    let later = draft_at(&recorded.to_string(), NOW.plus(TimeDelta::seconds(3)));
    let again = store.append(org, vec![later], false).await.expect("appended").remove(0);
    assert!(matches!(&again, Appended::Known(stored) if **stored == first), "{again:?}");
    let other_time = with(recorded.clone(), "occurred_at", seconds_ago(60).to_string());
    for other in [with(recorded, "reason", "another"), other_time] {
        let answer = store.append(org, drafts([other]), false).await.expect("appended").remove(0);
        assert!(matches!(answer, Appended::Conflict), "{answer:?}");
    }
    assert_eq!(everything(&store, org).await, [first]);
}

pub(crate) async fn a_uuid_repeated_within_a_batch_uses_no_id(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let one = with(recording("42"), "uuid", Uuid::from_u128(1).to_string());
    let batch = [one.clone(), one.clone(), with(one, "reason", "another"), recording("43")];
    let answers = store.append(org, drafts(batch), false).await.expect("appended");
    let [Appended::New(first), Appended::Known(known), Appended::Conflict, Appended::New(last)] =
        &answers[..]
    else {
        panic!("{answers:?}");
    };
    assert_eq!((first.id, known.id, last.id), (1, 1, 2));
    assert_eq!(ids(&everything(&store, org).await), [1, 2]);
}

pub(crate) async fn concurrent_appends_of_one_uuid_store_one_entry(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let same = with(recording("42"), "uuid", Uuid::from_u128(7).to_string()).to_string();
    let mut recorders = JoinSet::new();
    for _ in 0..16 {
        let (store, same) = (Arc::clone(&store), draft(&same));
        recorders
            .spawn(async move { store.append(org, vec![same], false).await.expect("appended").remove(0) });
    }
    let mut new = 0;
    for answer in recorders.join_all().await {
        match answer {
            Appended::New(entry) | Appended::Known(entry) if entry.id != 1 => panic!("{entry:?}"),
            Appended::New(_) => new += 1,
            Appended::Known(_) => {}
            Appended::Conflict => panic!("a conflict with itself"),
        }
    }
    assert_eq!((new, everything(&store, org).await.len()), (1, 1));
}

pub(crate) async fn an_atomic_append_with_a_conflict_stores_nothing(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let one = with(recording("42"), "uuid", Uuid::from_u128(1).to_string());
    append(&store, org, [one.clone()]).await;
    let stranger = with(recording("43"), "user", json!({"id": "only here"}));
    let batch = [stranger, with(one.clone(), "reason", "another"), one];
    let answers = store.append(org, drafts(batch), true).await.expect("judged");
    assert!(matches!(answers[..], [Appended::New(_), Appended::Conflict, Appended::Known(_)]), "{answers:?}");
    assert_eq!(ids(&everything(&store, org).await), [1], "nothing of it is there");
    let answers = store.append(org, drafts([recording("43"), recording("44")]), true).await.expect("sound");
    let given: HashSet<u64> = answers.into_iter().map(|answer| new(answer).id).collect();
    assert_eq!(given, HashSet::from([2, 3]), "an atomic append without a conflict is stored, without a gap");
}

pub(crate) async fn equal_recordings_without_a_uuid_are_two_entries(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let same = || recording_at("42", seconds_ago(5));
    let entries = append(&store, org, [same(), same()]).await;
    assert_eq!(ids(&entries), [1, 2]);
    assert_ne!(entries[0].uuid, entries[1].uuid, "without a uuid each gets its own");
}
