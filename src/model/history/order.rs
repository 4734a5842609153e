//! Tests the order of an object's members with random histories.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;

use super::simulation::RecordedLog;
use crate::model::draft::{Draft, Refusal};
use crate::model::entry::Entry;
use crate::model::history::state::State;
use crate::model::json::Json;
use crate::model::page::Position;
use crate::model::redaction::Redaction;
use crate::model::timestamp::Timestamp;

type Members = Vec<(String, Json)>;

/// Objects with members in any order, some of them objects or lists of objects.
fn members(depth: u32) -> BoxedStrategy<Members> {
    let leaf = select(vec!["1", "1.0", "2"]).prop_map(|text| Json::Number(text.to_owned()));
    let value = if depth == 0 {
        leaf.boxed()
    } else {
        let inner = members(depth - 1).prop_map(Json::Object).boxed();
        let list = prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Array);
        prop_oneof![2 => leaf, 3 => inner, 1 => list].boxed()
    };
    let keys = Just(["b", "a", "d", "c"].map(str::to_owned).to_vec()).prop_shuffle();
    (keys, prop::collection::vec(value, 0..4))
        .prop_map(|(keys, values)| keys.into_iter().zip(values).collect())
        .boxed()
}

fn entry(id: usize, before: Option<&Members>, after: Option<&Members>) -> Option<Entry> {
    let action = match (before, after) {
        (None, Some(_)) => "created",
        (Some(_), Some(_)) => "updated",
        _ => "deleted",
    };
    let seconds = i64::try_from(id).expect("few") + 1_700_000_000;
    let at = Timestamp::from_micros(seconds * 1_000_000).expect("a moment");
    let side = |name: &str, side: Option<&Members>| {
        side.map_or_else(String::new, |side| format!(r#","{name}":{}"#, Json::Object(side.clone())))
    };
    let proposal = format!(
        r#"{{"action":"{action}","model_type":"connector","model_id":"42","user":{{"id":"7"}},"occurred_at":"{at}"{}{}}}"#,
        side("before", before),
        side("after", after)
    );
    let proposal = serde_json::from_str(&proposal).expect("a proposal");
    match Draft::prepare(&proposal, &Redaction::default(), at) {
        Ok(draft) => Some(draft.stored_as(id as u64 + 1)),
        Err(Refusal::NoChange) => None,
        Err(refusal) => panic!("{refusal:?}"),
    }
}

/// Applies an entry naively: each field as the last entry wrote it, in the order of the creation; new fields follow.
fn written(fields: &mut Vec<(String, String)>, entry: &Entry) {
    let changes = entry.changes.list().expect("changes");
    for change in &changes {
        match &change.new {
            Some(new) => match fields.iter_mut().find(|(field, _)| *field == change.field) {
                Some((_, text)) => *text = new.get().to_owned(),
                None => fields.push((change.field.clone(), new.get().to_owned())),
            },
            None => fields.retain(|(field, _)| *field != change.field),
        }
    }
}

fn text(state: &State) -> String {
    state.object().to_string()
}

proptest! {
    #[test]
    fn members_are_ordered_as_in_the_last_entry(lives in prop::collection::vec(members(3), 1..8)) {
        let mut entries: Vec<Entry> = Vec::new();
        let mut expected = Vec::new();
        let (mut fields, mut before) = (Vec::new(), None);
        for (id, after) in lives.iter().enumerate() {
            if let Some(entry) = entry(id, before, Some(after)) {
                written(&mut fields, &entry);
                let members = fields.iter().map(|(field, text)| (field, RawValue::from_string(text.clone()).expect("JSON")));
                let object: Vec<String> = members.map(|(field, raw)| format!("\"{field}\":{raw}")).collect();
                expected.push(format!("{{{}}}", object.join(",")));
                entries.push(entry);
            }
            before = Some(after);
        }
        let log = RecordedLog::new(entries.clone(), None);
        prop_assert!(log.contradictions().is_empty());
        for (entry, expected) in entries.iter().zip(&expected) {
            let state = log.at(entry.position());
            prop_assert_eq!(&text(&state), expected);
        }
        // Read backwards, a deletion alone determines the order.
        if let Some(gone) = entry(lives.len(), before, None) {
            let moment = Position { occurred_at: gone.occurred_at, id: gone.id - 1 };
            let horizon = gone.occurred_at;
            let last = RecordedLog::new(vec![gone], Some(horizon)).at(moment);
            prop_assert_eq!(text(&last), Json::Object(before.expect("one").clone()).to_string());
        }
    }
}

#[test]
fn members_inserted_first_come_first() {
    let members = |text: &str| match Json::parse(text).expect("JSON") {
        Json::Object(members) => members,
        other => panic!("{other}"),
    };
    let (first, second) =
        (members(r#"{"o":{"b":1,"c":2},"z":1}"#), members(r#"{"o":{"a":0,"b":1,"c":2},"z":1}"#));
    let entries = [entry(0, None, Some(&first)), entry(1, Some(&first), Some(&second))];
    let log = RecordedLog::new(entries.into_iter().flatten().collect(), None);
    let last = log.entries.last().expect("two");
    let state = log.at(last.position());
    assert_eq!(text(&state), r#"{"o":{"a":0,"b":1,"c":2},"z":1}"#);
    let fields: Vec<_> = log.blame().lines.iter().map(|line| line.path.join(".")).collect();
    assert_eq!(fields, ["o.a", "o.b", "o.c", "z"]);
}
