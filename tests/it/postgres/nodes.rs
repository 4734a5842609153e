//! Citus workers that fail behind a running coordinator: retries, then 503. A trigger raises the coordinator's
//! errors.

use krosyn_audit::clock::Clock;
use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::words::Plan;
use krosyn_audit::server::clock_guard::ClockGuard;
use krosyn_audit::server::{Settings, sweeper};
use krosyn_audit::store::{self, ClockSeen, error::StoreError};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::entries::{NOW, append, days_ago, drafts, everything, recording, recording_at};
use crate::support::postgres::{connect, private};
use crate::support::sandbox::Sandbox;
use crate::support::stores::organization;

/// Lets the next `times` inserts of entries fail with `words`. A sequence counts, for it is not rolled back.
async fn fail(url: &str, times: u32, words: &str) {
    let sql = format!(
        "DROP TRIGGER IF EXISTS failing ON entries;
         DROP SEQUENCE IF EXISTS failures;
         CREATE SEQUENCE failures;
         CREATE OR REPLACE FUNCTION failing() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF nextval('krosyn_audit.failures') <= {times} THEN
                 RAISE EXCEPTION USING MESSAGE = $words${words}$words$, ERRCODE = 'XX000';
             END IF;
             RETURN NULL;
         END $$;
         CREATE TRIGGER failing BEFORE INSERT ON entries FOR EACH STATEMENT EXECUTE FUNCTION failing();"
    );
    connect(url).await.batch_execute(&sql).await.expect("made");
}

/// For ever, as far as a test is concerned.
const ALWAYS: u32 = 1_000_000;
const LOST: &str = "server closed the connection unexpectedly";

#[tokio::test]
async fn a_recording_survives_a_short_worker_outage() {
    let Some(server) = private() else { return };
    let url = server.database().await;
    let store = store::open(&url).await.expect("a store");
    let org = organization(&store, "acme").await;
    let moments = [
        LOST,
        "connection to the remote node audit@worker-2:5432 failed with the following error: Connection refused",
        "could not find any shard placements for shardId 102040",
        "could not acquire the lock required to move krosyn_audit.entries",
        "deadlock detected",
        // An unknown error that is transient.
        "unexpected state 3",
    ];
    for words in moments {
        fail(&url, 2, words).await;
        append(&store, org, [recording("1")]).await;
    }
    assert_eq!(everything(&store, org).await.len(), moments.len());
    for (words, is_away) in [(LOST, true), ("deadlock detected", false)] {
        fail(&url, ALWAYS, words).await;
        let refused = store.append(org, drafts([recording("2")]), false).await;
        match is_away {
            true => assert!(matches!(refused, Err(StoreError::Unreachable(_))), "{words}: {refused:?}"),
            false => assert!(matches!(refused, Err(StoreError::Locked)), "{words}: {refused:?}"),
        }
    }
    fail(&url, ALWAYS, "unexpected state 3").await;
    let refused = store.append(org, drafts([recording("2")]), false).await;
    assert!(matches!(&refused, Err(StoreError::Failed(words)) if words.contains("XX000")), "{refused:?}");
    assert_eq!(everything(&store, org).await.len(), moments.len(), "what was refused is not there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_worker_outage_is_503_with_retry_after() {
    let Some(server) = private() else { return };
    let (sandbox, url) = (Sandbox::new(), server.database().await);
    let serving = sandbox.serve_on(&url, &[]);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let record = async || {
        let entry = json!({"action": "created", "model_type": "secret", "model_id": "1", "user": {"id": "7"},
            "after": {"name": "X"}});
        let asked = http.post(format!("{}/api/v1/audit-logs", serving.url())).json(&entry);
        asked.bearer_auth(serving.token()).send().await.expect("an answer")
    };
    assert_eq!(record().await.status(), StatusCode::CREATED);
    for words in [LOST, "could not acquire the lock required to move krosyn_audit.entries"] {
        fail(&url, ALWAYS, words).await;
        let answer = record().await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{words}");
        assert!(answer.headers().contains_key("retry-after"), "{words}: {answer:?}");
    }
    let ready = http.get(format!("{}/readyz", serving.url())).send().await.expect("an answer");
    assert_eq!(ready.status(), StatusCode::OK, "one worker is away, and the others are not");
}

#[tokio::test]
async fn a_worker_outage_does_not_stop_the_sweep_of_other_organizations() {
    let Some(server) = private() else { return };
    let url = server.database().await;
    let store = store::open(&url).await.expect("a store");
    let [away, other] = ["acme", "beta"].map(|slug| {
        store.create_organization(slug.to_owned(), Retention { plan: Plan::Free, floor: None }, NOW)
    });
    let (away, other) = (away.await.expect("made").id, other.await.expect("made").id);
    for org in [away, other] {
        append(&store, org, [recording_at("1", days_ago(100)), recording_at("1", days_ago(1))]).await;
    }
    store.note_clock(away, ClockSeen { at: NOW, is_confirmed: false }).await.expect("noted");
    // Reads and writes of leases of the first organization fail: its worker is gone.
    let sql = format!(
        "CREATE FUNCTION away(org BIGINT) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
         BEGIN
             IF org = {} THEN RAISE EXCEPTION USING MESSAGE = '{LOST}', ERRCODE = 'XX000'; END IF;
             RETURN true;
         END $$;
         CREATE FUNCTION away_to_writers() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM krosyn_audit.away(NEW.org_id); RETURN NEW; END $$;
         ALTER TABLE leases RENAME TO kept;
         CREATE TRIGGER away BEFORE INSERT OR UPDATE ON kept FOR EACH ROW EXECUTE FUNCTION away_to_writers();
         CREATE VIEW leases AS SELECT * FROM kept WHERE krosyn_audit.away(org_id);",
        away.number()
    );
    connect(&url).await.batch_execute(&sql).await.expect("made");
    let settings = Settings::new(Clock::fixed(NOW));
    let guard = ClockGuard::new(settings.clock.clone());
    let swept = sweeper::once(store.as_ref(), &settings, &guard).await.expect("swept");
    assert_eq!((swept.deleted, swept.is_running_elsewhere), (1, false), "{swept:?}");
    assert_eq!(swept.failed.iter().map(|(slug, _)| slug.as_str()).collect::<Vec<_>>(), ["acme"]);
    assert_eq!(everything(&store, other).await.len(), 1);
    assert_eq!(everything(&store, away).await.len(), 2, "its turn comes when the worker is back");
}
