//! Two `serve` processes with one key on one database, 32 recorders and prunes: one consistent tree at the end, and nothing is
//! accused on the way. `tests/integrity/one-tree` does the same for longer.

use krosyn_audit::clock::Clock;
use krosyn_audit::model::time::Age;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::entries::recording_at;
use crate::support::postgres::shared;
use crate::support::sandbox::{Outcome, Sandbox};

const RECORDERS: usize = 32;
/// How many requests each recorder sends, and how many entries each of them holds. Half of them have expired.
const REQUESTS: usize = 4;
const LINES: usize = 16;
const ALL: usize = RECORDERS * REQUESTS * LINES;

/// RFC 8410, with a secret of 32 times 0x07.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";

fn lines() -> String {
    let now = Clock::System.now();
    let line = |n: usize| {
        let age = if n.is_multiple_of(2) { 100 } else { 3 };
        format!("{}\n", recording_at(&n.to_string(), Age::days(age).before(now)))
    };
    (0..LINES).map(line).collect()
}

async fn record(http: Client, servers: [String; 2], token: String, recorder: usize) {
    for turn in 0..REQUESTS {
        let url = format!("{}/api/v1/audit-logs", servers[(recorder + turn) % 2]);
        let request = http.post(url).bearer_auth(&token).header("content-type", "application/x-ndjson");
        let answer = request.body(lines()).send().await.expect("an answer");
        let status = answer.status();
        assert!(status.is_success(), "{status} {}", answer.text().await.unwrap_or_default());
    }
}

/// Prunes, unless another prune runs; returns how many entries were deleted.
async fn prune(http: &Client, server: &str, token: &str) -> u64 {
    let request = http.post(format!("{server}/api/v1/audit-logs/prune")).bearer_auth(token);
    let answer = request.json(&serde_json::json!({})).send().await.expect("an answer");
    if answer.status() == StatusCode::CONFLICT {
        return 0;
    }
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json::<Value>().await.expect("JSON")["prune"]["deleted"].as_u64().unwrap_or(0)
}

fn verify(sandbox: &Sandbox, server: &str, memory: &str) -> Outcome {
    let args = ["verify", "--server", server, "--token-file", "admin.token"];
    let child = sandbox.command(&args).env("XDG_STATE_HOME", sandbox.path(memory)).spawn().expect("started");
    sandbox.finish(child)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_servers_recorders_and_prunes_make_one_tree() {
    let Some(server) = shared() else { return };
    let (sandbox, url) = (Sandbox::new(), server.database().await);
    sandbox.write_with_mode("key.pem", KEY, 0o600);
    let store = ["--store", &url];
    let _ = sandbox.run(&[&["org", "create", "acme", "--plan", "free"], &store[..]].concat()).ended(0);
    let token = ["token", "create", "--org", "acme", "--name", "all", "--scope", "read,record,prune,trail"];
    let _ = sandbox.run(&[&token[..], &store, &["--token-out", "admin.token"]].concat()).ended(0);
    let flags = ["--signing-key", "key.pem"];
    let (one, other) = (sandbox.serve_on(&url, &flags), sandbox.serve_on(&url, &flags));
    let servers = [one.url().to_owned(), other.url().to_owned()];
    let http = Client::builder().no_proxy().build().expect("a client");
    let mut recorders = JoinSet::new();
    for recorder in 0..RECORDERS {
        recorders.spawn(record(http.clone(), servers.clone(), one.token(), recorder));
    }
    let mut deleted = 0;
    for turn in 0..4 {
        deleted += prune(&http, &servers[turn % 2], &one.token()).await;
        let during = verify(&sandbox, &servers[turn % 2], "witness");
        assert_eq!(during.status, Some(0), "{during}{}", sandbox.text("serve.log"));
    }
    recorders.join_all().await;
    deleted += prune(&http, &servers[0], &one.token()).await;
    assert_eq!(deleted, ALL as u64 / 2);
    for (server, memory) in [(&servers[0], "witness"), (&servers[1], "witness"), (&servers[1], "first")] {
        let found = verify(&sandbox, server, memory).ended(0);
        let told = "1 024 entries unchanged, 1 024 expired";
        assert!(found.out().contains(told) && found.out().contains("all 2 048 entries"), "{found}");
    }
    let log = sandbox.text("serve.log");
    assert!(!log.contains("no checkpoint is signed") && !log.contains("panicked"), "{log}");
}
