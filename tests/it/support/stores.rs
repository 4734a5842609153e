//! Empty stores of each engine, and the calls on them that many tests share.

use std::sync::Arc;

use krosyn_audit::model::erasure::{ErasureOptions, Person};
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::hold::{Hold, HoldFilter};
use krosyn_audit::model::integrity::note::SigningKey;
use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::prune::Prune;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::words::Plan;
use krosyn_audit::store::{self, NewErasure, OrgId, PruneRun, Store};
use tempfile::TempDir;

use crate::support::entries::NOW;
use crate::support::postgres;

#[derive(Clone, Copy)]
pub(crate) enum Engine {
    Sqlite,
    Memory,
    Postgres,
}

/// An empty store. Its directory is removed when it is dropped.
pub(crate) struct TestStore {
    pub(crate) store: Arc<Store>,
    _directory: Option<TempDir>,
}

impl Engine {
    /// Opens an empty store; `None` where PostgreSQL is not installed.
    pub(crate) async fn open(self) -> Option<TestStore> {
        let (store, directory) = match self {
            Self::Sqlite => {
                let directory = tempfile::tempdir().expect("a directory");
                let url = format!("sqlite:{}", directory.path().join("audit.db").display());
                (store::open(&url).await, Some(directory))
            }
            Self::Memory => (store::open_in_memory(), None),
            Self::Postgres => (store::open(&postgres::shared()?.database().await).await, None),
        };
        Some(TestStore { store: store.expect("a store"), _directory: directory })
    }
}

/// Runs a contract test on an empty store, and closes the store.
pub(crate) fn run_on(engine: Engine, test: impl AsyncFnOnce(Arc<Store>)) {
    block_on(async {
        let Some(opened) = engine.open().await else { return };
        test(Arc::clone(&opened.store)).await;
        opened.store.close().await;
    });
}

/// Runs a test's future on a runtime of several threads.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(4).enable_all().build().expect("a runtime").block_on(test)
}

/// Creates an organization on the Free plan.
pub(crate) async fn organization(store: &Arc<Store>, slug: &str) -> OrgId {
    let retention = Retention { plan: Plan::Free, floor: None };
    store.create_organization(slug.to_owned(), retention, NOW).await.expect("an organization").id
}

/// A hold of the entries that match.
pub(crate) fn hold(name: &str, filter: Filter) -> Hold {
    Hold {
        name: name.parse().expect("a name"),
        filter: HoldFilter::new(filter).expect("cheap"),
        reason: "court order 14/2026".to_owned(),
        created_at: NOW,
        created_by: "legal".to_owned(),
        release: None,
    }
}

/// A hold of one connector.
pub(crate) fn of_connector(name: &str, id: &str) -> Hold {
    let mut filter = Filter::default();
    filter.resource.add_list(&format!("connector/{id}")).expect("a resource");
    hold(name, filter)
}

/// Begins a prune in the name of `cron`.
pub(crate) async fn begin_prune(
    store: &Arc<Store>,
    org: OrgId,
    cutoff: Timestamp,
    now: Timestamp,
) -> PruneRun {
    store.begin_prune(org, "cron".into(), cutoff, now).await.expect("asked").expect("the lease is free")
}

/// Prunes to the end, `limit` entries at a time.
pub(crate) async fn prune(store: &Arc<Store>, org: OrgId, cutoff: Timestamp, limit: u32) -> Option<Prune> {
    let mut run = begin_prune(store, org, cutoff, NOW).await;
    loop {
        let batch = store.prune_batch(org, run.clone(), limit, NOW).await.expect("a batch");
        assert!(batch.deleted <= u64::from(limit), "a batch is no larger than its limit");
        run.after = batch.next;
        if batch.next.is_none() {
            return store.finish_prune(org, run, true, NOW).await.expect("finished");
        }
    }
}

/// An erasure in the name of `privacy`.
pub(crate) fn new_erasure(person: Person, options: ErasureOptions) -> NewErasure {
    let (by, reason) = ("privacy".to_owned(), "request 7".to_owned());
    NewErasure { by, reason, options, person, despite_holds: false }
}

/// Adds all entries to the tree, and stores a signed checkpoint.
pub(crate) async fn signed(store: &Arc<Store>, org: OrgId, key: &SigningKey) -> String {
    loop {
        store.grow_tree(org).await.expect("grown");
        let (checkpoint, _) = store.checkpoint(org).await.expect("a checkpoint");
        let note = key.sign(&checkpoint);
        if store.set_checkpoint(org, checkpoint.size, note.clone()).await.expect("stored") {
            return note;
        }
    }
}
