//! Sessions of the page, and one-time links.

use std::sync::Arc;

use chrono::TimeDelta;
use krosyn_audit::store::{Store, StoredSession};

use crate::support::entries::{NOW, seconds_ago};

/// A session that lasts eight hours from now.
fn session(hash: u8) -> StoredSession {
    StoredSession {
        hash: [hash; 32],
        is_link: false,
        token_hash: [7; 32],
        created_at: NOW,
        last_used_at: NOW,
        expires_at: NOW.plus(TimeDelta::hours(8)),
    }
}

pub(crate) async fn sessions_and_links_are_found_by_their_hash_unchanged(store: Arc<Store>) {
    let mut alike = [1; 32];
    alike[31] = 9;
    let link =
        StoredSession { is_link: true, token_hash: [8; 32], expires_at: seconds_ago(-60), ..session(2) };
    let all = [session(1), StoredSession { hash: alike, token_hash: [0xff; 32], ..session(1) }, link];
    for session in &all {
        assert_eq!(store.find_session(session.hash).await.expect("none"), None);
        store.add_session(session.clone()).await.expect("added");
    }
    for session in &all {
        assert_eq!(store.find_session(session.hash).await.expect("one").as_ref(), Some(session));
    }
    assert_eq!(store.find_session([3; 32]).await.expect("none"), None);
}

pub(crate) async fn a_session_keeps_its_latest_use_and_its_end(store: Arc<Store>) {
    store.add_session(session(1)).await.expect("added");
    store.add_session(session(2)).await.expect("added");
    for (used, kept) in [(60, 60), (180, 180), (120, 180)] {
        store.touch_session([1; 32], seconds_ago(-used)).await.expect("noted");
        let last_used_at = seconds_ago(-kept);
        let expected = StoredSession { last_used_at, ..session(1) };
        assert_eq!(store.find_session([1; 32]).await.expect("found"), Some(expected));
    }
    assert_eq!(store.find_session([2; 32]).await.expect("found"), Some(session(2)), "another session");
    store.touch_session([3; 32], NOW).await.expect("an unknown session is left alone");
    assert_eq!(store.find_session([3; 32]).await.expect("none"), None);
}

pub(crate) async fn of_concurrent_callers_one_takes_a_session(store: Arc<Store>) {
    store.add_session(session(1)).await.expect("added");
    store.add_session(session(2)).await.expect("added");
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.take_session([1; 32]).await.expect("an answer") })
        })
        .collect();
    let mut taken = Vec::new();
    for caller in callers {
        taken.extend(caller.await.expect("ended"));
    }
    assert_eq!(taken, [session(1)]);
    assert_eq!(store.find_session([1; 32]).await.expect("none"), None);
    assert_eq!(store.take_session([2; 32]).await.expect("taken"), Some(session(2)));
}

pub(crate) async fn expired_sessions_are_deleted_when_another_begins(store: Arc<Store>) {
    let ends = |hash, seconds: i64| StoredSession { expires_at: seconds_ago(-seconds), ..session(hash) };
    for session in [ends(1, 60), ends(2, 61)] {
        store.add_session(session).await.expect("added");
    }
    assert_eq!(store.find_session([1; 32]).await.expect("found"), Some(ends(1, 60)), "the caller checks it");
    let later = StoredSession { created_at: seconds_ago(-60), ..session(3) };
    store.add_session(later.clone()).await.expect("added");
    assert_eq!(store.find_session([1; 32]).await.expect("none"), None, "it ends at its end");
    assert_eq!(store.find_session([2; 32]).await.expect("found"), Some(ends(2, 61)));
    assert_eq!(store.find_session([3; 32]).await.expect("found"), Some(later));
}

pub(crate) async fn the_oldest_sessions_of_a_token_with_too_many_end(store: Arc<Store>) {
    let nth =
        |number: u8| StoredSession { created_at: seconds_ago(300 - i64::from(number)), ..session(number) };
    let link = StoredSession { is_link: true, ..session(254) };
    let other = StoredSession { token_hash: [8; 32], ..session(255) };
    for session in [link.clone(), other.clone()].into_iter().chain((0..203).map(nth)) {
        store.add_session(session).await.expect("added");
    }
    for number in [0, 2] {
        assert_eq!(store.find_session([number; 32]).await.expect("none"), None, "{number}");
    }
    for session in [link, other, nth(3), nth(202)] {
        assert_eq!(store.find_session(session.hash).await.expect("found"), Some(session));
    }
}
