//! Random histories of recordings, holds, prunes, sweeps, erasures, renamed organizations and passing time, on every store.
//! A simple model beside the servers knows what the log must hold: no held entry goes, no expired one stays, no erased
//! person is named, every answer is the model's, and `verify` accuses nothing.

mod check;
mod event;
mod model;
mod people;
mod recorded;
mod together;
mod world;

use std::sync::Arc;

use krosyn_audit::store::{self, Store};
use proptest::test_runner::{Config, TestRunner};

use crate::simulation::event::{Event, History, histories};
use crate::simulation::world::World;
use crate::support::postgres::shared;
use crate::support::stores::block_on;

/// How many histories are tried on a store that is cheap to create.
const CASES: u32 = 24;
/// How many on PostgreSQL.
const POSTGRES_CASES: u32 = 8;
/// How often a failing history is shortened.
const MAX_SHORTENED: u32 = 300;

/// Lets a history happen on the servers of a new store, and compares them with the model at its end.
async fn live(history: &History, stores: Vec<Arc<Store>>) {
    let mut world = World::new(stores).await;
    for (server, event) in &history.0 {
        world.apply(*server, event).await;
    }
    for server in 0..world.servers.len() {
        world.apply(server, &Event::Check).await;
    }
    world.stop().await;
}

/// Tries histories on new stores, each with so many servers. A failure shows the shortest history that fails.
fn try_histories(cases: u32, servers: usize, new_stores: impl AsyncFn() -> Vec<Arc<Store>>) {
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: MAX_SHORTENED, ..Config::default() };
    let outcome = TestRunner::new(config).run(&histories(servers), |history| {
        block_on(async { live(&history, new_stores().await).await });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn histories_on_sqlite_are_as_the_model_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let number = std::cell::Cell::new(0);
    try_histories(CASES, 1, async || {
        number.set(number.get() + 1);
        let url = format!("sqlite:{}", directory.path().join(format!("{}.db", number.get())).display());
        vec![store::open(&url).await.expect("opens")]
    });
}

#[test]
fn histories_in_memory_are_as_the_model_says() {
    try_histories(CASES, 1, async || vec![store::open_in_memory().expect("a store")]);
}

#[test]
fn histories_on_two_servers_over_postgres_are_as_the_model_says() {
    let Some(server) = shared() else { return };
    try_histories(POSTGRES_CASES, 2, async || {
        let url = server.database().await;
        vec![store::open(&url).await.expect("opens"), store::open(&url).await.expect("opens")]
    });
}
