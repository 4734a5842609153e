//! Compares a prune of a tenth of the log, with a reader and a recorder at the same time, with a bare batched `DELETE`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bare;
use crate::data;
use crate::http::{Caller, block_on};
use crate::process::{Cost, Serve, cpu, peak};
use crate::report::{Outcome, percentile};
use crate::set::Set;

pub(crate) fn outcomes(set: &Set, now: i64) -> Vec<Outcome> {
    let copies = [set.directory.join("prune.db"), set.directory.join("prune-bare.db")];
    for copy in &copies {
        fs::copy(set.store(), copy).expect("room for a copy");
    }
    let server = Serve::start(&copies[0]);
    let caller = Caller::new(&server.base, &set.token);
    let cpu_before = cpu(server.pid());
    let (ours, cutoff_us, reads, recordings) = block_on(http_side(&caller, now));
    let ours = Cost { cpu_s: cpu(server.pid()) - cpu_before, peak_kib: peak(server.pid()), ..ours };
    drop(server);
    let theirs = bare::delete(&copies[1], cutoff_us);
    copies.iter().for_each(|copy| remove(copy));
    vec![
        Outcome::rates("prune of a tenth, rate against a bare batched DELETE", 0.6, ours, theirs),
        Outcome::bound(
            "slowest read during the prune, 99th percentile in ms",
            100.0,
            percentile(reads, 99) * 1000.0,
        ),
        Outcome::bound(
            "slowest recording during the prune, 99th percentile in ms",
            100.0,
            percentile(recordings, 99) * 1000.0,
        ),
    ]
}

fn remove(store: &Path) {
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(format!("{}{ending}", store.display())).unwrap_or(());
    }
}

/// Prunes while reading and recording. Returns the cost of one pruned entry, the cutoff, and the seconds of each read and each
/// recording.
async fn http_side(caller: &Caller, now: i64) -> (Cost, i64, Vec<f64>, Vec<f64>) {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let reading = async {
        let mut seconds = Vec::new();
        while !*stopped.borrow() {
            seconds.push(caller.get("audit-logs?limit=50").await.1);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        seconds
    };
    let recording = async {
        let mut seconds = Vec::new();
        let mut lines = data::entries(data::ORGANIZATIONS, u64::MAX >> 24, now);
        while !*stopped.borrow() {
            let line = lines.next().unwrap_or_default();
            seconds.push(caller.post("audit-logs", "application/json", line).await.1);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        seconds
    };
    let pruning = async {
        let begin = Instant::now();
        let body = json!({"dry_run": false}).to_string();
        let (answer, _) = caller.post("audit-logs/prune", "application/json", body).await;
        let seconds = begin.elapsed().as_secs_f64();
        stop.send(true).unwrap_or(());
        (answer, seconds)
    };
    let (reads, recordings, (answer, seconds)) = tokio::join!(reading, recording, pruning);
    let answer: Value = serde_json::from_str(&answer).expect("an answer");
    let deleted = answer["prune"]["deleted"]
        .as_f64()
        .filter(|deleted| *deleted > 0.0)
        .unwrap_or_else(|| panic!("nothing was deleted: {answer}"));
    let cutoff = answer["cutoff"].as_str().expect("a cutoff");
    let cutoff = chrono::DateTime::parse_from_rfc3339(cutoff).expect("a time").timestamp_micros();
    (Cost { wall_s: seconds / deleted, ..Cost::default() }, cutoff, reads, recordings)
}
