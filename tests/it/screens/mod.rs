//! How `list` and `show` look on the demo data, at the widths of a narrow, a usual and a wide terminal. The moment is
//! fixed, and nothing runs but the renderers.

#![cfg(test)]

mod tasks;

use krosyn_audit::demo;
use krosyn_audit::model::draft::Draft;
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::redaction::Redaction;
use krosyn_audit::model::time::TimeContext;
use krosyn_audit::model::words::Action;
use krosyn_audit::render::columns::{TABLE_COLUMNS, WIDE_COLUMNS};
use krosyn_audit::render::detail::{DetailOptions, detail};
use krosyn_audit::render::sanitize::width;
use krosyn_audit::render::style::{Style, Theme};
use krosyn_audit::render::table::EntryTable;

use crate::support::entries::NOW;

const WIDTHS: [usize; 3] = [60, 100, 160];

fn look(width: usize) -> Style {
    let time = TimeContext { now: NOW, zone: chrono_tz::Europe::Madrid };
    Style { width, color: false, theme: Theme::Default, ascii: false, truncate: true, relative: false, time }
}

/// The demo's log, newest first.
fn log() -> Vec<Entry> {
    let redaction = Redaction::new(&[]);
    let stored = |(id, proposal): (u64, &_)| {
        Draft::prepare(proposal, &redaction, NOW).expect("it is valid").stored_as(id)
    };
    let mut entries: Vec<Entry> = (1..).zip(&demo::proposals(NOW)).map(stored).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.occurred_at, entry.id)));
    entries
}

fn list(entries: &[Entry], style: &Style) -> String {
    let mut out = Vec::new();
    EntryTable::new(TABLE_COLUMNS, style).entries(&mut out, entries).expect("memory takes all");
    String::from_utf8(out).expect("text")
}

fn show(entry: &Entry, side_by_side: bool, style: &Style) -> String {
    let mut out = Vec::new();
    let options = DetailOptions { side_by_side, others_in_request: Some(2), ..DetailOptions::default() };
    detail(&mut out, entry, options, style).expect("memory takes all");
    String::from_utf8(out).expect("text")
}

#[test]
fn a_list_at_three_widths() {
    let log = log();
    for cells in WIDTHS {
        insta::assert_snapshot!(format!("list_{cells}"), list(&log[..12], &look(cells)));
    }
    let mut wide = Vec::new();
    EntryTable::new(WIDE_COLUMNS, &look(160)).entries(&mut wide, &log[..12]).expect("memory takes all");
    insta::assert_snapshot!("list_160_wide", String::from_utf8(wide).expect("text"));
}

#[test]
fn an_update_a_creation_and_a_deletion_at_three_widths() {
    let log = log();
    for action in [Action::Updated, Action::Created, Action::Deleted] {
        let entry = log.iter().find(|entry| entry.action == action).expect("the demo has one");
        for cells in WIDTHS {
            insta::assert_snapshot!(format!("show_{action}_{cells}"), show(entry, false, &look(cells)));
        }
    }
    insta::assert_snapshot!("show_side_by_side_160", show(&log[0], true, &look(160)));
}

/// Every entry of the demo at every width: no row is wider than the screen.
#[test]
fn no_row_is_wider_than_the_screen() {
    let log = log();
    for cells in 40..=240 {
        let style = look(cells);
        let page = cells * 5..cells * 5 + 10;
        let shown = list(&log[page.clone()], &style)
            + &log[page].iter().map(|entry| show(entry, cells >= 120, &style)).collect::<String>();
        for row in shown.lines() {
            assert!(width(row) <= cells, "{} > {cells}: {row}", width(row));
        }
    }
}
