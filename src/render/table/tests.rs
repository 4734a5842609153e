//! The list at many widths, with names that often break tables.

use serde_json::json;
use unicode_segmentation::UnicodeSegmentation;

use super::*;
use crate::model::entry::User;
use crate::model::words::UserKind;
use crate::render::columns::{TABLE_COLUMNS, WIDE_COLUMNS};
use crate::render::samples::{entry, printed, style, updated};
use crate::render::style::mark;
use crate::render::summary;

fn shown(entries: &[Entry], columns: &[Column], style: &Style) -> String {
    printed(|out| EntryTable::new(columns, style).entries(out, entries))
}

/// The four entries of the manual page's example.
fn example() -> Vec<Entry> {
    let status = json!([{"field": "status", "old": "active", "new": "disabled"},
        {"field": "a", "old": 1, "new": 2}, {"field": "b", "old": 1, "new": 2}]);
    let first = entry("updated", &status);
    let mut second = entry("updated", &json!([{"field": "value", "redacted": true}]));
    (second.id, second.occurred_at) = (1286, "2026-11-21T17:40:52Z".parse().expect("a time"));
    (second.user.email, second.user.name) = (None, Some("terraform".into()));
    second.user.kind = UserKind::Service;
    second.model_type = "secret".parse().expect("a type");
    second.model_name = Some("SF_CLIENT_SECRET".into());
    let fields: Vec<_> = (0..11).map(|n| json!({"field": format!("f{n}"), "new": n})).collect();
    let mut third = entry("created", &json!(fields));
    (third.id, third.occurred_at, third.user) = (1285, second.occurred_at, second.user.clone());
    third.model_type = "endpoint".parse().expect("a type");
    third.model_name = Some("POST /v2/accounts".into());
    let mut fourth = entry("updated", &json!([{"field": "role", "old": "viewer", "new": "admin"}]));
    (fourth.id, fourth.occurred_at) = (1283, "2026-11-19T15:20:45Z".parse().expect("a time"));
    fourth.user = User { kind: UserKind::System, name: Some("sso".into()), ..second.user.clone() };
    fourth.model_type = "member".parse().expect("a type");
    fourth.model_name = Some("noor.haddad@acme.io".into());
    vec![first, second, third, fourth]
}

#[test]
fn list_matches_the_manual() {
    insta::assert_snapshot!(shown(&example(), TABLE_COLUMNS, &style(120)), @r#"
  ID  TIME (CET)       USER                 ACTION     RESOURCE                          CHANGES
1287  Nov 22 09:14:07  ana.ruiz@acme.io     ~ updated  connector Salesforce → Warehouse  status active → disabled, +2
1286  Nov 21 18:40:52  terraform (service)  ~ updated  secret SF_CLIENT_SECRET           value (redacted)
1285  Nov 21 18:40:52  terraform (service)  + created  endpoint POST /v2/accounts        11 fields
1283  Nov 19 16:20:45  sso (system)         ~ updated  member noor.haddad@acme.io        role viewer → admin
"#);
}

#[test]
fn narrow_terminals_lose_changes_first_then_names() {
    for cells in [80, 60, 50, 40] {
        insta::assert_snapshot!(format!("narrow_{cells}"), shown(&example(), TABLE_COLUMNS, &style(cells)));
    }
    let ascii = Style { ascii: true, ..style(80) };
    insta::assert_snapshot!("narrow_80_ascii", shown(&example(), TABLE_COLUMNS, &ascii));
}

#[test]
fn untruncated_rows_are_complete() {
    let mut long = updated();
    long.model_name = Some("x".repeat(500));
    let text = shown(&[long], TABLE_COLUMNS, &Style { truncate: false, ..style(40) });
    assert!(text.contains(&"x".repeat(500)) && text.contains("status active → disabled, +5"));
}

#[test]
fn nameless_resources_show_their_id_and_both_zones_are_named() {
    let mut entries = vec![updated(), updated()];
    entries[0].model_name = None;
    entries[1].occurred_at = "2026-07-01T00:00:00Z".parse().expect("a time");
    let text = shown(&entries, WIDE_COLUMNS, &style(240));
    assert!(text.contains("connector #42") && text.contains("TIME (CET/CEST)"), "{text}");
    assert!(text.lines().next().expect("a header").ends_with("VIA  REQUEST    REASON"), "{text}");
}

#[test]
fn colors_do_not_change_the_layout() {
    let colored = shown(&example(), TABLE_COLUMNS, &Style { color: true, ..style(100) });
    for painted in ["\u{1b}[33m~ updated\u{1b}[0m", "\u{1b}[32m+ created\u{1b}[0m"] {
        assert!(colored.contains(painted), "{colored:?}");
    }
    let sgr = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern");
    assert_eq!(sgr.replace_all(&colored, ""), shown(&example(), TABLE_COLUMNS, &style(100)));
}

/// Whether a row shows a text, in full or cut with a mark.
fn shows(row: &str, text: &str) -> bool {
    let mut beginnings = text.grapheme_indices(true).skip(1).map(|(at, _)| format!("{}…", &text[..at]));
    row.contains(text) || beginnings.any(|beginning| row.contains(&beginning))
}

#[test]
fn cuts_are_marked_and_ids_times_and_actions_are_whole_at_every_width() {
    let mut entries = example();
    for name in [
        "受注データ同期 → 東京倉庫への夜間バッチ",
        "👩‍👩‍👧‍👦🏳️‍🌈 Family 🇪🇸🇵🇹",
        "cafe\u{301} nø\u{308}el",
        "לוח תזמון שלום",
        "लाला لا لا",
    ] {
        let mut entry = entry("updated", &json!([{"field": "name", "old": name, "new": name.repeat(3)}]));
        (entry.model_name, entry.user.email) = (Some(name.to_owned()), Some(name.repeat(2)));
        if name.starts_with("cafe") {
            entry.on_behalf_of = Some(User { email: Some(format!("{name}@acme.io")), ..entry.user.clone() });
        }
        entries.push(entry);
    }
    for cells in 40..=240 {
        for columns in [TABLE_COLUMNS, WIDE_COLUMNS] {
            let style = style(cells);
            let text = shown(&entries, columns, &style);
            let (header, rows) = text.split_once('\n').expect("a header");
            assert!(header.contains("CHANGES") || header.ends_with('…'), "{cells}: {header:?}");
            assert_eq!(rows.lines().count(), entries.len());
            for (entry, row) in entries.iter().zip(rows.lines()) {
                assert!(width(row) <= cells, "{} > {cells}: {row:?}", width(row));
                assert!(
                    row.starts_with(&format!("{} ", entry.id))
                        && row.contains(&style.moment(entry.occurred_at))
                );
                assert!(row.contains(&format!(" {} {}", mark(entry.action), entry.action)), "{row:?}");
                let name = entry.model_name.as_deref().unwrap_or_default();
                let changes = entry.changes.get();
                let summary = summary::parts(changes, entry.action).0;
                let brief = summary::brief_change(changes, entry.action).unwrap_or_default();
                let short =
                    entry.model_type.label().replace("connector", "conn").replace("endpoint", "endpt");
                let label = entry.user.email.as_deref().unwrap_or_else(|| entry.user.label());
                let mailbox = label.split('@').next().unwrap_or_default();
                // A member is named by an e-mail address, whose domain may be left out as a user's.
                let member = name.split('@').next().unwrap_or_default();
                let [long, short, of_member] =
                    [(entry.model_type.label(), name), (&*short, name), (entry.model_type.label(), member)]
                        .map(|(model_type, name)| format!("{model_type} {name}"));
                for (title, texts) in [
                    ("USER", vec![label, mailbox]),
                    ("RESOURCE", vec![&*long, &*short, &*of_member]),
                    ("CHANGES", vec![&*summary, &*brief]),
                ] {
                    let is_shown = texts.iter().any(|text| shows(row, text));
                    assert!(!header.contains(title) || is_shown, "{cells}: {texts:?} in {row:?}");
                }
            }
        }
    }
}

#[test]
fn the_user_for_whom_another_acted_is_shown_and_shortened_before_a_cut() {
    let mut entries = example();
    let ana = entries[0].user.clone();
    entries[1].on_behalf_of = Some(ana.clone());
    entries[2].user.name = Some("terraform-production-eu-west-1".into());
    entries[2].on_behalf_of = Some(ana.clone());
    entries[3].on_behalf_of = Some(User { email: None, name: None, ..ana });
    let user = [Column::Id, Column::User, Column::Resource];
    insta::assert_snapshot!(shown(&entries, &user, &style(120)), @r#"
  ID  USER                                                           RESOURCE
1287  ana.ruiz@acme.io                                               connector Salesforce → Warehouse
1286  terraform (service) for ana.ruiz@acme.io                       secret SF_CLIENT_SECRET
1285  terraform-production-eu-west-1 (service) for ana.ruiz@acme.io  endpoint POST /v2/accounts
1283  sso (system) for 7                                             member noor.haddad@acme.io
"#);
    insta::assert_snapshot!(shown(&entries, &user, &style(60)), @r#"
  ID  USER @acme.io              RESOURCE
1287  ana.ruiz                   conn Salesforce → Warehouse
1286  terraform for ana.ruiz     secret SF_CLIENT_SECRET
1285  terraform-p… for ana.ruiz  endpt POST /v2/accounts
1283  sso for 7                  member noor.haddad
"#);
    insta::assert_snapshot!(shown(&entries, TABLE_COLUMNS, &style(80)), @r#"
  ID TIME (CET)      USER @acme.io  ACTION    RESOURCE        CHANGES
1287 Nov 22 09:14:07 ana.ruiz       ~ updated conn Salesforc… status → disab… +2
1286 Nov 21 18:40:52 terr… for ana… ~ updated secret SF_CLIE… value (redacted)
1285 Nov 21 18:40:52 terr… for ana… + created endpt POST /v2… 11 fields
1283 Nov 19 16:20:45 sso for 7      ~ updated member noor.ha… role → admin
"#);
}

#[test]
fn suffixes_survive_cuts() {
    let narrow = shown(&example(), TABLE_COLUMNS, &style(80));
    assert!(
        narrow.contains("status → disabled +2"),
        "the new value and the count of other changes: {narrow}"
    );
    let mut entries = example();
    entries[1].user.name = Some("terraform-production-eu-west-1".into());
    let usual = shown(&entries, TABLE_COLUMNS, &style(100));
    assert!(usual.contains("… (svc)"), "who is no person: {usual}");
}

#[test]
fn columns_grow_with_later_entries_within_the_width() {
    let (mut first, mut second) = (updated(), updated());
    (first.id, first.user.email) = (9, Some("a@acme.example".into()));
    (second.id, second.user.email) = (1_000_000, Some("maximilian@acme.example".into()));
    let style = style(125);
    let mut table = EntryTable::new(TABLE_COLUMNS, &style);
    let text = printed(|out| {
        table.entries(out, &[first])?;
        table.entries(out, &[second])
    });
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "one header: {text}");
    assert!(lines.iter().all(|line| width(line) <= 125), "{text}");
    assert!(lines[2].contains("1000000") && lines[2].contains("maximilian@acme.example"), "{text}");
}

#[test]
fn a_resized_window_gets_another_header_and_layout() {
    let style = style(120);
    let mut table = EntryTable::new(TABLE_COLUMNS, &style);
    let text = printed(|out| {
        for width in [120, 120, 50, 50] {
            table.set_width(width);
            table.entries(out, &[updated()])?;
        }
        Ok(())
    });
    let widths: Vec<_> = text.lines().map(width).collect();
    assert_eq!(text.matches("ID").count(), 2, "{text}");
    assert!(widths[..3].iter().any(|width| *width > 50) && widths[3..].iter().all(|it| *it <= 50), "{text}");
}
