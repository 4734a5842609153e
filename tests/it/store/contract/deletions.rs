//! Organizations that are renamed or deleted.

use std::sync::Arc;

use krosyn_audit::model::words::Scope;
use krosyn_audit::store::error::StoreError;
use krosyn_audit::store::{ClockSeen, Deletion, DeletionRefused, OrgId, Store, StoredSession, StoredToken};

use crate::support::entries::{NOW, append, days_ago, drafts, everything, recording, recording_at};
use crate::support::stores::{begin_prune, organization, prune};

fn token(hash: u8) -> StoredToken {
    StoredToken {
        name: "cron".to_owned(),
        hash: [hash; 32],
        scopes: vec![Scope::Read],
        created_at: NOW,
        created_by: None,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

fn session(token: u8) -> StoredSession {
    StoredSession {
        hash: [token + 100; 32],
        is_link: false,
        token_hash: [token; 32],
        created_at: NOW,
        last_used_at: NOW,
        expires_at: days_ago(-1),
    }
}

/// An organization with something in each table: entries, pruned ones, a trail, a tree, a token and a session.
async fn filled(store: &Arc<Store>, slug: &str, token_hash: u8) -> OrgId {
    let org = organization(store, slug).await;
    append(store, org, (0..300).map(|number| recording_at("1", days_ago(50 + number)))).await;
    append(store, org.trail(), [recording_at("1", days_ago(1)), recording_at("2", NOW)]).await;
    prune(store, org, days_ago(90), 100).await.expect("a record");
    while store.index_text(org).await.expect("a step") {}
    store.create_token(org, token(token_hash)).await.expect("kept");
    store.add_session(session(token_hash)).await.expect("kept");
    org
}

async fn begin(store: &Arc<Store>, org: OrgId) -> Result<(), DeletionRefused> {
    store.begin_deletion(org, "ana".to_owned(), NOW).await.expect("asked")
}

async fn finish(store: &Arc<Store>, org: OrgId) {
    while store.deletion_batch(org, 7).await.expect("a batch") {}
    store.finish_deletion(org, days_ago(-1)).await.expect("finished");
}

pub(crate) async fn a_renamed_organization_keeps_its_number_uuid_and_logs(store: Arc<Store>) {
    let (org, other) = (filled(&store, "acme", 1).await, organization(&store, "other").await);
    let (before, entries) = (store.organizations().await.expect("two"), everything(&store, org).await);
    let taken = store.rename_organization(org, "other".to_owned()).await.expect_err("taken");
    assert!(matches!(&taken, StoreError::Exists(words) if words.contains("other")), "{taken}");
    for slug in ["acme-eu", "acme-eu"] {
        store.rename_organization(org, slug.to_owned()).await.expect("renamed");
    }
    let after = store.organizations().await.expect("two");
    assert_eq!((after[0].id, &*after[0].slug, after[0].uuid), (org, "acme-eu", before[0].uuid));
    assert_eq!(after[1], before[1]);
    assert_eq!(everything(&store, org).await, entries);
    let found = store.find_tokens([1; 32]).await.expect("found");
    assert_eq!(found[0].1.slug, "acme-eu", "the token works under the new name");
    // Both the old name and the name of its trail are free.
    assert_ne!(organization(&store, "acme").await, other);
}

pub(crate) async fn a_deleted_organization_leaves_only_its_record(store: Arc<Store>) {
    let (org, other) = (filled(&store, "acme", 1).await, filled(&store, "other", 2).await);
    let (kept, trail) = (everything(&store, other).await, everything(&store, other.trail()).await);
    let (count, uuid) =
        (everything(&store, org).await.len() as u64, store.organizations().await.expect("two")[0].uuid);
    begin(&store, org).await.expect("nothing prevents it");
    begin(&store, org).await.expect("a second attempt finds the first");
    assert!(store.find_tokens([1; 32]).await.expect("looked up").is_empty());
    assert!(store.find_session([101; 32]).await.expect("looked up").is_none());
    for log in [org, org.trail()] {
        let refused = store.append(log, drafts([recording("9")]), true).await.expect_err("closed");
        assert_eq!(refused.to_string(), format!("there is no organization number {}", org.number()));
        let refused = store.begin_prune(log, "cron".into(), NOW, NOW).await.expect_err("closed");
        assert!(matches!(refused, StoreError::Missing(_)), "{refused}");
        assert!(matches!(store.index_text(log).await, Ok(false) | Err(StoreError::Missing(_))));
    }
    let [unfinished] = &store.deletions().await.expect("one")[..] else { panic!("one deletion") };
    assert_eq!((unfinished.finished_at, unfinished.entries), (None, 0));
    finish(&store, org).await;
    let record = Deletion {
        id: org,
        uuid,
        slug: "acme".to_owned(),
        by: "ana".to_owned(),
        begun_at: NOW,
        finished_at: Some(days_ago(-1)),
        entries: count,
        trail_entries: 2,
    };
    assert_eq!(store.deletions().await.expect("one"), std::slice::from_ref(&record));
    finish(&store, org).await;
    assert_eq!(store.deletions().await.expect("one"), [record], "the first end counts");
    // The neighbour is untouched, and the name can be used again.
    assert_eq!((everything(&store, other).await, everything(&store, other.trail()).await), (kept, trail));
    assert_eq!(store.find_tokens([2; 32]).await.expect("found").len(), 1);
    assert!(store.find_session([102; 32]).await.expect("looked up").is_some());
    let again = organization(&store, "acme").await;
    assert!(again != org && everything(&store, again).await.is_empty());
    assert_eq!(store.organizations().await.expect("two").len(), 2);
}

pub(crate) async fn a_running_prune_prevents_a_deletion(store: Arc<Store>) {
    let org = filled(&store, "acme", 1).await;
    for log in [org, org.trail()] {
        let run = begin_prune(&store, log, days_ago(90), NOW).await;
        let refused = begin(&store, org).await.expect_err("refused");
        assert!(
            matches!(&refused, DeletionRefused::PruneRunning(running) if running.by == "cron"),
            "{refused:?}"
        );
        assert_eq!(store.find_tokens([1; 32]).await.expect("found").len(), 1, "nothing was deleted");
        store.finish_prune(log, run, true, NOW).await.expect("finished");
    }
    begin(&store, org).await.expect("nothing prevents it");
}

pub(crate) async fn the_next_organization_keeps_the_latest_time(store: Arc<Store>) {
    let (oldest, next) = (organization(&store, "b").await, organization(&store, "a").await);
    let seen = ClockSeen { at: NOW, is_confirmed: true };
    store.note_clock(oldest, seen).await.expect("noted");
    begin(&store, oldest).await.expect("nothing prevents it");
    assert_eq!(store.clock_seen(next).await.expect("read"), Some(seen));
}
