//! Compares `export` to CSV, and the same answer read by curl, with `sqlite3 -csv` on the file, and with JSON lines through
//! `jq -r @csv`. Also compares bytes on disk with the JSON lines.

use std::fs;
use std::process::Command;

use crate::limits;
use crate::process::{Serve, cpu, peak, product, run};
use crate::report::{Outcome, alternate};
use crate::set::Set;

/// The same rows as `export`: columns, organization and order.
const SQL: &str = "SELECT strftime('%Y-%m-%dT%H:%M:%f', occurred_at / 1000000.0, 'unixepoch'), \
    u.snapshot ->> 'email', action, model_type || '/' || model_id, changes \
    FROM entries e JOIN users u USING (org_id, user_ref) \
    WHERE org_id = (SELECT org_id FROM organizations WHERE slug = 'org-0') ORDER BY occurred_at DESC, key DESC";

pub(crate) fn outcomes(set: &Set, rounds: usize) -> Vec<Outcome> {
    let server = Serve::start(&set.store());
    let lines = set.directory.join("all.jsonl");
    let export = |arguments: &[&str]| {
        let mut command = product();
        command
            .args(["export", "--force", "-q", "--server", &server.base, "--token-file"])
            .arg(set.token_file());
        command.args(arguments);
        command
    };
    let text = |path: &std::path::Path| path.display().to_string();
    if !lines.exists() {
        run(&mut export(&["--format", "jsonl", "-o", &text(&lines)]));
    }
    let csv = text(&set.directory.join("all.csv"));
    let ours = || {
        let before = cpu(server.pid());
        let mut cost = run(&mut export(&["--columns", "time,user,action,resource,changes", "-o", &csv]));
        cost.cpu_s += cpu(server.pid()) - before;
        cost
    };
    let shell = |script: String| run(Command::new("bash").args(["-c", &script]));
    let sqlite = || shell(format!("sqlite3 -csv {} \"{SQL}\" > {csv}.sqlite3", set.store().display()));
    let jq = || {
        let row = "[.occurred_at, .user.email, .action, .model_type + \"/\" + .model_id, (.changes | tojson)] | @csv";
        shell(format!("curl -s file://{} | jq -r '{row}' > {csv}.jq", lines.display()))
    };
    let stream = || {
        let before = cpu(server.pid());
        let url =
            format!("{}/api/v1/audit-logs/export?columns=time,user,action,resource,changes", server.base);
        let mut curl = Command::new("curl");
        curl.args([
            "-sSf",
            "-o",
            &format!("{csv}.curl"),
            "-H",
            &format!("Authorization: Bearer {}", set.token),
            &url,
        ]);
        let mut cost = run(&mut curl);
        cost.cpu_s += cpu(server.pid()) - before;
        cost
    };
    server.rest();
    let mut outcomes = vec![
        alternate("export, wall time against sqlite3 -csv", 0.45, rounds, &ours, &sqlite),
        alternate("GET /audit-logs/export by curl against sqlite3 -csv", 0.4, rounds, &stream, &sqlite),
        alternate("export, wall time against curl + jq -r @csv", 0.05, rounds.min(3), &ours, &jq),
    ];
    let (export, by_curl) = (outcomes[0].ours, outcomes[1].ours);
    let answer = limits::loopback(csv.as_ref(), rounds);
    outcomes.push(limits::row("the bytes of GET /audit-logs/export over loopback", by_curl, answer));
    outcomes.push(limits::row(
        "export, against cat of the database",
        export,
        limits::read(&set.store(), rounds),
    ));
    let client_mib = outcomes[0].ours.peak_kib / 1024;
    outcomes.push(Outcome::bound("export, peak memory of the client in MiB", 64.0, mib(client_mib)));
    outcomes.push(Outcome::bound(
        "export, peak memory of the server in MiB",
        64.0,
        mib(peak(server.pid()) / 1024),
    ));
    drop(server);
    let size = |path: std::path::PathBuf| fs::metadata(path).map_or(0, |it| it.len());
    #[expect(clippy::cast_precision_loss, reason = "a ratio of sizes")]
    let per_entry = size(set.store()) as f64 / (size(lines) as f64 * 1.25);
    outcomes.push(Outcome::bound("bytes on disk, against the entries' JSON", 1.0, per_entry));
    outcomes
}

#[expect(clippy::cast_precision_loss, reason = "megabytes")]
const fn mib(whole: u64) -> f64 {
    whole as f64
}
