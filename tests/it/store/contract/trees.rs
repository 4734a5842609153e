//! Trees: every entry is a leaf for good, also after it was deleted, however many servers grow the tree.

use std::sync::Arc;

use krosyn_audit::model::integrity::note::SigningKey;
use krosyn_audit::model::integrity::tile::{TILE, root_of_path};
use krosyn_audit::model::merkle::{Hash, Tree};
use krosyn_audit::store::{OrgId, Store, StoredTile};

use crate::support::entries::{NOW, append, days_ago, everything, recording, recording_at};
use crate::support::stores::{organization, prune, signed};

/// The root over the leaves as the store finds them now, and how many tiles have no entry any more.
async fn recomputed(store: &Store, org: OrgId, size: u64) -> (Hash, usize) {
    let (mut tree, mut collapsed) = (Tree::default(), 0);
    for tile in 0..size.div_ceil(TILE) {
        match store.tile(org, tile, TILE.min(size - tile * TILE)).await.expect("a tile") {
            StoredTile::Leaves(leaves) => {
                for (index, leaf) in (tile * TILE..).zip(&leaves) {
                    assert_eq!(leaf.record.index, index);
                    assert!(
                        leaf.record.is_protected && leaf.record.hash().0.starts_with(&leaf.hint),
                        "{index}"
                    );
                    assert!(leaf.record.tile_latest >= leaf.record.occurred_at);
                    tree.push(leaf.record.hash());
                }
            }
            StoredTile::Collapsed(tile) => {
                collapsed += 1;
                tree.push_subtree(8, root_of_path(tile.record.hash(), 255, &tile.path));
            }
        }
    }
    (tree.root(), collapsed)
}

async fn root_at(store: &Arc<Store>, org: OrgId, size: u64) -> Hash {
    store.roots_at(org, size).await.expect("asked").root.expect("a root")
}

pub(crate) async fn a_tree_grows_with_its_log(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let key = SigningKey::generate().expect("a key");
    let mut roots = vec![(0, root_at(&store, org, 0).await)];
    for count in [1, 2, 252, 1, 1, 255, 300, 0, 3] {
        append(&store, org, (0..count).map(|n| recording_at("1", days_ago(n % 7)))).await;
        let note = signed(&store, org, &key).await;
        let origin = note.lines().next().expect("an origin");
        let checkpoint = key.verifier(origin).open(&note).expect("signed");
        assert_eq!(checkpoint.size, everything(&store, org).await.len() as u64);
        assert_eq!(checkpoint.root, recomputed(&store, org, checkpoint.size).await.0);
        assert_eq!(store.tree(org).await.expect("a tree").checkpoint, Some(note));
        roots.push((checkpoint.size, checkpoint.root));
        for (size, root) in &roots {
            assert_eq!(root_at(&store, org, *size).await, *root, "the tree of {size}");
        }
    }
}

pub(crate) async fn deleted_entries_stay_in_the_tree(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    // The second tile and parts of the others expire.
    let age = |n: i64| if (200..560).contains(&n) || n % 3 == 0 { 100 + n % 5 } else { n % 5 };
    append(&store, org, (0..700).map(|n| recording_at("1", days_ago(age(n))))).await;
    store.grow_tree(org).await.expect("grown");
    let (root, _) = recomputed(&store, org, 700).await;
    let edge = root_at(&store, org, 512).await;
    let mut collapsed = 0;
    for (older, limit) in [(103, 7), (101, 1000), (99, 50), (3, 1000)] {
        prune(&store, org, days_ago(older), limit).await.expect("a record");
        let (found, tiles) = recomputed(&store, org, 700).await;
        assert_eq!(found, root, "after entries older than {older} days were deleted");
        assert!(tiles >= collapsed);
        collapsed = tiles;
    }
    assert_eq!(collapsed, 1, "only the second tile has lost every entry");
    prune(&store, org, NOW, 1000).await.expect("a record");
    // Entries at the cutoff stay. The third tile is not full, so it keeps its records.
    append(&store, org, (0..100).map(|_| recording_at("2", days_ago(200)))).await;
    prune(&store, org, days_ago(1), 1000).await.expect("a record");
    assert_eq!(root_at(&store, org, 512).await, edge, "an earlier tree");
    assert_eq!(recomputed(&store, org, 800).await.0, root_at(&store, org, 800).await);
}

pub(crate) async fn an_entry_is_in_the_tree_before_a_prune_deletes_it(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, (0..3).map(|_| recording_at("1", days_ago(100)))).await;
    assert_eq!(store.tree(org).await.expect("a tree").size, 0);
    prune(&store, org, days_ago(90), 10).await.expect("a record");
    assert_eq!(store.tree(org).await.expect("a tree").size, 3);
    assert_eq!(recomputed(&store, org, 3).await.0, root_at(&store, org, 3).await);
}

pub(crate) async fn servers_that_grow_a_tree_at_once_agree(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let key = Arc::new(SigningKey::generate().expect("a key"));
    let mut tasks = tokio::task::JoinSet::new();
    for recorder in 0..3 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in 0..40 {
                let old = |n: i64| recording_at("1", days_ago(if n % 2 == 0 { 100 } else { 1 }));
                append(&store, org, [old(n), old(n + recorder), recording("2")]).await;
            }
        });
    }
    for _ in 0..3 {
        let (store, key) = (Arc::clone(&store), Arc::clone(&key));
        tasks.spawn(async move {
            for _ in 0..20 {
                signed(&store, org, &key).await;
            }
        });
    }
    let pruned = Arc::clone(&store);
    tasks.spawn(async move {
        for _ in 0..5 {
            prune(&pruned, org, days_ago(90), 20).await;
        }
    });
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    store.grow_tree(org).await.expect("grown");
    let size = store.tree(org).await.expect("a tree").size;
    assert_eq!(size, 360);
    assert_eq!(recomputed(&store, org, size).await.0, root_at(&store, org, size).await);
}

pub(crate) async fn the_trail_is_a_log_of_its_own(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [recording("1"), recording("2")]).await;
    append(&store, org.trail(), [recording("3")]).await;
    assert_eq!(everything(&store, org.trail()).await.len(), 1);
    let key = store.signing_key(NOW).await.expect("a key");
    assert_eq!(store.signing_key(NOW).await.expect("a key").secret(), key.secret(), "it is kept");
    for (log, name, size) in [(org, "audit", "2"), (org.trail(), "trail", "1")] {
        let note = signed(&store, log, &key).await;
        let lines: Vec<_> = note.lines().collect();
        assert!(lines[0].starts_with("krosyn-audit/") && lines[0].ends_with(name), "{note}");
        assert_eq!(lines[1], size);
    }
    prune(&store, org.trail(), NOW.plus(chrono::TimeDelta::seconds(1)), 10).await.expect("a record");
    assert_eq!(everything(&store, org).await.len(), 2);
    assert!(store.prunes(org).await.expect("prunes").is_empty());
    assert_eq!(store.organizations().await.expect("one").len(), 1);
}

/// Callers lose a race against another one whose step was computed before the last entries came.
pub(crate) async fn a_grown_tree_has_every_entry_recorded_before(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for _ in 0..40 {
                let last = append(&store, org, [recording("1")]).await[0].id;
                store.grow_tree(org).await.expect("grown");
                let size = store.tree(org).await.expect("a tree").size;
                assert!(size >= last, "entry {last} is not in a tree of {size} entries");
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("no entry is missing");
    }
}
