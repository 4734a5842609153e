//! Summarises an entry's changes for the last column of a list: `status active → disabled, +2`.
//!
//! It describes the first change, or the most telling field of a new or deleted resource, and counts the others. It must not know widths or colours.

use crate::model::change::Change;
use crate::model::entry::Entry;
use crate::model::json::Json;
use crate::model::words::{Action, Log, ModelType};
use crate::render::diff::{Difference, PathStep, ValueDiff, compare};
use crate::render::filter_summary::counted;
use crate::render::lookalike::{escape_differences, lookalike};
use crate::render::sanitize::{cut, json_escape, replace_hidden, sanitize, width};
use crate::render::value;

/// The widest value, in cells, so that the count after it stays visible.
const LONGEST_VALUE: usize = 48;

/// Characters shown before the first difference, if the beginning of a text is cut off.
const BEFORE_DIFFERENCE: usize = 8;

/// Summarises changes given as JSON.
pub(crate) fn changes(changes: &str, action: Action) -> String {
    match parts(changes, action) {
        (summary, 0) => summary,
        (summary, others) => format!("{summary}, +{others}"),
    }
}

/// Summarises an entry's changes.
pub(crate) fn summary_of(entry: &Entry) -> String {
    changes(entry.changes.get(), entry.action)
}

/// The summary of the first change, and the number of other changes.
pub(crate) fn parts(changes: &str, action: Action) -> (String, usize) {
    let Ok(list) = serde_json::from_str::<Vec<Change>>(changes) else {
        return ("(changes cannot be read)".to_owned(), 0);
    };
    match list.split_first() {
        Some((first, others)) if action == Action::Updated => (change(first), others.len()),
        // What an event of the trail holds is short, and says more than its number of fields.
        Some(_) if !action.is_change() => (list.iter().map(fact).collect::<Vec<_>>().join(", "), 0),
        Some(_) => {
            match list.iter().filter_map(|change| telling(change, action)).min_by_key(|(place, _)| *place) {
                Some((_, text)) => (text, list.len() - 1),
                None => (counted(list.len() as u64, "field", "fields"), 0),
            }
        }
        None => (counted(0, "field", "fields"), 0),
    }
}

/// The first change of an update without its old value, for little room: `status → disabled`. None where only both values
/// show the difference.
pub(crate) fn brief_change(changes: &str, action: Action) -> Option<String> {
    let list: Vec<Change> = serde_json::from_str(changes).ok().filter(|_| action == Action::Updated)?;
    let Change { field, old, new, redacted: false } = list.first()? else { return None };
    let (old, new) = (old.as_ref()?.parse().ok()?, new.as_ref()?.parse().ok()?);
    new_value(field_label(field), &compare(&old, &new)?)
}

fn new_value(path: String, diff: &ValueDiff) -> Option<String> {
    match diff {
        ValueDiff::Replaced { old, new } if value::is_redacted(old) || value::is_redacted(new) => None,
        ValueDiff::Replaced { old: Json::String(old), new: Json::String(new) } => {
            // Long or similar texts need their first difference.
            let is_clear = lookalike(old, new).is_none() && new.len() <= LONGEST_VALUE;
            is_clear.then(|| format!("{path} → {}", brief(&Json::String(new.clone()))))
        }
        ValueDiff::Replaced { new, .. } => Some(format!("{path} → {}", exact(new))),
        ValueDiff::Embedded { diff, .. } => new_value(path, diff),
        ValueDiff::Members(members) => {
            let first = members.first()?;
            new_value(beneath(&path, &first.at), &first.diff)
        }
        _ => None,
    }
}

/// Fields that say the most about a new or deleted resource, the most telling first.
const TELLING: &[&str] =
    &["role", "status", "plan", "connector_id", "slug", "method", "value", "type", "kind", "enabled"];

/// A field that tells what was created or deleted, with its value and its place in [`TELLING`].
fn telling(change: &Change, action: Action) -> Option<(usize, String)> {
    let place = TELLING.iter().position(|name| *name == change.field)?;
    if change.redacted {
        return Some((place, format!("{} (redacted)", change.field)));
    }
    let side = if action == Action::Deleted { &change.old } else { &change.new };
    let value = side.as_ref()?.parse().ok()?;
    let is_short = matches!(value, Json::String(_) | Json::Bool(_) | Json::Number(_));
    is_short.then(|| (place, format!("{} {}", change.field, brief(&value))))
}

/// Counts the added, removed, changed and moved items of a list.
pub(crate) fn tally(items: &[Difference]) -> String {
    let [mut added, mut removed, mut changed, mut moved] = [0_usize; 4];
    for item in items {
        match item.diff {
            ValueDiff::Added(_) => added += 1,
            ValueDiff::Removed(_) => removed += 1,
            ValueDiff::Moved { .. } => moved += 1,
            _ => changed += 1,
        }
    }
    let counts = [(added, "added"), (removed, "removed"), (changed, "changed"), (moved, "moved")];
    let summary =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    summary.collect::<Vec<_>>().join(", ")
}

/// The printed name of a recorded field. It is quoted if the name alone would be ambiguous.
pub(crate) fn field_label(field: &str) -> String {
    if is_readable(field) { field.to_owned() } else { quoted_key(field) }
}

/// Whether a name, typed without quotes as part of a path, means itself.
fn is_readable(name: &str) -> bool {
    (value::is_plain(name) || name.parse::<u64>().is_ok())
        && !name.contains([',', '\\', ' ', '=', '>'])
        && !name.starts_with(['!', '^'])
        && sanitize(name) == name
}

/// A quoted name with escapes for invisible characters.
fn quoted_key(name: &str) -> String {
    replace_hidden(&value::quoted(name), |c, _, out| out.push_str(&json_escape(c))).into_owned()
}

/// A path with one more step: `perform.retry`, `mappings[3]`. A name that looks like a path is quoted.
/// [`crate::model::field_path::FieldPath`] parses every printed path.
pub(crate) fn beneath(path: &str, place: &PathStep) -> String {
    match place {
        PathStep::Item(index) => format!("{path}[{index}]"),
        PathStep::Named(index, name) => format!("{path}[{index} {name}]"),
        PathStep::Member(name) => {
            let is_simple = is_readable(name) && !name.contains(['.', '[', ']']);
            let name = if is_simple { name.clone() } else { quoted_key(name) };
            if path.is_empty() { name } else { format!("{path}.{name}") }
        }
    }
}

/// A resource without a name: `#42`. In the trail, ids are names.
pub(crate) fn nameless(model_type: ModelType, id: &str) -> String {
    if ModelType::of(Log::Audit).contains(&model_type) { format!("#{id}") } else { id.to_owned() }
}

/// A field and its new value.
fn fact(change: &Change) -> String {
    let value = change.new.as_ref().and_then(|new| new.parse().ok());
    let field = field_label(&change.field);
    value.map_or_else(|| field.clone(), |value| format!("{field} {}", brief(&value)))
}

fn change(change: &Change) -> String {
    let field = &field_label(&change.field);
    if change.redacted {
        let mark = match (&change.old, &change.new) {
            (None, Some(_)) => "+ ",
            (Some(_), None) => "- ",
            _ => "",
        };
        return format!("{mark}{field} (redacted)");
    }
    let side = |raw: Option<&crate::model::json::RawJson>| raw.map(|raw| raw.parse().ok());
    match (side(change.old.as_ref()), side(change.new.as_ref())) {
        (Some(Some(old)), Some(Some(new))) => match compare(&old, &new) {
            Some(diff) => difference(field.clone(), &diff),
            None => format!("{field} (same value)"),
        },
        (None, Some(Some(new))) => format!("+ {field} {}", brief(&new)),
        (Some(Some(old)), None) => format!("- {field} {}", brief(&old)),
        _ => field.clone(),
    }
}

fn difference(path: String, diff: &ValueDiff) -> String {
    match diff {
        ValueDiff::Added(new) => format!("+ {path} {}", brief(new)),
        ValueDiff::Removed(old) => format!("- {path} {}", brief(old)),
        ValueDiff::Replaced { old, new } if value::is_redacted(old) && value::is_redacted(new) => {
            format!("{path} (redacted)")
        }
        ValueDiff::Replaced { old: Json::String(old), new: Json::String(new) } => {
            let [old, new] = near(old, new);
            match lookalike(&old, &new) {
                Some(differs) => {
                    let [old, new] =
                        escape_differences(&old, &new, differs).map(|text| cut(&text, LONGEST_VALUE));
                    format!("{path} {old} → {new} ({})", differs.description())
                }
                None => format!("{path} {} → {}", brief(&Json::String(old)), brief(&Json::String(new))),
            }
        }
        // Values of different types keep their quotes: `3 → 3` would look like no change.
        ValueDiff::Replaced { old, new } => format!("{path} {} → {}", exact(old), exact(new)),
        ValueDiff::Lines { old, new } => match lookalike(old, new) {
            Some(differs) => format!("{path} (text, {})", differs.description()),
            None => format!("{path} (text)"),
        },
        ValueDiff::Items(items) => format!("{path} {}", tally(items)),
        ValueDiff::Embedded { diff, .. } => difference(path, diff),
        ValueDiff::Moved { .. } => path,
        ValueDiff::Members(members) => match members.first() {
            Some(first) => difference(beneath(&path, &first.at), &first.diff),
            None => path,
        },
    }
}

/// Cuts two texts so that their first difference is visible.
fn near(old: &str, new: &str) -> [String; 2] {
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let fits = |text: &str| {
        text.len() <= LONGEST_VALUE || text.len() <= 4 * LONGEST_VALUE && width(text) <= LONGEST_VALUE
    };
    let is_shown = same <= LONGEST_VALUE / 2 || fits(old) && fits(new);
    let start = if is_shown { 0 } else { same - BEFORE_DIFFERENCE };
    let mark = if is_shown { "" } else { "…" };
    [old, new].map(|text| mark.chars().chain(text.chars().skip(start).take(4 * LONGEST_VALUE)).collect())
}

fn brief(value: &Json) -> String {
    match value {
        Json::String(text) if value::is_plain(text) => cut(text, LONGEST_VALUE),
        other => exact(other),
    }
}

fn exact(value: &Json) -> String {
    cut(&value::text(&value::one_line(value)), LONGEST_VALUE)
}

#[cfg(test)]
mod paths;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::samples::entry;

    #[test]
    fn events_of_the_trail_show_what_they_hold() {
        let facts = json!([{"field": "call", "new": "list"}, {"field": "user", "new": ["ana"]}, {"field": "rows", "new": 12}]);
        let shown = |action| parts(entry("created", &facts).changes.get(), action);
        assert_eq!(shown(Action::Read), (r#"call list, user ["ana"], rows 12"#.to_owned(), 0));
        assert_eq!(shown(Action::Created), ("3 fields".to_owned(), 0));
        assert_eq!(nameless(ModelType::Token, "cron"), "cron");
        assert_eq!(nameless(ModelType::Connector, "42"), "#42");
    }

    #[test]
    fn summarises_the_first_change_and_counts_the_others() {
        for (changes_json, summary) in [
            (
                json!([{"field": "status", "old": "active", "new": "disabled"}, {"field": "a", "old": 1, "new": 2},
                    {"field": "b", "old": 1, "new": 2}]),
                "status active → disabled, +2",
            ),
            (json!([{"field": "value", "redacted": true}]), "value (redacted)"),
            (json!([{"field": "key", "old": "[redacted]", "redacted": true}]), "- key (redacted)"),
            (json!([{"field": "key", "new": "[redacted]", "redacted": true}]), "+ key (redacted)"),
            (
                json!([{"field": "key", "old": "[redacted]", "new": "[redacted, changed]", "redacted": true}]),
                "key (redacted)",
            ),
            (
                json!([{"field": "name", "old": "Café", "new": "Cafe\u{301}"}]),
                r#"name "Caf\u00e9" → "Cafe\u0301" (Unicode normalization: NFC → NFD)"#,
            ),
            (
                json!([{"field": "name", "old": "a b", "new": "a\u{a0}b"}]),
                r#"name "a b" → "a\u00a0b" (whitespace differs)"#,
            ),
            (json!([{"field": "s", "old": "a\nb", "new": "a\r\nb"}]), "s (text, line endings differ)"),
            (
                json!([{"field": "url", "old": format!("{}old{}", "x".repeat(90), "y".repeat(90)),
                    "new": format!("{}new{}", "x".repeat(90), "y".repeat(90))}]),
                &format!("url …xxxxxxxxold{y}… → …xxxxxxxxnew{y}…", y = "y".repeat(35)),
            ),
            (json!([{"field": "max", "old": 3, "new": "3"}]), "max 3 → \"3\""),
            (json!([{"field": "p", "old": {"a": {"b": 1}}, "new": {"a": {"b": null}}}]), "p.a.b 1 → null"),
            (json!([{"field": "p", "old": {"x.y": 1}, "new": {"x.y": 2}}]), "p.\"x.y\" 1 → 2"),
            (json!([{"field": "list", "old": [1, 2], "new": [2, 1, 3]}]), "list 1 added, 1 moved"),
            (
                json!([{"field": "h", "old": {"a": "[redacted]"}, "new": {"a": "[redacted, changed]"}}]),
                "h.a (redacted)",
            ),
            (json!([{"field": "note", "new": ""}]), "+ note \"\""),
            (json!([]), "0 fields"),
            (json!({"not": "a list"}), "(changes cannot be read)"),
        ] {
            assert_eq!(changes(entry("updated", &changes_json).changes.get(), Action::Updated), summary);
        }
    }

    #[test]
    fn a_brief_change_has_the_new_value_alone() {
        let brief = |fields| {
            let entry = entry("updated", &fields);
            brief_change(entry.changes.get(), entry.action)
        };
        let one = |old, new| {
            brief(json!([{"field": "p", "old": old, "new": new}, {"field": "b", "old": 1, "new": 2}]))
        };
        assert_eq!(one(json!("active"), json!("disabled")).as_deref(), Some("p → disabled"));
        assert_eq!(one(json!({"max": 3}), json!({"max": 9})).as_deref(), Some("p.max → 9"));
        assert_eq!(one(json!(3), json!("3")).as_deref(), Some("p → \"3\""));
        assert_eq!(one(json!("a b"), json!("a\u{a0}b")), None, "only both show the difference");
        assert_eq!(one(json!([1]), json!([2, 1])), None);
        assert_eq!(brief(json!([{"field": "s", "redacted": true}])), None);
    }

    #[test]
    fn creations_and_deletions_show_their_most_telling_field() {
        let summary = |action: &str, fields| {
            let entry = entry(action, &fields);
            changes(entry.changes.get(), entry.action)
        };
        assert_eq!(summary("created", json!([{"field": "a", "new": 1}])), "1 field");
        let member = json!([{"field": "email", "new": "a@b.example"}, {"field": "status", "new": "active"}, {"field": "role", "new": "admin"}]);
        assert_eq!(summary("created", member), "role admin, +2");
        let connector = json!([{"field": "name", "old": "x"}, {"field": "status", "old": "disabled"}]);
        assert_eq!(summary("deleted", connector), "status disabled, +1");
        let secret = json!([{"field": "value", "new": "[redacted]", "redacted": true}]);
        assert_eq!(summary("created", secret), "value (redacted)");
        let nested = json!([{"field": "url", "new": {"host": "x"}}, {"field": "role", "old": "admin"}]);
        assert_eq!(summary("created", nested), "2 fields");
    }
}
