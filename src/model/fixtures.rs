//! Values for unit tests.

use serde_json::{Value, json};

use crate::model::change::Change;
use crate::model::entry::Entry;
use crate::model::json::Json;
use crate::model::merkle::{Hash, leaf_hash};
use crate::model::time::TimeContext;
use crate::model::timestamp::Timestamp;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

/// The time at which tests run.
pub(crate) fn now() -> Timestamp {
    at("2026-11-22T08:00:00Z")
}

pub(crate) fn in_madrid() -> TimeContext {
    TimeContext { now: now(), zone: chrono_tz::Europe::Madrid }
}

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).expect(text)
}

pub(crate) fn change(text: &str) -> Change {
    serde_json::from_str(text).expect(text)
}

/// An entry about a connector with these members. Later members replace earlier ones.
pub(crate) fn entry_with<const N: usize>(members: [Value; N]) -> Entry {
    let mut entry = json!({
        "id": 7, "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11", "occurred_at": "2026-11-22T08:14:07.412033Z",
        "recorded_at": "2026-11-22T08:14:07.415870Z", "action": "updated", "model_type": "connector",
        "model_id": "42", "user": {"id": "7"}, "changes": [],
    });
    for members in members {
        let Value::Object(members) = members else { panic!("an object") };
        entry.as_object_mut().expect("an object").extend(members);
    }
    serde_json::from_str(&entry.to_string()).expect("an entry")
}

/// The hashes of the first leaves of a tree.
pub(crate) fn leaves(number: u64) -> Vec<Hash> {
    (0..number).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect()
}
