//! Measures the steps that every entry passes through: redaction, reading a page's JSON, CSV, a table, a query string; redaction
//! of a long text; and a key in `browse` with the frame that answers it, over ten million entries. The baseline of each is what a library does with
//! the same text. The last lines are the ratios.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start should stop")]

mod turns;

use std::cell::RefCell;
use std::hint::black_box;
use std::io;

use criterion::Criterion;
use krosyn_audit::api::page::PageView;
use krosyn_audit::api::query::Query;
use krosyn_audit::browse::frame::Frame;
use krosyn_audit::demo;
use krosyn_audit::model::draft::Draft;
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::proposal::Proposal;
use krosyn_audit::model::redaction::Redaction;
use krosyn_audit::model::time::TimeContext;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::words::Log;
use krosyn_audit::render::columns::{EXPORT_COLUMNS, TABLE_COLUMNS, value};
use krosyn_audit::render::delimited::{Delimited, Delimiter};
use krosyn_audit::render::style::{Style, Theme};
use krosyn_audit::render::table::EntryTable;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style as CellStyle;
use serde::de::IgnoredAny;

use crate::turns::medians;

/// Runs of each side; the median counts.
const RUNS: usize = 25;

/// The log that `browse` shows, and the largest part of it that it keeps loaded.
const BROWSED: u64 = 10_000_000;
const LOADED: usize = 600;
/// The columns and rows of a large window.
const WINDOW: (u16, u16) = (200, 60);

/// A text of 5 kB with sentences and commands, and how often it is read in a run.
const TEXT: &str = include_str!("../README.md");
const TEXT_BYTES: usize = 5_000;
const TEXT_READS: usize = 100;

/// A query string with most parameters.
const QUESTION: &str = "action=updated,deleted&model_type=secret,connector_endpoint&user=person7@acme.example,ana&field=perform.retry.max\
    &via=web&q=warehouse&since=2026-01-01T00:00:00Z&until=2026-11-01T00:00:00Z&limit=500&total=true";

/// The demo's entries: realistic ones, with some hard cases.
struct Data {
    proposals: Vec<Proposal>,
    proposed: Vec<String>,
    entries: Vec<Entry>,
    page: String,
    cells: Vec<Vec<String>>,
    text: &'static str,
    text_as_json: String,
}

impl Data {
    fn new() -> Self {
        let now = Timestamp::from_micros(1_795_334_400_000_000).expect("a moment");
        let text = |proposal: &Proposal| serde_json::to_string(proposal).expect("JSON");
        // The demo contains a number that no float can hold; the library's reader fails on it.
        let is_read = |it: &Proposal| serde_json::from_str::<serde_json::Value>(&text(it)).is_ok();
        let proposals: Vec<_> = demo::proposals(now).into_iter().filter(is_read).collect();
        let proposed = proposals.iter().map(text).collect();
        let redaction = Redaction::default();
        let draft = |proposal| Draft::prepare(proposal, &redaction, now).expect("the demo is sound");
        let entries: Vec<Entry> = (1..).zip(&proposals).map(|(id, it)| draft(it).stored_as(id)).collect();
        let list = serde_json::to_string(&entries[..1000]).expect("JSON");
        let page = format!(r#"{{"page":{{"limit":1000,"as_of":1000}},"data":{list}}}"#);
        let row = |entry: &Entry| {
            let view = entry.view();
            EXPORT_COLUMNS.iter().map(|column| value(&view.parts(), *column).into_owned()).collect()
        };
        let cells = entries.iter().map(row).collect();
        let text = &TEXT[..TEXT.floor_char_boundary(TEXT_BYTES)];
        let text_as_json = serde_json::to_string(text).expect("JSON");
        Self { proposals, proposed, entries, page, cells, text, text_as_json }
    }

    fn redact(&self) {
        let (redaction, now) = (Redaction::default(), Timestamp::MAX);
        for proposal in &self.proposals {
            black_box(Draft::prepare(black_box(proposal), &redaction, now).expect("the demo is sound"));
        }
    }

    fn read_proposals(&self) {
        for text in &self.proposed {
            black_box(serde_json::from_str::<serde_json::Value>(black_box(text)).expect("JSON"));
        }
    }

    fn redact_text(&self) {
        let redaction = Redaction::default();
        for _ in 0..TEXT_READS {
            black_box(redaction.text(black_box(self.text)));
        }
    }

    fn read_text(&self) {
        for _ in 0..TEXT_READS {
            black_box(serde_json::from_str::<String>(black_box(&self.text_as_json)).expect("JSON"));
        }
    }

    fn read_page(&self) {
        black_box(serde_json::from_str::<PageView<'_>>(black_box(&self.page)).expect("a page"));
    }

    fn skip_page(&self) {
        black_box(serde_json::from_str::<IgnoredAny>(black_box(&self.page)).expect("JSON"));
    }

    fn csv(&self) {
        let delimiter = Delimiter::Csv { guard: true, bom: false };
        let mut csv = Delimited::new(io::sink(), EXPORT_COLUMNS, delimiter).expect("a sink takes all");
        for entry in &self.entries {
            csv.entry(&black_box(entry).view()).expect("a sink takes all");
        }
    }

    fn csv_of_library(&self) {
        let mut csv = csv::Writer::from_writer(io::sink());
        for cells in &self.cells {
            csv.write_record(black_box(cells)).expect("a sink takes all");
        }
    }

    fn frame(&self) -> Frame {
        Frame::new(self.entries[..LOADED].to_vec(), BROWSED, style(WINDOW.0.into()), WINDOW)
    }

    fn table(&self) {
        let style = style(120);
        let mut table = EntryTable::new(TABLE_COLUMNS, &style);
        table.entries(&mut io::sink(), black_box(&self.entries[..50])).expect("a sink takes all");
    }

    fn fifty_as_json(&self) {
        serde_json::to_writer(io::sink(), black_box(&self.entries[..50])).expect("a sink takes all");
    }
}

const fn style(width: usize) -> Style {
    let time = TimeContext { now: Timestamp::MAX, zone: chrono_tz::Europe::Madrid };
    let (color, theme) = (true, Theme::Default);
    Style { width, color, theme, ascii: false, truncate: true, relative: false, time }
}

/// Writes the lines of a screen as ratatui does it.
fn write_lines(lines: &[String]) {
    let mut buffer = Buffer::empty(Rect::new(0, 0, WINDOW.0, WINDOW.1));
    for (y, line) in (0..WINDOW.1).zip(lines) {
        buffer.set_string(0, y, black_box(line), CellStyle::new());
    }
    black_box(&buffer);
}

/// A step with its name, and its baseline with its name.
type Part<'a> = (&'static str, &'a dyn Fn(), &'static str, &'a dyn Fn());

fn read_query() {
    let pairs: Vec<_> = form_urlencoded::parse(black_box(QUESTION.as_bytes())).collect();
    black_box(Query::read(Log::Audit, &pairs).expect("a question"));
}

fn split_query() {
    black_box(form_urlencoded::parse(black_box(QUESTION.as_bytes())).into_owned().collect::<Vec<_>>());
}

#[expect(clippy::print_stdout, reason = "a benchmark's ratios are its output")]
fn main() {
    let data = Data::new();
    let frame = RefCell::new(data.frame());
    frame.borrow_mut().press_and_draw();
    let lines = frame.borrow().lines();
    let parts: [Part<'_>; 7] = [
        ("redaction and diff of the demo", &|| data.redact(), "serde_json reads it", &|| {
            data.read_proposals()
        }),
        ("redaction of a text of 5 kB", &|| data.redact_text(), "serde_json reads it", &|| data.read_text()),
        ("a page of 1,000 read", &|| data.read_page(), "serde_json skips it", &|| data.skip_page()),
        ("CSV of the demo", &|| data.csv(), "csv writes its finished cells", &|| data.csv_of_library()),
        ("a table of fifty", &|| data.table(), "serde_json writes them", &|| data.fifty_as_json()),
        (
            "a key in browse, and its frame",
            &|| frame.borrow_mut().press_and_draw(),
            "ratatui writes its lines",
            &|| {
                write_lines(&lines);
            },
        ),
        ("a query string", &read_query, "form_urlencoded splits it", &split_query),
    ];
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    for (part, ours, beside, theirs) in &parts {
        let mut group = criterion.benchmark_group(*part);
        group.bench_function("ours", |bench| bench.iter(ours));
        group.bench_function(*beside, |bench| bench.iter(theirs));
        group.finish();
    }
    criterion.final_summary();
    println!("{:<34}{:>12}  {:<32}{:>10}", "", "ms", "beside", "ratio");
    for (part, ours, beside, theirs) in &parts {
        let [ours, theirs] = medians(RUNS, [ours, theirs]).map(|time| time.as_secs_f64() * 1e3);
        println!("{part:<34}{ours:>12.3}  {beside:<32}{:>10.1}", ours / theirs);
    }
}
