//! `GET /audit-logs/counts`: counts by one or two dimensions, in a time zone.

use krosyn_audit::api::problem::Code;
use krosyn_audit::model::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::support::entries::{append, recording_at, with};
use crate::support::test_server::TestServer;

const COUNTS: &str = "/api/v1/audit-logs/counts";

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

/// Four entries about the end of daylight-saving time in Madrid, one of them two days later.
async fn world() -> TestServer {
    let world = TestServer::new().await;
    let of = |text: &str, user: &str| with(recording_at("1", at(text)), "user", json!({"name": user}));
    let entries = [
        of("2026-10-24T21:59:59.999999Z", "Ana"),
        of("2026-10-25T00:30:00Z", "Ana"),
        of("2026-10-25T01:30:00Z", "Ben"),
        of("2026-10-27T23:30:00Z", "Ana"),
    ];
    append(&world.store, world.org, entries).await;
    world
}

#[tokio::test]
async fn days_and_hours_follow_the_requested_time_zone() {
    let world = world().await;
    let admin = world.admin().await;
    let counted = async |query: &str| -> Value {
        admin.get(&format!("{COUNTS}?{query}")).await.expect(200).json()["groups"].clone()
    };
    let group = |key: &str, count: u32| json!({"key": [key], "count": count});
    assert_eq!(
        counted("by=day&tz=Europe/Madrid").await,
        json!([group("2026-10-24", 1), group("2026-10-25", 2), group("2026-10-28", 1)])
    );
    // Half past two came twice that night.
    assert_eq!(
        counted("by=hour&tz=Europe/Madrid").await,
        json!([group("00", 1), group("02", 2), group("23", 1)])
    );
    assert_eq!(
        counted("by=day").await,
        json!([group("2026-10-24", 1), group("2026-10-25", 2), group("2026-10-27", 1)])
    );
}

#[tokio::test]
async fn two_dimensions_count_within_filter_and_as_of() {
    let world = world().await;
    let admin = world.admin().await;
    let answer = admin.get(&format!("{COUNTS}?by=user,weekday&as_of=3&user=!nobody")).await.expect(200);
    assert_eq!(
        answer.json(),
        json!({
            "total": 3,
            "by": ["user", "weekday"],
            "tz": "UTC",
            "groups": [
                {"key": ["Ana", "saturday"], "count": 1},
                {"key": ["Ana", "sunday"], "count": 1},
                {"key": ["Ben", "sunday"], "count": 1},
            ],
        })
    );
    let by_channel = admin.get(&format!("{COUNTS}?by=via&action=created")).await.expect(200).json();
    assert_eq!(by_channel["groups"], json!([{"key": [null], "count": 4}]));
}

#[tokio::test]
async fn an_unsupported_stats_query_is_refused() {
    let world = world().await;
    let admin = world.admin().await;
    for (query, words) in [
        ("", "one or two of day, hour"),
        ("by=day&tz=Madrid", "did you mean Europe/Madrid?"),
        ("by=day&nothing=1", "is not a parameter of this request"),
    ] {
        admin.get(&format!("{COUNTS}?{query}")).await.expect(422).refused(Code::Invalid, words);
    }
}
