//! Every kind of store. A new kind is one line in [`places`], and every contract test runs on it.

use std::sync::Arc;

use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::words::Plan;
use krosyn_audit::store::{self, OrgId, Store};
use tempfile::TempDir;

use crate::support::entries::NOW;
use crate::support::postgres;

/// An empty store of one kind, and what has to live as long as it does.
pub(crate) struct Place {
    kind: &'static str,
    pub(crate) store: Arc<dyn Store>,
    _directory: Option<TempDir>,
}

impl Drop for Place {
    #[expect(clippy::print_stderr, reason = "the harness shows it beside the failed assertion")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was on {}", self.kind);
        }
    }
}

/// An empty store of each kind.
pub(crate) async fn places() -> Vec<Place> {
    let mut places = vec![sqlite_file().await, sqlite_memory()];
    places.extend(postgres().await);
    places
}

/// Runs a test on an empty store of each kind, one after the other.
pub(crate) async fn each_store(test: impl AsyncFn(Arc<dyn Store>)) {
    for place in places().await {
        test(Arc::clone(&place.store)).await;
        place.store.close().await;
    }
}

async fn sqlite_file() -> Place {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", directory.path().join("audit.db").display());
    let store = store::open(&url).await.expect("a store");
    Place { kind: "SQLite in a file", store, _directory: Some(directory) }
}

fn sqlite_memory() -> Place {
    let store = store::open_in_memory().expect("a store");
    Place { kind: "SQLite in memory", store, _directory: None }
}

async fn postgres() -> Option<Place> {
    let url = postgres::shared()?.database().await;
    let store = store::open(&url).await.expect("a store");
    Some(Place { kind: "PostgreSQL", store, _directory: None })
}

/// Makes an organization on the Free plan.
pub(crate) async fn organization(store: &Arc<dyn Store>, slug: &str) -> OrgId {
    let retention = Retention { plan: Plan::Free, floor: None };
    store.create_organization(slug.to_owned(), retention, NOW).await.expect("an organization").id
}
