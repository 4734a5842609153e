//! The plan to revert an entry, as a JSON document and as sentences.

use crate::model::entry::Entry;
use crate::model::history::History;
use crate::model::history::path::KeyPath;
use crate::model::history::revert::{Revert, RevertAction};
use crate::model::json::Json;
use crate::model::time::TimeContext;
use crate::model::time::format::full;
use crate::render::history::dotted_path;
use crate::render::json::{number, object, text};

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
        RevertAction::DeletedSince(_) | RevertAction::RecreatedSince(_) => ("impossible", None),
    };
    let patch = patch.map(serde_json::to_string).transpose()?.and_then(|text| Json::parse(&text).ok());
    let names = |paths: &[KeyPath]| Json::Array(paths.iter().map(|path| text(&dotted_path(path))).collect());
    let since = plan.since.iter().map(|(index, paths)| {
        let later = &history.entries()[*index];
        object([
            ("entry", number(later.id)),
            ("time", text(&later.occurred_at.to_string())),
            ("user", text(later.user.label())),
            ("on_behalf_of", later.on_behalf_of.as_ref().map_or(Json::Null, |user| text(user.label()))),
            ("action", text(later.action.as_str())),
            ("fields", names(paths)),
        ])
    });
    Ok(object([
        ("entry", number(entry.id)),
        ("resource", text(&format!("{}/{}", entry.model_type, entry.model_id))),
        ("way", text(way)),
        ("patch", patch.unwrap_or(Json::Null)),
        ("object", plan.object.clone().unwrap_or(Json::Null)),
        ("whole", Json::Bool(plan.is_whole)),
        ("lost", names(&plan.lost)),
        ("since", Json::Array(since.collect())),
    ]))
}

/// The plan in sentences.
pub(crate) fn sentences(entry: &Entry, plan: &Revert, history: &History, time: &TimeContext) -> Vec<String> {
    let id = |index: usize| history.entries()[index].id;
    let mut sentences = vec![match &plan.action {
        RevertAction::Patch(_) => {
            format!("to undo entry {}, apply this patch to {}/{}", entry.id, entry.model_type, entry.model_id)
        }
        RevertAction::Create(_) => {
            format!("to undo entry {}, create {}/{} again", entry.id, entry.model_type, entry.model_id)
        }
        RevertAction::Delete => {
            format!("to undo entry {}, delete {}/{}", entry.id, entry.model_type, entry.model_id)
        }
        RevertAction::Nothing => {
            format!(
                "nothing to do: the values that entry {} changed are restored already, or were never stored",
                entry.id
            )
        }
        RevertAction::DeletedSince(gone) => {
            format!("entry {} deleted the resource since: undo that entry first", id(*gone))
        }
        RevertAction::RecreatedSince(back) => {
            format!("entry {} created the resource again since: there is nothing to undo", id(*back))
        }
    }];
    for (index, paths) in &plan.since {
        let later = &history.entries()[*index];
        let fields: Vec<_> = paths.iter().map(|path| dotted_path(path)).collect();
        let what = if fields.is_empty() { String::new() } else { format!(" {}", fields.join(", ")) };
        sentences.push(format!(
            "since then {} {}{what} in entry {} of {}",
            later.actor(),
            later.action,
            later.id,
            full(later.occurred_at, time)
        ));
    }
    if !plan.lost.is_empty() {
        let lost: Vec<_> = plan.lost.iter().map(|path| dotted_path(path)).collect();
        sentences
            .push(format!("cannot restore, because the old value was never stored: {}", lost.join(", ")));
    }
    if plan.object.is_some() && !plan.is_whole {
        sentences.push(
            "the object is incomplete: redacted values are marks, and unknown values are missing".to_owned(),
        );
    }
    sentences.push("this is a plan: nothing was changed".to_owned());
    sentences
}
