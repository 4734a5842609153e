//! Runs commands over inputs that are large in one way, an entry of many fields or a log of many users, and over a quarter of
//! each: what grows faster than its input shows here.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::http::{Caller, block_on};
use crate::process::{Cost, Serve, cpu, product, run};
use crate::recording::forget;
use crate::report::{Outcome, median};
use crate::set::organization;

/// Sizes of the larger inputs; the smaller ones are a quarter.
const FIELDS: usize = 20_000;
const USERS: usize = 60_000;
/// The most that a cost may grow when the input grows fourfold. A linear cost stays below four.
const MOST_GROWTH: f64 = 4.6;

/// The changes of so many keys in one version of the resource.
type Shape = fn(usize, u32) -> String;

pub(crate) fn outcomes(root: &Path, rounds: usize) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let shapes: [(&str, Shape); 2] = [("changed keys", flat), ("keys of one field", nested)];
    for (what, shape) in shapes {
        let record = |caller: &Caller, count: usize| {
            for (action, version) in [("created", 1), ("updated", 2), ("updated", 3)] {
                let changes = shape(count, version);
                let entry = format!(
                    r#"{{"action":"{action}","model_type":"connector","model_id":"1","user":{{"id":"1","name":"Ana"}},"changes":[{changes}]}}"#
                );
                block_on(caller.post("audit-logs", "application/json", entry));
            }
        };
        let commands: [&[&str]; 6] = [
            &["show", "2"],
            &["show", "2", "--revert"],
            &["show", "2", "--patch"],
            &["history", "connector/1", "-p"],
            &["history", "connector/1", "--diff", "id:1", "now"],
            &["blame", "connector/1"],
        ];
        outcomes.extend(compared(root, rounds, (FIELDS, what), &record, &commands));
    }
    let record = |caller: &Caller, count: usize| {
        for first in (0..count).step_by(1000) {
            let lines: String = (first..count.min(first + 1000)).fold(String::new(), |mut lines, user| {
                writeln!(
                    lines,
                    r#"{{"action":"deleted","model_type":"member","model_id":"{user}","user":{{"id":"{user}","name":"Person {user}"}},"changes":[]}}"#
                )
                .unwrap_or(());
                lines
            });
            block_on(caller.post("audit-logs", "application/x-ndjson", lines));
        }
    };
    let commands: [&[&str]; 3] = [
        &["list", "--user", "person"],
        &["export", "--user", "person", "-o", "-"],
        &["stats", "--by", "user"],
    ];
    outcomes.extend(compared(root, rounds, (USERS, "users"), &record, &commands));
    outcomes
}

/// The seconds of each command over the larger input, and how its CPU time grows from a quarter of the input.
fn compared(
    root: &Path,
    rounds: usize,
    (count, what): (usize, &str),
    record: &dyn Fn(&Caller, usize),
    commands: &[&[&str]],
) -> Vec<Outcome> {
    let [small, large] = [count / 4, count].map(|count| {
        let store = root.join("wide.db");
        let token_file = root.join("wide.token");
        forget(&store);
        fs::remove_file(&token_file).unwrap_or(());
        organization(&format!("sqlite:{}", store.display()), 0, &token_file);
        let server = Serve::start(&store);
        let token = fs::read_to_string(&token_file).expect("a token");
        record(&Caller::new(&server.base, token.trim()), count);
        let costs = commands.iter().map(|command| {
            let costs: Vec<Cost> = (0..rounds).map(|_| of_both(&server, &token_file, command)).collect();
            let wall_s = median(costs.iter().map(|cost| cost.wall_s));
            Cost { wall_s, cpu_s: median(costs.iter().map(|cost| cost.cpu_s)), peak_kib: 0 }
        });
        costs.collect::<Vec<_>>()
    });
    let rows = commands.iter().zip(small.iter().zip(&large)).flat_map(|(command, (small, large))| {
        let command = command.join(" ");
        [
            Outcome::bound(&format!("{count} {what}: {command}, seconds"), 1.0, large.wall_s),
            Outcome::bound(
                &format!("{count} {what}: {command}, CPU time against a quarter of them"),
                MOST_GROWTH,
                large.cpu_s / small.cpu_s,
            ),
        ]
    });
    rows.collect()
}

/// The cost of a command, with the CPU time of the server.
fn of_both(server: &Serve, token_file: &Path, command: &[&str]) -> Cost {
    let before = cpu(server.pid());
    let mut client = product();
    client.args(command).args(["--server", &server.base, "--token-file"]).arg(token_file);
    let cost = run(&mut client);
    Cost { cpu_s: cost.cpu_s + cpu(server.pid()) - before, ..cost }
}

/// Changes of so many fields to the values of this version. The first version creates them.
fn flat(count: usize, version: u32) -> String {
    let change = |key: usize| match version {
        1 => format!(r#"{{"field":"f{key}","new":1}}"#),
        _ => format!(r#"{{"field":"f{key}","old":{},"new":{version}}}"#, version - 1),
    };
    (0..count).map(change).collect::<Vec<_>>().join(",")
}

/// A change of one field, an object of so many keys.
fn nested(count: usize, version: u32) -> String {
    let object = |version: u32| {
        let keys: Vec<_> = (0..count).map(|key| format!(r#""k{key}":{version}"#)).collect();
        format!("{{{}}}", keys.join(","))
    };
    match version {
        1 => format!(r#"{{"field":"config","new":{}}}"#, object(1)),
        _ => format!(r#"{{"field":"config","old":{},"new":{}}}"#, object(version - 1), object(version)),
    }
}
