//! The last use of tokens: visible to the operator, and written in batches.

use std::time::Duration;

use chrono::TimeDelta;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::words::Scope;
use krosyn_audit::store;

use crate::support::entries::NOW;
use crate::support::test_server::TestServer;

const WHOAMI: &str = "/api/v1/whoami";

/// When each token of `acme` was last used, by name.
async fn used(world: &TestServer) -> Vec<(String, Option<Timestamp>)> {
    let tokens = world.store.tokens(world.org).await.expect("tokens");
    tokens.into_iter().map(|token| (token.name, token.last_used_at)).collect()
}

#[tokio::test]
async fn token_use_is_written_at_shutdown_and_not_per_request() {
    let world = TestServer::in_a_file().await;
    let (cron, reader) = (world.admin().await, world.caller(world.org, "reader", &[Scope::Read]).await);
    let ended = world.caller_until(world.org, "ended", Scope::ALL, Some(NOW)).await;
    world.caller(world.org, "unused", Scope::ALL).await;
    cron.get(WHOAMI).await.expect(200);
    ended.get(WHOAMI).await.expect(401);
    let later = NOW.plus(TimeDelta::seconds(7));
    world.set_now(later);
    cron.get(WHOAMI).await.expect(200);
    // A call refused for a missing scope counts as a use of the token.
    reader.post("/api/v1/audit-logs/prune", &serde_json::json!({})).await.expect(403);
    assert!(used(&world).await.iter().all(|(_, at)| at.is_none()), "nothing is written yet");

    let org = world.org;
    drop((cron, reader, ended));
    let directory = world.stop().await.expect("files");
    let url = format!("sqlite:{}", directory.path().join("audit.db").display());
    let store = store::open(&url).await.expect("opens");
    let tokens = store.tokens(org).await.expect("tokens");
    let used: Vec<_> = tokens.iter().map(|token| (token.name.as_str(), token.last_used_at)).collect();
    assert_eq!(used, [("admin", Some(later)), ("ended", None), ("reader", Some(later)), ("unused", None)]);
    store.close().await;
}

#[tokio::test]
async fn token_use_is_written_periodically() {
    let world =
        TestServer::with_settings(|settings, _| settings.token_uses_every = Duration::from_millis(5)).await;
    world.admin().await.get(WHOAMI).await.expect(200);
    while used(&world).await != [("admin".to_owned(), Some(NOW))] {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
