//! `import` of other sources: laravel-auditing tables as databases export them, and our own CSV.

use super::acme::{self, SERVER};
use crate::support::sandbox::{Outcome, Sandbox};

const TABLE: &str = r#"id,user_type,user_id,event,auditable_type,auditable_id,old_values,new_values,url,ip_address,user_agent,tags,created_at,updated_at
101,App\Models\User,7,created,App\Models\Connector,42,[],"{""name"":""Slack \""alerts\"""",""status"":""active""}",https://krosyn.example/connectors?token=c4nary-1,198.51.100.23,Mozilla/5.0,,2025-12-01 09:00:00,2025-12-01 09:00:00
102,App\Models\User,7,updated,App\Models\Connector,42,"{""status"":""active""}","{""status"":""disabled""}",https://krosyn.example/connectors/42,198.51.100.23,Mozilla/5.0,"deploy,urgent",2025-12-01 09:05:00,2025-12-01 09:05:00
103,,,created,App\Models\Secret,5,[],"{""name"":""SF_TOKEN"",""value"":""c4nary-2""}",artisan secrets:import,127.0.0.1,Symfony,,2025-12-01 09:06:00,2025-12-01 09:06:00
104,App\Models\User,7,deleted,App\Models\Hook,9,"{""bearer_token"":""c4nary-3"",""url"":""https://a.example""}",[],https://krosyn.example/x,198.51.100.23,Mozilla/5.0,,2025-12-01 09:07:00,2025-12-01 09:07:00
105,App\Models\User,7,retrieved,App\Models\Secret,5,[],[],https://krosyn.example/x,198.51.100.23,Mozilla/5.0,,2025-12-01 09:08:00,2025-12-01 09:08:00
106,App\Models\User,7,created,App\Models\Invoice,1,[],"{""total"":""7""}",https://krosyn.example/x,198.51.100.23,Mozilla/5.0,,2025-12-01 09:09:00,2025-12-01 09:09:00
107,App\Models\User,7,created,App\Models\Secret,6,[],"{""name"":",https://krosyn.example/x,198.51.100.23,Mozilla/5.0,,2025-12-01 09:10:00,2025-12-01 09:10:00
"#;

const KNOWN: [&str; 4] = ["--source", "krosyn-prod", "--tz", "utc"];

fn import(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(&[&["import"], args, &SERVER].concat())
}

/// The entries without ids and times of recording.
fn log(sandbox: &Sandbox, server: &str) -> Vec<serde_json::Value> {
    let args = ["export", "--format", "jsonl", "--reverse", "--server", server];
    let mut entries = sandbox.run(&args).ended(0).json_lines();
    for entry in &mut entries {
        entry.as_object_mut().unwrap().retain(|key, _| key != "recorded_at" && key != "id");
    }
    entries
}

#[test]
fn a_laravel_table_is_imported_once_and_unmapped_rows_are_reported() {
    let sandbox = Sandbox::new();
    sandbox.write("audits.csv", TABLE);
    let args = [&["audits.csv"], &KNOWN[..]].concat();
    insta::assert_snapshot!(import(&sandbox, &args), @r#"
    exit 3
    -- stderr
    audits.csv:8: new_values is not valid JSON at column 8
    3 entries recorded, 1 line failed
    not mapped: event retrieved, 1 row (audits.csv:6, column event)
    not mapped: model type App\Models\Hook, 1 row (audits.csv:5, column auditable_type)
    not mapped: model type App\Models\Invoice, 1 row (audits.csv:7, column auditable_type)
    error: 1 line and 3 rows without a mapping failed; all others were imported
      hint: map the names above with --map NAME=WORD, or leave their rows out with --map NAME=-
      hint: fix the lines named above and import the same file again: nothing is recorded twice
    "#);
    let entries = log(&sandbox, SERVER[1]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&entries).unwrap(), @r#"
    [
      {
        "action": "created",
        "changes": [
          {
            "field": "name",
            "new": "Slack \"alerts\""
          },
          {
            "field": "status",
            "new": "active"
          }
        ],
        "context": {
          "ip": "198.51.100.23",
          "user_agent": "Mozilla/5.0"
        },
        "model_id": "42",
        "model_name": "Slack \"alerts\"",
        "model_type": "connector",
        "occurred_at": "2025-12-01T09:00:00.000000Z",
        "reason": "url https://krosyn.example/connectors",
        "user": {
          "id": "7",
          "kind": "user"
        },
        "uuid": "5eed1c32-7c29-8796-8f62-6ecf6d5b1880"
      },
      {
        "action": "updated",
        "changes": [
          {
            "field": "status",
            "new": "disabled",
            "old": "active"
          }
        ],
        "context": {
          "ip": "198.51.100.23",
          "user_agent": "Mozilla/5.0"
        },
        "model_id": "42",
        "model_type": "connector",
        "occurred_at": "2025-12-01T09:05:00.000000Z",
        "reason": "url https://krosyn.example/connectors/42; tags deploy,urgent",
        "user": {
          "id": "7",
          "kind": "user"
        },
        "uuid": "5fcaf655-b3e6-84c1-a9a3-fdddf008d48e"
      },
      {
        "action": "created",
        "changes": [
          {
            "field": "name",
            "new": "SF_TOKEN"
          },
          {
            "field": "value",
            "redacted": true
          }
        ],
        "context": {
          "ip": "127.0.0.1",
          "user_agent": "Symfony",
          "via": "cli"
        },
        "model_id": "5",
        "model_name": "SF_TOKEN",
        "model_type": "secret",
        "occurred_at": "2025-12-01T09:06:00.000000Z",
        "reason": "command artisan secrets:import",
        "user": {
          "kind": "system",
          "name": "unknown"
        },
        "uuid": "5cca2bb4-afe3-82c9-837f-e968f2769c7b"
      }
    ]
    "#);
    // A second import adds only rows mapped since then.
    let mapped = [
        &args[..],
        &["--map", r"App\Models\Hook=endpoint", "--map", "retrieved=-", "--map", r"App\Models\Invoice=-"],
    ]
    .concat();
    insta::assert_snapshot!(import(&sandbox, &mapped), @r"
    exit 3
    -- stderr
    audits.csv:8: new_values is not valid JSON at column 8
    1 entry recorded, 3 were there already, 2 rows left out, 1 line failed
    App\Models\Hook: ids are recorded as CLASS#ID, to keep them apart from those of other classes; --plain 'App\Models\Hook' records them unchanged
    error: 1 line failed; all others were imported
      hint: fix the lines named above and import the same file again: nothing is recorded twice
    ");
    assert_eq!(log(&sandbox, SERVER[1])[..3], entries);
    let prefixed = r"App\Models\Hook: ids are recorded as CLASS#ID, to keep them apart from those of other classes; --plain 'App\Models\Hook' records them unchanged";
    let prefixed = format!("{prefixed}\n");
    let whole = TABLE
        .lines()
        .filter(|line| !line.starts_with("107"))
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    sandbox.write("audits.csv", &whole);
    assert_eq!(
        import(&sandbox, &mapped).ended(0).err(),
        format!("0 entries recorded, 4 were there already, 2 rows left out\n{prefixed}")
    );
    // Another database has rows of its own under the same ids.
    let other = [&mapped[..1], &["--source", "other", "--tz", "utc"], &mapped[5..]].concat();
    assert_eq!(
        import(&sandbox, &other).ended(0).err(),
        format!("4 entries recorded, 2 rows left out\n{prefixed}")
    );
    for name in ["audit.db", "audit.db-wal"] {
        let bytes = std::fs::read(sandbox.path(name)).unwrap_or_default();
        assert!(!bytes.windows(6).any(|window| window == b"c4nary"), "{name}");
    }
}

#[test]
fn a_laravel_table_needs_its_source_and_its_zone() {
    let sandbox = Sandbox::new();
    sandbox.write("audits.csv", TABLE);
    insta::assert_snapshot!(import(&sandbox, &["audits.csv", "--tz", "utc"]), @"
    exit 2
    -- stderr
    error: audits.csv: this is a laravel-auditing table: name its database with --source, so that a second import recognizes its rows
    ");
    insta::assert_snapshot!(import(&sandbox, &["audits.csv", "--source", "x"]), @"
    exit 2
    -- stderr
    error: audits.csv: this is a laravel-auditing table: name the zone of its times with --tz (utc, unless the application is configured otherwise)
    ");
    insta::assert_snapshot!(import(&sandbox, &["audits.csv", "--map", "a=robot"]), @r#"
    exit 2
    -- stderr
    error: invalid value 'a=robot' for '--map <NAME=WORD>': "robot" is not a model type (connector, connector_endpoint, secret, organization, member), an action (created, updated, deleted) or -

    For more information, try '--help'.
    "#);
    sandbox.write("other.csv", "name,price\nx,1\n");
    insta::assert_snapshot!(import(&sandbox, &["other.csv"]), @"
    exit 2
    -- stderr
    error: other.csv: unrecognized format: expected JSON lines, a JSON list, a krosyn-audit CSV export, or a table of an audit library with its column names in the first row (--columns NAME,… names those of a file without a header)
    ");
}

#[test]
fn ambiguous_local_times_are_reported() {
    let sandbox = Sandbox::new();
    let row = r#"{"id":1,"user_id":null,"event":"created","auditable_type":"Secret","auditable_id":1,"new_values":"{\"name\":\"X\"}","created_at":"2025-10-26 02:30:00"}"#;
    sandbox.write("audits.jsonl", row);
    insta::assert_snapshot!(import(&sandbox, &["audits.jsonl", "--source", "x", "--tz", "Europe/Madrid"]), @"
    exit 0
    -- stderr
    audits.jsonl:1: 2025-10-26 02:30 happens twice in Europe/Madrid; taken as the earlier, 02:30 CEST
    1 entry recorded
    ");
    assert_eq!(log(&sandbox, SERVER[1])[0]["occurred_at"], "2025-10-26T00:30:00.000000Z");
}

#[test]
fn our_csv_round_trips_except_for_values_it_cannot_hold() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["export", "--reverse", "-o", "all.csv"]).ended(0);
    insta::assert_snapshot!(sandbox.run(&["import", "all.csv", "--server", "sqlite:other.db"]), @"
    exit 3
    -- stderr
    all.csv:9: model_name has a picture that may stand for a control character: import a JSON lines export instead
    11 entries recorded, 1 line failed
    error: 1 line failed; all others were imported
      hint: fix the lines named above and import the same file again: nothing is recorded twice
    ");
    let refused = |entry: &serde_json::Value| entry["model_name"].as_str().unwrap().contains('\u{1b}');
    let mut expected = log(&sandbox, SERVER[1]);
    expected.retain(|entry| !refused(entry));
    assert_eq!(log(&sandbox, "sqlite:other.db"), expected);
    // Into the log it came from nothing is added.
    assert!(
        import(&sandbox, &["all.csv"]).ended(3).err().contains("0 entries recorded, 11 were there already")
    );
    // Columns missing from the file are reported.
    let columns = [
        "export",
        "--columns",
        "time,action,model_type,model_id,changes,user_email",
        "-u",
        "ana",
        "-o",
        "few.csv",
    ];
    acme::run(&sandbox, &columns).ended(0);
    insta::assert_snapshot!(sandbox.run(&["import", "few.csv", "--server", "sqlite:few.db"]), @"
    exit 0
    -- stderr
    warning: few.csv has no column uuid, model_name, user_id, user_name, user_role, user_kind, on_behalf_of_id, via, ip, user_agent, request_id, reason: the entries are imported without these values
    3 entries recorded
    ");
}

#[test]
fn compressed_files_are_read_and_the_trailer_is_not_an_entry() {
    let sandbox = acme::sandbox();
    for name in ["all.jsonl.gz", "all.csv.zst"] {
        acme::run(&sandbox, &["export", "-t", "secret,member", "--trailer", "-o", name]).ended(0);
        let outcome = sandbox.run(&["import", name, "--server", &format!("sqlite:{name}.db")]).ended(0);
        assert!(
            outcome.err().ends_with("4 entries recorded\n")
                && outcome.err().contains("the trailer of an export"),
            "{outcome}"
        );
    }
}
