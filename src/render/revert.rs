//! The plan to revert an entry, as a JSON document and as sentences.

use std::io::{self, Write};

use crate::model::change::Change;
use crate::model::entry::Entry;
use crate::model::history::History;
use crate::model::history::patch::Operation;
use crate::model::history::path::KeyPath;
use crate::model::history::revert::{Revert, RevertAction};
use crate::model::json::{Json, RawJson};
use crate::model::time::TimeContext;
use crate::model::time::format::full;
use crate::render::detail::{DetailOptions, changes, fact, paragraph};
use crate::render::filter_summary::{counted, grouped};
use crate::render::history::dotted_path;
use crate::render::json::{number, object, text as json_text};
use crate::render::style::{Role, Style};

/// The plan as JSON: the action, with the patch and the whole object if there are any.
///
/// # Errors
/// When the patch cannot be serialised.
pub(crate) fn document(entry: &Entry, plan: &Revert, history: &History) -> Result<Json, serde_json::Error> {
    let (way, patch) = match &plan.action {
        RevertAction::Patch(patch) => ("patch", Some(patch)),
        RevertAction::Create(patch) => ("create", Some(patch)),
        RevertAction::Delete => ("delete", None),
        RevertAction::Nothing => ("nothing", None),
        RevertAction::DeletedSince(_) | RevertAction::ExistsAgain(_) => ("impossible", None),
    };
    let patch = patch.map(serde_json::to_string).transpose()?.and_then(|text| Json::parse(&text).ok());
    let names =
        |paths: &[KeyPath]| Json::Array(paths.iter().map(|path| json_text(&dotted_path(path))).collect());
    let since = plan.since.iter().map(|(index, paths)| {
        let later = &history.entries()[*index];
        object([
            ("entry", number(later.id)),
            ("time", json_text(&later.occurred_at.to_string())),
            ("user", json_text(later.user.label())),
            ("on_behalf_of", later.on_behalf_of.as_ref().map_or(Json::Null, |user| json_text(user.label()))),
            ("action", json_text(later.action.as_str())),
            ("fields", names(paths)),
        ])
    });
    Ok(object([
        ("entry", number(entry.id)),
        ("resource", json_text(&format!("{}/{}", entry.model_type, entry.model_id))),
        ("way", json_text(way)),
        ("patch", patch.unwrap_or(Json::Null)),
        ("object", plan.object.clone().unwrap_or(Json::Null)),
        ("whole", Json::Bool(plan.is_whole)),
        ("lost", names(&plan.lost)),
        ("since", Json::Array(since.collect())),
    ]))
}

/// The plan for people: what to do, the difference from now, all of it if `full`, and what else to know.
///
/// # Errors
/// Those of the writer.
pub(crate) fn text(
    out: &mut dyn Write,
    (entry, plan, history): (&Entry, &Revert, &History),
    full: bool,
    style: &Style,
) -> io::Result<()> {
    let mut sentences = sentences(entry, plan, history, &style.time).into_iter();
    if let Some(first) = sentences.next() {
        paragraph(out, Role::Title, &first, style)?;
    }
    let changes = match &plan.action {
        RevertAction::Patch(patch) | RevertAction::Create(patch) => differences(patch),
        _ => Vec::new(),
    };
    if !changes.is_empty() {
        writeln!(out)?;
        self::changes(out, &changes, DetailOptions { full, ..DetailOptions::default() }, style)?;
        writeln!(out)?;
    }
    for sentence in sentences {
        fact(out, style, "note", &sentence)?;
    }
    Ok(())
}

/// The operations of a patch as changed fields. The test before an operation holds the value from now.
fn differences(patch: &[Operation]) -> Vec<Change> {
    let (mut changes, mut tested) = (Vec::new(), None);
    for operation in patch {
        let (path, new) = match operation {
            Operation::Test { path, value } => {
                tested = Some((path, value));
                continue;
            }
            Operation::Add { path, value } | Operation::Replace { path, value } => (path, Some(value)),
            Operation::Remove { path } => (path, None),
        };
        let old = tested.take().filter(|(at, _)| *at == path).map(|(_, value)| RawJson::from(value));
        changes.push(Change {
            field: dotted_path(&keys(path)),
            old,
            new: new.map(RawJson::from),
            redacted: false,
        });
    }
    changes
}

/// The keys of a JSON Pointer.
fn keys(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
}

/// The plan in sentences.
pub(crate) fn sentences(entry: &Entry, plan: &Revert, history: &History, time: &TimeContext) -> Vec<String> {
    let id = |index: usize| history.entries()[index].id;
    let mut sentences = vec![match &plan.action {
        RevertAction::Patch(_) => {
            format!(
                "to undo entry {}, apply this difference to {}/{}",
                entry.id, entry.model_type, entry.model_id
            )
        }
        RevertAction::Create(_) => {
            format!("to undo entry {}, create {}/{} again", entry.id, entry.model_type, entry.model_id)
        }
        RevertAction::Delete => {
            format!("to undo entry {}, delete {}/{}", entry.id, entry.model_type, entry.model_id)
        }
        RevertAction::Nothing => {
            format!(
                "nothing to do: entry {} changed nothing or is undone already, or its old values were never stored",
                entry.id
            )
        }
        RevertAction::DeletedSince(gone) => {
            format!("entry {} deleted the resource since: undo that entry first", id(*gone))
        }
        RevertAction::ExistsAgain(back) => {
            format!("the resource exists again, see entry {}: there is nothing to undo", id(*back))
        }
    }];
    for (index, paths) in plan.since.iter().take(MAX_NAMED) {
        let later = &history.entries()[*index];
        let what = if paths.is_empty() { String::new() } else { format!(" {}", named(paths)) };
        sentences.push(format!(
            "since then {} {}{what} in entry {} of {}",
            later.actor(),
            later.action,
            later.id,
            full(later.occurred_at, time)
        ));
    }
    if let Some(more) = plan.since.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
        sentences.push(format!(
            "since then {} more changed these fields: the plan lists them all",
            counted(more as u64, "entry", "entries")
        ));
    }
    if !plan.lost.is_empty() {
        sentences
            .push(format!("cannot restore, because the old value was never stored: {}", named(&plan.lost)));
    }
    if plan.object.is_some() && !plan.is_whole {
        sentences.push(
            "the object is incomplete: redacted values are marks, and unknown values are missing".to_owned(),
        );
    }
    sentences.push("this is a plan: nothing was changed".to_owned());
    sentences
}

/// How many fields a sentence names, and how many later entries get one. The document has all of them.
const MAX_NAMED: usize = 10;

/// The first fields, and how many more there are.
fn named(paths: &[KeyPath]) -> String {
    let (first, more) = paths.split_at(paths.len().min(MAX_NAMED));
    let first: Vec<_> = first.iter().map(|path| dotted_path(path)).collect();
    match more.len() {
        0 => first.join(", "),
        more => format!("{} and {} more", first.join(", "), grouped(more as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_fields_are_counted_and_few_are_named() {
        let paths = |count: usize| (0..count).map(|at| vec![format!("f{at}")]).collect::<Vec<_>>();
        assert_eq!(named(&paths(2)), "f0, f1");
        assert_eq!(named(&paths(10)), "f0, f1, f2, f3, f4, f5, f6, f7, f8, f9");
        assert_eq!(named(&paths(20_000)), "f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 19 990 more");
    }
}
