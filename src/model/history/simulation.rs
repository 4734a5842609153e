//! Test data: random histories of one connector, as the real states and as the entries recorded of them.
//!
//! The real states include secrets, so that every result of a replay can be checked.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::model::draft::{Draft, Refusal};
use crate::model::entry::Entry;
use crate::model::history::blame::Blame;
use crate::model::history::path::KeyPath;
use crate::model::history::reader::{HistoryReader, HistoryRequest, PassResult};
use crate::model::history::replay::Contradiction;
use crate::model::history::resource_history::History;
use crate::model::history::revert::Revert;
use crate::model::history::state::State;
use crate::model::page::Position;
use crate::model::redaction::Redaction;
use crate::model::timestamp::Timestamp;

/// Paths that edits change. `token` names a credential and `example_payload` is never stored.
const PLACES: &[&[&str]] = &[
    &["status"],
    &["perform"],
    &["perform", "retry"],
    &["perform", "retry", "max"],
    &["perform", "retry", "jitter"],
    &["perform", "headers", "token"],
    &["mappings"],
    &["token"],
    &["example_payload"],
];

#[derive(Debug, Clone)]
pub(super) enum Event {
    /// Edits an existing object, or creates it.
    Edit(Vec<(&'static [&'static str], Option<Value>)>),
    Delete,
}

/// An event, the seconds since the previous one, and whether it is recorded by dotted paths.
pub(super) type TimedEvent = (Event, i64, bool);

fn values() -> impl Strategy<Value = Value> {
    let leaf = select(vec![
        json!(null),
        json!(1),
        json!(2),
        json!("x"),
        json!("y"),
        json!(true),
        json!([]),
        json!({}),
    ]);
    leaf.prop_recursive(2, 8, 3, |inner| {
        let key = select(vec!["max", "jitter", "url", "retry"]).prop_map(str::to_owned);
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            3 => prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

pub(super) fn timed_events() -> impl Strategy<Value = Vec<TimedEvent>> {
    let edit = (select(PLACES), prop::option::weighted(0.8, values())).prop_map(|(place, value)| {
        let secret = |value: Value| if value.is_null() { value } else { json!(value.to_string()) };
        let is_token = place.last() == Some(&"token");
        (place, if is_token { value.map(secret) } else { value })
    });
    let event = prop_oneof![
        8 => prop::collection::vec(edit, 1..4).prop_map(Event::Edit),
        1 => Just(Event::Delete),
    ];
    prop::collection::vec((event, 0..3i64, any::<bool>()), 1..14)
}

/// The entries of a log, which can be read repeatedly.
pub(super) struct RecordedLog {
    pub(super) entries: Vec<Entry>,
    pub(super) horizon: Option<Timestamp>,
}

impl RecordedLog {
    /// Takes entries in any order.
    pub(super) fn new(mut entries: Vec<Entry>, horizon: Option<Timestamp>) -> Self {
        entries.sort_by_key(|entry| (entry.occurred_at, entry.id));
        Self { entries, horizon }
    }

    pub(super) fn read(&self, request: HistoryRequest) -> History {
        let mut reader = Box::new(HistoryReader::new(request));
        for _ in 0..2 {
            reader.set_horizon(self.horizon);
            self.entries.iter().for_each(|entry| reader.read(entry).expect("readable"));
            match reader.end_pass() {
                PassResult::Done(history) => return *history,
                PassResult::AnotherPass(again) => reader = again,
            }
        }
        panic!("two passes are enough");
    }

    pub(super) fn states<const N: usize>(&self, moments: [Position; N]) -> [State; N] {
        let history = self.read(HistoryRequest { moments: moments.into(), revert: None });
        history.states().to_vec().try_into().expect("a state of each moment")
    }

    pub(super) fn at(&self, position: Position) -> State {
        let [state] = self.states([position]);
        state
    }

    pub(super) fn blame(&self) -> Blame {
        self.read(HistoryRequest::default()).blame()
    }

    pub(super) fn contradictions(&self) -> Vec<Contradiction> {
        self.read(HistoryRequest::default()).contradictions().to_vec()
    }

    pub(super) fn revert(&self, id: u64) -> Option<Revert> {
        self.read(HistoryRequest { moments: Vec::new(), revert: Some(id) }).revert()
    }
}

/// The real states and the recorded entries.
pub(super) struct Simulation {
    /// All entries, in the order of events.
    pub(super) entries: Vec<Entry>,
    /// The resource after each of them.
    pub(super) truths: Vec<Option<Value>>,
}

const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000).expect("a moment");

impl Simulation {
    pub(super) fn new(happenings: &[TimedEvent]) -> Self {
        let mut world = Self { entries: Vec::new(), truths: Vec::new() };
        let mut seconds = 0;
        for (event, later, is_dotted) in happenings {
            seconds += later;
            let before = world.truths.last().cloned().flatten();
            let (action, after) = match (event, &before) {
                (Event::Delete, None) => continue,
                (Event::Delete, Some(_)) => ("deleted", None),
                (Event::Edit(edits), _) => {
                    let mut after = before.clone().unwrap_or_else(|| json!({"status": "new", "name": "n"}));
                    edits.iter().for_each(|(place, value)| put(&mut after, place, value.clone()));
                    (if before.is_some() { "updated" } else { "created" }, Some(after))
                }
            };
            let mut proposal = json!({
                "action": action, "model_type": "connector", "model_id": "42", "user": {"id": "7"},
                "occurred_at": START.plus(TimeDelta::seconds(seconds)).to_string(),
            });
            let dotted = is_dotted.then(|| dotted(event, before.as_ref(), after.as_ref())).flatten();
            match dotted {
                Some(changes) => proposal["changes"] = changes,
                None => {
                    proposal["before"] = before.clone().unwrap_or_default();
                    proposal["after"] = after.clone().unwrap_or_default();
                    proposal.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
                }
            }
            let proposal = serde_json::from_str(&proposal.to_string()).expect("a proposal");
            match Draft::prepare(&proposal, &Redaction::default(), START.plus(TimeDelta::days(1))) {
                Ok(draft) => {
                    world.entries.push(draft.stored_as(world.entries.len() as u64 + 1));
                    world.truths.push(after);
                }
                Err(Refusal::NoChange) => {}
                Err(refusal) => panic!("{refusal:?}"),
            }
        }
        world
    }

    /// The log without entries before the cutoff, except every `survivor`th.
    pub(super) fn pruned(&self, cutoff: i64, survivor: usize) -> RecordedLog {
        let horizon = START.plus(TimeDelta::seconds(cutoff));
        let stays = |(index, entry): &(usize, &Entry)| {
            entry.occurred_at >= horizon || index % survivor == survivor - 1
        };
        let entries = self.entries.iter().enumerate().filter(stays).map(|(_, entry)| entry.clone());
        RecordedLog::new(entries.rev().collect(), Some(horizon))
    }

    pub(super) fn history(&self) -> RecordedLog {
        RecordedLog::new(self.entries.iter().rev().cloned().collect(), None)
    }

    /// The times before, after and between all entries, with the real state at each.
    pub(super) fn moments(&self) -> Vec<(Position, Option<&Value>)> {
        let states = self.entries.iter().zip(&self.truths);
        let mut moments: Vec<_> = states.map(|(entry, truth)| (entry.position(), truth.as_ref())).collect();
        let (first, last) = (START.plus(TimeDelta::seconds(-1)), START.plus(TimeDelta::hours(1)));
        moments.push((Position { occurred_at: first, id: 0 }, None));
        moments.push((
            Position { occurred_at: last, id: u64::MAX },
            self.truths.last().and_then(Option::as_ref),
        ));
        moments
    }
}

/// The edits as a recorder of dotted paths sends them; none if they create or remove a parent object.
fn dotted(event: &Event, before: Option<&Value>, after: Option<&Value>) -> Option<Value> {
    let (Event::Edit(edits), Some(before), Some(after)) = (event, before, after) else { return None };
    let places: Vec<&[&str]> = edits.iter().map(|(place, _)| *place).collect();
    let is_apart = |place: &&[&str]| {
        places.iter().filter(|other| place.starts_with(other) || other.starts_with(place)).count() == 1
    };
    let has_parent = |place: &&[&str]| at(before, &place[..place.len() - 1]).is_some_and(Value::is_object);
    if !places.iter().all(|place| is_apart(place) && has_parent(place)) {
        return None;
    }
    let changes = places.iter().map(|place| {
        let mut change = json!({"field": place.join(".")});
        for (side, value) in [("old", at(before, place)), ("new", at(after, place))] {
            if let Some(value) = value {
                change[side] = value.clone();
            }
        }
        // An absent value on both sides is no change.
        (change.as_object()?.len() > 1).then_some(change)
    });
    changes.collect()
}

pub(super) fn at<'a>(value: &'a Value, place: &[impl AsRef<str>]) -> Option<&'a Value> {
    place.iter().try_fold(value, |value, key| value.get(key.as_ref()))
}

fn put(value: &mut Value, place: &[&str], new: Option<Value>) {
    let Some((key, rest)) = place.split_first() else { return };
    if !value.is_object() {
        if new.is_none() {
            return;
        }
        *value = json!({});
    }
    let members = value.as_object_mut().expect("an object");
    match (rest, new) {
        ([], Some(new)) => drop(members.insert((*key).to_owned(), new)),
        ([], None) => drop(members.remove(*key)),
        (rest, Some(new)) => put(members.entry((*key).to_owned()).or_insert(json!({})), rest, Some(new)),
        (rest, None) => {
            if let Some(inner) = members.get_mut(*key) {
                put(inner, rest, None);
            }
        }
    }
}

/// The leaves of a value. Objects are split; an empty one is a leaf.
pub(super) fn leaves(value: &Value) -> BTreeMap<KeyPath, Value> {
    fn walk(path: &mut KeyPath, value: &Value, leaves: &mut BTreeMap<KeyPath, Value>) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, value) in members {
                    path.push(key.clone());
                    walk(path, value, leaves);
                    path.pop();
                }
            }
            other => drop(leaves.insert(path.clone(), other.clone())),
        }
    }
    let mut leaves = BTreeMap::new();
    if value.as_object().is_some_and(|members| !members.is_empty()) {
        walk(&mut Vec::new(), value, &mut leaves);
    }
    // This field is never stored, so it is always one leaf.
    if let Some(payload) = value.get("example_payload") {
        leaves.retain(|path, _| path[0] != "example_payload");
        leaves.insert(vec!["example_payload".to_owned()], payload.clone());
    }
    leaves
}
