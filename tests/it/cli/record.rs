//! `record`: one entry, from flags and files or from stdin.

use super::acme::SERVER;
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
    was there already as entry 1
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
    nothing differs between before and after: nothing was recorded
    ");
}

#[test]
fn from_stdin_once() {
    let sandbox = Sandbox::new();
    let args = ["record", SERVER[0], SERVER[1]];
    assert_eq!(sandbox.run_with(&args, ENTRY).ended(0).out(), "1\n");
    let again = sandbox.run_with(&args, ENTRY).ended(0);
    assert_eq!((again.out(), again.err()), ("1\n", "was there already as entry 1\n"));
    let other = String::from_utf8(ENTRY.to_vec()).unwrap().replace("viewer", "editor");
    insta::assert_snapshot!(sandbox.run_with(&args, other.as_bytes()), @"
    exit 1
    -- stderr
    error: the uuid is taken by an entry with other content: a recording has one uuid for ever
    ");
}

#[test]
fn what_cannot_be_recorded_is_told_and_not_quoted() {
    let sandbox = Sandbox::new();
    sandbox.write("broken.json", r#"{"token":"hush"#);
    let delete = ["-a", "deleted", "--resource", "secret/5", "-u", "ana"];
    insta::assert_snapshot!(record(&sandbox, &delete), @"
    exit 2
    -- stderr
    error: an entry about what was deleted needs --before: give --before FILE
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
    error: --at: expected a moment, not an entry
    ");
    insta::assert_snapshot!(record(&sandbox, &["-a", "deleted", "--resource", "secrets/5"]), @"
    exit 2
    -- stderr
    error: the following required arguments were not provided:
      --user <USER>

    Usage: krosyn-audit record --action <ACTION> --resource <TYPE/ID> --user <USER> --server <URL>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(sandbox.run_with(&["record", SERVER[0], SERVER[1]], b"{\"action\":\"updaetd\"}"), @r#"
    exit 2
    -- stderr
    error: stdin holds no entry: another value is needed: expected one of created, updated, deleted at line 1 column 20
      hint: the shape is in openapi.json, under Proposal
    "#);
    insta::assert_snapshot!(sandbox.run(&["record", SERVER[0], SERVER[1]]), @"
    exit 2
    -- stderr
    error: stdin holds no entry: EOF while parsing a value at line 1 column 0
      hint: the shape is in openapi.json, under Proposal
    ");
}

#[test]
fn without_a_server_it_goes_to_the_data_directory() {
    let sandbox = Sandbox::new();
    sandbox.run_with(&["record"], ENTRY).ended(0);
    assert!(sandbox.path("data/krosyn-audit/audit.db").exists());
    assert_eq!(sandbox.run(&["list", "--columns", "id,user"]).ended(0).out(), "1\tsso\n");
}
