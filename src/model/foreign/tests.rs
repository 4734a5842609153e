//! Rows as they come out of databases, and what is made of them.

mod formats;

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::model::draft::Draft;
use crate::model::redaction::Redaction;
use crate::model::words::Via;

fn reading() -> Reading {
    let names = vec![r"App\Models\Hook=endpoint", "retrieved=-", r"App\Models\Invoice=-"];
    let names = names.into_iter().map(|text| text.parse().expect(text)).collect();
    let kinds = vec![r"App\Models\Robot=service".parse().expect("a kind")];
    Reading {
        source: "krosyn-prod".to_owned(),
        zone: Tz::Europe__Madrid,
        names,
        plain: Vec::new(),
        kinds,
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

fn convert(cells: &[(&str, &str)]) -> Result<Converted, Refusal> {
    reading().proposal(Format::LaravelAuditing, &row(cells), None, "")
}

fn read(cells: &[(&str, &str)]) -> Result<Proposal, Refusal> {
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
fn a_row_is_known_again_by_its_source_and_its_id_alone() {
    let uuid = |source: &str, cells: &[(&str, &str)]| {
        let reading = Reading { source: source.to_owned(), ..reading() };
        let converted = reading.proposal(Format::LaravelAuditing, &row(cells), None, "");
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
fn each_event_has_the_sides_it_should() {
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

fn unmapped(what: &'static str, column: &'static str, word: &str) -> Refusal {
    Refusal::Unmapped { what, column, word: word.to_owned() }
}

#[test]
fn classes_and_events_are_known_by_their_words_or_by_what_was_said() {
    for (class, expected) in [
        (r"App\Models\ConnectorEndpoint", Ok(ModelType::ConnectorEndpoint)),
        ("App/Models/Secret", Ok(ModelType::Secret)),
        ("member", Ok(ModelType::Member)),
        (r"App\Models\Hook", Ok(ModelType::ConnectorEndpoint)),
        (r"App\Models\Invoice", Err(Refusal::LeftOut)),
        (r"App\Models\Team", Err(unmapped("model type", "auditable_type", r"App\Models\Team"))),
    ] {
        assert_eq!(read(&[("auditable_type", class)]).map(|it| it.model_type), expected, "{class}");
    }
    assert_eq!(read(&[("event", "retrieved")]).err(), Some(Refusal::LeftOut));
    assert_eq!(read(&[("event", "synced")]).err(), Some(unmapped("event", "event", "synced")));
    for bad in ["", "x", "=endpoint", "x=robot", "x="] {
        assert!(bad.parse::<Named>().is_err(), "{bad}");
    }
}

#[test]
fn times_are_of_the_zone_unless_they_say_otherwise() {
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
fn who_and_through_what_is_told_as_far_as_it_is_known() {
    let nobody =
        read(&[("user_id", ""), ("url", "artisan migrate"), ("tags", "")]).unwrap_or_else(|_| panic!());
    assert_eq!((nobody.user.kind, nobody.user.name.as_deref()), (UserKind::System, Some("unknown")));
    assert_eq!(
        (nobody.context.via, nobody.reason.as_deref()),
        (Some(Via::Cli), Some("command artisan migrate"))
    );
    let bare = read(&[("url", ""), ("tags", "")]).unwrap_or_else(|_| panic!());
    assert_eq!((bare.context.via, bare.reason), (None, None));
}

#[test]
fn two_classes_with_one_id_stay_two() {
    let ids = |cells: &[(&str, &str)]| {
        let proposal = read(cells).unwrap_or_else(|_| panic!("{cells:?}"));
        (proposal.model_id, proposal.user.id.unwrap_or_default(), proposal.user.kind)
    };
    let with = |class: &'static str, user: &'static str| {
        let mut row = row(&[("auditable_type", class)]);
        row.push(("user_type".to_owned(), Json::String(user.to_owned())));
        let converted = reading().proposal(Format::LaravelAuditing, &row, None, "");
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
        // A name that looks like an assignment of a secret must not be hidden.
        (r"App\Models\ApiToken", r"App\Models\ApiToken#3", UserKind::User),
    ] {
        let (_, given, given_kind) = with("connector", user);
        assert_eq!((given.as_str(), given_kind), (id, kind), "{user}");
        assert_eq!(Redaction::default().text(&given), id);
    }
    let plain = Reading { plain: vec![r"App\Models\Hook".to_owned()], ..reading() };
    let converted =
        plain.proposal(Format::LaravelAuditing, &row(&[("auditable_type", r"App\Models\Hook")]), None, "");
    assert_eq!(converted.unwrap_or_else(|_| panic!()).proposal.model_id, "42");
}

#[test]
fn what_stands_beside_the_changes_never_refuses_them() {
    let name = "é".repeat(2000);
    let values = format!(r#"{{"name":"{name}"}}"#);
    let long = "x".repeat(5000);
    let cells = [
        ("new_values", values.as_str()),
        ("user_agent", &long),
        ("tags", &long),
        ("ip_address", "198.51.100.23, 10.0.0.1"),
    ];
    let Converted { proposal, adjusted, .. } = convert(&cells).unwrap_or_else(|_| panic!());
    assert_eq!(adjusted.len(), 4, "{adjusted:?}");
    let shown = proposal.model_name.clone().unwrap_or_default();
    assert!(shown.chars().count() == 1024 && shown.ends_with("é…"), "{shown}");
    assert!(proposal.after.as_ref().is_some_and(|after| after.get().contains(&name)));
    assert_eq!(proposal.context.ip, None);
    let now = "2030-01-01T00:00:00Z".parse().expect("a time");
    assert!(Draft::prepare(&proposal, &Redaction::default(), now).is_ok());
    // An id that is cut is another id.
    let cells = [("auditable_id", "7".repeat(250)), ("auditable_type", r"App\Models\Hook".to_owned())];
    let cells: Vec<_> = cells.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert!(matches!(read(&cells), Err(Refusal::Wrong(_))));
}

#[test]
fn words_that_may_be_secrets_are_not_shown() {
    for (what, word) in [
        ("event", "retrieved"),
        ("model type", r"App\Models\Invoice"),
        ("model type", "shop.order_line"),
        ("model type", "Invoice"),
        ("model type", "12"),
    ] {
        assert_eq!(readable(what, word), Some(word));
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
        assert_eq!(readable(what, word), None, "{word}");
    }
}

#[test]
fn a_table_without_its_users_is_refused_and_says_how_to_name_them() {
    let columns = ["id", "admin_type", "admin_id", "event", "auditable_type", "S3CRET value"];
    let refused = reading().judge(Format::LaravelAuditing, &columns, true).expect_err("no user");
    assert!(refused.contains("--user-columns") && refused.contains("admin_type, admin_id"), "{refused}");
    assert!(!refused.contains("S3CRET"), "{refused}");
    let keys = ["id", "admin_id", "event", "auditable_type", "c4nary"];
    let refused = reading().judge(Format::LaravelAuditing, &keys, false).expect_err("no user");
    assert!(refused.contains("admin_id") && !refused.contains("c4nary"), "{refused}");
    let named = |text: &str| Reading { user_columns: Some(text.parse().expect(text)), ..reading() };
    assert_eq!(named("admin_type,admin_id").judge(Format::LaravelAuditing, &columns, true), Ok(()));
    assert!(named("admin_type,nobody").judge(Format::LaravelAuditing, &columns, true).is_err());
    let mut row = row(&[]);
    for (name, value) in [("admin_type", r"App\Models\Admin"), ("admin_id", "9")] {
        row.push((name.to_owned(), Json::String(value.to_owned())));
    }
    let converted = named("admin_type,admin_id").proposal(Format::LaravelAuditing, &row, None, "");
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

    /// Stands in for a fuzz target: whatever stands in the cells, a row is judged, and what comes of it the server judges.
    #[test]
    fn any_row_is_judged_without_a_panic(
        cells in prop::collection::vec((0..12_usize, prop_oneof![any::<String>(), "[{}\\[\\]\":,a1\\\\ -]{0,12}"]), 0..6),
    ) {
        let mut row = row(&[]);
        for (at, text) in cells {
            row[at].1 = Json::String(text);
        }
        if let Ok(Converted { proposal, .. }) = reading().proposal(Format::LaravelAuditing, &row, None, "") {
            let now = "2030-01-01T00:00:00Z".parse().expect("a time");
            drop(Draft::prepare(&proposal, &Redaction::default(), now));
            serde_json::from_value::<Proposal>(line(&proposal)).map(drop).expect("what is sent is understood");
        }
    }
}
