//! `--log trail` on every command that reads: the trail instead of the audit log, with words of its own.

use krosyn_audit::model::entry::Entry;
use krosyn_audit::store;
use serde_json::{Value, json};

use super::acme::{self, SERVER, run};
use crate::support::entries::without_seeds;
use crate::support::sandbox::Sandbox;
use crate::support::stores::block_on;

/// The audit log of `acme`, and a trail with three invented entries. They follow the entry that records the creation of
/// `acme`.
fn sandbox() -> Sandbox {
    let sandbox = acme::sandbox();
    let entry = |id: u64, action: &str, model_type: &str, model_id: &str, changes: Value| -> Entry {
        let entry = json!({
            "id": id, "uuid": uuid::Uuid::from_u128(id.into()), "occurred_at": format!("2021-04-0{id}T08:00:00Z"),
            "recorded_at": format!("2021-04-0{id}T08:00:00Z"), "action": action, "model_type": model_type,
            "model_id": model_id, "user": {"name": "cron", "kind": "token"}, "changes": changes,
        });
        serde_json::from_value(entry).expect("an entry")
    };
    let entries = vec![
        entry(2, "created", "token", "cron", json!([{"field": "scopes", "new": ["read"]}])),
        entry(3, "read", "audit_log", "audit", json!([{"field": "rows", "new": 12}])),
        entry(4, "deleted", "token", "cron", json!([{"field": "scopes", "old": ["read"]}])),
    ];
    block_on(async {
        let url = format!("sqlite:{}", sandbox.path("audit.db").display());
        let store = store::open(&url).await.expect("a store");
        let org = store.organizations().await.expect("listed")[0].id;
        store.restore_entries(org.trail(), without_seeds(&entries)).await.expect("restored");
        store.close().await;
    });
    sandbox
}

/// The entries of the trail that the tests made. A command may record that it read.
const MADE: [&str; 2] = ["--until", "2021-05-01"];

#[test]
fn list_and_show_read_the_trail() {
    let sandbox = sandbox();
    let list = [&["list", "--log", "trail", "--columns", "id,user,action,resource"], &MADE[..]].concat();
    insta::assert_snapshot!(run(&sandbox, &list), @"
    exit 0
    -- stdout
    4	cron	deleted	token/cron
    3	cron	read	audit_log/audit
    2	cron	created	token/cron
    -- stderr
    3 of 3, newest first · log trail · until 2021-05-02 00:00 CEST
    ");
    let tokens = run(&sandbox, &["list", "--log", "trail", "-t", "token", "-a", "created,read"]).ended(0);
    assert!(tokens.err().contains("log trail · action created, read · type token"), "{tokens}");
    assert_eq!(tokens.out().lines().count(), 1);
    let shown = run(&sandbox, &["show", "3", "--log", "trail"]).ended(0);
    assert!(shown.out().contains("(audit_log/audit)") && shown.out().contains("rows"), "{shown}");
    assert_eq!(run(&sandbox, &["show", "2", "--format", "json"]).ended(0).json()["model_type"], "secret");
}

#[test]
fn stats_export_and_history_read_the_trail() {
    let sandbox = sandbox();
    let stats = [&["stats", "--log", "trail", "--by", "action"], &MADE[..]].concat();
    let stats = run(&sandbox, &stats).ended(0);
    assert_eq!(stats.out(), "created\t1\ndeleted\t1\nread\t1\n");
    assert!(stats.err().contains("3 entries by action · log trail"), "{stats}");
    let export = ["export", "--log", "trail", "--manifest", "-a", "!deleted", "-o", "trail.jsonl"];
    let exported = run(&sandbox, &[&export[..], &MADE].concat()).ended(0);
    assert!(exported.err().contains("2 entries exported to trail.jsonl · log trail"), "{exported}");
    let manifest: Value = serde_json::from_str(&sandbox.text("trail.jsonl.manifest.json")).expect("JSON");
    assert_eq!(manifest["query"]["log"], json!(["trail"]));
    sandbox.run(&["verify", "trail.jsonl"]).ended(0);
    let history = run(&sandbox, &["history", "token/cron", "--log", "trail"]).ended(0);
    assert!(history.err().contains("2 of 2 changes, oldest first · log trail"), "{history}");
    let blame = run(&sandbox, &["blame", "token/cron", "--log", "trail"]).ended(0);
    assert!(blame.out().starts_with("scopes\t[\"read\"]\t2021-04-02T08:00:00.000000Z\tcron\t2\t"), "{blame}");
    let document = run(&sandbox, &["list", "--log", "trail", "--format", "json"]).ended(0).json();
    assert_eq!(document["query"]["log"], json!(["trail"]));
    let document = run(&sandbox, &["list", "--format", "json"]).ended(0).json();
    assert_eq!(document["query"], json!({}), "the audit log is the default");
}

#[test]
fn words_of_the_other_log_get_a_hint() {
    let sandbox = sandbox();
    insta::assert_snapshot!(run(&sandbox, &["list", "-a", "read"]), @r#"
    exit 2
    -- stderr
    error: --action: action "read" occurs only in the trail: expected one of created, updated, deleted
      hint: --log trail reads the trail
    "#);
    insta::assert_snapshot!(run(&sandbox, &["list", "--log", "trail", "-t", "secret"]), @r#"
    exit 2
    -- stderr
    error: --model-type: model type "secret" occurs only in the audit log: expected one of audit_log, token, session, hold, user, server, organization
      hint: leave out --log trail to read the audit log
    "#);
    let stray = run(&sandbox, &["list", "exported"]).ended(2);
    assert!(stray.err().contains("--log trail -a exported"), "{stray}");
    let unknown = run(&sandbox, &["list", "--log", "trial"]).ended(2);
    assert!(unknown.err().contains("unknown log \"trial\": expected one of audit, trail"), "{unknown}");
}

#[test]
fn a_cursor_file_belongs_to_one_log() {
    let sandbox = sandbox();
    let saved = json!({"cursor_file": 1, "server": "sqlite:audit.db", "organization": "default",
        "query": {"log": ["trail"]}, "after_id": 3});
    sandbox.write("cursor", saved.to_string());
    let follow = ["list", "--follow", "--cursor-file", "cursor", SERVER[0], SERVER[1]];
    let refused = sandbox.run(&follow).ended(2);
    assert!(refused.err().contains("cursor was written for the trail, not for the audit log"), "{refused}");
}

#[test]
fn a_token_without_the_scope_is_told_which_it_needs() {
    let (sandbox, serving) = acme::served();
    let create =
        ["token", "create", "--org", "default", "--name", "reader", "--scope", "read", "--store", SERVER[1]];
    let token = sandbox.run(&create).ended(0);
    sandbox.write_with_mode("reader.token", token.out(), 0o600);
    let refused =
        sandbox.run(&["list", "--log", "trail", "--server", serving.url(), "--token-file", "reader.token"]);
    assert!(refused.err().contains("needs the scope trail"), "{refused}");
}
