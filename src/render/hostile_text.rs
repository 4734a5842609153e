//! Tests every renderer but JSON with hostile text in all fields of an entry and a filter. The text must not move the
//! cursor, hide characters, or look like a row or a line of the tool.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};
use serde_json::json;

use crate::model::entry::{Entry, RequestContext, User};
use crate::model::filter::Filter;
use crate::model::words::UserKind;
use crate::render::columns::{Column, EXPORT_COLUMNS, TABLE_COLUMNS, TSV_COLUMNS, WIDE_COLUMNS};
use crate::render::delimited::{Delimited, Delimiter};
use crate::render::detail::{DetailOptions, detail};
use crate::render::filter_summary;
use crate::render::grid::{GridCell, GridLayout, grid};
use crate::render::samples::{entry, printed, style};
use crate::render::sanitize::width;
use crate::render::style::{Role, Style};
use crate::render::table::EntryTable;

/// Controls, invisible and direction characters, and text that imitates the tool's own lines.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\u{1b}[2J\u{1b}[1;1H".to_owned()),
        Just("\u{1b}]0;title\u{7}\u{1b}]8;;http://evil.example\u{1b}\\".to_owned()),
        Just("\u{9b}31m\u{90}q\u{9c}\u{85}".to_owned()),
        Just("\r 1288  Nov 22 09:14:07  root  + created  secret".to_owned()),
        Just("\n 1288\tNov 22 09:14:07\n  + fake  \"row\"\n@@ line 1\n".to_owned()),
        Just("\u{202e}gpj.exe\u{2066}\u{200f}\u{61c}".to_owned()),
        Just("a\u{200b}b\u{200d}c\u{feff}\u{ad}\u{2060}\u{e0041}".to_owned()),
        Just("\0\u{8}\u{8}\u{7f}".to_owned()),
        Just("e\u{301}".to_owned() + &"\u{301}".repeat(20)),
        Just("👩‍👩‍👧‍👦🏳️‍🌈日本לא".to_owned()),
        Just("→ … ↪ + - ~ > ! \\ │".to_owned()),
        Just(" ".repeat(90) + "+ fake \"value\""),
        "[a-z\t]{0,9}",
        any::<String>(),
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// An entry with hostile text in every text field.
fn full_of(text: &str, other: &str) -> Entry {
    let mut full = entry(
        "updated",
        &json!([
            {"field": text, "old": other, "new": text},
            {"field": other, "old": {text: [other]}, "new": {text: [text, {"id": other}], other: null}},
            {"field": text, "new": json!({other: text}).to_string()},
            {"field": other, "old": [text]},
            {"field": text, "redacted": true},
        ]),
    );
    let some = |text: &str| Some(text.to_owned());
    (full.model_id, full.model_name, full.reason) = (text.to_owned(), some(other), some(text));
    full.user = User {
        id: some(text),
        email: some(other),
        name: some(text),
        role: some(other),
        kind: UserKind::Service,
    };
    full.context =
        RequestContext { ip: some(other), user_agent: some(text), request_id: some(other), ..full.context };
    full
}

/// Removes the style's own colour escapes.
fn plain(text: &str) -> String {
    regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern").replace_all(text, "").into_owned()
}

#[track_caller]
fn assert_harmless(text: &str) {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let turns_or_hides = |c: char| {
        matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}'
            | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}' | '\u{e0000}'..='\u{e007f}')
    };
    assert!(!text.contains(|c| obeyed(c) || turns_or_hides(c)), "{text:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_list_has_one_row_for_each_entry(text in hostile(), other in hostile(), cells in 40_usize..=240, ascii in any::<bool>(), color in any::<bool>()) {
        let entries = [full_of(&text, &other), full_of(&other, &text)];
        for columns in [TABLE_COLUMNS, WIDE_COLUMNS, Column::ALL] {
            for truncate in [true, false] {
                let style = Style { ascii, color, truncate, ..style(cells) };
                let table = printed(|out| EntryTable::new(columns, &style).entries(out, &entries));
                let table = plain(&table);
                assert_harmless(&table);
                assert_eq!(table.lines().count(), 3);
                assert!(columns == Column::ALL || table.lines().skip(1).all(|row| row.starts_with("1287")), "{table}");
                assert!(!ascii || table.is_ascii());
                // Some of all columns are never cut, so that no screen is wide enough.
                let fits = columns != Column::ALL && truncate;
                assert!(!fits || table.lines().all(|row| width(row) <= cells), "{table}");
            }
        }
    }

    #[test]
    fn every_detail_line_starts_with_a_known_sign(text in hostile(), other in hostile(), cells in 40_usize..=240, ascii in any::<bool>(), color in any::<bool>(), full in any::<bool>()) {
        let entry = full_of(&text, &other);
        for (side_by_side, truncate) in [(false, true), (true, true), (false, false)] {
            let style = Style { ascii, color, truncate, ..style(cells) };
            let holds = [other.clone()];
            let options = DetailOptions { full, side_by_side, brief: !full, others_in_request: Some(2), holds: &holds };
            let shown = plain(&printed(|out| detail(out, &entry, options, &style)));
            assert_harmless(&shown);
            assert!(!ascii || shown.is_ascii());
            for row in shown.lines().filter(|row| !row.is_empty()) {
                assert!(!truncate || width(row) <= cells, "{cells}: {row}");
                let start = row.trim_start();
                let ours = ["when", "who", "entry", "reason", "agent", "hold", "+", "-", "~", ">", "!", "@@", "…", "...", "↪", "\\", "│", "|"];
                assert!(ours.iter().any(|word| start.starts_with(word)), "{row:?}");
            }
        }
    }

    #[test]
    fn delimited_text_has_one_row_for_each_entry(text in hostile(), other in hostile()) {
        let entries = [full_of(&text, &other), full_of(&other, &text)];
        let delimited = |columns: &[Column], delimiter| printed(|out| {
            let mut delimited = Delimited::new(out, columns, delimiter)?;
            entries.iter().try_for_each(|entry| delimited.entry(&entry.view()))?;
            delimited.finish().map(drop)
        });
        let tsv = delimited(TSV_COLUMNS, Delimiter::Tsv);
        assert_harmless(&tsv);
        assert_eq!(tsv.lines().count(), entries.len());
        let csv = delimited(EXPORT_COLUMNS, Delimiter::Csv { guard: true, bom: false });
        assert_harmless(&csv.replace("\r\n", "\n"));
        assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count(), entries.len());
    }

    #[test]
    fn summaries_and_grid_rows_stay_on_one_line(text in hostile()) {
        let style = style(80);
        let mut filter = Filter::default();
        filter.user.include.extend(text.parse());
        filter.text.exclude.extend(text.parse());
        let summary = filter_summary::describe(&filter, &style.time);
        assert_harmless(&summary);
        assert_eq!(summary.lines().count(), 1, "{summary:?}");
        let cells = vec![GridCell::new(text, Role::Plain), GridCell::number("3", Role::Plain)];
        let row = printed(|out| grid(out, vec![cells], GridLayout::default(), &style));
        assert_harmless(&row);
        assert_eq!(row.lines().count(), 1, "{row:?}");
    }
}

/// A megabyte in every field, on one line: no renderer may print all of it.
#[test]
fn a_megabyte_on_one_line_is_cut() {
    let mut long = full_of("x", "日本");
    let megabyte = "x\u{1b}".repeat(500_000);
    let changes = json!([{"field": megabyte, "old": "日本".repeat(160_000), "new": [megabyte]}]);
    (long.changes, long.model_name) = (entry("updated", &changes).changes, Some(megabyte.clone()));
    (long.user.email, long.reason, long.context.user_agent) =
        (Some(megabyte.clone()), Some(megabyte.clone()), Some(megabyte));
    let style = style(80);
    let table =
        printed(|out| EntryTable::new(TABLE_COLUMNS, &style).entries(out, std::slice::from_ref(&long)));
    assert!(table.len() < 4_000 && table.lines().all(|row| width(row) <= 80), "{table}");
    let shown = printed(|out| detail(out, &long, DetailOptions::default(), &style));
    assert!(shown.len() < 100_000, "{}", shown.len());
    assert!(shown.contains("characters: --full") && shown.lines().all(|row| width(row) <= 80));
}
