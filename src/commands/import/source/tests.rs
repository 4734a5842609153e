//! Recognition of sources, and rules of any content to its end.

use std::path::PathBuf;

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::commands::import::documents::read_line;
use crate::commands::import::record::MAX_RECORD_BYTES;

/// The events of sources with these texts.
pub(super) fn all(texts: &[&[u8]], options: SourceOptions) -> Vec<ImportEvent> {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = texts.iter().enumerate().map(|(at, text)| {
        let path: PathBuf = folder.path().join(format!("{at}.txt"));
        std::fs::write(&path, text).expect("written");
        path
    });
    let sources = paths.map(|path| InputFile::open(&path).unwrap_or_else(|_| panic!("a file"))).collect();
    let rules = TableRules {
        source: "s".to_owned(),
        zone: Tz::UTC,
        mappings: Vec::new(),
        plain: Vec::new(),
        user_kinds: Vec::new(),
        user_columns: None,
    };
    let mut receiver = read(sources, ImportRequest { options, rules: Ok(rules) });
    std::iter::from_fn(|| receiver.blocking_recv()).map(|(_, item)| item).collect()
}

/// The events of a source as short texts.
fn items(text: &[u8]) -> Vec<String> {
    let mut items = Vec::new();
    for item in all(&[text], SourceOptions::default()) {
        items.push(match item {
            ImportEvent::Line(number, line) => {
                let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
                format!("{number} {} {} {}", line["action"], line["model_id"], line["after"])
            }
            ImportEvent::Failed(number, detail) => format!("{number} {detail}"),
            ImportEvent::Note(number, _) => format!("{number} note"),
            ImportEvent::SourceNote(text) | ImportEvent::SourceWarning(text) => text,
            ImportEvent::Excluded => "excluded".to_owned(),
            ImportEvent::Unmapped { what, word, .. } => format!("{what} {word}"),
            ImportEvent::Incomplete(number, reason) => format!("{number} {reason}"),
            ImportEvent::Adjusted(what) => what.to_owned(),
            ImportEvent::Prefixed(class) => format!("prefixed {class}"),
            ImportEvent::Total(_) => continue,
            ImportEvent::Error(SourceError::Io(error)) => error.to_string(),
            ImportEvent::Error(SourceError::Unusable(reason)) => reason,
        });
    }
    items
}

#[test]
fn every_format_gives_the_same_entries() {
    let expected =
        [r#"created "1" {"name":"a \"b\"\n","path":"C:\\d"}"#, r#"updated "2" {"x":null}"#, "event synced"];
    let header = "id,user_id,event,auditable_type,auditable_id,old_values,new_values,created_at";
    let row = |id: u32, user: &str, event: &str, old: &str, new: &str| {
        [
            id.to_string(),
            user.into(),
            event.into(),
            r"App\Models\Secret".into(),
            id.to_string(),
            old.into(),
            new.into(),
            "2024-03-01 10:00:00".into(),
        ]
    };
    let rows = [
        row(1, "3", "created", "[]", r#"{"name":"a \"b\"\n","path":"C:\\d"}"#),
        row(2, "", "updated", r#"{"x":1}"#, r#"{"x":null}"#),
        row(3, "3", "synced", "", ""),
    ];
    let table = |separator: &str, end: &str, cell: &dyn Fn(&String) -> String| {
        let lines = rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(separator) + end);
        header.replace(',', separator) + end + &lines.collect::<String>()
    };
    let doubled = |cell: &String| {
        if cell.is_empty() { String::new() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    };
    let backslashes = |cell: &String| {
        if cell.is_empty() {
            "\\N".to_owned()
        } else {
            format!("\"{}\"", cell.replace('\\', "\\\\").replace('"', "\\\""))
        }
    };
    let tabs = |cell: &String| if cell.is_empty() { "NULL".to_owned() } else { cell.replace('\\', "\\\\") };
    let object = |nested: bool| {
        let names: Vec<_> = header.split(',').collect();
        let objects = rows.iter().map(move |row| {
            let members = names.iter().zip(row).map(|(name, cell)| {
                let is_json = nested && name.ends_with("_values") && !cell.is_empty();
                let value = if is_json {
                    cell.clone()
                } else if cell.is_empty() {
                    "null".to_owned()
                } else {
                    serde_json::to_string(cell).expect("text")
                };
                format!("\"{name}\":{value}")
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        });
        objects.collect::<Vec<_>>()
    };
    let postgres = table(",", "\n", &doubled);
    for text in [
        postgres.clone(),
        format!("\u{feff}{}", table(",", "\r\n", &doubled)),
        table(",", "\n", &backslashes),
        table("\t", "\n", &tabs),
        object(false).join("\n"),
        object(true).join("\r\n") + "\n\n",
        format!(" [\n{}\n]\n", object(false).join(",\n")),
        format!("\u{feff}[{}]", object(true).join(",")),
    ] {
        let items = items(text.as_bytes());
        let seen: Vec<_> = items
            .iter()
            .map(|item| {
                item.split_once(' ')
                    .filter(|(first, _)| first.parse::<u64>().is_ok())
                    .map_or(item.as_str(), |(_, rest)| rest)
            })
            .collect();
        let expected =
            expected.map(|it| it.replacen("created", "\"created\"", 1).replacen("updated", "\"updated\"", 1));
        assert_eq!(seen, expected, "{text}");
    }
}

#[test]
fn multi_line_objects_and_our_documents_are_read() {
    let entry = "{\n  \"occurred_at\": \"2026-01-01T00:00:00Z\",\n  \"action\": \"created\",\n  \"model_id\": \"1\",\n  \"changes\": [\n    {\"field\": \"a\", \"new\": [{}]}\n  ]\n}\n";
    assert_eq!(items(entry.repeat(2).as_bytes()), [r#"1 "created" "1" null"#, r#"2 "created" "1" null"#]);
    let document = format!(
        "{{\"query\":{{\"action\":[\"created\"]}},\"columns\":[\"a\"],\"entries\":[{entry},{entry}],\"complete\":true}}"
    );
    assert_eq!(items(document.as_bytes()).len(), 2);
    let cut = &document[..document.len() - 20];
    let told = items(cut.as_bytes());
    assert!(
        told.iter().all(|item| item.contains("not valid JSON") || item.contains("occurred_at is missing")),
        "{told:?}"
    );
}

#[test]
fn an_unknown_source_is_refused() {
    for (text, words) in [
        ("nonsense\n", "unrecognized format"),
        ("a,b,c\n1,2,3\n", "unrecognized format"),
        ("id,action\n1,created\n", "no column time"),
        ("id,time,action,model_type,model_id,user,changes\n", "no column user_id"),
    ] {
        let items = items(text.as_bytes());
        assert!(items.len() == 1 && items[0].contains(words), "{items:?}");
    }
    assert!(items(b"").is_empty() && items(b"\n \n").is_empty() && items(b"[]").is_empty());
    assert_eq!(
        items(b"[{\"a\":1},7"),
        [
            "1 occurred_at is missing: an imported entry must say when it happened",
            "2 the item is not a JSON object",
            "3 not valid JSON at line 1, column 11"
        ]
    );
}

#[test]
fn members_that_the_server_gives_are_removed() {
    let members = |line: &str| match Json::parse(line) {
        Ok(Json::Object(members)) => members,
        _ => panic!("{line}"),
    };
    let line = r#"{"id":7,"recorded_at":"x","occurred_at":"y","n":1e400}"#;
    let kept = without_server_fields(members(line)).map(|members| Json::Object(members).to_string());
    assert_eq!(kept, Ok(r#"{"occurred_at":"y","n":1e400}"#.to_owned()));
    assert!(without_server_fields(members("{}")).is_err());
    assert_eq!(items(b"{\"trailer\":1,\"entries\":0}\n"), ["1 note"]);
}

#[test]
fn an_overlong_line_is_reported_and_the_next_is_read() {
    let text = format!("{}\nnext\n\u{0}last", "x".repeat(MAX_RECORD_BYTES + 10));
    let mut source = text.as_bytes();
    let mut next =
        || read_line(&mut source).expect("read").map(|line| line.map(|line| line.trim().to_owned()));
    assert!(matches!(next(), Some(Err(_))));
    assert_eq!(next(), Some(Ok("next".to_owned())));
    assert_eq!(next(), Some(Ok("\u{0}last".to_owned())));
    assert_eq!(next(), None);
    assert!(matches!(read_line(&mut &b"\xff\n"[..]), Ok(Some(Err(_)))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Replaces a fuzz target: a laravel-auditing table with pieces cut and replaced.
    #[test]
    fn a_mutated_table_is_read_to_its_end(
        form in 0..4_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..20_usize, "[\"\\\\,{}\\[\\]\n\r\t:N]{0,3}|\\PC{0,4}"), 0..5),
    ) {
        let mut text = [
            "id,user_id,event,auditable_type,auditable_id,old_values,new_values,created_at\n1,7,created,Secret,1,[],\"{\"\"a\"\":\"\"x\\\"\"y\"\"}\",2024-03-01 10:00:00\n",
            "id,user_id,event,auditable_type,auditable_id,old_values,new_values,created_at\n1,7,created,Secret,1,\\N,\"{\\\"a\\\":1}\",\"2024-03-01 10:00:00\"\r\n",
            "id\tuser_id\tevent\tauditable_type\tauditable_id\tnew_values\tcreated_at\n1\t7\tcreated\tSecret\t1\t{\"a\":\"\\\\n\"}\t2024-03-01 10:00:00\n",
            "[{\"id\":1,\"user_id\":7,\"event\":\"created\",\"auditable_type\":\"Secret\",\"auditable_id\":1,\"new_values\":\"{\\\"a\\\":1}\",\"created_at\":\"2024-03-01 10:00:00\"}]",
        ][form].to_owned();
        prop_assert_eq!(items(text.as_bytes()).len(), 1);
        for (at, length, piece) in edits {
            let at = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.ceil_char_boundary((at + length).min(text.len()));
            text.replace_range(at..end, &piece);
        }
        items(text.as_bytes());
    }
}

#[test]
fn json_in_our_csv_does_not_change_the_dialect() {
    let header = "time,action,model_type,model_id,user_id,changes";
    // A text with JSON inside: quotes are doubled, and JSON adds backslashes.
    let changes = serde_json::json!([{"field": "template", "new": "{\"sku\":1}"}]).to_string();
    let row = format!("2026-11-22T08:14:07Z,created,connector,42,7,\"{}\"", changes.replace('"', "\"\""));
    for text in [format!("{header}\n{row}\n"), format!("\u{feff}{header}\r\n{row}\r\n")] {
        let told = items(text.as_bytes());
        assert_eq!(told.last().map(String::as_str), Some("2 \"created\" \"42\" null"), "{told:?}");
    }
}
