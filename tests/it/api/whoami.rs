//! `GET /whoami`: the organization, the name and the scopes of a token.

use chrono::TimeDelta;
use krosyn_audit::model::words::Scope;
use serde_json::json;

use crate::support::entries::NOW;
use crate::support::test_server::TestServer;

const WHOAMI: &str = "/api/v1/whoami";

/// The key that signs the checkpoints of the organization's audit log.
async fn verifier_key(world: &TestServer) -> String {
    let organization = world.store.organizations().await.expect("one").remove(0);
    let key = world.store.signing_key(NOW).await.expect("a key");
    key.verifier(&organization.id.origin(organization.uuid)).to_string()
}

#[tokio::test]
async fn whoami_reports_organization_plan_name_scopes_and_expiry() {
    let world = TestServer::new().await;
    let end = NOW.plus(TimeDelta::days(90));
    let caller = world.caller_until(world.org, "cron", &[Scope::Read, Scope::Prune], Some(end)).await;
    assert_eq!(
        caller.get(WHOAMI).await.expect(200).json(),
        json!({
            "organization": "acme", "plan": "free", "token": "cron", "scopes": ["read", "prune"],
            "expires_at": "2027-02-20T08:00:00.000000Z", "verifier_key": verifier_key(&world).await,
        })
    );
}

#[tokio::test]
async fn whoami_reports_a_token_without_scopes_and_expiry() {
    let world = TestServer::new().await;
    let caller = world.caller(world.org, "bare", &[]).await;
    let expected = json!({
        "organization": "acme", "plan": "free", "token": "bare", "scopes": [],
        "verifier_key": verifier_key(&world).await,
    });
    assert_eq!(caller.get(WHOAMI).await.expect(200).json(), expected);
}
