//! Cases that random lives do not hold: logs that contradict themselves, late entries, secrets that turn out to be none.

use serde_json::{Value, json};

use crate::model::entry::Entry;
use crate::model::history::diff::StateDiff;
use crate::model::history::leaf::{Content, Origin};
use crate::model::history::replay::{ContradictionKind, Existence};
use crate::model::history::revert::RevertAction;
use crate::model::history::state::{Confidence, State};
use crate::model::history::simulation::RecordedLog;
use crate::model::page::Position;
use crate::model::timestamp::Timestamp;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros((1_700_000_000 + second) * 1_000_000).expect("a moment")
}

/// An entry: its id, the second it happened in, what was done, and the changes.
fn entry((id, second, action, changes): (u64, i64, &str, Value)) -> Entry {
    let entry = json!({
        "id": id, "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11", "occurred_at": at(second).to_string(),
        "recorded_at": at(1000).to_string(), "action": action, "model_type": "connector", "model_id": "42",
        "user": {"id": "7"}, "changes": changes,
    });
    serde_json::from_str(&entry.to_string()).expect("an entry")
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
fn entries_are_replayed_by_time_and_then_by_id_however_late_they_were_recorded() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": 1}])),
        (2, 30, "updated", json!([{"field": "a", "old": 2, "new": 3}])),
        (3, 30, "updated", json!([{"field": "a", "old": 3, "new": 4}])),
        (4, 10, "updated", json!([{"field": "a", "old": 1, "new": 2}])),
    ]);
    assert!(history.disagreements().is_empty());
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
fn a_log_that_contradicts_itself_is_believed_on_neither_side() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": 1}, {"field": "b", "new": {"x": 1, "y": 1}}])),
        (
            2,
            20,
            "updated",
            json!([{"field": "a", "old": 9, "new": 3}, {"field": "b", "old": {"x": 1, "y": 2}, "new": {"x": 5, "y": 2}}]),
        ),
    ]);
    let [it] = &history.disagreements()[..] else { panic!("{:?}", history.disagreements()) };
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
        (Origin::Entry(1), Origin::Entry(1), Origin::Unrecorded(1))
    );
}

#[test]
fn what_was_created_twice_or_changed_after_its_end_is_said() {
    let created = |id, second| (id, second, "created", json!([{"field": "a", "new": id}]));
    let twice = history([created(1, 0), created(2, 10)]);
    assert_eq!(twice.disagreements()[0].kind, ContradictionKind::AlreadyExists);
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
    assert_eq!(after_end.disagreements()[0].kind, ContradictionKind::NotThere);
    assert_eq!(state(&after_end, 15).existence, Existence::Unknown);
    let last = state(&after_end, 20);
    assert_eq!((last.object().to_string().as_str(), last.is_complete()), (r#"{"b":2}"#, false));
}

#[test]
fn a_deletion_that_lists_other_fields_than_were_there_contradicts() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": 1}, {"field": "b", "new": 2}])),
        (2, 10, "deleted", json!([{"field": "a", "old": 1}])),
    ]);
    assert_eq!(history.disagreements().len(), 1);
    assert_eq!(shown(&history, 5), r#"{"a":1}"#);
    assert_eq!(state(&history, 10).existence, Existence::Absent(1));
}

#[test]
fn a_state_is_rebuilt_backwards_where_nothing_tells_of_the_beginning() {
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
    assert!(earlier.is_beyond_horizon && !earlier.is_complete() && earlier.leaves().is_empty());
    let of =
        |path: &str| pruned.blame().lines.into_iter().find(|line| line.path.join(".") == path).expect(path);
    assert_eq!((of("perform.url").origin, of("perform.url").times), (Origin::Before(2), 0));
    assert_eq!((of("perform.retry.max").origin, of("name").origin), (Origin::Entry(0), Origin::Entry(1)));
}

#[test]
fn a_secret_may_turn_out_to_be_none_and_is_never_called_exact() {
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
    assert!(history.disagreements().is_empty(), "{:?}", history.disagreements());
    let second = state(&history, 15);
    assert_eq!(second.object().get("token").map(ToString::to_string).as_deref(), Some("\"$secret.A\""));
    assert_eq!(second.redacted().len(), 2);
    assert_eq!(second.confidence(&["h".to_owned()]), Confidence::Redacted);
    let blame = history.blame();
    let of = |path: &str| blame.lines.iter().find(|line| line.path.join(".") == path).expect(path);
    assert_eq!(
        (of("h.key").origin, of("h.key").times, &of("h.key").content),
        (Origin::Entry(3), 2, &Content::Redacted)
    );
    assert_eq!((of("h.url").origin, of("token").times), (Origin::Entry(0), 3));
    let between = StateDiff::of(&second, &state(&history, 30));
    let told: Vec<_> =
        between.changes.iter().map(|change| serde_json::to_string(change).expect("a change")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].contains(r#""new":{"key":"[redacted, changed]""#), "{told:?}");
}

#[test]
fn an_item_of_a_list_told_by_its_number_leaves_the_list_unclear() {
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
fn a_plan_says_what_came_since_and_what_was_never_kept() {
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

/// Found by random lives: the object was taken for one that became empty, and `retry` for set twice.
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
fn a_secret_that_was_removed_is_gone_and_one_that_was_added_was_not_there() {
    let history = history([
        (1, 0, "created", json!([{"field": "a", "new": 1}, {"field": "password", "redacted": true}])),
        (2, 10, "updated", secret(true, true)),
        (3, 20, "updated", secret(true, false)),
        (4, 30, "updated", secret(false, true)),
    ]);
    assert!(history.disagreements().is_empty());
    let there = r#"{"a":1,"password":"[redacted]"}"#;
    assert_eq!([0, 10, 20, 30].map(|second| shown(&history, second)), [there, there, r#"{"a":1}"#, there]);
    assert!(state(&history, 20).is_complete() && state(&history, 20).redacted().is_empty());
    let at_twenty = RecordedLog::new(history.entries[..3].to_vec(), None);
    assert_eq!(at_twenty.blame().lines.len(), 1);
    let lines = history.blame().lines;
    assert_eq!((lines[1].origin, lines[1].times), (Origin::Entry(3), 3));
    // To take away what was added needs no value.
    let plan = history.revert(4).expect("it is there");
    assert_eq!(plan.object.as_ref().map(ToString::to_string).as_deref(), Some(r#"{"a":1}"#));
    assert!(plan.lost.is_empty() && plan.is_whole);
    assert_eq!(history.revert(3).expect("it is there").lost, [vec!["password".to_owned()]]);
    // What came after tells of what was before, also where the beginning was pruned.
    let pruned = RecordedLog::new(history.entries[2..].to_vec(), Some(at(15)));
    let before = |second| state(&pruned, second).confidence(&["password".to_owned()]);
    assert_eq!(
        (before(15), before(20), before(30)),
        (Confidence::Redacted, Confidence::Exact, Confidence::Redacted)
    );
}

/// Entries of earlier versions say of a secret only that it changed.
#[test]
fn a_secret_of_which_no_entry_tells_whether_it_was_removed_is_unknown() {
    let created = json!([{"field": "a", "new": 1}, {"field": "password", "redacted": true}]);
    let history = history([
        (1, 0, "created", created),
        (2, 10, "updated", secret(false, false)),
        (3, 20, "updated", json!([{"field": "a", "old": 1, "new": 2}])),
        (4, 30, "updated", secret(false, false)),
        (5, 40, "deleted", json!([{"field": "a", "old": 2}, {"field": "password", "redacted": true}])),
    ]);
    assert!(history.disagreements().is_empty());
    let certainty = |second| state(&history, second).confidence(&["password".to_owned()]);
    assert_eq!([0, 10, 20].map(certainty), [Confidence::Redacted, Confidence::Unknown, Confidence::Unknown]);
    assert_eq!(shown(&history, 20), r#"{"a":2}"#);
    assert_eq!(certainty(30), Confidence::Redacted, "the deletion found it there");
    let now = RecordedLog::new(history.entries[..4].to_vec(), None);
    assert_eq!(now.revert(2).map(|plan| plan.lost), Some(vec![vec!["password".to_owned()]]));
    let lines = now.blame().lines;
    assert_eq!((lines[1].origin, &lines[1].content), (Origin::Entry(3), &Content::Unknown(3)));
}

fn difference(history: &RecordedLog, first: i64, last: i64) -> (String, Vec<String>) {
    let moment = |second| Position { occurred_at: at(second), id: u64::MAX };
    let [first, last] = history.states([first, last].map(moment));
    let StateDiff { changes, unknown } = StateDiff::of(&first, &last);
    (serde_json::to_string(&changes).expect("serialises"), unknown)
}

#[test]
fn between_two_moments_of_which_one_has_no_resource_every_field_came_or_went() {
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
    // What was pruned is not known, and so is what differs from it.
    let pruned = RecordedLog::new(history.entries[2..].to_vec(), Some(at(15)));
    assert_eq!(difference(&pruned, 5, 20), ("[]".to_owned(), vec!["b".to_owned()]));
    assert_eq!(difference(&pruned, 17, 20).0, r#"[{"field":"b","new":null}]"#, "its creation is there");
    let updated =
        RecordedLog::new(vec![entry((4, 30, "updated", json!([{"field": "c", "old": 1, "new": 2}])))], Some(at(25)));
    assert_eq!(difference(&updated, 26, 30).0, r#"[{"field":"c","old":1,"new":2}]"#);
}
