//! Measures how long `show` takes for an entry with a field of 1 MB before and 1 MB after, for realistic shapes and for
//! shapes chosen to make it slow. The baseline reads both values once with serde_json. The last lines are the ratios.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start should stop")]

mod turns;

use std::hint::black_box;
use std::io;
use std::time::Duration;

use criterion::Criterion;
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::time::TimeContext;
use krosyn_audit::render::detail::{DetailOptions, detail};
use krosyn_audit::render::style::{Style, Theme};
use serde_json::{Value, json};

use crate::turns::medians;

/// Approximate size of a value in bytes.
const SIZE: usize = 1_000_000;

/// Runs of each side; the ratio is of the medians.
const RUNS: usize = 15;

/// A value before and after.
struct Shape {
    name: &'static str,
    before: Value,
    after: Value,
}

/// Configuration: lists of objects, one in a hundred of them changed.
fn configuration() -> Shape {
    let step = |n: usize, max: usize| {
        json!({"id": n, "name": format!("step {n}"), "url": format!("https://api.example/v2/steps/{n}?expand=owner"),
            "headers": {"Accept": "application/json", "X-Team": "logistics"}, "retry": {"max": max, "jitter": "full"}})
    };
    let steps = SIZE / 180;
    let after = (0..steps).map(|n| step(n, if n % 100 == 7 { 5 } else { 3 }));
    Shape { name: "configuration", before: (0..steps).map(|n| step(n, 3)).collect(), after: after.collect() }
}

/// One long line, changed in its middle.
fn one_line() -> Shape {
    let line = |word: &str| format!("{0}{word}{0}", "lorem ipsum ".repeat(SIZE / 24)).into();
    Shape { name: "one line", before: line("before"), after: line("after") }
}

/// Text with every second line changed.
fn text() -> Shape {
    let line =
        |n: usize, end: &str| format!("  emit row {n}{}\n", if n.is_multiple_of(2) { end } else { "" });
    let lines = |end: &str| (0..SIZE / 20).map(|n| line(n, end)).collect::<String>().into();
    Shape { name: "text", before: lines(""), after: lines(";") }
}

/// A hundred thousand numbers, a third of them moved.
fn long_list() -> Shape {
    let (before, mut after): (Vec<u32>, Vec<u32>) = ((0..100_000).collect(), (0..100_000).collect());
    after[30_000..60_000].reverse();
    Shape { name: "100 000 items", before: before.into(), after: after.into() }
}

/// The same few items repeated in another order, so that no item is unique.
fn repeats() -> Shape {
    let items = |rhythm: usize| (0..SIZE / 5).map(|n| json!(n % rhythm)).collect();
    Shape { name: "repeats", before: items(7), after: items(11) }
}

/// Nested as deep as allowed, with all its content at the bottom.
fn deep() -> Shape {
    let nested = |n: usize| {
        let bottom: Value = (0..SIZE / 12).map(|i| json!(format!("item {}", i * n))).collect();
        (0..60)
            .fold(bottom, |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({"in": inner}) })
    };
    Shape { name: "deep", before: nested(1), after: nested(2) }
}

impl Shape {
    fn all() -> [Self; 6] {
        [configuration(), one_line(), text(), long_list(), repeats(), deep()]
    }

    fn entry(&self) -> Entry {
        let entry = json!({
            "id": 1, "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11", "occurred_at": "2026-11-22T08:14:07Z",
            "recorded_at": "2026-11-22T08:14:07Z", "action": "updated", "model_type": "connector", "model_id": "42",
            "user": {"name": "Ana Ruiz"}, "changes": [{"field": "process", "old": self.before, "new": self.after}],
        });
        serde_json::from_str(&entry.to_string()).expect("an entry")
    }
}

fn look() -> Style {
    let now = "2026-11-22T08:40:30Z".parse().expect("a time");
    let time = TimeContext { now, zone: chrono_tz::Europe::Madrid };
    Style {
        width: 120,
        color: true,
        theme: Theme::Default,
        ascii: false,
        truncate: true,
        relative: false,
        time,
    }
}

/// The measured work: from the entry's JSON to the bytes on screen.
fn show(entry: &Entry, full: bool) {
    let options = DetailOptions { full, ..DetailOptions::default() };
    detail(&mut io::sink(), black_box(entry), options, &look()).expect("a sink takes all");
}

/// The baseline.
fn read(entry: &Entry) {
    let changes: Value = serde_json::from_str(black_box(entry.changes.get())).expect("JSON");
    black_box(changes);
}

#[expect(clippy::print_stdout, reason = "a benchmark's ratios are its output")]
fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let shapes = Shape::all().map(|shape| (shape.name, shape.entry()));
    for (name, entry) in &shapes {
        let mut group = criterion.benchmark_group(*name);
        group.bench_function("show", |bench| bench.iter(|| show(entry, false)));
        group.bench_function("show --full", |bench| bench.iter(|| show(entry, true)));
        group.bench_function("baseline: serde_json", |bench| bench.iter(|| read(entry)));
        group.finish();
    }
    criterion.final_summary();
    println!("{:<16}{:>10}{:>10}{:>12}{:>8}", "", "show", "--full", "serde_json", "ratio");
    for (name, entry) in &shapes {
        let [ours, full, theirs] =
            medians(RUNS, [&|| show(entry, false), &|| show(entry, true), &|| read(entry)]);
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        println!("{name:<16}{:>10}{:>10}{:>12}{ratio:>8.1}", ms(ours), ms(full), ms(theirs));
    }
}
