//! Compares recording on PostgreSQL with `COPY` into the same table, and export with `psql \copy`. Uses a private server of the
//! installed binaries with `fsync` on.

#[path = "../../tests/it/support/citus.rs"]
mod citus;
#[path = "../../tests/it/support/postgres.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod server;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::data;
use crate::http::block_on;
use crate::process::{Cost, Serve, cpu, product, run};
use crate::recording;
use crate::report::{Outcome, alternate, by_turns};
use crate::set;

/// Settings of a real server, beyond those for the tests.
const SETTINGS: &str = "-c fsync=on -c full_page_writes=on -c shared_buffers=1GB -c max_wal_size=4GB";
/// Recorded entries. The cost of a row in COPY does not depend on it.
const ENTRIES: u64 = 100_000;

/// The same rows as `export`: columns, organization and order.
const EXPORTED: &str = "SELECT to_char(to_timestamp(occurred_at / 1000000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
    u.snapshot::json ->> 'email', action, model_type || '/' || convert_from(model_id, 'UTF8'), changes \
    FROM entries JOIN users u USING (org_id, user_ref) WHERE org_id = 1 ORDER BY occurred_at DESC, id DESC";

pub(crate) fn outcomes(root: &Path, entries: u64, rounds: usize, now: i64) -> Vec<Outcome> {
    let Some(postgres) = server::Server::start_with(|_| SETTINGS.to_owned()) else { return Vec::new() };
    let count = entries.min(ENTRIES) / 1000 * 1000;
    let lines: Vec<String> = data::entries(0, count, now).collect();
    let token_file = root.join("postgres.token");
    let database = || block_on(postgres.bare_database());
    let filled = |url: &str| {
        fs::remove_file(&token_file).unwrap_or(());
        set::organization(url, 0, &token_file);
        let server = Serve::start_over(url);
        let token = fs::read_to_string(&token_file).expect("a token");
        recording::batches(&crate::http::Caller::new(&server.base, token.trim()), server.pid(), &lines)
    };
    let url = database();
    filled(&url);
    let psql = |url: &str, sql: &str| {
        let mut command = Command::new("psql");
        command
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-d", url])
            .env("PGOPTIONS", "-c search_path=krosyn_audit");
        command.args(["-c", sql]);
        command
    };
    let tables = ["users", "entry_keys", "entries"];
    let file = |table: &str| root.join(format!("postgres-{table}.copy")).display().to_string();
    for table in tables {
        run(&mut psql(
            &url,
            &format!("\\copy (SELECT * FROM {table} WHERE org_id = 1) TO '{}'", file(table)),
        ));
    }
    let ours = || filled(&database());
    let theirs = || {
        // The same tables, months and indexes, without the rows.
        for sql in [
            "DROP DATABASE IF EXISTS copied".to_owned(),
            format!("CREATE DATABASE copied TEMPLATE {}", name(&url)),
        ] {
            run(&mut psql(&postgres.url("postgres"), &sql));
        }
        let url = postgres.url("copied");
        run(&mut psql(&url, &format!("TRUNCATE {}", tables.join(", "))));
        let cost =
            tables.map(|table| run(&mut psql(&url, &format!("\\copy {table} FROM '{}'", file(table)))));
        #[expect(clippy::cast_precision_loss, reason = "a count of entries")]
        let wall_s = cost.iter().map(|cost| cost.wall_s).sum::<f64>() / count as f64;
        Cost { wall_s, ..Cost::default() }
    };
    let (ours, theirs) = by_turns(rounds.min(3), &ours, &theirs);
    let mut outcomes =
        vec![Outcome::rates("PostgreSQL: recording in batches, rate against COPY", 0.5, ours, theirs)];

    // Autovacuum would do it within a minute.
    run(&mut psql(&url, "ANALYZE"));
    let server = Serve::start_over(&url);
    let out = root.join("postgres.csv").display().to_string();
    run(&mut token(&url, &token_file));
    let ours = || {
        let before = cpu(server.pid());
        let mut cost = run(product()
            .args(["export", "--force", "-q", "--server", &server.base, "--token-file"])
            .arg(&token_file)
            .args(["--columns", "time,user,action,resource,changes", "-o", &out]));
        cost.cpu_s += cpu(server.pid()) - before;
        cost
    };
    let theirs = || run(&mut psql(&url, &format!("\\copy ({EXPORTED}) TO '{out}' CSV")));
    outcomes.push(alternate(
        "PostgreSQL: export, wall time against psql \\copy",
        1.0,
        rounds,
        &ours,
        &theirs,
    ));
    for left in tables.map(file).into_iter().chain([out.clone(), token_file.display().to_string()]) {
        fs::remove_file(left).unwrap_or(());
    }
    outcomes
}

/// A new token of the first organization.
fn token(url: &str, file: &Path) -> Command {
    fs::remove_file(file).unwrap_or(());
    let mut command = product();
    command
        .args(["token", "create", "--org", "org-0", "--name", "export", "--scope", "read", "--store", url]);
    command.arg("--token-out").arg(file);
    command
}

/// The database of a URL.
fn name(url: &str) -> &str {
    url.rsplit('/').find_map(|part| part.split_once('?')).map_or("", |(name, _)| name)
}
