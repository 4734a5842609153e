//! `show --revert` and change sets: how to undo an entry, and what else its request changed.

use serde_json::json;

use super::acme;

#[test]
fn a_revert_plan_has_the_patch_the_object_and_the_losses() {
    let sandbox = acme::sandbox();
    let outcome = acme::run(&sandbox, &["show", "3", "--revert", "--format", "json"]).ended(0);
    let plan = outcome.json();
    assert_eq!(
        (&plan["way"], &plan["whole"], &plan["lost"]),
        (&json!("patch"), &json!(false), &json!(["webhook_secret"]))
    );
    let patch: json_patch::Patch =
        serde_json::from_value(plan["patch"].clone()).expect("a patch by the standard");
    let mut now =
        acme::run(&sandbox, &["history", "connector/42", "--at", "now"]).ended(0).json()["state"].take();
    let before =
        acme::run(&sandbox, &["history", "connector/42", "--at", "id:1"]).ended(0).json()["state"].take();
    json_patch::patch(&mut now, &patch).expect("it applies");
    assert_eq!((&now, &plan["object"]), (&before, &before));
    for words in
        ["apply this difference to connector/42", "never stored: webhook_secret", "nothing was changed"]
    {
        assert!(outcome.err().contains(words), "{outcome}");
    }
}

#[test]
fn a_revert_plan_lists_later_changes_and_their_users() {
    let sandbox = acme::sandbox();
    acme::record_update(&sandbox, r#"{"status":"disabled"}"#, r#"{"status":"paused"}"#);
    let outcome = acme::run(&sandbox, &["show", "3", "--revert", "--format", "json"]).ended(0);
    let plan = outcome.json();
    assert_eq!(plan["since"][0]["user"], "Zoe");
    assert_eq!(plan["since"][0]["fields"], json!(["status"]));
    assert!(outcome.err().contains("since then Zoe updated status in entry 13"), "{outcome}");
    let test = json!({"op": "test", "path": "/status", "value": "paused"});
    assert!(plan["patch"].as_array().expect("operations").contains(&test), "{plan}");
}

#[test]
fn reverting_a_creation_deletes_and_reverting_a_deletion_creates() {
    let sandbox = acme::sandbox();
    let plan = |id: &str| acme::run(&sandbox, &["show", id, "--revert", "--format", "json"]).ended(0).json();
    assert_eq!((&plan("2")["way"], &plan("2")["patch"]), (&json!("delete"), &json!(null)));
    let back = plan("10");
    assert_eq!((&back["way"], &back["object"]["status"]), (&json!("create"), &json!("active")));
    assert_eq!(plan("9")["way"], "impossible", "it was deleted since");
    let two = acme::run(&sandbox, &["show", "3", "4", "--revert"]).ended(2);
    assert!(two.err().contains("--revert takes one entry"), "{two}");
}

#[test]
fn people_see_the_difference_and_what_it_lacks() {
    let sandbox = acme::sandbox();
    acme::record_update(&sandbox, r#"{"status":"disabled"}"#, r#"{"status":"paused"}"#);
    let outcome = acme::run(&sandbox, &["show", "3", "--revert"]).ended(0);
    for words in [
        "to undo entry 3, apply this difference to connector/42\n",
        "paused → active\n",
        "note   since then Zoe updated status in entry 13",
        "never stored: webhook_secret",
        "nothing was changed",
    ] {
        assert!(outcome.out().contains(words), "{words}: {outcome}");
    }
    assert!(outcome.err().contains("show 3 --revert --format json"), "{outcome}");
    let creation = acme::run(&sandbox, &["show", "2", "--revert"]).ended(0);
    assert!(creation.out().starts_with("to undo entry 2, delete "), "{creation}");
}

#[test]
fn a_change_set_is_shown_together() {
    let sandbox = acme::sandbox();
    let one = acme::run(&sandbox, &["show", "1"]).ended(0);
    let (_, below) = one.out().split_once("in the same request\n").expect("the other entry");
    assert!(below.contains("2  + created  secret SF_TOKEN") && below.lines().count() == 1, "{one}");
    let all =
        acme::run(&sandbox, &["show", "--request-id", "req_A1", "--format", "jsonl"]).ended(0).json_lines();
    assert_eq!(all.iter().map(|entry| &entry["id"]).collect::<Vec<_>>(), [1, 2]);
    let none = acme::run(&sandbox, &["show", "--request-id", "req_none"]).ended(5);
    assert!(none.err().contains("no entry has the request id req_none"), "{none}");
}
