//! Erasures: nothing names the person afterwards, and the tree and the counts stay as they were.

use std::sync::Arc;

use krosyn_audit::model::erasure::{Eraser, ErasureOptions, Person, identities};
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::integrity::opening::Opening;
use krosyn_audit::model::integrity::tile::TILE;
use krosyn_audit::model::merkle::{Hash, Tree};
use krosyn_audit::model::page::Order;
use krosyn_audit::store::error::StoreError;
use krosyn_audit::store::{ErasedBatch, ErasureRun, NewErasure, OrgId, Store, StoredErasure, StoredTile};
use serde_json::{Value, json};

use crate::support::entries::{NOW, append, days_ago, everything, read_all, recording, recording_at, with};
use crate::support::stores::{begin_prune, hold, new_erasure, of_connector, organization, prune};

const LABEL: &str = "erased-";

/// The entries of Ana, of another for her, about her, and of Bo.
fn recordings() -> Vec<Value> {
    let bo = json!({"id": "8", "email": "bo@acme.example", "name": "Bo"});
    let context = json!({"ip": "203.0.113.9", "user_agent": "Ana's Firefox"});
    let by_bo = |id: &str, days| with(recording_at(id, days_ago(days)), "user", bo.clone());
    let mut all = vec![
        with(recording_at("1", days_ago(100)), "context", context.clone()),
        by_bo("2", 100),
        with(by_bo("3", 2), "on_behalf_of", recording("1")["user"].clone()),
        with(with(by_bo("7", 2), "model_type", "member"), "model_name", "Ana Ruiz"),
        with(by_bo("4", 1), "reason", "asked by ANA.RUIZ@acme.example"),
        with(
            recording_at("5", days_ago(1)),
            "user",
            json!({"id": "7", "email": "ana@acme.example", "role": "admin"}),
        ),
    ];
    all.extend((0..6).map(|n| with(recording_at("6", days_ago(n * 40)), "context", context.clone())));
    all
}

async fn ana(store: &Store, org: OrgId) -> Person {
    let users = store.users(org).await.expect("users");
    let term = "id:7".parse().expect("a term");
    let mut people = identities(users, &term, &std::collections::BTreeSet::new());
    assert_eq!(people.len(), 1);
    people.remove(0)
}

async fn root(store: &Store, org: OrgId) -> Hash {
    store.grow_tree(org).await.expect("grown");
    let size = store.tree(org).await.expect("a tree").size;
    let mut tree = Tree::default();
    assert!(size < TILE);
    match store.tile(org, 0, size).await.expect("a tile") {
        StoredTile::Leaves(leaves) => leaves.iter().for_each(|leaf| tree.push(leaf.record.hash())),
        StoredTile::Collapsed(_) => panic!("the tile is not full"),
    }
    tree.root()
}

async fn begin(store: &Arc<Store>, org: OrgId, options: ErasureOptions) -> (ErasureRun, Arc<Eraser>) {
    let person = ana(store, org).await;
    let new = new_erasure(person.clone(), options);
    let run = store.begin_erasure(org, new, NOW).await.expect("asked").expect("free");
    let eraser = Eraser::new(person, &run.stored.erasure.label, options);
    (run, Arc::new(eraser))
}

/// The ids that an erasure changes.
async fn wanted(store: &Store, org: OrgId, eraser: &Arc<Eraser>) -> Vec<u64> {
    let found = store.mentions(org, (1, 1_000), Arc::clone(eraser), Arc::default()).await.expect("read");
    found.into_iter().filter(|it| it.actor || it.content).map(|it| it.id).collect()
}

/// How many entries each user has, by the rollup and by the entries.
async fn counts(store: &Arc<Store>, org: OrgId, user: &str) -> (u64, usize) {
    let mut filter = Filter::default();
    filter.user.add(user).expect("a term");
    let counted = store.count(org, filter.clone(), 1_000).await.expect("counted");
    (counted, read_all(store, org, &filter, Order::Descending, 3).await.len())
}

pub(crate) async fn an_erased_person_is_in_no_entry_and_the_tree_stays(store: Arc<Store>) {
    for also_values in [false, true] {
        let org = organization(&store, &format!("acme-{also_values}")).await;
        append(&store, org, recordings()).await;
        // Enough more that the rollup holds all of it.
        let before = root(&store, org).await;
        let (by_id, by_bo) = (counts(&store, org, "id:7").await, counts(&store, org, "Bo").await);
        assert_eq!((by_id, by_bo), ((8, 8), (4, 4)));
        let (run, eraser) = begin(&store, org, ErasureOptions { with_id: false, also_values }).await;
        assert!(run.stored.erasure.label.starts_with(LABEL), "{}", run.stored.erasure.label);
        let ids = wanted(&store, org, &eraser).await;
        assert_eq!(
            ids,
            if also_values {
                vec![1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
            } else {
                vec![1, 3, 4, 6, 7, 8, 9, 10, 11, 12]
            }
        );
        for batch in ids.chunks(3) {
            // A batch whose answer was lost is done again.
            for _ in 0..2 {
                store
                    .erase_batch(org, run.clone(), Arc::clone(&eraser), batch.to_vec(), NOW)
                    .await
                    .expect("a batch");
            }
            assert_eq!(root(&store, org).await, before, "after each batch");
            assert_eq!(counts(&store, org, "id:7").await, by_id);
            assert_eq!(counts(&store, org, "Bo").await, by_bo);
        }
        assert!(wanted(&store, org, &eraser).await.is_empty());
        assert!(store.finish_erasure(run.clone(), eraser, vec![(run.org, 12)], NOW).await.expect("finished"));
        let label = run.stored.erasure.label.clone();
        let record = store.close_erasure(run, true, NOW).await.expect("closed").expect("a record");
        assert_eq!((record.actors, record.contents), (9, if also_values { 2 } else { 1 }));
        assert_eq!(record.finished_at, Some(NOW));
        let stored = store.erasures(org).await.expect("erasures");
        assert!(stored[0].person.is_none() && stored[0].erasure == record);
        let text = serde_json::to_string(&everything(&store, org).await).expect("JSON").to_lowercase();
        let left: &[&str] = if also_values {
            &["ruiz", "ana@", "203.0.113.9", "firefox"]
        } else {
            &["ana ruiz", "ana@", "203.0.113.9", "firefox"]
        };
        assert!(left.iter().all(|part| !text.contains(part)), "{text}");
        assert!(text.contains(&label) && text.contains("bo@acme.example"), "{text}");
        let users = serde_json::to_string(&store.users(org).await.expect("users")).expect("JSON");
        assert!(!users.contains("ana"), "{users}");
        assert_eq!(counts(&store, org, &label).await, (8, 8));
        // A prune keeps the records of erased entries, not those of what is left of them.
        prune(&store, org, days_ago(90), 2).await.expect("a record");
        assert_eq!(root(&store, org).await, before, "after a prune");
        assert!(store.erased_leaves(org, 1, 1).await.expect("leaves").is_empty());
        // The same person acting later is a new identity.
        append(&store, org, [recording("9")]).await;
        assert_eq!(ana(&store, org).await.users.len(), 3, "two labels with the id, and a new one");
    }
}

pub(crate) async fn an_opening_has_the_salt_of_the_kept_part_only(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let mut about_herself = with(recording("7"), "model_type", "member");
    about_herself["model_name"] = "Ana Ruiz".into();
    append(&store, org, [recording("1"), about_herself]).await;
    let before = root(&store, org).await;
    let (run, eraser) = begin(&store, org, ErasureOptions::default()).await;
    store.erase_batch(org, run, Arc::clone(&eraser), vec![1, 2], NOW).await.expect("a batch");
    let StoredTile::Leaves(leaves) = store.tile(org, 0, 2).await.expect("a tile") else { panic!("leaves") };
    assert!(matches!(leaves[0].opening, Opening::Erased { .. }) && leaves[1].opening == Opening::BothErased);
    assert_eq!(root(&store, org).await, before);
    assert_eq!(store.seeds(org, 1, 2).await.expect("seeds"), [(1, None), (2, None)]);
}

pub(crate) async fn entries_recorded_during_an_erasure_are_erased(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, recordings()).await;
    store.grow_tree(org).await.expect("grown");
    let (run, eraser) = begin(&store, org, ErasureOptions::default()).await;
    let ids = wanted(&store, org, &eraser).await;
    append(&store, org, [recording("13")]).await;
    store.erase_batch(org, run.clone(), Arc::clone(&eraser), ids, NOW).await.expect("a batch");
    let finish = async || {
        store.finish_erasure(run.clone(), Arc::clone(&eraser), vec![(run.org, 12)], NOW).await.expect("asked")
    };
    assert!(!finish().await, "entry 13 names the person");
    // It is not in the tree yet.
    let batch = store.erase_batch(org, run.clone(), Arc::clone(&eraser), vec![13], NOW).await;
    assert_eq!(batch.expect("a batch"), ErasedBatch::default());
    store.grow_tree(org).await.expect("grown");
    let batch = store.erase_batch(org, run.clone(), Arc::clone(&eraser), vec![13], NOW).await;
    assert_eq!(batch.expect("a batch"), ErasedBatch { actors: 1, contents: 0, held: 0 });
    assert!(finish().await);
}

pub(crate) async fn an_erasure_and_a_prune_exclude_each_other_and_another_process_resumes(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, recordings()).await;
    let pruning = begin_prune(&store, org, days_ago(90), NOW).await;
    let new = new_erasure(ana(&store, org).await, ErasureOptions::default());
    store.begin_erasure(org, new, NOW).await.expect("asked").expect_err("a prune runs");
    store.finish_prune(org, pruning, true, NOW).await.expect("closed");
    let (run, eraser) = begin(&store, org, ErasureOptions::default()).await;
    store.begin_prune(org, "cron".into(), days_ago(90), NOW).await.expect("asked").expect_err("it runs");
    store.erase_batch(org, run, eraser, vec![1], NOW).await.expect("a batch");
    // The process is killed here. Another one takes its place at once.
    let stored = store.erasures(org).await.expect("erasures").remove(0);
    let person = stored.person.clone().expect("kept");
    let eraser = Arc::new(Eraser::new(person, &stored.erasure.label, stored.erasure.options));
    let run = store.resume_erasure(org, stored, NOW).await.expect("asked").expect("its own lease");
    let ids = wanted(&store, org, &eraser).await;
    store.erase_batch(org, run.clone(), Arc::clone(&eraser), ids, NOW).await.expect("a batch");
    assert!(store.finish_erasure(run.clone(), eraser, vec![(run.org, 12)], NOW).await.expect("asked"));
    let record = store.close_erasure(run, true, NOW).await.expect("closed").expect("a record");
    assert_eq!((record.id, record.actors), (1, 9));
}

pub(crate) async fn a_hold_created_during_an_erasure_keeps_what_is_left(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, recordings()).await;
    store.grow_tree(org).await.expect("grown");
    let (run, eraser) = begin(&store, org, ErasureOptions::default()).await;
    let batch = async |run: &ErasureRun, ids: &[u64]| {
        store.erase_batch(org, run.clone(), Arc::clone(&eraser), ids.to_vec(), NOW).await.expect("a batch")
    };
    assert_eq!(batch(&run, &[1]).await.held, 0);
    store.create_hold(org, of_connector("case", "6")).await.expect("created");
    let before = everything(&store, org).await;
    assert_eq!(batch(&run, &[7, 8]).await, ErasedBatch { actors: 0, contents: 0, held: 2 });
    assert_eq!(everything(&store, org).await, before);
    // The request is repeated, and says that held entries may change.
    let stored = store.erasures(org).await.expect("erasures").remove(0);
    assert!(!stored.despite_holds);
    let allowed = StoredErasure { despite_holds: true, ..stored };
    let run = store.resume_erasure(org, allowed, NOW).await.expect("asked").expect("its own lease");
    assert!(store.erasures(org).await.expect("erasures")[0].despite_holds, "a restart does not forget it");
    assert_eq!(batch(&run, &[7, 8]).await, ErasedBatch { actors: 2, contents: 0, held: 0 });
}

pub(crate) async fn an_erasure_that_was_widened_is_not_finished_by_a_narrower_run(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, recordings()).await;
    store.grow_tree(org).await.expect("grown");
    let (narrow, eraser) = begin(&store, org, ErasureOptions::default()).await;
    let stored = store.erasures(org).await.expect("erasures").remove(0);
    let mut wider = stored.clone();
    wider.erasure.options.also_values = true;
    let resume = async |stored: &StoredErasure| store.resume_erasure(org, stored.clone(), NOW).await;
    assert!(resume(&wider).await.expect("asked").is_err(), "the narrower run has the lease");
    store.close_erasure(narrow.clone(), false, NOW).await.expect("stopped");
    let wide = resume(&wider).await.expect("asked").expect("free");
    let finished = store.finish_erasure(narrow, eraser, vec![(org, 12)], NOW).await;
    assert!(matches!(finished, Err(StoreError::LeaseLost)), "{finished:?}");
    store.close_erasure(wide, false, NOW).await.expect("stopped");
    let again = resume(&stored).await.expect("asked").expect("free");
    assert!(again.stored.erasure.options.also_values, "what was read before does not make it narrower");
    assert_eq!(store.erasures(org).await.expect("erasures").remove(0), again.stored);
}

pub(crate) async fn a_hold_on_an_erased_person_covers_what_it_covered(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, recordings()).await;
    store.grow_tree(org).await.expect("grown");
    let mut filter = Filter::default();
    filter.user.add("email:ana.ruiz@acme.example").expect("a term");
    let case = hold("case", filter);
    let before: Vec<u64> = everything(&store, org)
        .await
        .iter()
        .filter(|entry| case.filter.covers(entry))
        .map(|entry| entry.id)
        .collect();
    store.create_hold(org, case).await.expect("created");
    let person = ana(&store, org).await;
    let new = NewErasure { despite_holds: true, ..new_erasure(person.clone(), ErasureOptions::default()) };
    let run = store.begin_erasure(org, new, NOW).await.expect("asked").expect("free");
    let eraser = Arc::new(Eraser::new(person, &run.stored.erasure.label, run.stored.erasure.options));
    let covered = async || {
        let case = store.holds(org).await.expect("holds").remove(0);
        let all = everything(&store, org).await;
        let ids: Vec<u64> = all.iter().filter(|it| case.filter.covers(it)).map(|it| it.id).collect();
        (case, ids)
    };
    for batch in wanted(&store, org, &eraser).await.chunks(3) {
        let done = store.erase_batch(org, run.clone(), Arc::clone(&eraser), batch.to_vec(), NOW).await;
        assert_eq!(done.expect("a batch").held, 0);
        let (_, ids) = covered().await;
        assert!(before.iter().all(|id| ids.contains(id)), "{ids:?} lack some of {before:?}");
    }
    assert!(store.finish_erasure(run.clone(), eraser, vec![(run.org, 12)], NOW).await.expect("asked"));
    store.close_erasure(run, true, NOW).await.expect("closed");
    let (case, ids) = covered().await;
    assert!(before.iter().all(|id| ids.contains(id)), "{ids:?} lack some of {before:?}");
    assert!(!format!("{case:?}").contains("ana.ruiz"), "{case:?}");
    prune(&store, org, days_ago(90), 2).await;
    let left: Vec<u64> = everything(&store, org).await.iter().map(|entry| entry.id).collect();
    assert!(before.iter().all(|id| left.contains(id)), "{left:?} lack some of {before:?}");
}
