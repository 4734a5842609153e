//! Recorders, prunes, erasures and `verify` on servers at the same time: no held entry goes, and after a last prune and a last
//! erasure neither an expired entry nor the person is left.

use std::sync::Arc;

use krosyn_audit::api::erase::ErasureAnswer;
use krosyn_audit::api::problem::Code;
use krosyn_audit::api::prune::PruneAnswer;
use krosyn_audit::model::entry::Entry;
use krosyn_audit::store::{self, Store};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::simulation::people::Snapshot;
use crate::simulation::world::{ERASURES, World};
use crate::support::answer::Answer;
use crate::support::entries::{everything, recording};
use crate::support::postgres::shared;
use crate::support::stores::block_on;
use crate::support::test_server::{Caller, LOGS};

const RECORDERS: usize = 4;
/// How many entries each of them records.
const ENTRIES: usize = 24;
/// How often prunes and erasures are tried meanwhile.
const TURNS: usize = 12;

/// Every second entry has expired, every third is Ana's, and every fourth is about the held connector.
fn proposed(number: usize, expired: &str) -> Value {
    let person = if number.is_multiple_of(3) { 0 } else { 2 };
    let mut proposed = recording(if number.is_multiple_of(4) { "held" } else { "other" });
    proposed["user"] = serde_json::to_value(Snapshot::Full.user(person)).expect("JSON");
    proposed["reason"] = json!(if number.is_multiple_of(5) { "for ana@acme.example" } else { "routine" });
    if number.is_multiple_of(2) {
        proposed["occurred_at"] = expired.into();
    }
    proposed
}

async fn prune(caller: &Caller) -> Option<PruneAnswer> {
    let answer = caller.post(&format!("{LOGS}/prune"), &json!({})).await;
    done(answer).map(|answer| answer.read())
}

async fn erase(caller: &Caller) -> Option<ErasureAnswer> {
    let request =
        json!({"user": "user/id:7", "reason": "request 117", "also_values": true, "despite_holds": true});
    done(caller.post(ERASURES, &request).await).map(|answer| answer.read())
}

/// An answer, unless another prune or erasure runs, or nothing names the person.
fn done(answer: Answer) -> Option<Answer> {
    match answer.status {
        200 => Some(answer),
        404 => {
            answer.refused(Code::NotFound, "no user in the log matches");
            None
        }
        _ => {
            answer.refused(Code::PruneRunning, "its lease expires at");
            None
        }
    }
}

async fn everything_at_once(stores: Vec<Arc<Store>>) {
    let world = World::new(stores).await;
    let hold = json!({"name": "case", "reason": "court", "filter": "resource=connector%2Fheld"});
    world.callers[0].post("/api/v1/holds", &hold).await.expect(201);
    let expired = world.cutoff().plus(chrono::TimeDelta::days(-9)).to_string();
    let caller = |turn: usize| world.callers[turn % world.callers.len()].clone();
    let mut tasks = JoinSet::new();
    for recorder in 0..RECORDERS {
        let (caller, expired) = (caller(recorder), expired.clone());
        tasks.spawn(async move {
            for turn in 0..ENTRIES {
                caller.record(&proposed(recorder * ENTRIES + turn, &expired)).await.expect(201);
            }
        });
    }
    for server in 0..2 {
        let (pruner, eraser) = (caller(server), caller(server + 1));
        tasks.spawn(async move {
            for _ in 0..TURNS {
                prune(&pruner).await;
            }
        });
        tasks.spawn(async move {
            for _ in 0..TURNS {
                erase(&eraser).await;
            }
        });
    }
    world.accuses_nothing(0);
    tasks.join_all().await;
    let last = prune(&caller(1)).await.expect("no other prune runs");
    assert!(last.complete);
    if let Some(last) = erase(&caller(1)).await {
        assert!(last.complete);
    }
    let left = everything(&world.servers[0].store, world.org).await;
    let held = left.iter().filter(|entry| entry.model_id == "held").count();
    assert_eq!(held, (RECORDERS * ENTRIES).div_ceil(4), "no held entry is gone");
    let is_expired = |entry: &&Entry| entry.occurred_at < world.cutoff() && entry.model_id != "held";
    assert_eq!(left.iter().filter(is_expired).count(), 0, "{left:?}");
    let trail = everything(&world.servers[0].store, world.org.trail()).await;
    for (log, entries) in [("audit", &left), ("trail", &trail)] {
        let text = serde_json::to_string(entries).expect("JSON");
        assert!(!text.contains("ana@") && !text.contains("Ana Ruiz"), "{log}: {text}");
    }
    for server in 0..world.servers.len() {
        world.accuses_nothing(server);
    }
    world.stop().await;
}

#[test]
fn everything_at_once_on_sqlite_leaves_what_it_should() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", directory.path().join("audit.db").display());
    block_on(async { everything_at_once(vec![store::open(&url).await.expect("opens")]).await });
}

#[test]
fn everything_at_once_on_two_servers_over_postgres_leaves_what_it_should() {
    let Some(server) = shared() else { return };
    block_on(async {
        let url = server.database().await;
        let stores = vec![store::open(&url).await.expect("opens"), store::open(&url).await.expect("opens")];
        everything_at_once(stores).await;
    });
}
