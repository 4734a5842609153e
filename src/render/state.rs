//! The state of a resource at one time, and the difference between two states, as JSON and as a sentence.

use crate::model::change::Change;
use crate::model::filter::Resource;
use crate::model::history::diff::StateDiff;
use crate::model::history::replay::Existence;
use crate::model::history::state::State;
use crate::model::history::{EntryHead, History};
use crate::model::json::Json;
use crate::model::page::Position;
use crate::model::time::TimeContext;
use crate::model::time::format::full;
use crate::render::history::{dotted_path, unknown_reason};
use crate::render::json::{number, object, text};

/// The state as JSON: the known part of the object, the confidence of each field, and the gaps with their causes.
pub(crate) fn document(
    resource: &Resource,
    history: &History,
    state: &State,
    at: Position,
    time: &TimeContext,
) -> Json {
    let is_until = |entry: &EntryHead| (entry.occurred_at, entry.id) <= (at.occurred_at, at.id);
    let until = &history.entries()[..history.entries().partition_point(is_until)];
    let name = history.names().iter().rev().find(|(index, _)| *index < until.len());
    let exists = match state.existence {
        Existence::Unknown => Json::Null,
        Existence::Exists => Json::Bool(true),
        Existence::Absent(_) => Json::Bool(false),
    };
    let fields = state.fields().into_iter().map(|(field, certainty)| (field, text(certainty.word())));
    let redacted = state.redacted().into_iter().map(|path| text(&dotted_path(path)));
    let unknown = state.unknown_places().into_iter().map(|(path, entry)| {
        let why = unknown_reason(entry, history, time);
        object([("field", text(&dotted_path(&path))), ("why", text(&why))])
    });
    object([
        ("resource", text(&resource.to_string())),
        ("name", name.map_or(Json::Null, |(_, name)| text(name))),
        ("at", text(&at.occurred_at.to_string())),
        ("entry", until.last().map_or(Json::Null, |entry| number(entry.id))),
        ("exists", exists),
        ("complete", Json::Bool(state.is_complete())),
        ("state", state.object()),
        ("fields", Json::Object(fields.collect())),
        ("redacted", Json::Array(redacted.collect())),
        ("unknown", Json::Array(unknown.collect())),
    ])
}

/// The difference as JSON, with changes in the format of an entry.
pub(crate) fn difference(resource: &Resource, positions: [Position; 2], between: &StateDiff) -> Json {
    let [from, to] = positions.map(|position| text(&position.occurred_at.to_string()));
    let unknown = between.unknown.iter().map(|field| text(field));
    object([
        ("resource", text(&resource.to_string())),
        ("from", from),
        ("to", to),
        ("changes", Json::Array(between.changes.iter().map(change).collect())),
        ("unknown", Json::Array(unknown.collect())),
    ])
}

fn change(change: &Change) -> Json {
    let side = |side: &Option<crate::model::json::RawJson>| side.as_ref().and_then(|raw| raw.parse().ok());
    let mut members = vec![("field".to_owned(), text(&change.field))];
    members.extend(side(&change.old).map(|old| ("old".to_owned(), old)));
    members.extend(side(&change.new).map(|new| ("new".to_owned(), new)));
    Json::Object(members)
}

/// The message shown with a state.
pub(crate) fn sentence(history: &History, state: &State, at: Position, time: &TimeContext) -> String {
    let then = full(at.occurred_at, time);
    let entry = |index: usize| &history.entries()[index];
    match state.existence {
        Existence::Absent(index) if (entry(index).occurred_at, entry(index).id) > (at.occurred_at, at.id) => {
            format!("did not exist yet at {then}: entry {} creates it", entry(index).id)
        }
        Existence::Absent(index) => format!("did not exist at {then}: entry {} deleted it", entry(index).id),
        Existence::Unknown => format!("the state at {then} is unknown"),
        Existence::Exists if state.is_complete() && state.unknown_places().is_empty() => {
            format!("the state at {then}")
        }
        Existence::Exists => format!("the known part of the state at {then}"),
    }
}
