//! Conversion of rows, with the laravel-auditing table as the example.

mod formats;

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::model::draft::Draft;
use crate::model::redaction::Redaction;
use crate::model::words::{Action, Via};

fn rules() -> TableRules {
    let mappings = vec![r"App\Models\Hook=endpoint", "retrieved=-", r"App\Models\Invoice=-"];
    let mappings = mappings.into_iter().map(|text| text.parse().expect(text)).collect();
    let user_kinds = vec![r"App\Models\Robot=service".parse().expect("a kind")];
    TableRules {
        source: "krosyn-prod".to_owned(),
        zone: Tz::Europe__Madrid,
        mappings,
        plain: Vec::new(),
        user_kinds,
        user_columns: None,
    }
}

fn row(cells: &[(&str, &str)]) -> Vec<(String, Json)> {
    let standard = [
        ("id", "7"),
        ("event", "updated"),
        ("auditable_type", r"App\Models\Connector"),
        ("auditable_id", "42"),
        ("old_values", r#"{"name":"A","max":1}"#),
        ("new_values", r#"{"name":"B","max":1}"#),
        ("user_id", "3"),
        ("url", "https://krosyn.example/connectors/42?token=x"),
        ("ip_address", "198.51.100.23"),
        ("user_agent", "Mozilla"),
        ("tags", "deploy,api"),
        ("created_at", "2024-03-01 10:00:00"),
    ];
    let value = |name: &str, text: &str| {
        let other = cells.iter().find(|(other, _)| *other == name).map(|(_, text)| *text);
        Json::String(other.unwrap_or(text).to_owned())
    };
    standard.iter().map(|(name, text)| ((*name).to_owned(), value(name, text))).collect()
}

fn convert(cells: &[(&str, &str)]) -> Result<ConvertedRow, RowRejection> {
    rules().proposal(AuditLibrary::LaravelAuditing, &row(cells), None, "")
}

fn read(cells: &[(&str, &str)]) -> Result<Proposal, RowRejection> {
    convert(cells).map(|converted| converted.proposal)
}

fn line(proposal: &Proposal) -> serde_json::Value {
    serde_json::to_value(proposal).expect("serialises")
}

#[test]
fn an_update_becomes_an_entry() {
    let proposal = read(&[]).unwrap_or_else(|_| panic!());
    let mut read = line(&proposal);
    let uuid = read.as_object_mut().expect("an object").remove("uuid").expect("a uuid");
    assert_eq!(uuid.as_str().map(str::len), Some(36));
    assert_eq!(
        read,
        serde_json::json!({
            "occurred_at": "2024-03-01T09:00:00.000000Z", "action": "updated", "model_type": "connector",
            "model_id": "42", "model_name": "B", "user": {"id": "3", "kind": "user"},
            "context": {"ip": "198.51.100.23", "user_agent": "Mozilla"},
            "reason": "url https://krosyn.example/connectors/42; tags deploy,api",
            "before": {"name": "A", "max": 1}, "after": {"name": "B", "max": 1},
        })
    );
}

#[test]
fn a_uuid_depends_on_the_source_and_the_id_alone() {
    let uuid = |source: &str, cells: &[(&str, &str)]| {
        let rules = TableRules { source: source.to_owned(), ..rules() };
        let converted = rules.proposal(AuditLibrary::LaravelAuditing, &row(cells), None, "");
        converted.ok().and_then(|it| it.proposal.uuid).expect("a uuid")
    };
    let first = uuid("a", &[]);
    assert_eq!(
        first,
        uuid("a", &[("new_values", r#"{"value":"secret"}"#), ("created_at", "2020-01-01 00:00:00")])
    );
    assert_ne!(first, uuid("b", &[]));
    assert_ne!(first, uuid("a", &[("id", "8")]));
}

#[test]
fn each_event_has_its_sides() {
    for (event, old, new, expected) in [
        ("created", "[]", r#"{"a":1}"#, Some((false, true, Action::Created))),
        ("created", "", r#"{"a":1}"#, Some((false, true, Action::Created))),
        ("deleted", r#"{"a":1}"#, "[]", Some((true, false, Action::Deleted))),
        ("restored", "[]", r#"{"a":1}"#, Some((false, true, Action::Created))),
        ("restored", r#"{"deleted_at":"x"}"#, r#"{"a":1}"#, Some((false, true, Action::Created))),
        ("updated", "[]", r#"{"a":1}"#, Some((true, true, Action::Updated))),
        ("created", r#"{"a":1}"#, r#"{"a":1}"#, None),
        ("deleted", r#"{"a":1}"#, r#"{"a":1}"#, None),
        ("updated", "[1]", r#"{"a":1}"#, None),
        ("updated", "{", r#"{"a":1}"#, None),
        ("updated", "7", r#"{"a":1}"#, None),
    ] {
        let read = read(&[("event", event), ("old_values", old), ("new_values", new)]).ok();
        let sides = read.map(|it| (it.before.is_some(), it.after.is_some(), it.action));
        assert_eq!(sides, expected, "{event} {old} {new}");
    }
}

fn unmapped(what: &'static str, column: &'static str, word: &str) -> RowRejection {
    RowRejection::Unmapped { what, column, word: word.to_owned() }
}

#[test]
fn classes_and_events_are_recognized_by_name_or_by_mapping() {
    for (class, expected) in [
        (r"App\Models\ConnectorEndpoint", Ok(ModelType::ConnectorEndpoint)),
        ("App/Models/Secret", Ok(ModelType::Secret)),
        ("member", Ok(ModelType::Member)),
        (r"App\Models\Hook", Ok(ModelType::ConnectorEndpoint)),
        (r"App\Models\Invoice", Err(RowRejection::Excluded)),
        (r"App\Models\Team", Err(unmapped("model type", "auditable_type", r"App\Models\Team"))),
    ] {
        assert_eq!(read(&[("auditable_type", class)]).map(|it| it.model_type), expected, "{class}");
    }
    assert_eq!(read(&[("event", "retrieved")]).err(), Some(RowRejection::Excluded));
    assert_eq!(read(&[("event", "synced")]).err(), Some(unmapped("event", "event", "synced")));
    for bad in ["", "x", "=endpoint", "x=robot", "x="] {
        assert!(bad.parse::<NameMapping>().is_err(), "{bad}");
    }
}

#[test]
fn times_are_in_the_given_zone_unless_they_have_an_offset() {
    for (written, expected) in [
        ("2024-07-01 10:00:00", "2024-07-01T08:00:00.000000Z"),
        ("2024-07-01 10:00:00.123456", "2024-07-01T08:00:00.123456Z"),
        ("2024-07-01T10:00:00.000000Z", "2024-07-01T10:00:00.000000Z"),
        ("2024-07-01 10:00:00+00", "2024-07-01T10:00:00.000000Z"),
        ("2024-07-01 10:00:00.5-03", "2024-07-01T13:00:00.500000Z"),
    ] {
        let read = read(&[("created_at", written)]).map(|it| it.occurred_at.map(|at| at.to_string()));
        assert_eq!(read, Ok(Some(expected.to_owned())), "{written}");
    }
    for bad in ["", "yesterday", "2h", "0000-00-00 00:00:00", "2024-13-01 10:00:00", "id:7", "2024"] {
        assert!(read(&[("created_at", bad)]).is_err(), "{bad}");
    }
    let converted = convert(&[("created_at", "2024-10-27 02:30:00")]).unwrap_or_else(|_| panic!());
    assert!(converted.note.is_some_and(|note| note.contains("happens twice")));
}

#[test]
fn missing_users_and_channels_are_recorded_as_unknown() {
    let console =
        read(&[("user_id", ""), ("url", "artisan migrate"), ("tags", "")]).unwrap_or_else(|_| panic!());
    assert_eq!((console.user.kind, console.user.name.as_deref()), (UserKind::System, Some("unknown")));
    assert_eq!(
        (console.context.via, console.reason.as_deref()),
        (Some(Via::Cli), Some("command artisan migrate"))
    );
    let bare = read(&[("url", ""), ("tags", "")]).unwrap_or_else(|_| panic!());
    assert_eq!((bare.context.via, bare.reason), (None, None));
}

#[test]
fn equal_ids_of_two_classes_stay_apart() {
    let ids = |cells: &[(&str, &str)]| {
        let proposal = read(cells).unwrap_or_else(|_| panic!("{cells:?}"));
        (proposal.model_id, proposal.user.id.unwrap_or_default(), proposal.user.kind)
    };
    let with = |class: &'static str, user: &'static str| {
        let mut row = row(&[("auditable_type", class)]);
        row.push(("user_type".to_owned(), Json::String(user.to_owned())));
        let converted = rules().proposal(AuditLibrary::LaravelAuditing, &row, None, "");
        let proposal = converted.unwrap_or_else(|_| panic!("{class} {user}")).proposal;
        (proposal.model_id, proposal.user.id.unwrap_or_default(), proposal.user.kind)
    };
    let same = ("42".to_owned(), "3".to_owned(), UserKind::User);
    assert_eq!(ids(&[]), same);
    for (class, user) in [
        (r"App\Models\Connector", r"App\Models\User"),
        ("connector", "user"),
        (r"App\Connector", r"App\User"),
    ] {
        assert_eq!(with(class, user), same, "{class} {user}");
    }
    for (class, id) in [
        (r"App\Models\ConnectorEndpoint", "42"),
        (r"App\Models\Hook", r"App\Models\Hook#42"),
        (r"App\Models\Endpoint", r"App\Models\Endpoint#42"),
        (r"Legacy\Models\Connector", r"Legacy\Models\Connector#42"),
    ] {
        assert_eq!(with(class, "").0, id, "{class}");
    }
    for (user, id, kind) in [
        (r"App\Models\Admin", r"App\Models\Admin#3", UserKind::User),
        (r"Admin\User", r"Admin\User#3", UserKind::User),
        (r"App\Models\Robot", r"App\Models\Robot#3", UserKind::Service),
        // Redaction must not take this id for an assignment of a secret.
        (r"App\Models\ApiToken", r"App\Models\ApiToken#3", UserKind::User),
    ] {
        let (_, given, given_kind) = with("connector", user);
        assert_eq!((given.as_str(), given_kind), (id, kind), "{user}");
        assert_eq!(Redaction::default().text(&given), id);
    }
    let plain = TableRules { plain: vec![r"App\Models\Hook".to_owned()], ..rules() };
    let converted = plain.proposal(
        AuditLibrary::LaravelAuditing,
        &row(&[("auditable_type", r"App\Models\Hook")]),
        None,
        "",
    );
    assert_eq!(converted.unwrap_or_else(|_| panic!()).proposal.model_id, "42");
}

#[test]
fn long_texts_beside_the_changes_are_shortened_and_not_refused() {
    let name = "é".repeat(2000);
    let values = format!(r#"{{"name":"{name}"}}"#);
    let long = "x".repeat(5000);
    let cells = [
        ("new_values", values.as_str()),
        ("user_agent", &long),
        ("tags", &long),
        ("ip_address", "198.51.100.23, 10.0.0.1"),
    ];
    let ConvertedRow { proposal, adjusted, .. } = convert(&cells).unwrap_or_else(|_| panic!());
    assert_eq!(adjusted.len(), 4, "{adjusted:?}");
    let shown = proposal.model_name.clone().unwrap_or_default();
    assert!(shown.chars().count() == 1024 && shown.ends_with("é…"), "{shown}");
    assert!(proposal.after.as_ref().is_some_and(|after| after.get().contains(&name)));
    assert_eq!(proposal.context.ip, None);
    let now = "2030-01-01T00:00:00Z".parse().expect("a time");
    assert!(Draft::prepare(&proposal, &Redaction::default(), now).is_ok());
    // An id cannot be shortened.
    let cells = [("auditable_id", "7".repeat(250)), ("auditable_type", r"App\Models\Hook".to_owned())];
    let cells: Vec<_> = cells.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert!(matches!(read(&cells), Err(RowRejection::Invalid(_))));
}

#[test]
fn words_that_may_be_secrets_are_not_readable() {
    for (what, word) in [
        ("event", "retrieved"),
        ("model type", r"App\Models\Invoice"),
        ("model type", "shop.order_line"),
        ("model type", "Invoice"),
        ("model type", "12"),
    ] {
        assert_eq!(displayable(what, word), Some(word));
    }
    for (what, word) in [
        ("event", "hunter2"),
        ("event", "correcthorsebatterystaple"),
        ("model type", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        ("model type", "password"),
        ("model type", "c4nary.x"),
        ("model type", "123456789"),
        ("model type", ""),
    ] {
        assert_eq!(displayable(what, word), None, "{word}");
    }
}

#[test]
fn a_table_without_a_user_column_is_refused() {
    let columns = ["id", "admin_type", "admin_id", "event", "auditable_type", "S3CRET value"];
    let refused =
        rules().check_columns(AuditLibrary::LaravelAuditing, &columns, true).expect_err("no user column");
    assert!(refused.contains("--user-columns") && refused.contains("admin_type, admin_id"), "{refused}");
    assert!(!refused.contains("S3CRET"), "{refused}");
    let keys = ["id", "admin_id", "event", "auditable_type", "c4nary"];
    let refused =
        rules().check_columns(AuditLibrary::LaravelAuditing, &keys, false).expect_err("no user column");
    assert!(refused.contains("admin_id") && !refused.contains("c4nary"), "{refused}");
    let named = |text: &str| TableRules { user_columns: Some(text.parse().expect(text)), ..rules() };
    assert_eq!(
        named("admin_type,admin_id").check_columns(AuditLibrary::LaravelAuditing, &columns, true),
        Ok(())
    );
    assert!(
        named("admin_type,console").check_columns(AuditLibrary::LaravelAuditing, &columns, true).is_err()
    );
    let mut row = row(&[]);
    for (name, value) in [("admin_type", r"App\Models\Admin"), ("admin_id", "9")] {
        row.push((name.to_owned(), Json::String(value.to_owned())));
    }
    let converted = named("admin_type,admin_id").proposal(AuditLibrary::LaravelAuditing, &row, None, "");
    assert_eq!(
        converted.unwrap_or_else(|_| panic!()).proposal.user.id.as_deref(),
        Some(r"App\Models\Admin#9")
    );
    for bad in ["", ",", "a,b,c", "a,"] {
        assert!(bad.parse::<UserColumns>().is_err(), "{bad:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Replaces a fuzz target: any cells give a rejection or a proposal that the server can judge.
    #[test]
    fn any_row_is_converted_without_a_panic(
        cells in prop::collection::vec((0..12_usize, prop_oneof![any::<String>(), "[{}\\[\\]\":,a1\\\\ -]{0,12}"]), 0..6),
    ) {
        let mut row = row(&[]);
        for (at, text) in cells {
            row[at].1 = Json::String(text);
        }
        if let Ok(ConvertedRow { proposal, .. }) = rules().proposal(AuditLibrary::LaravelAuditing, &row, None, "") {
            let now = "2030-01-01T00:00:00Z".parse().expect("a time");
            drop(Draft::prepare(&proposal, &Redaction::default(), now));
            serde_json::from_value::<Proposal>(line(&proposal)).map(drop).expect("the server reads the line");
        }
    }
}
