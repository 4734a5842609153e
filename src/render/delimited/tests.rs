//! Cells, rows and headers as spreadsheets, databases and scripts read them.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{ProptestConfig, any, proptest};
use serde_json::json;

use super::cells::push_quoted;
use super::guard::is_guarded;
use super::*;
use crate::model::entry::Entry;
use crate::render::columns::{EXPORT_COLUMNS, TSV_COLUMNS};
use crate::render::samples::entry;

const CSV: Delimiter = Delimiter::Csv { guard: true, bom: false };
const UNGUARDED: Delimiter = Delimiter::Csv { guard: false, bom: false };

fn named(name: &str) -> Entry {
    let mut entry = entry("updated", &json!([{"field": "a", "old": name, "new": 1}]));
    entry.model_name = Some(name.to_owned());
    entry
}

fn written(names: &[&str], columns: &[Column], delimiter: Delimiter) -> String {
    let mut delimited = Delimited::new(Vec::new(), columns, delimiter).expect("memory takes all");
    for name in names {
        delimited.entry(&named(name).view()).expect("memory takes all");
    }
    String::from_utf8(delimited.finish().expect("memory takes all")).expect("text")
}

fn read(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let cells = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|record| cells(record.expect("a row"))).collect()
}

#[test]
fn csv_round_trips() {
    let names = ["a,\"b\"", "two\nlines\r\n", "日本 👩‍💻", "\ttab", "=1+1", ""];
    let rows = read(&written(&names, EXPORT_COLUMNS, UNGUARDED));
    let name = EXPORT_COLUMNS.iter().position(|&column| column == Column::ModelName).expect("a column");
    assert_eq!(rows.iter().map(|row| row[name].as_str()).collect::<Vec<_>>(), names);
    for (row, original) in rows.iter().zip(names) {
        assert_eq!(row.last().map(String::as_str), Some(named(original).changes.get()));
    }
}

#[test]
fn header_lists_the_columns_after_the_byte_order_mark() {
    let text = written(&[], EXPORT_COLUMNS, Delimiter::Csv { guard: true, bom: true });
    assert_eq!(
        text,
        "\u{feff}id,uuid,time,recorded_at,action,model_type,model_id,model_name,user_id,user_email,user_name,\
         user_role,user_kind,on_behalf_of_id,on_behalf_of_email,on_behalf_of_name,on_behalf_of_role,on_behalf_of_kind,via,ip,user_agent,request_id,reason,changes\n"
    );
}

#[test]
fn formulas_become_text_and_numbers_stay() {
    for (formula, expected) in [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r\n=1", "'\r\n'=1"),
        ("\u{a0}=1", "'\u{a0}=1"),
        ("-", "'-"),
        ("x;＝1", "x;'＝1"),
        ("'=1", "''=1"),
    ] {
        let rows = read(&written(&[formula], &[Column::ModelName], CSV));
        assert_eq!(rows[0][0], expected);
    }
    for harmless in ["-5", "+3.2", "-1e-3", "a=b", "'a", "3-4", ""] {
        assert_eq!(read(&written(&[harmless], &[Column::Id, Column::ModelName], CSV))[0][1], harmless);
    }
}

#[test]
fn controls_are_visible_and_json_stays_valid() {
    let name = "\u{1b}[2J\u{202e}x\u{7f}\ry";
    let rows = read(&written(&[name], &[Column::ModelName, Column::Changes], CSV));
    assert_eq!(rows[0][0], "␛[2J<U+202E>x␡␍y");
    assert!(!rows[0][1].contains(['\u{202e}', '\u{7f}']));
    let back: serde_json::Value = serde_json::from_str(&rows[0][1]).expect("JSON");
    assert_eq!(back[0]["old"], name);
}

#[test]
fn each_changed_field_may_have_a_row() {
    let changes = json!([
        {"field": "a", "old": "=1", "new": [1]},
        {"field": "value", "redacted": true},
        {"field": "c", "new": null},
    ]);
    let written = |changes| {
        let format = RowFormat { columns: vec![Column::Id], delimiter: CSV, by_field: true, max_cell: None };
        let mut rows = Delimited::begin(Vec::new(), format).expect("memory takes all");
        rows.entry(&entry("updated", changes).view()).expect("memory takes all");
        String::from_utf8(rows.finish().expect("memory takes all")).expect("text")
    };
    assert_eq!(
        written(&changes),
        "id,field,old,new,redacted\n1287,a,\"\"\"=1\"\"\",[1],\n1287,value,,,true\n1287,c,,null,\n"
    );
    assert_eq!(written(&json!([])), "id,field,old,new,redacted\n1287,,,,\n");
}

#[test]
fn tsv_escapes_tabs_and_line_breaks() {
    let text = written(&["a\tb\\n\r\nc\u{1b}"], &[Column::Id, Column::ModelName], Delimiter::Tsv);
    assert_eq!(text, "1287\ta\\tb\\\\n\\r\\nc␛\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn tsv_is_one_line_for_each_entry(names in vec(any::<String>(), 0..4)) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = written(&names, TSV_COLUMNS, Delimiter::Tsv);
        assert_eq!(text.split_terminator('\n').count(), names.len());
        assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')));
        assert!(text.lines().all(|line| line.split('\t').count() == TSV_COLUMNS.len()));
    }

    /// [`push_quoted`] gives the same result as the csv crate.
    #[test]
    fn cells_are_quoted_as_by_the_library(cells in vec("[ab,\"\n\r\t;'é]{0,40}", 1..4)) {
        let mut library = csv::Writer::from_writer(Vec::new());
        library.write_record(&cells).expect("memory takes all");
        let mut ours = Vec::new();
        for cell in &cells {
            push_quoted(cell.as_bytes(), &mut ours);
            ours.push(b',');
        }
        ours.pop();
        let library = library.into_inner().expect("memory takes all");
        // The row, not the cell, quotes the only cell of a record if it is empty.
        assert_eq!(if ours.is_empty() { &b"\"\""[..] } else { &ours }, &library[..library.len() - 1]);
    }

    /// What is copied unread is what the rules for all other cells would have made of it.
    #[test]
    fn plain_cells_are_as_by_the_rules(cell in "[ -~\t\n;=+@'\"é\u{202e}]{0,20}", max in option::of(64_usize..70)) {
        let cell = cell.repeat(4);
        for delimiter in [CSV, UNGUARDED, Delimiter::Tsv] {
            for column in [Column::Summary, Column::Changes] {
                let (mut ours, mut by_rules) = (Vec::new(), Vec::new());
                let cells = |out| Cells { delimiter, max, out, is_long: false };
                cells(&mut ours).cell(column, &cell);
                cells(&mut by_rules).by_rules(column, &cell);
                assert_eq!(ours, by_rules, "{delimiter:?} {column:?}");
            }
        }
    }

    #[test]
    fn unguarded_csv_round_trips(names in vec("[ -~\n\t\u{e4}日,;\"]{0,12}", 0..4)) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rows = read(&written(&names, &[Column::Id, Column::ModelName], UNGUARDED));
        assert_eq!(rows.iter().map(|row| row[1].as_str()).collect::<Vec<_>>(), names);
    }

    #[test]
    fn csv_is_one_row_for_each_entry(names in vec("[ =+\\-@\",'\t\r\na-c\u{202e}]{0,9}", 0..4)) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rows = read(&written(&names, EXPORT_COLUMNS, CSV));
        assert_eq!(rows.len(), names.len());
        assert!(rows.iter().flatten().all(|cell| is_guarded(cell)));
    }
}

#[test]
fn overlong_cells_are_counted_and_optionally_cut() {
    let names = [
        "x".repeat(SPREADSHEET_CELL),
        "y".repeat(SPREADSHEET_CELL + 1),
        "👩".repeat(SPREADSHEET_CELL / 2 + 1),
    ];
    let written = |max| {
        let format =
            RowFormat { columns: vec![Column::ModelName], delimiter: CSV, by_field: false, max_cell: max };
        let mut rows = Delimited::begin(Vec::new(), format).expect("memory takes all");
        for name in &names {
            rows.entry(&named(name).view()).expect("memory takes all");
        }
        (rows.long(), String::from_utf8(rows.finish().expect("memory takes all")).expect("text"))
    };
    assert_eq!(written(None).0, 2);
    let (long, text) = written(Some(100));
    assert_eq!(long, 0);
    for (cell, name) in text.lines().skip(1).zip(&names) {
        let count = name.chars().count();
        assert_eq!(cell.chars().count(), 100);
        assert!(
            cell.ends_with(&format!("{}{count}{}", CUT.0, CUT.1)) && name.starts_with(&cell[..40]),
            "{cell}"
        );
    }
}

#[test]
fn only_unguarded_files_quote_their_first_header() {
    let header = |delimiter| written(&[], &[Column::Id, Column::ModelName], delimiter);
    assert_eq!(
        (header(CSV).as_str(), header(UNGUARDED).as_str()),
        ("id,model_name\n", "\"id\",model_name\n")
    );
}

#[test]
fn a_row_of_one_empty_cell_is_a_row() {
    for (delimiter, row) in [(CSV, "reason\n\"\"\n"), (Delimiter::Tsv, "\n")] {
        assert_eq!(written(&["x"], &[Column::Reason], delimiter), row);
    }
}
