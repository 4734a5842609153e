//! The creation of a hold and a running batch of a prune wait for each other; recorders wait for neither.

use krosyn_audit::store::{self, PruneRun};

use crate::postgres::queries::waiting;
use crate::support::entries::{NOW, append, days_ago, everything, ids, recording, recording_at};
use crate::support::postgres::{connect, shared, until};
use crate::support::stores::{begin_prune, of_connector, organization};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_waits_for_a_running_batch_and_the_next_batch_sees_it() {
    let Some(server) = shared() else { return };
    let url = server.database().await;
    // Two processes have two stores.
    let (pruner, other) = (store::open(&url).await.expect("opens"), store::open(&url).await.expect("opens"));
    let org = organization(&pruner, "acme").await;
    append(&pruner, org, (0..4).map(|number| recording_at("1", days_ago(100 - number)))).await;
    let run = begin_prune(&pruner, org, days_ago(90), NOW).await;

    // The batch has read the holds and stops at an entry that is locked.
    let (blocker, watcher) = (connect(&url).await, connect(&url).await);
    let lock = "BEGIN; SELECT 1 FROM entries WHERE id = 1 FOR UPDATE";
    blocker.batch_execute(lock).await.expect("locked");
    let batch = tokio::spawn({
        let (pruner, run) = (pruner.clone(), run.clone());
        async move { pruner.prune_batch(org, run, 2, NOW).await }
    });
    until("the batch waits", async || waiting(&watcher).await == 1).await;
    let creation = tokio::spawn({
        let other = other.clone();
        async move { other.create_hold(org, of_connector("case", "1")).await }
    });
    until("the creation waits for the batch", async || waiting(&watcher).await == 2).await;
    append(&other, org, [recording("recorders wait for neither")]).await;
    assert!(!creation.is_finished(), "a hold is not acknowledged while a batch may delete what it covers");

    blocker.batch_execute("COMMIT").await.expect("unlocked");
    let batch = batch.await.expect("ended").expect("a batch");
    creation.await.expect("ended").expect("created");
    assert_eq!((batch.deleted, ids(&everything(&other, org).await)), (2, vec![3, 4, 5]));
    let run = PruneRun { after: batch.next, ..run };
    assert_eq!(pruner.prune_batch(org, run.clone(), 2, NOW).await.expect("a batch").deleted, 0);
    pruner.finish_prune(org, run, true, NOW).await.expect("finished");
    assert_eq!(ids(&everything(&other, org).await), [3, 4, 5]);
    pruner.close().await;
    other.close().await;
}
