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
fn hard_names_are_made_visible() {
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
fn an_entry_that_is_not_there() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["show"]), @"
    exit 2
    -- stderr
    error: which entry?
      hint: `krosyn-audit show latest`, or an id that `krosyn-audit list` shows
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "13"]), @"
    exit 5
    -- stderr
    error: no entry has the id 13
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "last"]), @"
    exit 2
    -- stderr
    error: invalid value 'last' for '[ID|latest]...': expected an entry's id, as `list` shows it, or latest

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "0"]), @"
    exit 2
    -- stderr
    error: invalid value '0' for '[ID|latest]...': expected an entry's id, as `list` shows it, or latest

    For more information, try '--help'.
    ");
    sandbox.run(&["org", "create", "empty", "--plan", "free", "--store", "sqlite:empty.db"]).ended(0);
    insta::assert_snapshot!(sandbox.run(&["show", "latest", "--server", "sqlite:empty.db"]), @"
    exit 5
    -- stderr
    error: the log is empty: there is no latest entry
    ");
}

#[test]
fn a_pruned_entry_is_gone_and_says_by_which_prune() {
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
