//! `blame`: the last change of each field, its user, and the number of changes.

use super::acme;

#[test]
fn blame_shows_the_last_user_of_each_field() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["blame", "connector/42", "--format", "table"]), @r#"
    exit 0
    -- stdout
    connector  Salesforce → Warehouse  (connector/42)

    ENTRY  SET                  BY                     TIMES  FIELD                 VALUE
        1  2021-03-01 10:00:00  ana.ruiz@acme.example      1  name                  "Salesforce → Warehouse"
        3  2021-03-02 09:14:07  ana.ruiz@acme.example      2  status                "disabled"
        3  2021-03-02 09:14:07  ana.ruiz@acme.example      2  trigger               "let row = {}\nrow.email = lower(row.Email)\nemit row"
        1  2021-03-01 10:00:00  ana.ruiz@acme.example      1  perform.url           "https://warehouse.example/v1"
        3  2021-03-02 09:14:07  ana.ruiz@acme.example      2  perform.retry.max     5
        3  2021-03-02 09:14:07  ana.ruiz@acme.example      1  perform.retry.jitter  "full"
        3  2021-03-02 09:14:07  ana.ruiz@acme.example      2  webhook_secret        redacted
    -- stderr
    7 fields
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["blame", "connector/42", "--field", "perform.retry"]), @r#"
    exit 0
    -- stdout
    perform.retry.max	5	2021-03-02T08:14:07.412033Z	ana.ruiz@acme.example	3	2	exact	
    perform.retry.jitter	"full"	2021-03-02T08:14:07.412033Z	ana.ruiz@acme.example	3	1	exact	
    -- stderr
    2 fields
    "#);
}

#[test]
fn blame_works_on_a_deleted_resource() {
    let sandbox = acme::sandbox();
    let told = acme::run(&sandbox, &["blame", "connector/43", "--format", "json"]).ended(0);
    let blame = told.json();
    assert_eq!((&blame["exists"], &blame["complete"]), (&false.into(), &true.into()));
    let line =
        |field: &str| blame["lines"].as_array().unwrap().iter().find(|line| line["field"] == field).unwrap();
    assert_eq!((&line("gpj")["entry"], &line("gpj")["user"]["name"]), (&8.into(), &"李雷".into()));
    // Entry 9 has the old name x, but no entry set the name to x: its user is unknown.
    assert_eq!(line("name")["set"], "before 2021-03-08 13:00:00.000 CET, unknown (not recorded)");
    assert!(
        told.err().ends_with(
            "3 fields · deleted by diana@acme.example in entry 10 of 2021-03-08 13:00:00.000 CET\n"
        ),
        "{told}"
    );
}

#[test]
fn blame_names_no_user_beyond_pruned_history() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "100%"]).ended(0);
    acme::record_update(&sandbox, r#"{"p":{"a":1,"b":1}}"#, r#"{"p":{"a":1,"b":2}}"#);
    let told = acme::run(&sandbox, &["blame", "connector/42", "--format", "table"]).ended(0);
    let line = |field: &str| told.out().lines().find(|line| line.contains(field)).unwrap().to_owned();
    assert!(line("p.a").contains("  before pruning  "), "{told}");
    assert!(line("p.b").contains("Zoe"), "{told}");
    assert!(told.err().contains("there may be more fields that no entry mentions"), "{told}");
}

#[test]
fn an_unknown_field_is_reported() {
    let sandbox = acme::sandbox();
    let told = acme::run(&sandbox, &["blame", "connector/42", "--field", "nope"]).ended(0);
    assert_eq!(told.out(), "");
    assert!(told.err().starts_with("no such field; the fields are name, status, trigger"), "{told}");
}

#[test]
fn an_id_without_a_type_is_resolved_and_an_entry_id_is_refused() {
    let sandbox = acme::sandbox();
    assert!(acme::run(&sandbox, &["blame", "42"]).ended(0).out().starts_with("name\t"));
    let told = acme::run(&sandbox, &["history", "987"]).ended(5);
    assert!(told.err().contains("if it is the id of an entry: krosyn-audit show 987"), "{told}");
    let told = acme::run(&sandbox, &["history", "connectr/42"]).ended(5);
    assert!(told.err().contains("did you mean connector/42?"), "{told}");
    for (word, meant) in
        [("connector/42", "krosyn-audit history connector/42"), ("lastest", "did you mean latest?")]
    {
        assert!(acme::run(&sandbox, &["show", word]).ended(2).err().contains(meant), "{word}");
    }
}
