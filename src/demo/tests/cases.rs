//! The demo contains every hard case.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Timelike;
use chrono_tz::Europe::Madrid;

use crate::demo::proposals;
use crate::demo::tests::{NOW, at, demo, moment, sides};
use crate::model::json::Json;
use crate::model::proposal::Proposal;
use crate::model::words::{Action, Log, ModelType, UserKind, Via};

fn updates<'a>(
    list: &'a [Proposal],
    model_type: ModelType,
    id: &'a str,
) -> impl Iterator<Item = &'a Proposal> {
    list.iter().filter(move |p| p.action == Action::Updated && p.model_type == model_type && p.model_id == id)
}

/// Whether an update changes the value at `path` from `old` to `new`.
fn changes(
    list: &[Proposal],
    (model_type, id): (ModelType, &str),
    path: &str,
    old: Option<&str>,
    new: Option<&str>,
) -> bool {
    updates(list, model_type, id).any(|p| {
        let [before, after] = sides(p, path);
        before.as_deref() == old && after.as_deref() == new
    })
}

#[test]
fn odd_values_are_recorded_exactly() {
    let list = demo();
    let sap = (ModelType::Connector, "7");
    assert!(changes(list, sap, "perform.retry.max", Some("3"), Some(r#""3""#)));
    let note = "perform.body.note";
    for (old, new) in [
        (None, Some("null")),
        (Some("null"), Some("\"\"")),
        (Some("\"\""), None),
        (None, Some("[]")),
        (Some("[]"), Some("{}")),
        (Some("{}"), Some("null")),
    ] {
        assert!(changes(list, sap, note, old, new), "{old:?} to {new:?}");
    }
    let template = "perform.body.template";
    assert!(changes(
        list,
        sap,
        &format!("{template}.first_id"),
        Some("9007199254740992"),
        Some("9007199254740993")
    ));
    assert!(changes(list, sap, &format!("{template}.ceiling"), Some("1e308"), Some("1e400")));
    let inner = updates(list, ModelType::Connector, "20").map(|p| sides(p, template));
    let texts: Vec<[Json; 2]> = inner
        .filter_map(|[old, new]| Some([old?, new?].map(|side| Json::parse(&side).expect("a text"))))
        .filter(|[old, new]| old != new)
        .collect();
    let Some([Json::String(old), Json::String(new)]) = texts.first() else { panic!("no JSON inside a text") };
    assert!(!Json::parse(old).expect("JSON inside").same(&Json::parse(new).expect("JSON inside")));
}

#[test]
fn names_use_many_scripts_and_some_are_hostile() {
    let list = demo();
    let newest: Vec<&str> = list.iter().rev().take(30).filter_map(|p| p.model_name.as_deref()).collect();
    for part in [
        "受注",
        "مزامنة",
        "מחסן",
        "👩‍👩‍👧‍👦",
        "🇪🇸",
        "e\u{301}",
        "\u{1b}[31m",
        "\u{7}",
        "=HYPERLINK(",
        "+SUM",
        "@channel",
        ", \"priority\"\n",
    ] {
        assert!(newest.iter().any(|name| name.contains(part)), "{part:?}");
    }
    assert!(list.iter().any(|p| p.model_name.as_deref().is_some_and(|name| name.contains('\u{202e}'))));
    let names: BTreeSet<_> =
        updates(list, ModelType::Connector, "5").filter_map(|p| p.model_name.as_deref()).collect();
    assert!(names.contains("Zendesk Tickets") && names.contains("Support Desk → Slack"));
}

#[test]
fn requests_are_shared_and_channels_varied() {
    let list = demo();
    let mut runs: BTreeMap<&str, Vec<&Proposal>> = BTreeMap::new();
    for p in list {
        runs.entry(p.context.request_id.as_deref().expect("always")).or_default().push(p);
    }
    let applied =
        runs.values().filter(|run| (3..=6).contains(&run.len()) && run[0].user.label() == "terraform");
    assert!(applied.count() > 20);
    let vias: BTreeSet<Via> = list.iter().filter_map(|p| p.context.via).collect();
    let kinds: BTreeSet<&str> = list.iter().map(|p| p.user.kind.as_str()).collect();
    assert_eq!((vias.len(), kinds.len()), (Via::ALL.len(), UserKind::ALL.len()));
    for mark in ['.', ':'] {
        assert!(list.iter().any(|p| p.context.ip.as_deref().is_some_and(|ip| ip.contains(mark))));
    }
    assert!(list.windows(2).any(|pair| at(&pair[0]) == at(&pair[1]) && pair[0].user != pair[1].user));
    let hours = list.iter().map(|p| at(p).datetime().with_timezone(&Madrid).hour());
    let in_the_office = hours.filter(|hour| (8..=19).contains(hour)).count();
    assert!(in_the_office * 10 > list.len() * 8, "{in_the_office}");
}

#[test]
fn every_type_but_the_organization_is_deleted_and_roles_change() {
    let list = demo();
    for &model_type in ModelType::of(Log::Audit) {
        let deleted = list.iter().any(|p| p.action == Action::Deleted && p.model_type == model_type);
        assert_eq!(deleted, model_type != ModelType::Organization, "{model_type}");
    }
    assert!(changes(list, (ModelType::Member, "13"), "role", Some("\"viewer\""), Some("\"editor\"")));
    assert!(list.iter().any(|p| p.changes.is_some()));
}

#[test]
fn lists_and_long_texts_change_in_part() {
    let list = demo();
    let mappings = |p: &Proposal| {
        let [old, new] = sides(p, "process.mappings").map(|side| Json::parse(&side.unwrap_or_default()));
        let (Ok(Json::Array(old)), Ok(Json::Array(new))) = (old, new) else { return (0, 0, false) };
        let kept: Vec<&Json> = old.iter().filter(|item| new.contains(item)).collect();
        let kept_now: Vec<&Json> = new.iter().filter(|item| old.contains(item)).collect();
        (new.len() - kept.len(), old.len() - kept.len(), kept != kept_now)
    };
    assert!(updates(list, ModelType::Connector, "7").any(|p| mappings(p) == (2, 1, true)));
    let one_line = |p: &Proposal| {
        let [Some(old), Some(new)] = sides(p, "trigger") else { return false };
        let (old, new): (Vec<_>, Vec<_>) = (old.split("\\n").collect(), new.split("\\n").collect());
        old.len() >= 40 && old.len() == new.len() && old.iter().zip(&new).filter(|(a, b)| a != b).count() == 1
    };
    assert!(updates(list, ModelType::Connector, "42").filter(|p| one_line(p)).count() >= 2);

    let latest = list.last().expect("not empty");
    assert!(one_line(latest) && mappings(latest) == (1, 1, true));
}

#[test]
fn the_newest_entries_make_the_first_screen() {
    let list = demo();
    let newest: Vec<_> = list.iter().rev().take(5).collect();
    let told: Vec<_> = newest.iter().map(|p| (p.user.label(), p.action, p.model_type)).collect();
    assert_eq!(
        told,
        [
            ("ana.ruiz@tramontana.example", Action::Updated, ModelType::Connector),
            ("terraform", Action::Created, ModelType::ConnectorEndpoint),
            ("terraform", Action::Updated, ModelType::Secret),
            ("sso", Action::Updated, ModelType::Member),
            ("marc.soler@tramontana.example", Action::Deleted, ModelType::Connector),
        ]
    );
    assert_eq!(newest[1].context.request_id, newest[2].context.request_id);
    assert_eq!(
        (newest[0].reason.as_deref(), newest[0].user.role.as_deref()),
        (Some("INC-2041"), Some("admin"))
    );
    let expected = [
        ("status", Some("\"active\""), Some("\"disabled\"")),
        ("perform.retry.max", Some("3"), Some("5")),
        ("perform.retry.jitter", None, Some("\"full\"")),
        ("perform.retry.legacy_backoff", Some("true"), None),
    ];
    for (path, old, new) in expected {
        assert!(changes(&list[list.len() - 1..], (ModelType::Connector, "42"), path, old, new), "{path}");
    }
}

#[test]
fn entries_surround_a_change_of_the_clocks() {
    let (autumn, spring) = (moment("2026-10-25T01:00:00Z"), moment("2026-03-29T01:00:00Z"));
    for (now, change) in [(NOW, autumn), ("2026-10-25T02:01:00Z", autumn), ("2026-07-10T10:00:00Z", spring)] {
        let around: Vec<_> = proposals(moment(now))
            .iter()
            .map(|p| at(p).since(change).num_minutes())
            .filter(|minutes| minutes.abs() < 30)
            .collect();
        assert!(around.contains(&-20) && around.contains(&20), "{around:?} at {now}");
    }
}
