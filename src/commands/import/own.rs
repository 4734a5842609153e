//! Converts rows of our own CSV export to lines for the API. How the file is read is not known here.
//!
//! The export puts a `'` before cells that a spreadsheet would compute, and it is removed here. The export also replaces
//! control characters by pictures, and these look like real pictures: a row with one is refused.

use std::io;
use std::sync::LazyLock;

use regex::Regex;

use crate::commands::import::delimited::{CsvDialect, DelimitedReader};
use crate::commands::import::record::CellKind;
use crate::commands::import::text::SourceText;
use crate::model::draft::{MAX_NAME_CHARS, MAX_REASON_CHARS};
use crate::model::foreign::{JsonMembers, shortened_to};
use crate::model::json::Json;
use crate::render::columns::Column;
use crate::render::delimited::CUT;
use crate::render::delimited::guard::{is_guarded, unescape_formulas};

/// Columns that an entry needs.
const NEEDED: &[Column] =
    &[Column::Time, Column::Action, Column::ModelType, Column::ModelId, Column::Changes];
/// Columns that name the user. An entry needs one of them.
const USER: &[Column] = &[Column::UserId, Column::UserEmail, Column::UserName];
/// Columns of the user for whom another acted.
const PRINCIPAL: &[Column] = &[
    Column::OnBehalfOfId,
    Column::OnBehalfOfEmail,
    Column::OnBehalfOfName,
    Column::OnBehalfOfRole,
    Column::OnBehalfOfKind,
];
/// Columns that are imported if present.
const KEPT: &[Column] = &[
    Column::Uuid,
    Column::ModelName,
    Column::UserId,
    Column::UserEmail,
    Column::UserName,
    Column::UserRole,
    Column::UserKind,
    Column::OnBehalfOfId,
    Column::OnBehalfOfEmail,
    Column::OnBehalfOfName,
    Column::OnBehalfOfRole,
    Column::OnBehalfOfKind,
    Column::Via,
    Column::Ip,
    Column::UserAgent,
    Column::RequestId,
    Column::Reason,
];

/// How far the header of a file is that of our CSV.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OwnHeader {
    /// It is not our CSV.
    Unknown,
    /// It lacks these columns that an entry needs.
    Incomplete(Vec<&'static str>),
    /// Its rows are entries, without the values of `missing_columns`.
    Complete { missing_columns: Vec<&'static str> },
}

pub(super) fn judge(header: &[String]) -> OwnHeader {
    let columns: Vec<Column> = header.iter().filter_map(|name| name.parse().ok()).collect();
    if columns.len() < 2 {
        return OwnHeader::Unknown;
    }
    let names = |wanted: &[Column]| {
        let missing = wanted.iter().filter(|column| !columns.contains(column));
        missing.map(|column| column.name()).collect::<Vec<_>>()
    };
    let mut missing = names(NEEDED);
    if names(USER).len() == USER.len() {
        missing.push("user_id");
    }
    if missing.is_empty() {
        let mut missing_columns = names(KEPT);
        // Most entries have no such user: one name stands for its five columns.
        if PRINCIPAL.iter().all(|column| !columns.contains(column)) {
            let rest: Vec<_> = PRINCIPAL[1..].iter().map(|column| column.name()).collect();
            missing_columns.retain(|name| !rest.contains(name));
        }
        OwnHeader::Complete { missing_columns }
    } else {
        OwnHeader::Incomplete(missing)
    }
}

/// Whether the cells have guards against formulas. An export without guards quotes the name of its first column. A cell
/// that a spreadsheet would compute also proves that there are none.
pub(super) fn has_guards(text: &SourceText, dialect: CsvDialect) -> io::Result<bool> {
    let mut rows = DelimitedReader::new(text.reader()?, dialect);
    let Some((_, header)) = rows.cells()? else { return Ok(true) };
    let quoted = |kind: CellKind| kind == CellKind::Quoted;
    // A spreadsheet quotes all names, or none.
    if quoted(header[0].kind) && !header.iter().all(|cell| quoted(cell.kind)) {
        return Ok(false);
    }
    let names: Vec<_> = header.iter().map(|cell| String::from_utf8_lossy(&cell.text).into_owned()).collect();
    while let Some((_, cells)) = rows.cells()? {
        let texts = names.iter().zip(&cells).filter(|(name, _)| name.parse() != Ok(Column::Changes));
        for (_, cell) in texts {
            if !is_guarded(&String::from_utf8_lossy(&cell.text)) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// A row as the members of an entry for the API.
pub(super) fn members(row: &[(String, Json)], has_guards: bool) -> Result<JsonMembers, String> {
    let mut entry = Vec::new();
    let (mut user, mut on_behalf_of, mut context) = (Vec::new(), Vec::new(), Vec::new());
    for (name, value) in row {
        let (Ok(column), Json::String(text)) = (name.parse::<Column>(), value) else { continue };
        // Entries have no blank texts, so a blank cell is an absent value.
        if text.is_empty() || !(NEEDED.contains(&column) || KEPT.contains(&column)) {
            continue;
        }
        if column == Column::Changes && !is_cut(text) {
            entry.push((
                "changes".to_owned(),
                Json::parse(text).map_err(|error| format!("changes is {error}"))?,
            ));
            continue;
        }
        if has_picture(text) {
            return Err(format!(
                "{name} has a picture that may stand for a control character: import a JSON lines export instead"
            ));
        }
        if is_cut(text) {
            return Err(format!("{name} was cut by --max-cell: import a JSON lines export instead"));
        }
        let text = if has_guards { unescape_formulas(text) } else { text.into() };
        let members = match column {
            Column::UserId | Column::UserEmail | Column::UserName | Column::UserRole | Column::UserKind => {
                &mut user
            }
            column if PRINCIPAL.contains(&column) => &mut on_behalf_of,
            Column::Via | Column::Ip | Column::UserAgent | Column::RequestId => &mut context,
            _ => &mut entry,
        };
        let key = match column {
            Column::Time => "occurred_at",
            Column::UserAgent => "user_agent",
            other => other.name().trim_start_matches("on_behalf_of_").trim_start_matches("user_"),
        };
        members.push((key.to_owned(), Json::String(text.into_owned())));
    }
    entry.push(("user".to_owned(), Json::Object(user)));
    if !on_behalf_of.is_empty() {
        entry.push(("on_behalf_of".to_owned(), Json::Object(on_behalf_of)));
    }
    if !context.is_empty() {
        entry.push(("context".to_owned(), Json::Object(context)));
    }
    Ok(entry)
}

/// Texts that may be shortened: their path, the most characters, and the message.
const TEXTS: [(&[&str], usize, &str); 5] = [
    (&["model_name"], MAX_NAME_CHARS, "resource name shortened"),
    (&["user", "name"], MAX_NAME_CHARS, "user name shortened"),
    (&["on_behalf_of", "name"], MAX_NAME_CHARS, "user name shortened"),
    (&["context", "user_agent"], MAX_NAME_CHARS, "user agent shortened"),
    (&["reason"], MAX_REASON_CHARS, "reason shortened"),
];

/// Shortens texts for which the server would refuse the entry. Returns a message for each.
pub(super) fn shorten(entry: &mut JsonMembers) -> Vec<&'static str> {
    let mut shortened = Vec::new();
    for (path, max, message) in TEXTS {
        if let Some(text) = text_at(entry, path)
            && let Some(short) = shortened_to(text, max)
        {
            *text = short;
            shortened.push(message);
        }
    }
    shortened
}

fn text_at<'a>(members: &'a mut JsonMembers, path: &[&str]) -> Option<&'a mut String> {
    let (first, rest) = path.split_first()?;
    let (_, value) = members.iter_mut().find(|(name, _)| name == first)?;
    match value {
        Json::String(text) if rest.is_empty() => Some(text),
        Json::Object(members) => text_at(members, rest),
        _ => None,
    }
}

/// Whether `--max-cell` cut the text.
fn is_cut(text: &str) -> bool {
    let count = text.strip_suffix(CUT.1).and_then(|text| text.rsplit_once(CUT.0));
    let count = count.map(|(_, count)| count);
    count.is_some_and(|count| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a control character may have been replaced in the text.
fn has_picture(text: &str) -> bool {
    static PICTURE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[\x{2400}-\x{241f}\x{2421}]|<U\+[0-9A-F]{4,6}>").ok());
    PICTURE.as_ref().is_none_or(|picture| picture.is_match(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::entry::Entry;
    use crate::model::fixtures::entry_with;
    use crate::render::columns::{EXPORT_COLUMNS, value};
    use crate::render::delimited::{Delimited, Delimiter};

    fn line(row: &[(String, Json)], has_guards: bool) -> Result<String, String> {
        members(row, has_guards).map(|members| Json::Object(members).to_string())
    }

    #[test]
    fn texts_beside_the_changes_are_shortened() {
        let long = "é".repeat(5000);
        let text = json!({"model_name": long, "reason": long, "user": {"id": "7", "name": long}, "changes": [{"field": "a", "new": long}]});
        let Ok(Json::Object(mut entry)) = Json::parse(&text.to_string()) else { panic!() };
        assert_eq!(shorten(&mut entry).len(), 3);
        let back: serde_json::Value =
            serde_json::from_str(&Json::Object(entry.clone()).to_string()).expect("JSON");
        let chars =
            |pointer: &str| back.pointer(pointer).and_then(|it| it.as_str()).map(|it| it.chars().count());
        assert_eq!(
            [chars("/model_name"), chars("/reason"), chars("/user/name")],
            [Some(1024), Some(4096), Some(1024)]
        );
        assert_eq!(chars("/changes/0/new"), Some(5000));
        assert!(shorten(&mut entry).is_empty());
    }

    fn entry(name: &str) -> Entry {
        entry_with([json!({
            "model_name": name,
            "user": {"id": "7", "email": "ana@acme.example", "name": "Ana", "role": "admin", "kind": "user"},
            "on_behalf_of": {"id": "8", "email": "=eva@acme.example", "name": "Eva", "role": "owner", "kind": "agent"},
            "context": {"via": "web", "ip": "198.51.100.23", "user_agent": "x", "request_id": "req_1"},
            "reason": "INC-2041", "changes": [{"field": "a", "old": 1, "new": null}],
        })])
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
    fn a_row_becomes_the_exported_entry() {
        let entry = entry("Slack");
        let mut back: serde_json::Value =
            serde_json::from_str(&line(&cells(&entry, true), true).expect("a line")).expect("JSON");
        let back = back.as_object_mut().expect("an object");
        back.insert("id".to_owned(), entry.id.into());
        back.insert("recorded_at".to_owned(), entry.recorded_at.to_string().into());
        let back: Entry = serde_json::from_value(back.clone().into()).expect("an entry");
        assert_eq!(back, entry);
    }

    #[test]
    fn a_header_is_judged() {
        let header = |names: &str| names.split(',').map(str::to_owned).collect::<Vec<_>>();
        let all: Vec<_> = EXPORT_COLUMNS.iter().map(|column| column.name().to_owned()).collect();
        assert_eq!(judge(&all), OwnHeader::Complete { missing_columns: vec![] });
        assert_eq!(judge(&header("a,b,c")), OwnHeader::Unknown);
        assert_eq!(
            judge(&header("id,action,user")),
            OwnHeader::Incomplete(vec!["time", "model_type", "model_id", "changes", "user_id"])
        );
        let OwnHeader::Complete { missing_columns: lost } =
            judge(&header("time,action,model_type,model_id,changes,user_name"))
        else {
            panic!()
        };
        assert!(lost.contains(&"reason") && lost.contains(&"uuid") && !lost.contains(&"user_name"));
    }

    proptest! {
        #[test]
        fn a_name_is_restored_exactly_or_refused(name in "[ -~\n\t\r=+@'\u{1b}\u{241b}\u{202e}é日<>U0-2]{1,12}", guard: bool) {
            prop_assume!(!name.trim().is_empty());
            let entry = entry(&name);
            let shown = value(&entry.parts(), Column::ModelName).into_owned();
            prop_assert_eq!(shown, name.as_str());
            if let Ok(line) = line(&cells(&entry, guard), guard) {
                let back: serde_json::Value = serde_json::from_str(&line).expect("JSON");
                prop_assert_eq!(back["model_name"].as_str(), Some(name.as_str()));
            }
        }
    }
}
