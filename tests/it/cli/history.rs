//! `history`, `--at` and `--diff`: the states of one resource, and which values are unknown.

use super::acme;

#[test]
fn every_change_of_a_resource_oldest_first() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["history", "connector/43", "--format", "table"]), @r#"
    exit 0
    -- stdout
    connector  日本 👩‍💻 שלום  (connector/43)
      was    ␛]0;owned␇=HYPERLINK("http://evil.example"), until entry 9 of 2021-03-07 13:00:00.000 CET
      was    =1+1, until entry 10 of 2021-03-08 13:00:00.000 CET
      !      entry 9 contradicts the earlier value of name: a change was not recorded
      !      entry 10 contradicts the earlier value of name, status, gpj: a change was not recorded

    ID  TIME (CET)           USER                 ACTION     CHANGES
     8  2021-03-06 13:00:00  li.lei@acme.example  + created  2 fields
     9  2021-03-07 13:00:00  li.lei@acme.example  ~ updated  name x → =1+1
    10  2021-03-08 13:00:00  diana@acme.example   - deleted  status active, +1
    -- stderr
    3 of 3 changes, oldest first
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["history", "connector/42", "-p", "--field", "perform.retry.max"]), @r#"
    exit 0
    -- stdout
    connector  Salesforce → Warehouse  (connector/42)

    + created  connector  Salesforce → Warehouse  (connector/42)
      when   2021-03-01 10:00:00.000 CET, [age] ago
      who    Ana Ruiz <ana.ruiz@acme.example>, admin, via web from 198.51.100.23
      entry  1, recorded [now], request req_A1

      + perform
          + {
          +   "url": "https://warehouse.example/v1",
          +   "retry": {"max":3,"legacy_backoff":true}
          + }

    ~ updated  connector  Salesforce → Warehouse  (connector/42)
      when   2021-03-02 09:14:07.412033 CET, [age] ago
      who    Ana Ruiz <ana.ruiz@acme.example>, admin, via web
      entry  3, recorded [now], request req_A2
      reason INC-2041

      ~ perform.retry
          ~ max              3 → 5
          + jitter           "full"
          - legacy_backoff   true
    -- stderr
    2 of 2 changes, oldest first · field perform.retry.max
    "#);
    let outcome = acme::run(&sandbox, &["history", "member/11"]).ended(0);
    assert!(outcome.out().lines().all(|line| line.split('\t').count() == 8), "{outcome}");
    assert_eq!(
        acme::run(&sandbox, &["history", "member/11", "--format", "json"]).ended(0).json()["matched"],
        2
    );
}

#[test]
fn a_resource_is_found_by_its_current_or_earlier_name() {
    let sandbox = acme::sandbox();
    for name in ["connector/salesforce → warehouse", "Salesforce", "warehouse"] {
        let outcome = acme::run(&sandbox, &["history", name, "--format", "jsonl"]).ended(0);
        assert!(outcome.json_lines().iter().all(|entry| entry["model_id"] == "42"), "{outcome}");
    }
    let renamed = acme::run(&sandbox, &["history", "=1+1", "--format", "jsonl"]).ended(0);
    assert_eq!(renamed.json_lines().len(), 3, "all of its life, whatever it was called");
    insta::assert_snapshot!(acme::run(&sandbox, &["history", "a"]), @r#"
    exit 2
    -- stderr
    error: 5 resources have "a" in the name or as id: choose one by its type and id
      hint: connector/42  Salesforce → Warehouse
      hint: connector/43  ␛]0;owned␇=HYPERLINK("http://evil.example")
      hint: connector_endpoint/3  POST /v2/accounts
      hint: organization/1  Acme
      hint: member/11  noor.haddad@acme.example
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["history", "connector/99"]), @r#"
    exit 5
    -- stderr
    error: no resource is named "connector/99"
      hint: `krosyn-audit list -g TEXT` searches names, users, fields and values
    "#);
}

#[test]
fn a_state_shows_the_confidence_of_each_field() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["history", "connector/42", "--at", "2021-03-02"]), @r#"
    exit 0
    -- stdout
    {
      "resource": "connector/42",
      "name": "Salesforce → Warehouse",
      "at": "2021-03-02T22:59:59.999999Z",
      "entry": 3,
      "exists": true,
      "complete": true,
      "state": {
        "name": "Salesforce → Warehouse",
        "status": "disabled",
        "trigger": "let row = {}\nrow.email = lower(row.Email)\nemit row",
        "perform": {
          "url": "https://warehouse.example/v1",
          "retry": {
            "max": 5,
            "jitter": "full"
          }
        },
        "webhook_secret": "[redacted]"
      },
      "fields": {
        "name": "exact",
        "status": "exact",
        "trigger": "exact",
        "perform": "exact",
        "webhook_secret": "redacted"
      },
      "redacted": [
        "webhook_secret"
      ],
      "unknown": []
    }
    -- stderr
    connector/42: the state at 2021-03-02 23:59:59.999999 CET
    "#);
    let at = |when: &str| acme::run(&sandbox, &["history", "connector/42", "--at", when]).ended(0).json();
    assert_eq!(at("2021-03-02 09:14:07")["state"]["status"], "active");
    assert_eq!((&at("id:3")["state"]["status"], &at("id:3")["entry"]), (&"disabled".into(), &3.into()));
    assert_eq!(
        (&at("2021-02-28")["exists"], &at("2021-02-28")["state"]),
        (&false.into(), &serde_json::json!({}))
    );
    insta::assert_snapshot!(acme::run(&sandbox, &["history", "connector/43", "--at", "2021-03-07"]), @r#"
    exit 0
    -- stdout
    {
      "resource": "connector/43",
      "name": "=1+1",
      "at": "2021-03-07T22:59:59.999999Z",
      "entry": 9,
      "exists": true,
      "complete": true,
      "state": {},
      "fields": {
        "name": "unknown",
        "gpj": "unknown",
        "status": "unknown"
      },
      "redacted": [],
      "unknown": [
        {
          "field": "name",
          "why": "entry 10 contradicts earlier entries or does not show the new value"
        },
        {
          "field": "gpj",
          "why": "entry 10 contradicts earlier entries or does not show the new value"
        },
        {
          "field": "status",
          "why": "entry 10 contradicts earlier entries or does not show the new value"
        }
      ]
    }
    -- stderr
    entry 9 contradicts the earlier value of name: a change was not recorded
    entry 10 contradicts the earlier value of name, status, gpj: a change was not recorded
    connector/43: the known part of the state at 2021-03-07 23:59:59.999999 CET
    "#);
}

#[test]
fn two_times_are_compared_field_by_field() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["history", "connector/42", "--diff", "2021-03-01", "2021-03-02"]), @r#"
    exit 0
    -- stdout
      ~ status               active → disabled
      ~ trigger                                                         1 of 3 lines
          @@ line 2
          - row.email = row.Email
          + row.email = lower(row.Email)
      ~ perform.retry
          ~ max              3 → 5
          + jitter           "full"
          - legacy_backoff   true
      ! webhook_secret       redacted, changed
    -- stderr
    connector/42: the state at 2021-03-01 23:59:59.999999 CET
    connector/42: the state at 2021-03-02 23:59:59.999999 CET
    "#);
    let json =
        acme::run(&sandbox, &["history", "member/11", "--diff", "id:5", "id:6", "--format", "json"]).ended(0);
    assert_eq!(
        json.json()["changes"],
        serde_json::json!([{"field": "role", "old": "viewer", "new": "admin"}])
    );
    let same = acme::run(&sandbox, &["history", "member/11", "--diff", "id:6", "now"]).ended(0);
    assert!(same.out().is_empty() && same.err().contains("no difference"), "{same}");
}

#[test]
fn pruned_history_is_reported_and_its_values_are_unknown() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "100%"]).ended(0);
    acme::record_update(&sandbox, r#"{"status":"disabled"}"#, r#"{"status":"active"}"#);
    let told = acme::run(&sandbox, &["history", "connector/42", "--format", "table"]).ended(0);
    assert!(told.out().contains("were pruned: earlier changes are unknown"), "{told}");
    let now = acme::run(&sandbox, &["history", "connector/42", "--at", "now"]).ended(0).json();
    assert_eq!((&now["exists"], &now["complete"]), (&true.into(), &false.into()));
    assert_eq!(now["state"], serde_json::json!({"status": "active"}));
    let before = acme::run(&sandbox, &["history", "connector/42", "--at", "2021-03-05"]).ended(0).json();
    assert_eq!(
        (&before["exists"], &before["fields"]["status"]),
        (&serde_json::Value::Null, &"unknown".into())
    );
    assert!(before["unknown"][0]["why"].as_str().unwrap().contains("were pruned"), "{before}");
}
