//! Cases that random histories do not cover: contradictions, late entries, and secrets that become known.

use serde_json::{Value, json};

use crate::model::entry::Entry;
use crate::model::fixtures::entry_with;
use crate::model::history::diff::StateDiff;
use crate::model::history::leaf::{LeafContent, ValueOrigin};
use crate::model::history::replay::{ContradictionKind, Existence};
use crate::model::history::revert::RevertAction;
use crate::model::history::simulation::RecordedLog;
use crate::model::history::state::{Confidence, State};
use crate::model::page::Position;
use crate::model::timestamp::Timestamp;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros((1_700_000_000 + second) * 1_000_000).expect("a moment")
}

/// An entry from its id, the second of its event, its action and its changes.
fn entry((id, second, action, changes): (u64, i64, &str, Value)) -> Entry {
    entry_with([json!({
        "id": id, "occurred_at": at(second).to_string(), "recorded_at": at(1000).to_string(), "action": action,
        "changes": changes,
    })])
}

fn history<const N: usize>(entries: [(u64, i64, &str, Value); N]) -> RecordedLog {
    RecordedLog::new(entries.into_iter().map(entry).collect(), None)
}

fn state(history: &RecordedLog, second: i64) -> State {
    history.at(Position { occurred_at: at(second), id: u64::MAX })
}

fn shown(history: &RecordedLog, second: i64) -> String {
    state(history, second).object().to_string()
}

#[test]
fn entries_are_replayed_by_time_then_id() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": 1}])),
        (2, 30, "updated", json!([{"field": "a", "old": 2, "new": 3}])),
        (3, 30, "updated", json!([{"field": "a", "old": 3, "new": 4}])),
        (4, 10, "updated", json!([{"field": "a", "old": 1, "new": 2}])),
    ]);
    assert!(history.contradictions().is_empty());
    assert_eq!(
        [0, 10, 29, 30].map(|second| shown(&history, second)),
        [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":2}"#, r#"{"a":4}"#]
    );
    let between = history.at(Position { occurred_at: at(30), id: 2 });
    assert_eq!(
        between.object().to_string(),
        r#"{"a":3}"#,
        "right after entry 2, not after all of that moment"
    );
}

#[test]
fn contradicting_values_are_unknown() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": 1}, {"field": "b", "new": {"x": 1, "y": 1}}])),
        (
            2,
            20,
            "updated",
            json!([{"field": "a", "old": 9, "new": 3}, {"field": "b", "old": {"x": 1, "y": 2}, "new": {"x": 5, "y": 2}}]),
        ),
    ]);
    let [it] = &history.contradictions()[..] else { panic!("{:?}", history.contradictions()) };
    let ContradictionKind::Values(paths) = &it.kind else { panic!("{it:?}") };
    assert_eq!(
        (it.entry, paths.iter().map(|path| path.join(".")).collect::<Vec<_>>()),
        (1, vec!["a".into(), "b.y".into()])
    );
    let before = state(&history, 10);
    assert_eq!(before.object().to_string(), r#"{"b":{"x":1}}"#);
    assert_eq!(before.fields(), [("a".into(), Confidence::Unknown), ("b".into(), Confidence::Partial)]);
    assert_eq!(before.unknown_places().len(), 2);
    assert_eq!(shown(&history, 20), r#"{"a":3,"b":{"x":5,"y":2}}"#);
    let blame = history.blame();
    let origin = |path: &str| blame.lines.iter().find(|line| line.path.join(".") == path).expect(path).origin;
    assert_eq!(
        (origin("a"), origin("b.x"), origin("b.y")),
        (ValueOrigin::Entry(1), ValueOrigin::Entry(1), ValueOrigin::Unrecorded(1))
    );
}

#[test]
fn double_creations_and_changes_after_deletion_are_reported() {
    let created = |id, second| (id, second, "created", json!([{"field": "a", "new": id}]));
    let twice = history([created(1, 0), created(2, 10)]);
    assert_eq!(twice.contradictions()[0].kind, ContradictionKind::AlreadyExists);
    assert_eq!(
        state(&twice, 5).existence,
        Existence::Unknown,
        "it went at some time, and nobody recorded it"
    );
    assert_eq!(shown(&twice, 10), r#"{"a":2}"#);
    let after_end = history([
        created(1, 0),
        (2, 10, "deleted", json!([{"field": "a", "old": 1}])),
        (3, 20, "updated", json!([{"field": "b", "old": 1, "new": 2}])),
    ]);
    assert_eq!(after_end.contradictions()[0].kind, ContradictionKind::NotThere);
    assert_eq!(state(&after_end, 15).existence, Existence::Unknown);
    let last = state(&after_end, 20);
    assert_eq!((last.object().to_string().as_str(), last.is_complete()), (r#"{"b":2}"#, false));
}

#[test]
fn deletions_with_other_fields_are_contradictions() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": 1}, {"field": "b", "new": 2}])),
        (2, 10, "deleted", json!([{"field": "a", "old": 1}])),
    ]);
    assert_eq!(history.contradictions().len(), 1);
    assert_eq!(shown(&history, 5), r#"{"a":1}"#);
    assert_eq!(state(&history, 10).existence, Existence::Absent(1));
}

#[test]
fn states_are_rebuilt_backwards_without_a_creation() {
    let entries = [
        (5, 10, "updated", json!([{"field": "perform.retry.max", "old": 3, "new": 5}])),
        (6, 20, "updated", json!([{"field": "name", "new": "x"}])),
        (
            7,
            30,
            "deleted",
            json!([{"field": "name", "old": "x"}, {"field": "perform", "old": {"url": "u", "retry": {"max": 5}}}, {"field": "key", "redacted": true}]),
        ),
    ];
    let pruned = RecordedLog::new(entries.into_iter().map(entry).collect(), Some(at(2)));
    let first = state(&pruned, 2);
    assert!(first.is_complete() && first.existence == Existence::Exists);
    assert_eq!(first.object().to_string(), r#"{"perform":{"retry":{"max":3},"url":"u"},"key":"[redacted]"}"#);
    assert_eq!(first.confidence(&["key".to_owned()]), Confidence::Redacted);
    assert_eq!(first.confidence(&["name".to_owned()]), Confidence::Exact, "it is known that there was none");
    let earlier = state(&pruned, 1);
    assert!(!earlier.is_complete() && earlier.leaves().is_empty());
    let of =
        |path: &str| pruned.blame().lines.into_iter().find(|line| line.path.join(".") == path).expect(path);
    assert_eq!((of("perform.url").origin, of("perform.url").times), (ValueOrigin::Before(2), 0));
    assert_eq!(
        (of("perform.retry.max").origin, of("name").origin),
        (ValueOrigin::Entry(0), ValueOrigin::Entry(1))
    );
}

#[test]
fn redacted_values_may_become_known_and_are_never_exact() {
    let history = history([
        (
            1,
            0,
            "created",
            json!([{"field": "token", "new": null}, {"field": "h", "new": {"key": "[redacted]", "url": "https://a:[redacted]@b"}}]),
        ),
        (
            2,
            10,
            "updated",
            json!([{"field": "token", "old": "[redacted]", "new": "[redacted, changed]", "redacted": true}]),
        ),
        (3, 20, "updated", json!([{"field": "token", "old": "$secret.A", "new": "$secret.B"}])),
        (
            4,
            30,
            "updated",
            json!([{"field": "h", "old": {"key": "[redacted]", "url": "https://a:[redacted]@b"}, "new": {"key": "[redacted, changed]", "url": "https://a:[redacted]@b"}}]),
        ),
    ]);
    assert!(history.contradictions().is_empty(), "{:?}", history.contradictions());
    let second = state(&history, 15);
    assert_eq!(second.object().get("token").map(ToString::to_string).as_deref(), Some("\"$secret.A\""));
    assert_eq!(second.redacted().len(), 2);
    assert_eq!(second.confidence(&["h".to_owned()]), Confidence::Redacted);
    let blame = history.blame();
    let of = |path: &str| blame.lines.iter().find(|line| line.path.join(".") == path).expect(path);
    assert_eq!(
        (of("h.key").origin, of("h.key").times, &of("h.key").content),
        (ValueOrigin::Entry(3), 2, &LeafContent::Redacted)
    );
    assert_eq!((of("h.url").origin, of("token").times), (ValueOrigin::Entry(0), 3));
    let between = StateDiff::of(&second, &state(&history, 30));
    let changes: Vec<_> =
        between.changes.iter().map(|change| serde_json::to_string(change).expect("a change")).collect();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert!(changes[1].contains(r#""new":{"key":"[redacted, changed]""#), "{changes:?}");
}

#[test]
fn list_items_by_index_make_the_list_unknown() {
    let history = history([
        (1, 0, "created", json!([{"field": "list", "new": [1, 2]}, {"field": "p", "new": {"list": [1]}}])),
        (
            2,
            10,
            "updated",
            json!([{"field": "list.1", "old": 2, "new": 3}, {"field": "p.list.0", "old": 1, "new": 2}]),
        ),
        (3, 20, "updated", json!([{"field": "list", "old": [1, 3], "new": [1]}])),
    ]);
    assert_eq!(shown(&history, 5), r#"{"list":[1,2],"p":{"list":[1]}}"#);
    assert_eq!(state(&history, 15).confidence(&["p".to_owned()]), Confidence::Unknown);
    assert_eq!(shown(&history, 20), r#"{"list":[1]}"#);
}

#[test]
fn plans_list_later_changes_and_lost_values() {
    let history = history([
        (
            1,
            0,
            "created",
            json!([{"field": "status", "new": "active"}, {"field": "p", "new": {"max": 3, "url": "u"}}, {"field": "key", "redacted": true}]),
        ),
        (
            2,
            10,
            "updated",
            json!([{"field": "status", "old": "active", "new": "off"}, {"field": "p", "old": {"max": 3, "url": "u"}, "new": {"max": 5, "url": "u", "jitter": {"kind": "full"}}}, {"field": "key", "old": "[redacted]", "new": "[redacted, changed]", "redacted": true}]),
        ),
        (
            3,
            20,
            "updated",
            json!([{"field": "p", "old": {"max": 5, "url": "u", "jitter": {"kind": "full"}}, "new": {"max": 7, "url": "v", "jitter": {"kind": "full"}}}]),
        ),
    ]);
    let plan = history.revert(2).expect("it is there");
    let RevertAction::Patch(patch) = &plan.action else { panic!("{plan:?}") };
    assert_eq!(
        serde_json::to_string(patch).expect("serialises"),
        r#"[{"op":"test","path":"/p/jitter","value":{"kind":"full"}},{"op":"remove","path":"/p/jitter"},{"op":"test","path":"/p/max","value":7},{"op":"replace","path":"/p/max","value":3},{"op":"test","path":"/status","value":"off"},{"op":"replace","path":"/status","value":"active"}]"#
    );
    assert_eq!(
        plan.object.as_ref().map(ToString::to_string).as_deref(),
        Some(r#"{"status":"active","p":{"max":3,"url":"v"},"key":"[redacted]"}"#)
    );
    assert!(!plan.is_whole && plan.lost == [vec!["key".to_owned()]]);
    assert_eq!(plan.since, [(2, vec![vec!["p".to_owned(), "max".to_owned()]])]);
    assert_eq!(history.revert(1).expect("it is there").action, RevertAction::Delete);
    assert!(history.revert(9).is_none());
}

/// Regression: the object was taken for empty in between, and `retry` for set twice.
#[test]
fn an_object_whose_members_all_change_at_once_is_not_empty_in_between() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": {"b": {"x": null}}}])),
        (2, 1, "updated", json!([{"field": "a.b.x", "old": null}, {"field": "a.b.y", "new": null}])),
        (3, 2, "updated", json!([{"field": "a", "old": {"b": {"y": null}}, "new": {"b": null}}])),
    ]);
    let lines = history.blame().lines;
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((line.path.join("."), line.times), ("a.b".to_owned(), 1));
}

fn secret(old: bool, new: bool) -> Value {
    let mut change = json!({"field": "password", "redacted": true});
    for (side, mark, is_there) in [("old", "[redacted]", old), ("new", "[redacted, changed]", new)] {
        if is_there {
            change[side] = json!(mark);
        }
    }
    json!([change])
}

#[test]
fn removed_and_added_secrets_are_tracked() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": 1}, {"field": "password", "redacted": true}])),
        (2, 10, "updated", secret(true, true)),
        (3, 20, "updated", secret(true, false)),
        (4, 30, "updated", secret(false, true)),
    ]);
    assert!(history.contradictions().is_empty());
    let there = r#"{"a":1,"password":"[redacted]"}"#;
    assert_eq!([0, 10, 20, 30].map(|second| shown(&history, second)), [there, there, r#"{"a":1}"#, there]);
    assert!(state(&history, 20).is_complete() && state(&history, 20).redacted().is_empty());
    let at_twenty = RecordedLog::new(history.entries[..3].to_vec(), None);
    assert_eq!(at_twenty.blame().lines.len(), 1);
    let lines = history.blame().lines;
    assert_eq!((lines[1].origin, lines[1].times), (ValueOrigin::Entry(3), 3));
    // Removing an added secret needs no value.
    let plan = history.revert(4).expect("it is there");
    assert_eq!(plan.object.as_ref().map(ToString::to_string).as_deref(), Some(r#"{"a":1}"#));
    assert!(plan.lost.is_empty() && plan.is_whole);
    assert_eq!(history.revert(3).expect("it is there").lost, [vec!["password".to_owned()]]);
    // Later entries show earlier states, even if the beginning was pruned.
    let pruned = RecordedLog::new(history.entries[2..].to_vec(), Some(at(15)));
    let before = |second| state(&pruned, second).confidence(&["password".to_owned()]);
    assert_eq!(
        (before(15), before(20), before(30)),
        (Confidence::Redacted, Confidence::Exact, Confidence::Redacted)
    );
}

/// Entries of earlier versions record only that a secret changed.
#[test]
fn secrets_without_side_marks_are_unknown() {
    let created = json!([{"field": "a", "new": 1}, {"field": "password", "redacted": true}]);
    let history = history([
        (1, 0, "created", created),
        (2, 10, "updated", secret(false, false)),
        (3, 20, "updated", json!([{"field": "a", "old": 1, "new": 2}])),
        (4, 30, "updated", secret(false, false)),
        (5, 40, "deleted", json!([{"field": "a", "old": 2}, {"field": "password", "redacted": true}])),
    ]);
    assert!(history.contradictions().is_empty());
    let certainty = |second| state(&history, second).confidence(&["password".to_owned()]);
    assert_eq!([0, 10, 20].map(certainty), [Confidence::Redacted, Confidence::Unknown, Confidence::Unknown]);
    assert_eq!(shown(&history, 20), r#"{"a":2}"#);
    assert_eq!(certainty(30), Confidence::Redacted, "the deletion found it there");
    let now = RecordedLog::new(history.entries[..4].to_vec(), None);
    assert_eq!(now.revert(2).map(|plan| plan.lost), Some(vec![vec!["password".to_owned()]]));
    let lines = now.blame().lines;
    assert_eq!((lines[1].origin, &lines[1].content), (ValueOrigin::Entry(3), &LeafContent::Unknown(3)));
}

fn difference(history: &RecordedLog, first: i64, last: i64) -> (String, Vec<String>) {
    let moment = |second| Position { occurred_at: at(second), id: u64::MAX };
    let [first, last] = history.states([first, last].map(moment));
    let StateDiff { changes, unknown } = StateDiff::of(&first, &last);
    (serde_json::to_string(&changes).expect("serialises"), unknown)
}

#[test]
fn diffs_with_an_absent_state_list_every_field() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": {"x": 1}}, {"field": "token", "redacted": true}])),
        (2, 10, "deleted", json!([{"field": "a", "old": {"x": 1}}, {"field": "token", "redacted": true}])),
        (3, 20, "created", json!([{"field": "b", "new": null}])),
    ]);
    let came = r#"[{"field":"a","new":{"x":1}},{"field":"token","new":"[redacted]"}]"#;
    let went = r#"[{"field":"a","old":{"x":1}},{"field":"token","old":"[redacted]"}]"#;
    let both =
        r#"[{"field":"b","new":null},{"field":"a","old":{"x":1}},{"field":"token","old":"[redacted]"}]"#;
    for (first, last, changes) in [
        (-5, 5, came),
        (5, -5, went),
        (5, 15, went),
        (15, 5, came),
        (15, 20, r#"[{"field":"b","new":null}]"#),
        (5, 20, both),
        (-5, 15, "[]"),
        (-5, -1, "[]"),
    ] {
        assert_eq!(difference(&history, first, last), (changes.to_owned(), vec![]), "{first} {last}");
    }
    // Pruned states are unknown, and so are differences from them.
    let pruned = RecordedLog::new(history.entries[2..].to_vec(), Some(at(15)));
    assert_eq!(difference(&pruned, 5, 20), ("[]".to_owned(), vec!["b".to_owned()]));
    assert_eq!(difference(&pruned, 17, 20).0, r#"[{"field":"b","new":null}]"#, "its creation is there");
    let updated = RecordedLog::new(
        vec![entry((4, 30, "updated", json!([{"field": "c", "old": 1, "new": 2}])))],
        Some(at(25)),
    );
    assert_eq!(difference(&updated, 26, 30).0, r#"[{"field":"c","old":1,"new":2}]"#);
}
