//! Measures how the cost of `history -p`, `history --at` and `blame` grows with the number of changes of a resource with
//! 200 leaves. The baseline reads every change once with serde_json. The last lines are the ratios.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start should stop")]

mod turns;

use std::hint::black_box;
use std::io;
use std::time::Duration;

use criterion::Criterion;
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::history::History;
use krosyn_audit::model::history::reader::{HistoryReader, HistoryRequest, PassResult};
use krosyn_audit::model::page::Position;
use krosyn_audit::model::time::TimeContext;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::render::detail::{DetailOptions, detail};
use krosyn_audit::render::style::{Style, Theme};
use serde_json::{Map, Value, json};

use crate::turns::medians;

/// Numbers of changes, ascending.
const SIZES: [usize; 3] = [10, 100, 1_000];

/// Runs of each side; the median counts.
const RUNS: usize = 15;

/// A resource of 20 fields, each an object of 10 leaves.
fn resource() -> Vec<Value> {
    (0..20)
        .map(|field| (0..10).map(|leaf| (format!("leaf_{leaf}"), json!(field * leaf))).collect::<Map<_, _>>())
        .map(Value::Object)
        .collect()
}

fn at(second: usize) -> Timestamp {
    let second = i64::try_from(second).expect("a small number");
    Timestamp::from_micros((1_700_000_000 + second) * 1_000_000).expect("a moment")
}

/// The creation and then updates, each of one leaf in one field.
fn entries(changes: usize) -> Vec<Entry> {
    let entry = |id: usize, action: &str, changes: Value| {
        let entry = json!({
            "id": id + 1, "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11", "occurred_at": at(id).to_string(),
            "recorded_at": at(id).to_string(), "action": action, "model_type": "connector", "model_id": "42",
            "user": {"name": "Ana Ruiz"}, "changes": changes,
        });
        serde_json::from_str(&entry.to_string()).expect("an entry")
    };
    let mut resource = resource();
    let created =
        resource.iter().enumerate().map(|(n, new)| json!({"field": format!("field_{n}"), "new": new}));
    let mut entries = vec![entry(0, "created", created.collect())];
    for id in 1..changes {
        let (field, leaf) = (id * 7 % 20, id * 3 % 10);
        let old = resource[field].clone();
        resource[field][format!("leaf_{leaf}")] = json!(id + 1_000);
        let change = json!({"field": format!("field_{field}"), "old": old, "new": resource[field]});
        entries.push(entry(id, "updated", json!([change])));
    }
    entries
}

fn patches(entries: &[Entry]) {
    let now = at(5_000);
    let time = TimeContext { now, zone: chrono_tz::Europe::Madrid };
    let (color, theme) = (true, Theme::Default);
    let style = Style { width: 120, color, theme, ascii: false, truncate: true, relative: false, time };
    for entry in entries {
        detail(&mut io::sink(), black_box(entry), DetailOptions::default(), &style)
            .expect("a sink takes all");
    }
}

fn read_life(entries: &[Entry], wanted: HistoryRequest) -> History {
    let mut reader = HistoryReader::new(wanted);
    entries.iter().for_each(|entry| reader.read(black_box(entry)).expect("readable"));
    match reader.end_pass() {
        PassResult::Done(history) => *history,
        PassResult::AnotherPass(_) => unreachable!("no field has a dot in its name"),
    }
}

fn state(entries: &[Entry]) {
    let moments = vec![Position { occurred_at: at(entries.len() / 2), id: u64::MAX }];
    let history = read_life(entries, HistoryRequest { moments, revert: None });
    black_box(history.states().first().expect("a state").object());
}

fn blame(entries: &[Entry]) {
    black_box(read_life(entries, HistoryRequest::default()).blame());
}

/// The baseline.
fn read(entries: &[Entry]) {
    for entry in entries {
        black_box(serde_json::from_str::<Value>(black_box(entry.changes.get())).expect("JSON"));
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark's ratios are its output")]
fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let lives = SIZES.map(|size| (size, entries(size)));
    for (size, entries) in &lives {
        let mut group = criterion.benchmark_group(format!("{size} changes"));
        group.bench_function("history -p", |bench| bench.iter(|| patches(entries)));
        group.bench_function("history --at", |bench| bench.iter(|| state(entries)));
        group.bench_function("blame", |bench| bench.iter(|| blame(entries)));
        group.bench_function("baseline: serde_json", |bench| bench.iter(|| read(entries)));
        group.finish();
    }
    criterion.final_summary();
    println!("{:<10}{:>22}{:>22}{:>22}", "changes", "history -p", "history --at", "blame");
    for (size, entries) in &lives {
        let [patches, state, blame, read] =
            medians(RUNS, [&|| patches(entries), &|| state(entries), &|| blame(entries), &|| read(entries)]);
        let told = |time: Duration| {
            let ratio = time.as_secs_f64() / read.as_secs_f64();
            format!("{:.2} ms, ratio {ratio:.1}", time.as_secs_f64() * 1e3)
        };
        println!("{size:<10}{:>22}{:>22}{:>22}", told(patches), told(state), told(blame));
    }
}
