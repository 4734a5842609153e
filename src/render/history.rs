//! The heading of a resource's history, and notes about pruned parts and contradictions.

use std::io::{self, Write};

use crate::model::filter::Resource;
use crate::model::history::History;
use crate::model::history::leaf::{LeafContent, ValueOrigin};
use crate::model::history::replay::{Contradiction, ContradictionKind};
use crate::model::time::TimeContext;
use crate::model::time::format::full;
use crate::model::timestamp::Timestamp;
use crate::model::words::Action;
use crate::render::detail::fact;
use crate::render::diff::PathStep;
use crate::render::style::{Role, Style};
use crate::render::summary::{beneath, nameless};
use crate::render::value;

/// The most contradictions listed one by one.
const MAX_CONTRADICTIONS: usize = 5;

/// Writes a resource's title, its earlier names, and the notes about its history.
pub(crate) fn heading(
    out: &mut dyn Write,
    resource: &Resource,
    history: &History,
    style: &Style,
) -> io::Result<()> {
    let names = history.names();
    let name = names
        .last()
        .map_or_else(|| nameless(resource.model_type, &resource.model_id), |(_, name)| name.clone());
    let key = style.paint(Role::Dim, &style.text(&format!("({resource})")));
    writeln!(
        out,
        "{}  {}  {key}",
        resource.model_type.label(),
        style.paint(Role::Title, &style.text(&name))
    )?;
    for pair in names.windows(2) {
        let ([(_, before), (index, _)], entries) = (pair, history.entries()) else { continue };
        let entry = &entries[*index];
        let until = full(entry.occurred_at, &style.time);
        fact(out, style, "was", &format!("{before}, until entry {} of {until}", entry.id))?;
    }
    for note in notes(history, &style.time) {
        fact(out, style, "!", &note)?;
    }
    Ok(())
}

/// Sentences about unknown parts of the history and contradictions in the log.
pub(crate) fn notes(history: &History, time: &TimeContext) -> Vec<String> {
    let first = history.entries().first().map(|first| (first.action, first.occurred_at));
    let mut notes: Vec<String> =
        first.and_then(|first| missing_beginning(first, history.horizon(), time)).into_iter().collect();
    let disagreements = history.contradictions();
    notes.extend(disagreements.iter().take(MAX_CONTRADICTIONS).map(|it| contradiction(it, history)));
    let more = disagreements.len().saturating_sub(MAX_CONTRADICTIONS);
    if more > 0 {
        notes.push(format!("{more} more entries contradict earlier ones"));
    }
    notes
}

/// Explains why a history may start too late; none if it starts with a creation and nothing earlier was pruned. The
/// first entry is given by its action and time.
pub(crate) fn missing_beginning(
    (action, occurred_at): (Action, Timestamp),
    horizon: Option<Timestamp>,
    time: &TimeContext,
) -> Option<String> {
    let is_created = action == Action::Created;
    match horizon {
        Some(horizon) if occurred_at < horizon => Some(format!(
            "entries before {} were pruned: some earlier changes may be missing",
            full(horizon, time)
        )),
        Some(horizon) if !is_created => {
            Some(format!("entries before {} were pruned: earlier changes are unknown", full(horizon, time)))
        }
        // Events of the trail belong to things that have no beginning there.
        None if !is_created && action.is_change() => {
            Some("the log has no creation of this resource: its beginning is unknown".to_owned())
        }
        _ => None,
    }
}

fn contradiction(it: &Contradiction, history: &History) -> String {
    let id = history.entries()[it.entry].id;
    match &it.kind {
        ContradictionKind::AlreadyExists => {
            format!("entry {id} creates a resource that already exists: a deletion was not recorded")
        }
        ContradictionKind::NotThere => {
            format!("entry {id} changes a resource that does not exist: a creation was not recorded")
        }
        ContradictionKind::Values(paths) => {
            let named: Vec<_> = paths.iter().take(3).map(|path| dotted_path(path)).collect();
            let more = paths.len().saturating_sub(named.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(
                "entry {id} contradicts the earlier value of {}{more}: a change was not recorded",
                named.join(", ")
            )
        }
    }
}

/// A path as text: `perform.retry.max`. Ambiguous names are quoted.
pub(crate) fn dotted_path(path: &[String]) -> String {
    path.iter().fold(String::new(), |text, key| beneath(&text, &PathStep::Member(key.clone())))
}

/// A leaf's content on one line.
pub(crate) fn leaf_text(content: &LeafContent) -> String {
    match content {
        LeafContent::Value(value) => value::text(&value::one_line(value)),
        LeafContent::Redacted => "redacted".to_owned(),
        LeafContent::Unknown(_) => "unknown".to_owned(),
    }
}

/// Why a leaf's value is unknown, in a few words.
pub(crate) fn unknown_reason(entry: Option<usize>, history: &History, time: &TimeContext) -> String {
    match (entry, history.horizon()) {
        (Some(index), _) => {
            let id = history.entries()[index].id;
            format!("entry {id} contradicts earlier entries or does not show the new value")
        }
        (None, Some(horizon)) => {
            format!("no entry shows it; entries before {} were pruned", full(horizon, time))
        }
        (None, None) => "no entry shows it".to_owned(),
    }
}

/// The time before which a leaf was set, if no entry set it.
pub(crate) fn origin_note(origin: ValueOrigin, history: &History, time: &TimeContext) -> Option<String> {
    let entry = |index: usize| &history.entries()[index];
    match (origin, history.horizon()) {
        (ValueOrigin::Entry(_), _) => None,
        (ValueOrigin::Before(_), Some(horizon)) => {
            Some(format!("at or before {}, unknown (pruned)", full(horizon, time)))
        }
        (ValueOrigin::Before(index), None) => {
            Some(format!("before {}, unknown (not recorded)", full(entry(index).occurred_at, time)))
        }
        (ValueOrigin::Unrecorded(index), _) => {
            Some(format!("before {}, unknown (not recorded)", full(entry(index).occurred_at, time)))
        }
    }
}
