//! `record`: one entry, from flags and files or from stdin.

use super::acme::{self, SERVER};
use crate::support::sandbox::{Outcome, Sandbox};

const ENTRY: &[u8] = br#"{"uuid":"00000000-0000-4000-8000-0000000000aa","occurred_at":"2021-03-01T09:00:00Z",
    "action":"updated","model_type":"member","model_id":"11","user":{"name":"sso","kind":"system"},
    "before":{"role":"viewer"},"after":{"role":"admin"}}"#;

fn record(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(&[&["record"], &SERVER[..], args].concat())
}

#[test]
fn from_flags_and_files() {
    let sandbox = Sandbox::new();
    sandbox.write("old.json", r#"{"status":"active","token":"hush"}"#);
    sandbox.write("new.json", r#"{"status":"disabled","token":"hush-hush"}"#);
    let flags = [
        "-a",
        "update",
        "--resource",
        "connector/42",
        "-u",
        "Ana Ruiz <ana@acme.example>",
        "--name",
        "Sync",
        "--before",
        "old.json",
        "--after",
        "new.json",
        "--at",
        "2021-03-02 10:00",
        "--reason",
        "INC-1",
        "--request-id",
        "req_A2",
        "--uuid",
        "00000000-0000-4000-8000-0000000000ab",
    ];
    insta::assert_snapshot!(record(&sandbox, &flags), @"
    exit 0
    -- stdout
    1
    -- stderr
    recorded as entry 1
    ");
    insta::assert_snapshot!(record(&sandbox, &flags), @"
    exit 0
    -- stdout
    1
    -- stderr
    already recorded as entry 1
    ");
    let shown = sandbox.run(&["show", "1", SERVER[0], SERVER[1]]);
    insta::assert_snapshot!(shown, @"
    exit 0
    -- stdout
    ~ updated  connector  Sync  (connector/42)
      when   2021-03-02 10:00:00.000 CET, [age] ago
      who    Ana Ruiz <ana@acme.example>, via cli
      entry  1, recorded [now], request req_A2
      reason INC-1

      ~ status   active → disabled
      ! token    redacted, changed
    ");
    let unchanged = [
        "-a",
        "updated",
        "--resource",
        "connector/42",
        "-u",
        "ana",
        "--before",
        "old.json",
        "--after",
        "old.json",
    ];
    insta::assert_snapshot!(record(&sandbox, &unchanged), @"
    exit 0
    -- stderr
    before and after are equal: nothing was recorded
    ");
}

#[test]
fn from_stdin_once() {
    let sandbox = Sandbox::new();
    let args = ["record", SERVER[0], SERVER[1]];
    assert_eq!(sandbox.run_with(&args, ENTRY).ended(0).out(), "1\n");
    let again = sandbox.run_with(&args, ENTRY).ended(0);
    assert_eq!((again.out(), again.err()), ("1\n", "already recorded as entry 1\n"));
    let other = String::from_utf8(ENTRY.to_vec()).unwrap().replace("viewer", "editor");
    insta::assert_snapshot!(sandbox.run_with(&args, other.as_bytes()), @"
    exit 1
    -- stderr
    error: an entry with this uuid and other content exists: use a new uuid for each entry
    ");
}

#[test]
fn a_resource_keeps_its_recorded_name() {
    let sandbox = Sandbox::new();
    sandbox.write("a.json", r#"{"n":1}"#);
    sandbox.write("b.json", r#"{"n":2}"#);
    let update =
        ["-a", "updated", "--resource", "connector/42", "-u", "x", "--before", "a.json", "--after", "b.json"];
    let name_of = |id: &str| {
        let shown = sandbox.run(&["show", id, "--format", "json", SERVER[0], SERVER[1]]).ended(0);
        shown.json()["model_name"].clone()
    };
    record(&sandbox, &update).ended(0);
    record(&sandbox, &[&update[..], &["--name", "Sync"]].concat()).ended(0);
    record(&sandbox, &[&update[..], &["--at", "2021-01-01"]].concat()).ended(0);
    let json = br#"{"action":"deleted","model_type":"connector","model_id":"42","user":{"name":"x"},"before":{"n":2}}"#;
    sandbox.run_with(&["record", SERVER[0], SERVER[1]], json).ended(0);
    record(&sandbox, &[&update[..5], &["x"], &update[6..], &["--name", "Other"]].concat()).ended(0);
    // The same name belongs to the same id alone.
    record(&sandbox, &["-a", "created", "--resource", "connector/4", "-u", "x", "--after", "a.json"])
        .ended(0);
    assert_eq!(name_of("1"), serde_json::Value::Null);
    assert_eq!([name_of("3"), name_of("4"), name_of("5")], ["Sync", "Sync", "Other"]);
    assert_eq!(name_of("6"), serde_json::Value::Null);
    // Sent again under its uuid, an entry must not differ from itself.
    let uuid = ["--uuid", "00000000-0000-4000-8000-0000000000ac"];
    let again = [&update[..], &uuid].concat();
    record(&sandbox, &again).ended(0);
    record(&sandbox, &[&update[..], &["--name", "Third"]].concat()).ended(0);
    assert!(record(&sandbox, &again).ended(0).err().contains("already recorded as entry 7"));
}

#[test]
fn an_invalid_entry_is_not_quoted() {
    let sandbox = Sandbox::new();
    for entry in [
        r#"{"hush":1}"#,
        r#"{"action":"hush"}"#,
        r#"{"action":"created","model_type":"hush"}"#,
        r#"{"action":"created","user":{"hush":"hush"}}"#,
        r#"{"action":"created","occurred_at":"hush"}"#,
        r#""hush""#,
        "hush",
    ] {
        let refused = sandbox.run_with(&["record", SERVER[0], SERVER[1]], entry.as_bytes()).ended(2);
        assert!(!refused.to_string().contains("hush"), "{entry}: {refused}");
        assert!(refused.err().contains("line 1"), "{entry}: {refused}");
    }
}

#[test]
fn a_rejected_entry_is_reported_and_not_quoted() {
    let sandbox = Sandbox::new();
    sandbox.write("broken.json", r#"{"token":"hush"#);
    let delete = ["-a", "deleted", "--resource", "secret/5", "-u", "ana"];
    insta::assert_snapshot!(record(&sandbox, &delete), @"
    exit 2
    -- stderr
    error: an entry with action deleted needs --before FILE
    ");
    insta::assert_snapshot!(record(&sandbox, &[&delete[..], &["--before", "broken.json"]].concat()), @"
    exit 2
    -- stderr
    error: broken.json is not JSON: EOF while parsing a string at line 1 column 14
    ");
    insta::assert_snapshot!(record(&sandbox, &[&delete[..], &["--before", "missing.json"]].concat()), @"
    exit 2
    -- stderr
    error: there is no file missing.json
    ");
    insta::assert_snapshot!(record(&sandbox, &[&delete[..], &["--at", "id:3"]].concat()), @"
    exit 2
    -- stderr
    error: --at: expected a time, not an entry
    ");
    insta::assert_snapshot!(record(&sandbox, &["-a", "deleted", "--resource", "secrets/5"]), @"
    exit 2
    -- stderr
    error: the following required arguments were not provided:
      --user <USER>

    Usage: krosyn-audit record --action <ACTION> --resource <TYPE/ID> --user <USER> --server <URL>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(sandbox.run_with(&["record", SERVER[0], SERVER[1]], b"{\"action\":\"updaetd\"}"), @"
    exit 2
    -- stderr
    error: stdin does not contain an entry: action: expected one of created, updated, deleted (line 1, column 20)
      hint: the format is described in openapi.json, under Proposal
    ");
    insta::assert_snapshot!(sandbox.run(&["record", SERVER[0], SERVER[1]]), @"
    exit 2
    -- stderr
    error: stdin does not contain an entry: not JSON: EOF while parsing a value at line 1 column 0
      hint: the format is described in openapi.json, under Proposal
    ");
}

#[test]
fn without_a_server_record_uses_the_data_directory() {
    let sandbox = Sandbox::new();
    sandbox.run_with(&["record"], ENTRY).ended(0);
    assert!(sandbox.path("data/krosyn-audit/audit.db").exists());
    assert_eq!(sandbox.run(&["list", "--columns", "id,user"]).ended(0).out(), "1\tsso\n");
}

#[test]
fn an_entry_made_for_another_user_is_shown_filtered_and_exported_as_such() {
    let sandbox = Sandbox::new();
    sandbox.write("after.json", r#"{"status": "active"}"#);
    let of_agent = ["record", "-a", "created", "--resource", "connector/42", "-u", "helper"];
    let for_ana = ["--user-kind", "agent", "--via", "mcp", "--on-behalf-of", "Ana Ruiz <ana@acme.example>"];
    let after = ["--after", "after.json"];
    acme::run(&sandbox, &[&of_agent[..], &for_ana, &after].concat()).ended(0);
    let alone = ["record", "-a", "created", "--resource", "connector/43", "-u", "ana@acme.example"];
    acme::run(&sandbox, &[&alone[..], &after].concat()).ended(0);
    let ids = |filter: &[&str]| {
        let listed = acme::run(&sandbox, &[&["list", "--columns", "id,user,on_behalf_of"], filter].concat());
        listed.ended(0).out().to_owned()
    };
    assert_eq!(ids(&["--on-behalf-of", "ANA"]), "1\thelper\tana@acme.example\n");
    assert_eq!(ids(&["--on-behalf-of", "!ana"]), "2\tana@acme.example\t\n");
    assert_eq!(ids(&["-u", "ana"]), "2\tana@acme.example\t\n");
    assert_eq!(ids(&["-g", "ana ruiz"]), "1\thelper\tana@acme.example\n");
    let told = acme::run(&sandbox, &["list", "--on-behalf-of", "ana", "--format", "table"]).ended(0);
    assert!(told.out().contains("  helper (agent) for ana@acme.example  "), "{told}");
    assert!(told.err().contains("on behalf of ana"), "{told}");
    let told = acme::run(&sandbox, &["show", "1"]).ended(0);
    assert!(told.out().contains("  who    helper (agent), via mcp\n"), "{told}");
    assert!(told.out().contains("  for    Ana Ruiz <ana@acme.example>\n"), "{told}");
    let told = acme::run(&sandbox, &["blame", "connector/42", "--format", "table"]).ended(0);
    assert!(told.out().contains("  helper for ana@acme.example  "), "{told}");
    let blame = acme::run(&sandbox, &["blame", "connector/42", "--format", "json"]).ended(0).json();
    assert_eq!(blame["lines"][0]["on_behalf_of"]["email"], "ana@acme.example");
    let json = |server: &str| {
        let listed = sandbox.run(&["list", "--format", "jsonl", "--reverse", "--server", server]).ended(0);
        let entries: Vec<serde_json::Value> =
            listed.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        entries
            .into_iter()
            .map(|entry| [entry["user"].clone(), entry["on_behalf_of"].clone()])
            .collect::<Vec<_>>()
    };
    for file in ["all.csv", "all.jsonl"] {
        acme::run(&sandbox, &["export", "-o", file]).ended(0);
        let server = format!("sqlite:{file}.db");
        let told = sandbox.run(&["import", file, "--server", &server]).ended(0);
        assert_eq!(told.err(), "2 entries recorded\n");
        assert_eq!(json(&server), json(SERVER[1]));
    }
    assert_eq!(json(SERVER[1])[1][1], serde_json::Value::Null);
}
