//! `GET /audit-logs/facets`: counts for a filter.

use krosyn_audit::api::problem::Code;
use serde_json::json;

use crate::support::entries::{append, days_ago, recording_at, with};
use crate::support::test_server::TestServer;

const FACETS: &str = "/api/v1/audit-logs/facets";

#[tokio::test]
async fn facets_count_the_filtered_entries_by_value_and_by_day() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let none = json!({"total": 0, "action": [], "model_type": [], "user": [], "day": []});
    assert_eq!(admin.get(FACETS).await.expect(200).json(), none);
    let of = |model_type: &str, user: &str, days| {
        let recorded = with(recording_at("1", days_ago(days)), "model_type", model_type);
        with(recorded, "user", json!({"name": user}))
    };
    append(&world.store, world.org, [of("secret", "Ben", 2), of("member", "Ana", 1), of("secret", "Ana", 1)])
        .await;
    assert_eq!(
        admin.get(FACETS).await.expect(200).json(),
        json!({
            "total": 3,
            "action": [{"value": "created", "count": 3}],
            "model_type": [{"value": "secret", "count": 2}, {"value": "member", "count": 1}],
            "user": [{"value": "Ana", "count": 2}, {"value": "Ben", "count": 1}],
            "day": [{"value": "2026-11-20", "count": 1}, {"value": "2026-11-21", "count": 2}],
        })
    );
    let filtered = admin.get(&format!("{FACETS}?user=ana&model_type=!member")).await.expect(200).json();
    assert_eq!(
        (&filtered["total"], &filtered["day"]),
        (&json!(1), &json!([{"value": "2026-11-21", "count": 1}]))
    );
}

#[tokio::test]
async fn facets_accept_only_filters() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for query in ["limit=5", "cursor=x", "total=true", "nothing=1"] {
        let answer = admin.get(&format!("{FACETS}?{query}")).await.expect(422);
        let problem = answer.refused(Code::Invalid, "is not a parameter of this request");
        assert!(!problem.detail.contains("limit,"), "{problem:?}");
    }
    admin
        .get(&format!("{FACETS}?action=made"))
        .await
        .expect(422)
        .refused(Code::Invalid, "created, updated, deleted");
}
