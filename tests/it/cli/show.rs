//! `show`: one entry field by field, and entries that cannot be shown.

use super::acme;

#[test]
fn an_update_shows_old_and_new() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "3"]), @r#"
    exit 0
    -- stdout
    ~ updated  connector  Salesforce → Warehouse  (connector/42)
      when   2021-03-02 09:14:07.412033 CET, [age] ago
      who    Ana Ruiz <ana.ruiz@acme.example>, admin, via web
      entry  3, recorded [now], request req_A2
      reason INC-2041

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
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "latest"]), @r#"
    exit 0
    -- stdout
    ~ updated  organization  Acme  (organization/1)
      when   2021-03-28 03:00:00.000 CEST, [age] ago
      who    Diana Prins <diana@acme.example>, owner
      entry  12, recorded [now]

      ~ require_2fa      true → false
      ~ tags                                                        1 added, 1 moved
          + [2]          "c"
          > [1] to [0]   "b"
    "#);
}

#[test]
fn a_creation_and_a_deletion_show_every_field() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "2"]), @r#"
    exit 0
    -- stdout
    + created  secret  SF_TOKEN  (secret/5)
      when   2021-03-01 10:00:00.000 CET, [age] ago
      who    Ana Ruiz <ana.ruiz@acme.example>, admin, via web from 198.51.100.23
      entry  2, recorded [now], request req_A1 (1 more entry: --request-id req_A1)

      + name          "SF_TOKEN"
      + value         redacted
      + description   "For \"Salesforce\", read only"

      in the same request
      1  + created  connector Salesforce → Warehouse  status active, +4
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "7", "id:10"]), @r#"
    exit 0
    -- stdout
    + created  endpoint  POST /v2/accounts  (connector_endpoint/3)
      when   2021-03-05 13:00:00.000 CET, [age] ago
      who    李雷 <li.lei@acme.example>, editor, via api
      entry  7, recorded [now]
      agent  curl/8.5

      + connector_id   42
      + allowed_urls   []
      + bearer_token   redacted
      + note           null
      + empty          ""

    - deleted  connector  日本 👩‍💻 שלום  (connector/43)
      when   2021-03-08 13:00:00.000 CET, [age] ago
      who    Diana Prins <diana@acme.example>, owner, via cli
      entry  10, recorded [now]

      - name     "日本 👩‍💻 שלום"
      - status   "active"
    "#);
}

#[test]
fn hostile_names_are_made_visible() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "8"]), @r#"
    exit 0
    -- stdout
    + created  connector  ␛]0;owned␇=HYPERLINK("http://evil.example")  (connector/43)
      when   2021-03-06 13:00:00.000 CET, [age] ago
      who    李雷 <li.lei@acme.example>, editor, via api
      entry  8, recorded [now]

      + name                                                            2 lines
          + a␉b␍
          + c
      + gpj   "<U+202E>exe"
    "#);
}

#[test]
fn old_is_red_and_new_is_green() {
    let sandbox = acme::sandbox();
    let painted = acme::run(&sandbox, &["show", "6", "--color", "always"]).ended(0);
    insta::assert_snapshot!(painted.to_string().replace('\u{1b}', "␛"), @"
    exit 0
    -- stdout
    ␛[33m~ updated␛[0m  member  ␛[1mnoor.haddad@acme.example␛[0m  ␛[2m(member/11)␛[0m
      ␛[2mwhen  ␛[0m 2021-03-04 17:20:45.000 CET, [age] ago
      ␛[2mwho   ␛[0m sso (system), via system
      ␛[2mentry ␛[0m 6, recorded [now]

      ␛[33m~␛[0m role   ␛[31mviewer␛[0m → ␛[32madmin␛[0m
    ");
}

#[test]
fn json_is_the_entry() {
    let sandbox = acme::sandbox();
    let one = acme::run(&sandbox, &["show", "6", "--format", "json"]).ended(0).json();
    assert_eq!((&one["id"], &one["changes"][0]["new"]), (&6.into(), &"admin".into()));
    let two = acme::run(&sandbox, &["show", "6", "5", "--format", "jsonl"]).ended(0).json_lines();
    assert_eq!(two.iter().map(|entry| entry["id"].as_u64().unwrap()).collect::<Vec<_>>(), [6, 5]);
}

#[test]
fn json_of_several_entries_is_one_list_or_nothing() {
    let sandbox = acme::sandbox();
    let two = acme::run(&sandbox, &["show", "6", "latest", "--format", "json"]).ended(0).json();
    assert_eq!((&two[0]["id"], &two[1]["id"]), (&6.into(), &12.into()));
    assert_eq!(acme::run(&sandbox, &["show", "6", "99", "--format", "json"]).ended(5).out(), "");
}

#[test]
fn states_and_their_diff_are_json() {
    let sandbox = acme::sandbox();
    let state = |flag: &str| acme::run(&sandbox, &["show", "3", flag]);
    insta::assert_snapshot!(state("--patch"), @r#"
    exit 0
    -- stdout
    [{"op":"replace","path":"/status","value":"disabled"},{"op":"replace","path":"/trigger","value":"let row = {}\nrow.email = lower(row.Email)\nemit row"},{"op":"replace","path":"/perform/retry/max","value":5},{"op":"add","path":"/perform/retry/jitter","value":"full"},{"op":"remove","path":"/perform/retry/legacy_backoff"}]
    -- stderr
    warning: entry 3 also changed fields whose values are never stored: webhook_secret
    "#);
    let (mut before, after) = (state("--before").ended(0).json(), state("--after").ended(0).json());
    let patch: json_patch::Patch = serde_json::from_value(state("--patch").json()).unwrap();
    assert_ne!(before, after);
    json_patch::patch(&mut before, &patch).unwrap();
    assert_eq!(before, after);
    assert_eq!(acme::run(&sandbox, &["show", "10", "--after", "-q"]).ended(0).out(), "{}\n");
    let two = acme::run(&sandbox, &["show", "5", "6", "--after"]).ended(0).json_lines();
    assert_eq!(two[1], serde_json::json!({"role": "admin"}));
    acme::run(&sandbox, &["show", "3", "--before", "--after"]).ended(2);
    let missing = acme::run(&sandbox, &["show", "99", "--patch"]).ended(5);
    assert!(
        missing.out().is_empty() && missing.err().lines().last().unwrap().starts_with("{\"error\""),
        "{missing}"
    );
}

#[test]
fn a_pipe_gets_both_sides_and_long_values_untruncated() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "3", "--side-by-side"]), @r#"
    exit 0
    -- stdout
    ~ updated  connector  Salesforce → Warehouse  (connector/42)
      when   2021-03-02 09:14:07.412033 CET, [age] ago
      who    Ana Ruiz <ana.ruiz@acme.example>, admin, via web
      entry  3, recorded [now], request req_A2
      reason INC-2041

      ~ status               active                                                │   ~ status               disabled
      ~ trigger                                                         1 of 3 lines
          @@ line 2
          - row.email = row.Email                                                  │       + row.email = lower(row.Email)
      ~ perform.retry
          ~ max              3                                                     │       ~ max              5
                                                                                   │       + jitter           "full"
          - legacy_backoff   true                                                  │
      ! webhook_secret       redacted, changed
    "#);
    let long = format!(
        r#"{{"occurred_at":"2021-03-29T00:00:00Z","action":"created","model_type":"connector","model_id":"1","user":{{"id":"7"}},"after":{{"text":"{}"}}}}"#,
        "x".repeat(9_000)
    );
    sandbox.run_with(&["import", "-", "--server", "sqlite:audit.db"], long.as_bytes()).ended(0);
    let shown = acme::run(&sandbox, &["show", "13"]).ended(0);
    assert!(shown.out().contains(&"x".repeat(9_000)), "{shown}");
}

#[test]
fn a_missing_entry_exits_5() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["show"]), @"
    exit 2
    -- stderr
    error: no entry given
      hint: give an id that `krosyn-audit list` shows, or: krosyn-audit show latest
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "13"]), @"
    exit 5
    -- stderr
    error: no entry has the id 13
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "7x"]), @"
    exit 2
    -- stderr
    error: invalid value '7x' for '[ID|latest]...': expected an entry id, as `list` shows it, latest, latest~1 or 1285..1287

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "0"]), @"
    exit 2
    -- stderr
    error: invalid value '0' for '[ID|latest]...': expected an entry id, as `list` shows it, latest, latest~1 or 1285..1287

    For more information, try '--help'.
    ");
    sandbox.run(&["org", "create", "empty", "--plan", "free", "--store", "sqlite:empty.db"]).ended(0);
    insta::assert_snapshot!(sandbox.run(&["show", "latest", "--server", "sqlite:empty.db"]), @"
    exit 5
    -- stderr
    error: the log is empty
    ");
}

#[test]
fn a_pruned_entry_names_its_prune() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "100%"]).ended(0);
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "3"]), @"
    exit 5
    -- stderr
    error: entry 3 was pruned at [now] by tester (local) (prune 1, cutoff [now])
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "13"]), @"
    exit 5
    -- stderr
    error: no entry has the id 13
    ");
}
