//! Compares recording over HTTP, in batches and one by one, with a bare loop that inserts the same rows.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::bare::Rows;
use crate::data;
use crate::http::{Caller, Wire, block_on};
use crate::limits;
use crate::process::{Cost, Serve, cpu, peak};
use crate::report::{Bar, Outcome, by_turns, percentile};
use crate::set::organization;

/// Entries recorded in batches, and one by one.
const IN_BATCHES: u64 = 100_000;
const ONE_BY_ONE: u64 = 32_000;
/// Rows that the bare loop commits one by one: fewer, because it is slow and its rate is constant.
const BARE_ONE_BY_ONE: usize = 3000;
const CONNECTIONS: u64 = 32;

/// Files of both sides, removed before each run.
struct Files {
    store: PathBuf,
    bare: PathBuf,
    lines: Vec<String>,
    rows: Rows,
}

impl Files {
    fn new(root: &Path, entries: u64, now: i64) -> Self {
        let lines: Vec<String> = data::entries(0, entries / 1000 * 1000, now).collect();
        let (store, bare) = (root.join("recording.db"), root.join("bare.db"));
        // The bare loop inserts the rows that the product created.
        fresh(&store, |caller, pid| batches(&caller, pid, &lines));
        let rows = Rows::of(&store);
        Self { store, bare, lines, rows }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        [&self.store, &self.bare].into_iter().for_each(|path| forget(path));
    }
}

pub(crate) fn in_batches(root: &Path, entries: u64, rounds: usize, now: i64) -> Outcome {
    let files = Files::new(root, entries.min(IN_BATCHES), now);
    let ours = || fresh(&files.store, |caller, pid| batches(&caller, pid, &files.lines));
    let theirs = || files.rows.insert(&files.bare, files.lines.len(), 1000);
    let (ours, theirs) = by_turns(rounds, &ours, &theirs);
    Outcome::rates("recording in batches of 1,000, rate against a bare loop", 0.7, ours, theirs)
}

pub(crate) fn in_singles(root: &Path, entries: u64, rounds: usize, now: i64) -> [Outcome; 4] {
    let files = Files::new(root, entries.min(ONE_BY_ONE), now);
    let slowest = std::cell::RefCell::new(Vec::new());
    let ours = || {
        fresh(&files.store, |caller, pid| {
            let (cost, seconds) = one_by_one(&caller, pid, &files.lines);
            slowest.borrow_mut().push(percentile(seconds, 99));
            cost
        })
    };
    let theirs = || files.rows.insert(&files.bare, BARE_ONE_BY_ONE, 1);
    let (ours, theirs) = by_turns(rounds, &ours, &theirs);
    let slowest_ms = percentile(slowest.take(), 50) * 1000.0;
    // On two cores the load takes half of the machine, so the CPU time of the server is judged, and the rate is shown.
    let cpu_ratio = ours.cpu_s / theirs.cpu_s;
    [
        Outcome {
            ratio: cpu_ratio,
            bar: Bar::AtMost(2.5),
            ..Outcome::rates(
                "recording one by one, CPU time of the server against a bare loop",
                0.0,
                ours,
                theirs,
            )
        },
        Outcome::rates("recording one by one, 32 connections, rate against a bare loop", 3.0, ours, theirs),
        Outcome::bound("recording one by one, 99th percentile in ms", 50.0, slowest_ms),
        limits::row(
            "an entry recorded by one of 32, against a durable write of a page",
            ours,
            limits::durable_write(root),
        ),
    ]
}

/// Runs work with a server over an empty store.
fn fresh(store: &Path, work: impl Fn(Caller, u32) -> Cost) -> Cost {
    forget(store);
    let token_file = store.with_extension("token");
    fs::remove_file(&token_file).unwrap_or(());
    organization(&format!("sqlite:{}", store.display()), 0, &token_file);
    let server = Serve::start(store);
    let token = fs::read_to_string(&token_file).expect("a token");
    work(Caller::new(&server.base, token.trim()), server.pid())
}

pub(crate) fn forget(store: &Path) {
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(format!("{}{ending}", store.display())).unwrap_or(());
    }
}

/// Posts all lines, a thousand at a time, two requests in parallel. Returns the cost of one entry.
pub(crate) fn batches(caller: &Caller, server: u32, lines: &[String]) -> Cost {
    let bodies: Vec<String> = lines.chunks(1000).map(|chunk| chunk.join("\n")).collect();
    // Each of two callers posts every other batch, so that the order is nearly that of time, as in a real log.
    let every_other = |from: usize| bodies.iter().skip(from).step_by(2);
    per_entry(server, lines.len(), || {
        block_on(async {
            let post = async |from: usize| {
                for body in every_other(from) {
                    let (answer, _) = caller.post("audit-logs", "application/x-ndjson", body.clone()).await;
                    assert_eq!(answer.matches(r#""status":201"#).count(), 1000, "every line is recorded");
                }
            };
            tokio::join!(post(0), post(1));
        });
    })
}

/// Posts the lines one by one over many connections. Returns the cost of one entry and the seconds of each.
fn one_by_one(caller: &Caller, server: u32, lines: &[String]) -> (Cost, Vec<f64>) {
    let mut seconds = Vec::new();
    let cost = per_entry(server, lines.len(), || {
        block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for connection in 0..CONNECTIONS {
                let share: Vec<String> = (0..CONNECTIONS)
                    .cycle()
                    .zip(lines)
                    .filter(|(turn, _)| *turn == connection)
                    .map(|(_, line)| line.clone())
                    .collect();
                let mut wire = Wire::open(caller).await;
                tasks.spawn(async move {
                    let mut seconds = Vec::with_capacity(share.len());
                    for line in share {
                        seconds.push(wire.record(&line).await);
                    }
                    seconds
                });
            }
            seconds = tasks.join_all().await.concat();
        });
    });
    (cost, seconds)
}

fn per_entry(server: u32, entries: usize, work: impl FnOnce()) -> Cost {
    let (begin, before) = (Instant::now(), cpu(server));
    work();
    #[expect(clippy::cast_precision_loss, reason = "a count of entries")]
    let entries = entries as f64;
    Cost {
        wall_s: begin.elapsed().as_secs_f64() / entries,
        cpu_s: (cpu(server) - before) / entries,
        peak_kib: peak(server),
    }
}
