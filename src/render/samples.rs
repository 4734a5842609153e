//! Sample entries and styles for the tests of `render`. Test code only.

use std::io;

use serde_json::json;

use crate::model::entry::Entry;
use crate::model::time::TimeContext;
use crate::render::style::{Style, Theme};

/// A plain style, 26 minutes after the update of [`updated`].
pub(crate) fn style(width: usize) -> Style {
    let time = TimeContext {
        now: "2026-11-22T08:40:30Z".parse().expect("a time"),
        zone: "Europe/Madrid".parse().expect("a zone"),
    };
    let theme = Theme::Default;
    Style { width, color: false, theme, ascii: false, truncate: true, relative: false, time }
}

/// The text that a renderer writes.
pub(crate) fn printed(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("written to memory");
    String::from_utf8(out).expect("UTF-8")
}

/// The update in the manual page's example.
pub(crate) fn updated() -> Entry {
    let mapping = |from: &str, to: &str| json!({"from": from, "to": to});
    let common =
        ["Id", "Name", "Street", "City", "Zip"].map(|name| mapping(name, &name.to_lowercase())).to_vec();
    let listed = |own: &[serde_json::Value]| [common[..3].to_vec(), own.to_vec()].concat();
    let script = |email: &str| {
        let lines: Vec<String> = (1..=42)
            .map(|n| if n == 11 { format!("  row.email = {email}") } else { format!("  line {n}") })
            .collect();
        lines.join("\n")
    };
    let (street, city) = (&common[3], &common[4]);
    entry(
        "updated",
        &json!([
            {"field": "status", "old": "active", "new": "disabled"},
            {"field": "limits", "old": {"max": 3, "per": "s"}, "new": {"max": "3", "per": "s"}},
            {"field": "perform",
             "old": {"url": "a", "retry": {"max": 3, "legacy_backoff": true}},
             "new": {"url": "a", "retry": {"max": 5, "jitter": "full"}}},
            {"field": "process",
             "old": {"mappings": listed(&[mapping("Owner", "owner_id"), street.clone(), city.clone()])},
             "new": {"mappings": listed(&[mapping("Phone", "phone_e164"), street.clone(), city.clone(),
                                          mapping("Owner", "owner_id")])}},
            {"field": "trigger", "old": script("row.Email"), "new": script("lower(row.Email)")},
            {"field": "webhook_secret", "redacted": true},
        ]),
    )
}

/// The manual page's entry with another action and other changes.
pub(crate) fn entry(action: &str, changes: &serde_json::Value) -> Entry {
    let entry = json!({
        "id": 1287,
        "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11",
        "occurred_at": "2026-11-22T08:14:07.412033Z",
        "recorded_at": "2026-11-22T08:14:07.415870Z",
        "action": action,
        "model_type": "connector",
        "model_id": "42",
        "model_name": "Salesforce → Warehouse",
        "user": {"id": "7", "email": "ana.ruiz@acme.io", "name": "Ana Ruiz", "role": "admin", "kind": "user"},
        "context": {"via": "web", "ip": "198.51.100.23", "request_id": "req_01JD9"},
        "changes": changes,
    });
    serde_json::from_str(&entry.to_string()).expect("an entry")
}
