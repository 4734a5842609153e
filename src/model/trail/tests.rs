//! The entries of the events: their words, and nothing redacted in them but secrets.

use super::*;
use crate::model::draft::MAX_NAME_CHARS;
use crate::model::fixtures::{at, now};
use crate::model::words::{Plan, UserKind, Via};

fn entry(event: &TrailEvent, by: &Actor, key: &EventKey, at: Timestamp) -> crate::model::entry::Entry {
    event.draft(by, key, &Redaction::default(), (at, at)).expect("an entry").entry().clone()
}

fn recorded(event: &TrailEvent) -> (String, String) {
    let entry = entry(event, &Actor::server(), &EventKey::unique(), now());
    let of = |log| Action::of(log).contains(&entry.action) && ModelType::of(log).contains(&entry.model_type);
    assert!(of(Log::Trail), "{event:?}");
    (format!("{} {} {}", entry.action, entry.model_type, entry.model_id), entry.changes.get().to_owned())
}

fn question(filter: FilterPairs) -> TrailEvent {
    TrailEvent::Read { log: Log::Audit, call: ReadCall::List, filter, rows: Some(7), more: true }
}

#[test]
fn a_question_with_a_long_filter_has_a_short_entry() {
    let filter = vec![("model_id", "x".repeat(3_000)), ("model_id", "y".repeat(60_000))];
    let (_, changes) = recorded(&question(filter));
    assert!(changes.len() < 4_000 && changes.contains("xxx&left_out=1\""), "{}", changes.len());
}

#[test]
fn each_event_has_its_entry() {
    let (log, cutoff) = (Log::Audit, at("2026-08-24T08:00:00Z"));
    let retention =
        |plan, floor: Option<&str>| Retention { plan, floor: floor.map(|age| age.parse().expect("an age")) };
    let filter = vec![("action", "created".to_owned()), ("user", "id:7".to_owned())];
    for (event, resource, changes) in [
        (
            question(filter.clone()),
            "read audit_log audit",
            r#"[{"field":"call","new":"list"},{"field":"filter","new":"action=created&user=id%3A7"},{"field":"rows","new":7},{"field":"more","new":true}]"#,
        ),
        (
            TrailEvent::ExportEnded {
                log: Log::Trail,
                filter,
                format: Some("csv".to_owned()),
                as_of: 9,
                entries: Some(4),
            },
            "exported audit_log trail",
            r#"[{"field":"stage","new":"ended"},{"field":"filter","new":"action=created&user=id%3A7"},{"field":"format","new":"csv"},{"field":"as_of","new":9},{"field":"entries","new":4}]"#,
        ),
        (
            TrailEvent::Hold(HoldEvent {
                is_release: false,
                name: "case-14".to_owned(),
                filter: vec![("resource", "connector/42".to_owned())],
                reason: "court order".to_owned(),
            }),
            "created hold case-14",
            r#"[{"field":"filter","new":"resource=connector%2F42"}]"#,
        ),
        (
            TrailEvent::Hold(HoldEvent {
                is_release: true,
                name: "case-14".to_owned(),
                filter: Vec::new(),
                reason: "case closed".to_owned(),
            }),
            "deleted hold case-14",
            r#"[{"field":"filter","old":""}]"#,
        ),
        (
            TrailEvent::PruneBegun {
                log,
                prune: 3,
                cutoff,
                as_of: 9,
                retention: retention(Plan::Free, Some("30d")),
                restated: Restated::default(),
            },
            "pruned audit_log audit",
            r#"[{"field":"prune","new":3},{"field":"cutoff","new":"2026-08-24T08:00:00.000000Z"},{"field":"as_of","new":9},{"field":"plan","new":"free"},{"field":"floor","new":"30d"}]"#,
        ),
        (
            TrailEvent::PruneEnded { log, prune: 3, deleted: 5, complete: true },
            "pruned audit_log audit",
            r#"[{"field":"prune","new":3},{"field":"deleted","new":5},{"field":"complete","new":true}]"#,
        ),
        (
            TrailEvent::TokenCreated {
                name: "cron".to_owned(),
                scopes: vec![Scope::Read, Scope::Prune],
                expires_at: Some(cutoff),
                created_by: Some("ana".to_owned()),
            },
            "created token cron",
            r#"[{"field":"scopes","new":["read","prune"]},{"field":"expires_at","new":"2026-08-24T08:00:00.000000Z"},{"field":"created_by","new":"ana"}]"#,
        ),
        (
            TrailEvent::TokenRevoked { name: "cron".to_owned(), scopes: vec![Scope::Read], expires_at: None },
            "deleted token cron",
            r#"[{"field":"scopes","old":["read"]}]"#,
        ),
        (
            TrailEvent::RetentionChanged {
                slug: "acme".to_owned(),
                old: retention(Plan::Free, None),
                new: retention(Plan::Pro, Some("30d")),
            },
            "updated organization acme",
            r#"[{"field":"plan","old":"free","new":"pro"},{"field":"floor","new":"30d"}]"#,
        ),
        (
            TrailEvent::Organization(OrganizationEvent::Renamed {
                old: "acme".to_owned(),
                new: "acme-eu".to_owned(),
            }),
            "updated organization acme",
            r#"[{"field":"slug","old":"acme","new":"acme-eu"}]"#,
        ),
        (
            TrailEvent::Organization(OrganizationEvent::Deleted { slug: "acme".to_owned() }),
            "deleted organization acme",
            r#"[{"field":"slug","old":"acme"}]"#,
        ),
        (
            TrailEvent::OrganizationCreated {
                slug: "acme".to_owned(),
                retention: retention(Plan::Free, None),
            },
            "created organization acme",
            r#"[{"field":"plan","new":"free"}]"#,
        ),
        (
            TrailEvent::Migrated {
                schema: 5,
                unprotected_through: 1300,
                retention: retention(Plan::Pro, None),
            },
            "migrated server 5",
            r#"[{"field":"unprotected_through","new":1300},{"field":"plan","new":"pro"}]"#,
        ),
        (
            TrailEvent::Copied { log, format: "backup", as_of: 9, target: "/mnt/a.db".to_owned() },
            "exported audit_log audit",
            r#"[{"field":"stage","new":"begun"},{"field":"filter","new":""},{"field":"format","new":"backup"},{"field":"as_of","new":9},{"field":"target","new":"/mnt/a.db"}]"#,
        ),
    ] {
        assert_eq!(recorded(&event), (resource.to_owned(), changes.to_owned()));
    }
    assert_eq!(recorded(&TrailEvent::Started { host: "audit-1".to_owned() }).0, "started server audit-1");
    assert_eq!(recorded(&TrailEvent::SweepPaused { cause: "ahead".to_owned() }).0, "stopped server sweep");
    let same = TrailEvent::RetentionChanged {
        slug: "acme".to_owned(),
        old: retention(Plan::Free, None),
        new: retention(Plan::Free, None),
    };
    let refused = same.draft(&Actor::server(), &EventKey::unique(), &Redaction::default(), (now(), now()));
    assert_eq!(refused.map(|_| ()), Err(Refusal::NoChange));
}

#[test]
fn a_question_holds_no_secret_in_any_form() {
    for (name, secret) in [
        ("q", "Zq7 of no known form"),
        ("model_id", "password=Zq7hunter2Zq7"),
        ("field", "Bearer Zq7abcdefgh0123456789Zq7"),
    ] {
        let told = recorded(&question(vec![(name, secret.to_owned())])).1;
        assert!(!told.contains("Zq7") && told.contains("redacted"), "{told}");
    }
}

#[test]
fn the_same_question_has_one_key_an_hour() {
    let key = EventKey::Question { log: -1 };
    let asked =
        |event: &TrailEvent, name: &str, when: &str| entry(event, &Actor::token(name), &key, at(when)).uuid;
    let filter = |id: &str| vec![("user", id.to_owned())];
    let first = asked(&question(filter("7")), "cron", "2026-11-22T08:00:00Z");
    assert_eq!(asked(&question(filter("7")), "cron", "2026-11-22T08:59:59Z"), first);
    let TrailEvent::Read { log, filter: same, rows, .. } = question(filter("7")) else { panic!() };
    let followed = TrailEvent::Read { log, call: ReadCall::Follow, filter: same, rows, more: false };
    for other in [
        asked(&question(filter("8")), "cron", "2026-11-22T08:00:00Z"),
        asked(&question(filter("7")), "ci", "2026-11-22T08:00:00Z"),
        asked(&question(filter("7")), "cron", "2026-11-22T09:00:00Z"),
        asked(&followed, "cron", "2026-11-22T08:00:00Z"),
    ] {
        assert_ne!(other, first);
    }
}

#[test]
fn an_actor_is_a_token_an_account_or_the_server() {
    let agent = "x".repeat(2000);
    let token =
        Actor::token("cron").with_request(Some("198.51.100.7".to_owned()), Some(&agent), Some("req_1"));
    let made = entry(&question(Vec::new()), &token, &EventKey::unique(), now());
    assert_eq!(
        (made.user.kind, made.user.label(), made.context.via),
        (UserKind::Token, "cron", Some(Via::Api))
    );
    assert_eq!(made.context.ip.as_deref(), Some("198.51.100.7"));
    assert_eq!(made.context.user_agent.map(|agent| agent.len()), Some(MAX_NAME_CHARS));
    let local = Actor::account("ana", "build-7");
    assert_eq!(
        (local.user.kind, local.user.label(), local.context.via),
        (UserKind::User, "ana@build-7", Some(Via::Cli))
    );
    assert_eq!((Actor::server().user.kind, Actor::server().user.label()), (UserKind::System, "krosyn-audit"));
}
