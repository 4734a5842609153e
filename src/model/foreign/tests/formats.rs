//! Rows of each library, as its documentation and code write them.

use super::*;

fn cells(cells: &[(&str, &str)]) -> Vec<(String, Json)> {
    let cell = |text: &str| if text.is_empty() { Json::Null } else { Json::String(text.to_owned()) };
    cells.iter().map(|(name, text)| ((*name).to_owned(), cell(text))).collect()
}

fn object(text: &str) -> Vec<(String, Json)> {
    match Json::parse(text) {
        Ok(Json::Object(members)) => flatten_dumpdata(members),
        other => panic!("{other:?}"),
    }
}

fn convert(library: AuditLibrary, row: &[(String, Json)]) -> Result<ConvertedRow, RowRejection> {
    assert_eq!(
        AuditLibrary::of(row.iter().map(|(name, _)| name.as_str())),
        Some(library),
        "recognized by its columns"
    );
    let rules = TableRules { zone: Tz::UTC, ..rules() };
    rules.proposal(library, row, None, "")
}

/// The entry without its uuid, which has a test of its own.
fn entry(library: AuditLibrary, row: &[(String, Json)]) -> serde_json::Value {
    let converted = convert(library, row).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let mut entry = line(&converted.proposal);
    entry.as_object_mut().expect("an object").remove("uuid").expect("a uuid");
    entry
}

#[test]
fn a_library_is_recognized_by_name() {
    for library in AuditLibrary::ALL {
        assert_eq!(library.name().parse(), Ok(library));
    }
    for (name, library) in [
        ("spatie/laravel-activitylog", AuditLibrary::ActivityLog),
        ("paper_trail", AuditLibrary::PaperTrail),
        ("PaperTrail", AuditLibrary::PaperTrail),
        ("owen-it/laravel-auditing", AuditLibrary::LaravelAuditing),
    ] {
        assert_eq!(name.parse(), Ok(library), "{name}");
    }
    assert!("papers".parse::<AuditLibrary>().is_err_and(|error| error.contains("paper-trail")));
}

const ACTIVITY: [(&str, &str); 12] = [
    ("id", "31"),
    ("log_name", "default"),
    ("description", "updated"),
    ("subject_type", r"App\Models\Connector"),
    ("subject_id", "5"),
    ("causer_type", r"App\Models\Admin"),
    ("causer_id", "7"),
    ("properties", r#"{"attributes":{"status":"disabled"},"old":{"status":"active"}}"#),
    ("event", "updated"),
    ("batch_uuid", "b-1"),
    ("created_at", "2026-06-11 10:00:00"),
    ("updated_at", "2026-06-11 10:00:00"),
];

fn with(base: &[(&str, &str)], changed: &[(&str, &str)]) -> Vec<(String, Json)> {
    let mut row = cells(base);
    for (name, value) in cells(changed) {
        match row.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => *own = value,
            None => row.push((name, value)),
        }
    }
    row
}

#[test]
fn laravel_activitylog() {
    let library = AuditLibrary::ActivityLog;
    assert_eq!(
        entry(library, &cells(&ACTIVITY)),
        serde_json::json!({
            "occurred_at": "2026-06-11T10:00:00.000000Z", "action": "updated", "model_type": "connector",
            "model_id": "5", "user": {"id": r"App\Models\Admin#7", "kind": "user"},
            "context": {"request_id": "b-1"}, "before": {"status": "active"}, "after": {"status": "disabled"},
        })
    );
    // Version 5: the fields in a column of their own; before version 4: the event in the description.
    let five = with(
        &ACTIVITY,
        &[("properties", ""), ("attribute_changes", r#"{"attributes":{"a":1}}"#), ("event", "created")],
    );
    assert_eq!(entry(library, &five)["after"], serde_json::json!({"a": 1}));
    let three = with(
        &ACTIVITY,
        &[("event", ""), ("description", "deleted"), ("properties", r#"{"attributes":{"a":1}}"#)],
    );
    assert_eq!(entry(library, &three)["before"], serde_json::json!({"a": 1}));
    let restored = with(&ACTIVITY, &[("event", "restored"), ("description", "back"), ("log_name", "ops")]);
    let restored = entry(library, &restored);
    assert_eq!(
        (restored["action"].as_str(), restored["reason"].as_str()),
        (Some("created"), Some("back; log ops"))
    );
    let refused = |changed: &[(&str, &str)]| convert(library, &with(&ACTIVITY, changed)).map(drop);
    assert!(matches!(refused(&[("subject_type", "")]), Err(RowRejection::Incomplete(_))));
    assert!(matches!(refused(&[("properties", "[]")]), Err(RowRejection::Incomplete(_))));
    assert!(matches!(refused(&[("event", "synced")]), Err(RowRejection::Unmapped { what: "event", .. })));
    assert!(matches!(refused(&[("event", "retrieved")]), Err(RowRejection::Excluded)));
    assert!(matches!(refused(&[("properties", r#"{"attributes":7}"#)]), Err(RowRejection::Invalid(_))));
    let more = convert(library, &with(&ACTIVITY, &[("properties", r#"{"attributes":{"a":1},"ip":"x"}"#)]));
    assert_eq!(more.map(|it| it.adjusted.len()), Ok(1).map_err(|()| RowRejection::Excluded));
}

#[test]
fn django_auditlog() {
    let library = AuditLibrary::DjangoAuditlog;
    let table = [
        ("id", "4"),
        ("object_pk", "5"),
        ("object_id", "5"),
        ("object_repr", "Slack"),
        ("action", "1"),
        ("changes", r#"{"status": ["active", "None"], "max": ["1", "2"]}"#),
        ("timestamp", "2026-06-11 10:00:00.123456+00"),
        ("actor_id", "7"),
        ("content_type_id", "12"),
        ("remote_addr", "198.51.100.7"),
        ("additional_data", ""),
        ("serialized_data", ""),
        ("cid", "c-1"),
    ];
    assert!(
        matches!(convert(library, &cells(&table)), Err(RowRejection::Unmapped { word, .. }) if word == "12")
    );
    let row = [("content_type", r#"["krosyn", "connector"]"#), ("content_type_id", "")];
    assert_eq!(
        entry(library, &with(&table, &row)),
        serde_json::json!({
            "occurred_at": "2026-06-11T10:00:00.123456Z", "action": "updated", "model_type": "connector",
            "model_id": "krosyn.connector#5", "model_name": "Slack", "user": {"id": "7", "kind": "user"},
            "context": {"ip": "198.51.100.7", "request_id": "c-1"},
            "before": {"status": "active", "max": "1"}, "after": {"status": null, "max": "2"},
        })
    );
    let dump = r#"{"model": "auditlog.logentry", "pk": 9, "fields": {"content_type": ["krosyn", "secret"], "object_pk": "3",
        "object_id": 3, "object_repr": "PIN", "action": 0, "changes": {"name": [null, "PIN"]}, "actor": ["ana"],
        "remote_addr": null, "timestamp": "2026-06-11T10:00:00Z", "additional_data": null, "cid": null}}"#;
    let created = entry(library, &object(dump));
    assert_eq!(created["after"], serde_json::json!({"name": "PIN"}));
    assert_eq!(created["user"], serde_json::json!({"name": "ana", "kind": "user"}));
    let refused = |changed: &[(&str, &str)]| {
        let row = with(&table, &[("content_type_id", ""), ("content_type", "krosyn | connector")]);
        let mut row: Vec<_> = row;
        for (name, value) in cells(changed) {
            row.iter_mut().find(|(own, _)| *own == name).expect("a column").1 = value;
        }
        convert(library, &row).map(drop)
    };
    assert_eq!(refused(&[]), Ok(()));
    assert!(
        matches!(refused(&[("action", "3")]), Err(RowRejection::Unmapped { word, .. }) if word == "access")
    );
    let many = r#"{"members": {"type": "m2m", "operation": "add", "objects": ["x"]}}"#;
    assert!(matches!(refused(&[("changes", many)]), Err(RowRejection::Incomplete(_))));
    assert!(matches!(refused(&[("changes", r#"{"a": [1]}"#)]), Err(RowRejection::Invalid(_))));
}

#[test]
fn django_simple_history() {
    let library = AuditLibrary::SimpleHistory;
    let row = |kind: &str, status: &str| {
        object(&format!(
            r#"{{"model": "shop.historicalconnector", "pk": 3, "fields": {{"id": 5, "name": "Slack", "status": "{status}",
            "history_date": "2026-06-11T10:00:00Z", "history_change_reason": "INC-1", "history_type": "{kind}", "history_user": 7}}}}"#
        ))
    };
    let created = entry(library, &row("+", "active"));
    assert_eq!(created["after"], serde_json::json!({"id": 5, "name": "Slack", "status": "active"}));
    assert_eq!((&created["model_id"], &created["reason"]), (&"shop.connector#5".into(), &"INC-1".into()));
    assert!(matches!(convert(library, &row("~", "x")), Err(RowRejection::Incomplete(_))));
    let updated = rules().proposal(library, &row("~", "off"), Some(&row("+", "on")), "");
    let updated = line(&updated.unwrap_or_else(|_| panic!()).proposal);
    assert_eq!((&updated["before"]["status"], &updated["after"]["status"]), (&"on".into(), &"off".into()));
    assert_eq!(entry(library, &row("-", "x"))["before"]["status"], "x");
    // The file names the model when the rows do not.
    let table = [
        ("id", "5"),
        ("history_id", "1"),
        ("history_date", "2026-06-11 10:00:00+00"),
        ("history_type", "+"),
        ("history_user_id", ""),
    ];
    let read = rules().proposal(library, &cells(&table), None, "historicalconnector");
    assert_eq!(read.unwrap_or_else(|_| panic!()).proposal.model_id, "5");
    assert!(matches!(
        rules().proposal(library, &cells(&table), None, "dump"),
        Err(RowRejection::Unmapped { .. })
    ));
}

#[test]
fn rails_paper_trail() {
    let library = AuditLibrary::PaperTrail;
    let table = [
        ("id", "8"),
        ("item_type", "Connector"),
        ("item_id", "5"),
        ("event", "update"),
        ("whodunnit", "7"),
        ("object", "---\nid: 5\nname: Slack\nstatus: active\n"),
        (
            "object_changes",
            "---\nstatus:\n- active\n- disabled\nupdated_at:\n- 2026-06-10 10:00:00.000000000 Z\n- 2026-06-11 10:00:00.000000000 Z\n",
        ),
        ("created_at", "2026-06-11 10:00:00.5"),
    ];
    assert_eq!(
        entry(library, &cells(&table)),
        serde_json::json!({
            "occurred_at": "2026-06-11T10:00:00.500000Z", "action": "updated", "model_type": "connector",
            "model_id": "5", "user": {"id": "7", "kind": "user"},
            "before": {"status": "active", "updated_at": "2026-06-10 10:00:00.000000000 Z"},
            "after": {"status": "disabled", "updated_at": "2026-06-11 10:00:00.000000000 Z"},
        })
    );
    let json = with(
        &table,
        &[
            ("event", "create"),
            ("object", ""),
            ("object_changes", r#"{"name":[null,"Slack"]}"#),
            ("whodunnit", "ana@acme.example"),
        ],
    );
    let created = entry(library, &json);
    assert_eq!(
        (&created["after"]["name"], &created["user"]["email"]),
        (&"Slack".into(), &"ana@acme.example".into())
    );
    let destroyed = with(
        &table,
        &[
            ("event", "destroy"),
            ("object_changes", ""),
            ("whodunnit", "gid://app/Admin/7"),
            ("created_at", "2026-06-11 10:00:00 UTC"),
        ],
    );
    let destroyed = entry(library, &destroyed);
    assert_eq!(
        (&destroyed["before"]["name"], &destroyed["user"]["id"]),
        (&"Slack".into(), &"Admin#7".into())
    );
    let refused = |changed: &[(&str, &str)]| convert(library, &with(&table, changed)).map(drop);
    assert!(matches!(refused(&[("object_changes", "")]), Err(RowRejection::Incomplete(_))));
    assert!(matches!(
        refused(&[("event", "create"), ("object", ""), ("object_changes", "")]),
        Err(RowRejection::Incomplete(_))
    ));
    assert!(matches!(refused(&[("object_changes", "--- [")]), Err(RowRejection::Invalid(_))));
}

#[test]
fn rails_audited() {
    let library = AuditLibrary::Audited;
    let table = [
        ("id", "8"),
        ("auditable_id", "5"),
        ("auditable_type", "Connector"),
        ("associated_id", ""),
        ("associated_type", ""),
        ("user_id", "7"),
        ("user_type", "User"),
        ("username", ""),
        ("action", "update"),
        ("audited_changes", r#"{"status":["active","disabled"]}"#),
        ("version", "2"),
        ("comment", "INC-1"),
        ("remote_address", "198.51.100.7"),
        ("request_uuid", "r-1"),
        ("created_at", "2026-06-11 10:00:00"),
    ];
    assert_eq!(
        entry(library, &cells(&table)),
        serde_json::json!({
            "occurred_at": "2026-06-11T10:00:00.000000Z", "action": "updated", "model_type": "connector",
            "model_id": "5", "user": {"id": "7", "kind": "user"},
            "context": {"ip": "198.51.100.7", "request_id": "r-1"}, "reason": "INC-1",
            "before": {"status": "active"}, "after": {"status": "disabled"},
        })
    );
    let created = with(
        &table,
        &[
            ("action", "create"),
            ("audited_changes", "---\nname: Slack\ntags:\n- a\n- b\n"),
            ("user_id", ""),
            ("username", "cron"),
        ],
    );
    let created = entry(library, &created);
    assert_eq!(created["after"], serde_json::json!({"name": "Slack", "tags": ["a", "b"]}));
    assert_eq!(created["user"], serde_json::json!({"name": "cron", "kind": "user"}));
    let destroyed =
        entry(library, &with(&table, &[("action", "destroy"), ("audited_changes", r#"{"name":"x"}"#)]));
    assert_eq!((&destroyed["action"], &destroyed["before"]["name"]), (&"deleted".into(), &"x".into()));
    let one_sided = convert(library, &with(&table, &[("audited_changes", r#"{"status":"x"}"#)]));
    assert!(matches!(one_sided, Err(RowRejection::Invalid(_))));
    // Equal ids of two libraries give different uuids.
    let uuid =
        |library, row: &[(String, Json)]| convert(library, row).unwrap_or_else(|_| panic!()).proposal.uuid;
    let activity = with(&ACTIVITY, &[("id", "8")]);
    assert_ne!(uuid(AuditLibrary::Audited, &cells(&table)), uuid(AuditLibrary::ActivityLog, &activity));
}
