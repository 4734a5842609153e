//! Our own CSV, read back as lines that the API takes.
//!
//! CSV is made for spreadsheets, and two things in it cannot be told from what they may stand for: a `'` before what a
//! spreadsheet would compute, and the pictures of control characters. A row that holds one is refused and not guessed
//! at; JSON lines hold everything.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::json::Json;
use crate::model::laravel::MARK;
use crate::render::columns::Column;
use crate::render::delimited::is_formula;

/// Columns without which a row is no entry.
const NEEDED: &[Column] =
    &[Column::Time, Column::Action, Column::ModelType, Column::ModelId, Column::Changes];
/// Columns of which one at least says who it was.
const USER: &[Column] = &[Column::UserId, Column::UserEmail, Column::UserName];
/// Columns that are kept when they are there.
const KEPT: &[Column] = &[
    Column::Uuid,
    Column::ModelName,
    Column::UserId,
    Column::UserEmail,
    Column::UserName,
    Column::UserRole,
    Column::UserKind,
    Column::Via,
    Column::Ip,
    Column::UserAgent,
    Column::RequestId,
    Column::Reason,
];

/// What the header of a CSV file of ours allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It is none of ours.
    Foreign,
    /// Entries cannot be made of its rows; these columns are missing.
    Short(Vec<&'static str>),
    /// Entries can be made of its rows, without what stood in these columns.
    Ours(Vec<&'static str>),
}

/// Judges the columns of a file.
pub(super) fn judge(header: &[String]) -> Header {
    let columns: Vec<Column> = header.iter().filter_map(|name| name.parse().ok()).collect();
    if columns.len() < 2 {
        return Header::Foreign;
    }
    let names = |wanted: &[Column]| {
        let missing = wanted.iter().filter(|column| !columns.contains(column));
        missing.map(|column| column.name()).collect::<Vec<_>>()
    };
    let mut missing = names(NEEDED);
    if names(USER).len() == USER.len() {
        missing.push("user_id");
    }
    if missing.is_empty() { Header::Ours(names(KEPT)) } else { Header::Short(missing) }
}

/// Tells whether a file's first line is a header of ours.
pub(super) fn is_header(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let names: Vec<_> = line.trim_end().split(',').map(|name| name.trim_matches('"').to_owned()).collect();
    !names.iter().any(|name| name == MARK) && judge(&names) != Header::Foreign
}

/// A row as a line of JSON that the API takes.
pub(super) fn line(row: &[(String, Json)]) -> Result<String, String> {
    let mut entry = Vec::new();
    let (mut user, mut context) = (Vec::new(), Vec::new());
    for (name, value) in row {
        let (Ok(column), Json::String(text)) = (name.parse::<Column>(), value) else { continue };
        // A blank cell is an absent value: a blank one is never kept.
        if text.is_empty() || !(NEEDED.contains(&column) || KEPT.contains(&column)) {
            continue;
        }
        if column == Column::Changes {
            entry.push((
                "changes".to_owned(),
                Json::parse(text).map_err(|error| format!("changes is {error}"))?,
            ));
            continue;
        }
        if let Some(doubt) = doubt(text) {
            return Err(format!("{name} {doubt}; JSON lines hold what was meant"));
        }
        let members = match column {
            Column::UserId | Column::UserEmail | Column::UserName | Column::UserRole | Column::UserKind => {
                &mut user
            }
            Column::Via | Column::Ip | Column::UserAgent | Column::RequestId => &mut context,
            _ => &mut entry,
        };
        let key = match column {
            Column::Time => "occurred_at",
            Column::UserAgent => "user_agent",
            other => other.name().trim_start_matches("user_"),
        };
        members.push((key.to_owned(), Json::String(text.clone())));
    }
    entry.push(("user".to_owned(), Json::Object(user)));
    if !context.is_empty() {
        entry.push(("context".to_owned(), Json::Object(context)));
    }
    Ok(Json::Object(entry).to_string())
}

/// Why a cell does not tell what it was made of.
fn doubt(text: &str) -> Option<&'static str> {
    static PICTURE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[\x{2400}-\x{241f}\x{2421}]|<U\+[0-9A-F]{4,6}>").ok());
    if text.strip_prefix('\'').is_some_and(is_formula) {
        return Some(
            "begins with ' before what a spreadsheet would compute, which may be the export's guard (--no-formula-guard leaves it out)",
        );
    }
    let has_picture = PICTURE.as_ref().is_none_or(|picture| picture.is_match(text));
    has_picture.then_some("holds a picture that may stand for a control character")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::entry::Entry;
    use crate::render::columns::{EXPORT_COLUMNS, value};
    use crate::render::delimited::{Delimited, Delimiter};

    fn entry(name: &str) -> Entry {
        serde_json::from_value(json!({
            "id": 7, "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11", "occurred_at": "2026-11-22T08:14:07.412033Z",
            "recorded_at": "2026-11-22T08:14:07.415870Z", "action": "updated", "model_type": "connector",
            "model_id": "42", "model_name": name,
            "user": {"id": "7", "email": "ana@acme.example", "name": "Ana", "role": "admin", "kind": "user"},
            "context": {"via": "web", "ip": "198.51.100.23", "user_agent": "x", "request_id": "req_1"},
            "reason": "INC-2041", "changes": [{"field": "a", "old": 1, "new": null}],
        }))
        .expect("an entry")
    }

    fn cells(entry: &Entry, guard: bool) -> Vec<(String, Json)> {
        let delimiter = Delimiter::Csv { guard, bom: false };
        let mut csv = Delimited::new(Vec::new(), EXPORT_COLUMNS, delimiter).expect("memory takes all");
        csv.entry(&entry.view()).expect("memory takes all");
        let bytes = csv.finish().expect("memory takes all");
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let record = reader.records().next().expect("a row").expect("a row");
        let names = EXPORT_COLUMNS.iter().map(|column| column.name().to_owned());
        names.zip(record.iter().map(|cell| Json::String(cell.to_owned()))).collect()
    }

    #[test]
    fn a_row_becomes_the_entry_it_was_but_for_what_the_server_gives() {
        let entry = entry("Slack");
        let mut back: serde_json::Value =
            serde_json::from_str(&line(&cells(&entry, true)).expect("a line")).expect("JSON");
        let back = back.as_object_mut().expect("an object");
        back.insert("id".to_owned(), entry.id.into());
        back.insert("recorded_at".to_owned(), entry.recorded_at.to_string().into());
        let back: Entry = serde_json::from_value(back.clone().into()).expect("an entry");
        assert_eq!(back, entry);
    }

    #[test]
    fn a_header_is_judged_before_any_row() {
        let header = |names: &str| names.split(',').map(str::to_owned).collect::<Vec<_>>();
        let all: Vec<_> = EXPORT_COLUMNS.iter().map(|column| column.name().to_owned()).collect();
        assert_eq!(judge(&all), Header::Ours(vec![]));
        assert_eq!(judge(&header("a,b,c")), Header::Foreign);
        assert_eq!(
            judge(&header("id,action,user")),
            Header::Short(vec!["time", "model_type", "model_id", "changes", "user_id"])
        );
        let Header::Ours(lost) = judge(&header("time,action,model_type,model_id,changes,user_name")) else {
            panic!()
        };
        assert!(lost.contains(&"reason") && lost.contains(&"uuid") && !lost.contains(&"user_name"));
    }

    proptest! {
        #[test]
        fn a_name_comes_back_as_it_was_or_not_at_all(name in "[ -~\n\t\r=+@'\u{1b}\u{241b}\u{202e}é日<>U0-2]{1,12}", guard: bool) {
            prop_assume!(!name.trim().is_empty());
            let entry = entry(&name);
            let shown = value(&entry.view(), Column::ModelName).into_owned();
            prop_assert_eq!(shown, name.as_str());
            if let Ok(line) = line(&cells(&entry, guard)) {
                let back: serde_json::Value = serde_json::from_str(&line).expect("JSON");
                prop_assert_eq!(back["model_name"].as_str(), Some(name.as_str()));
            }
        }
    }
}
