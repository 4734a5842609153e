//! Tests that the field filter finds an entry by every path that a view prints for it.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::model::change::{Change, Changes};
use crate::model::entry::Entry;
use crate::model::field_path::term::FieldTerm;
use crate::model::filter::{Choice, Filter};
use crate::model::fixtures::entry_with;
use crate::model::history::reader::{HistoryReader, HistoryRequest, PassResult};
use crate::model::json::{Json, RawJson};
use crate::render::diff::{Difference, ValueDiff, compare};
use crate::render::history::dotted_path;
use crate::render::summary::{beneath, field_label};

const NAMES: &[&str] = &[
    "a",
    "b",
    "id",
    "name",
    "a.b",
    "app.io/name",
    "c,d",
    "!x",
    "q\"q",
    "\"q\"",
    "[3]",
    "a[0]",
    "[0 id=1]",
    "3",
    "0",
    "",
    " a",
    "b\\",
    "b\\,",
    "é\u{202e}",
    "e\u{301}",
    "→",
    "null",
    "\n",
];

fn texts() -> impl Strategy<Value = Json> {
    let texts = [
        "x",
        "y",
        "",
        "[redacted]",
        "[redacted, changed]",
        r#"{"a":{"b":[1,2]},"a.b":1}"#,
        r#"{"a":{"b":[2]},"b":1}"#,
    ];
    select(texts.to_vec()).prop_map(|text| Json::String(text.to_owned()))
}

fn values() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        texts(),
        (0..4u8).prop_map(|number| Json::Number(number.to_string())),
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
    ];
    scalar.prop_recursive(4, 24, 5, |inner| {
        let members = (select(NAMES), inner.clone()).prop_map(|(name, value)| (name.to_owned(), value));
        let named = (0..4u8, inner.clone()).prop_map(|(id, value)| {
            let id = Json::Number(id.to_string());
            Json::Object(vec![("id".to_owned(), id), ("a".to_owned(), value)])
        });
        prop_oneof![
            prop::collection::vec(members, 0..5).prop_map(Json::Object),
            prop::collection::vec(inner, 0..5).prop_map(Json::Array),
            prop::collection::vec(named, 0..5).prop_map(Json::Array),
        ]
    })
}

/// A pair of values; the second is often an edited copy of the first.
fn pairs() -> impl Strategy<Value = (Json, Json)> {
    let edited = |value: Json, edits: &[(u8, Json)]| {
        edits.iter().fold(value, |value, (place, with)| {
            let place = usize::from(*place);
            match value {
                Json::Array(mut items) if !items.is_empty() => {
                    let at = place % items.len();
                    match place % 4 {
                        0 => items.insert(at, with.clone()),
                        1 => drop(items.remove(at)),
                        2 => items.rotate_left(at),
                        _ => items[at] = with.clone(),
                    }
                    Json::Array(items)
                }
                Json::Object(mut members) if !members.is_empty() => {
                    let at = place % members.len();
                    members[at].1 = with.clone();
                    Json::Object(members)
                }
                _ => with.clone(),
            }
        })
    };
    let edits = prop::collection::vec((any::<u8>(), values()), 1..3);
    prop_oneof![
        (values(), values()),
        (values(), edits).prop_map(move |(value, edits)| (value.clone(), edited(value, &edits))),
    ]
}

/// The full paths that a view prints for a difference at `path`.
fn printed(path: &str, diff: &ValueDiff, paths: &mut Vec<String>) {
    paths.push(path.to_owned());
    match diff {
        ValueDiff::Members(parts) | ValueDiff::Items(parts) => {
            parts.iter().for_each(|Difference { at, diff }| printed(&beneath(path, at), diff, paths));
        }
        ValueDiff::Embedded { diff, .. } => printed(path, diff, paths),
        ValueDiff::Moved { from, .. } => {
            let (list, _) = path.rsplit_once('[').unwrap_or((path, ""));
            paths.push(format!("{list}[{from}]"));
        }
        _ => {}
    }
}

/// Parses a printed path as one value of a filter list.
fn read(path: &str) -> FieldTerm {
    let mut choice = Choice::<FieldTerm>::default();
    choice.add_list(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(choice.include.len() == 1 && choice.exclude.is_empty(), "{path} is one path: {choice:?}");
    choice.include.remove(0)
}

fn created(field: &str, value: &Json) -> Entry {
    let mut entry = entry_with([json!({"action": "created"})]);
    let change =
        Change { field: field.to_owned(), old: None, new: Some(RawJson::from(value)), redacted: false };
    entry.changes = Changes::from(&[change][..]);
    entry
}

proptest! {
    #[test]
    fn printed_diff_paths_find_the_entry((old, new) in pairs(), field in select(NAMES)) {
        let change = Change {
            field: field.to_owned(),
            old: Some(RawJson::from(&old)),
            new: Some(RawJson::from(&new)),
            redacted: false,
        };
        let Some(diff) = compare(&old, &new) else { return Ok(()) };
        let mut paths = Vec::new();
        // The empty path names no field.
        printed(&field_label(field), &diff, &mut paths);
        for path in paths.iter().filter(|path| !path.is_empty()) {
            prop_assert!(read(path).is_touched_by(&change), "{} in {:?} → {:?}", path, old, new);
        }
    }

    #[test]
    fn printed_blame_paths_find_the_entry(value in values(), field in select(NAMES)) {
        let entry = created(field, &value);
        let mut reader = HistoryReader::new(HistoryRequest::default());
        let history = loop {
            reader.read(&entry).expect("readable");
            match reader.end_pass() {
                PassResult::Done(history) => break history,
                PassResult::AnotherPass(again) => reader = *again,
            }
        };
        for line in history.blame().lines {
            let path = dotted_path(&line.path);
            let mut filter = Filter::default();
            filter.field.include.push(path.parse().expect("a term"));
            prop_assert!(filter.matches(&entry), "{} in {:?}", path, value);
            prop_assert!(read(&path).path().covers(&line.path, false), "{}", path);
            let whole = dotted_path(&line.path[..1]);
            prop_assert!(read(&whole).path().covers(&line.path, false), "{}", whole);
        }
    }
}
