//! Recording over HTTP, in batches and one by one, against a bare loop that inserts the same rows.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::bare::Rows;
use crate::data;
use crate::http::{Caller, block_on};
use crate::process::{Cost, Serve, cpu, peak};
use crate::report::{Outcome, by_turns, percentile};
use crate::set::organization;

/// How many entries are recorded in batches, and how many one by one.
const IN_BATCHES: u64 = 100_000;
const ONE_BY_ONE: usize = 32_000;
/// How many the bare loop makes durable one by one: it is slow, and its rate does not change.
const BARE_ONE_BY_ONE: usize = 3000;
const CONNECTIONS: u64 = 32;

pub(crate) fn outcomes(root: &Path, entries: u64, rounds: usize, now: i64) -> Vec<Outcome> {
    let lines: Vec<String> = data::entries(0, entries.min(IN_BATCHES) / 1000 * 1000, now).collect();
    let store = root.join("recording.db");
    let bare = root.join("bare.db");
    // Once before the first round: the rows that the bare loop inserts are the ones the product made.
    fresh(&store, |caller, pid| batches(&caller, pid, &lines));
    let rows = Rows::of(&store);

    let ours = || fresh(&store, |caller, pid| batches(&caller, pid, &lines));
    let theirs = || rows.insert(&bare, lines.len(), 1000);
    let (ours, theirs) = by_turns(rounds, &ours, &theirs);
    let mut outcomes =
        vec![Outcome::rates("recording in batches of 1,000, rate against a bare loop", 0.6, ours, theirs)];

    let slowest = std::cell::RefCell::new(Vec::new());
    let ours = || {
        fresh(&store, |caller, pid| {
            let (cost, seconds) = one_by_one(&caller, pid, &lines[..lines.len().min(ONE_BY_ONE)]);
            slowest.borrow_mut().push(percentile(seconds, 99));
            cost
        })
    };
    let theirs = || rows.insert(&bare, BARE_ONE_BY_ONE, 1);
    let (ours, theirs) = by_turns(rounds, &ours, &theirs);
    outcomes.push(Outcome::rates(
        "recording one by one, 32 connections, rate against a bare loop",
        3.0,
        ours,
        theirs,
    ));
    let slowest_ms = percentile(slowest.into_inner(), 50) * 1000.0;
    outcomes.push(Outcome::bound("recording one by one, 99th percentile in ms", 50.0, slowest_ms));
    for path in [&store, &bare] {
        forget(path);
    }
    outcomes
}

/// Does something with a server over an empty store.
fn fresh(store: &Path, work: impl Fn(Caller, u32) -> Cost) -> Cost {
    forget(store);
    let token_file = store.with_extension("token");
    fs::remove_file(&token_file).unwrap_or(());
    organization(store, 0, &token_file);
    let server = Serve::start(store);
    let token = fs::read_to_string(&token_file).expect("a token");
    work(Caller::new(&server.base, token.trim()), server.pid())
}

fn forget(store: &Path) {
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(format!("{}{ending}", store.display())).unwrap_or(());
    }
}

/// Posts all lines, a thousand at a time with two requests on their way. The cost is that of one entry.
fn batches(caller: &Caller, server: u32, lines: &[String]) -> Cost {
    let bodies: Vec<String> = lines.chunks(1000).map(|chunk| chunk.join("\n")).collect();
    let half = bodies.len() / 2;
    per_entry(server, lines.len(), || {
        block_on(async {
            let post = async |bodies: &[String]| {
                for body in bodies {
                    let (answer, _) = caller.post("audit-logs", "application/x-ndjson", body.clone()).await;
                    assert_eq!(answer.matches(r#""status":201"#).count(), 1000, "every line is recorded");
                }
            };
            tokio::join!(post(&bodies[..half]), post(&bodies[half..]));
        });
    })
}

/// Posts the lines one by one over many connections; gives the cost of one entry and how long each took.
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
                let caller = caller.clone();
                tasks.spawn(async move {
                    let mut seconds = Vec::with_capacity(share.len());
                    for line in share {
                        seconds.push(caller.post("audit-logs", "application/json", line).await.1);
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
