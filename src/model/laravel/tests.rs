//! Rows as they come out of databases, and what is made of them.

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::model::draft::Draft;
use crate::model::redaction::Redaction;

fn reading() -> Reading {
    let names = vec![r"App\Models\Hook=endpoint", "retrieved=-", r"App\Models\Invoice=-"];
    let names = names.into_iter().map(|text| text.parse().expect(text)).collect();
    Reading { source: "krosyn-prod".to_owned(), zone: Tz::Europe__Madrid, names }
}

fn row(cells: &[(&str, &str)]) -> Vec<(String, Json)> {
    let standard = [
        ("id", "7"),
        ("event", "updated"),
        (MARK, r"App\Models\Connector"),
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

fn read(cells: &[(&str, &str)]) -> Result<Proposal, Refusal> {
    reading().proposal(&row(cells)).map(|(proposal, _)| proposal)
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
        reading.proposal(&row(cells)).ok().and_then(|(proposal, _)| proposal.uuid).expect("a uuid")
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
        ("restored", r#"{"deleted_at":"x"}"#, r#"{"deleted_at":null}"#, Some((true, true, Action::Updated))),
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

#[test]
fn classes_and_events_are_known_by_their_words_or_by_what_was_said() {
    for (class, expected) in [
        (r"App\Models\ConnectorEndpoint", Ok(ModelType::ConnectorEndpoint)),
        ("App/Models/Secret", Ok(ModelType::Secret)),
        ("member", Ok(ModelType::Member)),
        (r"App\Models\Hook", Ok(ModelType::ConnectorEndpoint)),
        (r"App\Models\Invoice", Err(Refusal::LeftOut)),
        (r"App\Models\Team", Err(Refusal::Unmapped("model type", r"App\Models\Team".to_owned()))),
    ] {
        assert_eq!(read(&[(MARK, class)]).map(|it| it.model_type), expected, "{class}");
    }
    assert_eq!(read(&[("event", "retrieved")]).err(), Some(Refusal::LeftOut));
    assert_eq!(read(&[("event", "synced")]).err(), Some(Refusal::Unmapped("event", "synced".to_owned())));
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
    let (_, note) =
        reading().proposal(&row(&[("created_at", "2024-10-27 02:30:00")])).unwrap_or_else(|_| panic!());
    assert!(note.is_some_and(|note| note.contains("happens twice")));
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
        if let Ok((proposal, _)) = reading().proposal(&row) {
            let now = "2030-01-01T00:00:00Z".parse().expect("a time");
            drop(Draft::prepare(&proposal, &Redaction::default(), now));
            serde_json::from_value::<Proposal>(line(&proposal)).map(drop).expect("what is sent is understood");
        }
    }
}
