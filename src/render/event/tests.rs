//! Snapshots of events in each format, errors, and the mapping tables of `docs/formats.md`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::entry::{Entry, EntryView};
use crate::model::fixtures::entry_with;
use crate::model::words::Log;
use crate::render::event::readers::{cef, leef, paths};
use crate::render::event::schemas::{check_ecs, check_ocsf};
use crate::render::event::{EventFormat, EventSource, write_event};

fn entry(changed: &Value) -> Entry {
    let updated = json!({
        "id": 1287, "model_name": "Salesforce → Warehouse",
        "user": {"id": "7", "email": "ana.ruiz@acme.example", "name": "Ana Ruiz", "role": "admin", "kind": "user"},
        "context": {"via": "web", "ip": "198.51.100.23", "user_agent": "Mozilla/5.0 (X11)", "request_id": "req_01JD9"},
        "reason": "INC-2041",
        "changes": [
            {"field": "status", "old": "active", "new": "disabled"},
            {"field": "limits", "old": {"max": 3}, "new": null},
            {"field": "webhook_secret", "old": "[redacted]", "new": "[redacted, changed]", "redacted": true},
        ],
    });
    entry_with([updated, changed.clone()])
}

/// An update, a creation by an agent, a deletion by a hostile user, and events of the trail.
fn entries() -> Vec<(&'static str, Log, Entry)> {
    let token = json!({"name": "cron", "kind": "token"});
    let hostile =
        json!({"email": "no address", "name": "Mal\nlory | cs1=x \\ \u{202e}\t", "kind": "service"});
    vec![
        ("updated", Log::Audit, entry(&json!({}))),
        (
            "created",
            Log::Audit,
            entry(&json!({"action": "created", "model_type": "member", "model_id": "9", "model_name": null,
                "user": {"name": "terraform", "kind": "agent"},
                "on_behalf_of": {"id": "7", "email": "ana.ruiz@acme.example", "name": "Ana Ruiz", "role": "admin", "kind": "user"},
                "context": {"via": "mcp", "ip": "2001:db8::1"}, "reason": null,
                "changes": [{"field": "email", "new": "bo@acme.example"}]})),
        ),
        (
            "deleted",
            Log::Audit,
            entry(
                &json!({"action": "deleted", "model_type": "secret", "model_id": "=5|", "model_name": "A\\B", "user": hostile,
                "context": {"ip": "gateway"}, "reason": "a\r\nb",
                "changes": [{"field": "name", "old": "A\u{2028}B"}, {"field": "value", "redacted": true}]}),
            ),
        ),
        (
            "read",
            Log::Trail,
            entry(
                &json!({"action": "read", "model_type": "audit_log", "model_id": "audit", "model_name": null,
                "user": token, "context": {"via": "api", "ip": "198.51.100.7", "request_id": "req_2"}, "reason": null,
                "changes": [{"field": "call", "new": "list"}, {"field": "filter", "new": "action=deleted"},
                    {"field": "rows", "new": 7}]}),
            ),
        ),
        (
            "exported",
            Log::Trail,
            entry(
                &json!({"action": "exported", "model_type": "audit_log", "model_id": "audit", "model_name": null,
                "user": {"name": "ana@build-7", "kind": "user"}, "context": {"via": "cli"}, "reason": "weekly",
                "changes": [{"field": "stage", "old": "planned", "new": "begun"}, {"field": "format", "new": "backup"}]}),
            ),
        ),
        (
            "pruned",
            Log::Trail,
            entry(
                &json!({"action": "pruned", "model_type": "audit_log", "model_id": "audit", "model_name": null,
                "user": {"name": "krosyn-audit", "kind": "system"}, "context": {"via": "system"}, "reason": null,
                "changes": [{"field": "deleted", "new": 5}, {"field": "complete", "new": true}]}),
            ),
        ),
    ]
}

fn line(format: EventFormat, log: Log, entry: &Entry) -> String {
    let mut line = Vec::new();
    let source = EventSource { log, organization: "acme" };
    write_event(format, source, &entry.view(), &mut line).expect("an event");
    String::from_utf8(line).expect("UTF-8")
}

fn lines(format: EventFormat) -> Vec<String> {
    entries().iter().map(|(_, log, entry)| line(format, *log, entry)).collect()
}

/// Lines without the version of this program, which changes with each release.
fn shown(format: EventFormat) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let cut = |line: String| {
        line.replacen(&format!("\"version\":\"{version}\""), "\"version\":\"VERSION\"", 1)
            .replacen(&format!("|{version}|"), "|VERSION|", 1)
            .replace('\t', "⇥\n  ")
    };
    lines(format).into_iter().map(cut).collect::<Vec<_>>().join("\n")
}

#[test]
fn fixed_entries_as_ocsf() {
    for line in lines(EventFormat::Ocsf) {
        check_ocsf(&serde_json::from_str(&line).expect("JSON"));
    }
    insta::assert_snapshot!(shown(EventFormat::Ocsf));
}

#[test]
fn fixed_entries_as_cef() {
    insta::assert_snapshot!(shown(EventFormat::Cef));
}

#[test]
fn fixed_entries_as_ecs() {
    for line in lines(EventFormat::Ecs) {
        check_ecs(&serde_json::from_str(&line).expect("JSON"));
    }
    insta::assert_snapshot!(shown(EventFormat::Ecs));
}

#[test]
fn fixed_entries_as_leef() {
    insta::assert_snapshot!(shown(EventFormat::Leef));
}

#[test]
fn json_is_the_entry() {
    let (_, log, entry) = &entries()[0];
    let back: Entry = serde_json::from_str(&line(EventFormat::Json, *log, entry)).expect("an entry");
    assert_eq!(&back, entry);
}

#[test]
fn every_action_and_type_has_a_valid_event() {
    use crate::model::words::{Action, ModelType};
    for action in Action::ALL {
        for model_type in ModelType::ALL {
            let entry = entry(&json!({"action": action, "model_type": model_type}));
            let json = |format| serde_json::from_str(&line(format, Log::Trail, &entry)).expect("JSON");
            check_ocsf(&json(EventFormat::Ocsf));
            check_ecs(&json(EventFormat::Ecs));
        }
    }
}

#[test]
fn changes_that_are_no_list_are_refused_and_leave_no_bytes() {
    let text = serde_json::to_string(&entry(&json!({}))).expect("JSON");
    let from = text.find("\"changes\":").expect("changes");
    let damaged = format!("{}\"changes\":{{\"a\":1}}}}", &text[..from]);
    let view: EntryView<'_> = serde_json::from_str(&damaged).expect("a view");
    for format in &EventFormat::ALL[1..] {
        let mut out = b"kept".to_vec();
        let source = EventSource { log: Log::Audit, organization: "acme" };
        let error = write_event(*format, source, &view, &mut out).expect_err("no list");
        assert!(error.to_string().contains("entry 1287"), "{error}");
        assert_eq!(out, b"kept");
    }
}

/// The names of a form's fields in the tables of the document.
fn documented(section: &str) -> BTreeSet<String> {
    let document = include_str!("../../../docs/formats.md");
    let start = document.find(&format!("\n## {section}")).expect("a section");
    let rest = &document[start + 1..];
    let section = &rest[..rest.find("\n## ").unwrap_or(rest.len())];
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = rows.filter_map(|row| row.split('|').nth(2));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn the_document_names_exactly_the_fields_that_are_written() {
    let json_paths = |format| {
        let mut found = Vec::new();
        for line in lines(format) {
            paths(&serde_json::from_str(&line).expect("JSON"), "", &mut found);
        }
        found.into_iter().collect::<BTreeSet<_>>()
    };
    assert_eq!(documented("OCSF"), json_paths(EventFormat::Ocsf));
    assert_eq!(documented("ECS"), json_paths(EventFormat::Ecs));
    let keys =
        |line: &String| cef(line).1.into_keys().filter(|key| !key.ends_with("Label")).collect::<Vec<_>>();
    assert_eq!(documented("CEF"), lines(EventFormat::Cef).iter().flat_map(keys).collect());
    let keys = |line: &String| leef(line).1.into_keys().collect::<Vec<_>>();
    assert_eq!(documented("LEEF"), lines(EventFormat::Leef).iter().flat_map(keys).collect());
}
