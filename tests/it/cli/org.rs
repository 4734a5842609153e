//! `org set`, `org rename` and `org delete`: what they tell, ask and refuse.

use krosyn_audit::store;

use crate::support::entries::{days_ago, recording_at};
use crate::support::pty::{ENTER, Terminal};
use crate::support::sandbox::{Outcome, Sandbox, wait_until};

const STORE: [&str; 2] = ["--store", "sqlite:audit.db"];
const SERVER: [&str; 4] = ["--server", "sqlite:audit.db", "--org", "acme"];

fn org(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(&[&["org"], args, &STORE].concat())
}

/// An organization on the business plan with so many entries, which Free does not keep and Pro does, and a neighbour.
fn sandbox(entries: u32) -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = org(&sandbox, &["create", "acme", "--plan", "business"]).ended(0);
    let _ = org(&sandbox, &["create", "other", "--plan", "business"]).ended(0);
    let lines: String =
        (1..=entries).map(|id| format!("{}\n", recording_at(&id.to_string(), days_ago(150)))).collect();
    sandbox.write("lines.jsonl", lines);
    let _ = sandbox.run(&[&["import", "lines.jsonl"], &SERVER[..]].concat()).ended(0);
    sandbox
}

fn plan(sandbox: &Sandbox) -> String {
    let listed = org(sandbox, &["list"]).ended(0);
    let acme = listed.out().lines().find(|line| line.starts_with("acme\t")).expect("listed").to_owned();
    acme.split('\t').skip(1).take(3).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_plan_change_that_loses_entries_says_so_and_needs_a_confirmation() {
    let sandbox = sandbox(20);
    let refused = org(&sandbox, &["set", "acme", "--plan", "free"]).ended(6);
    for words in [
        "with plan free instead of business, 20 entries of the audit log expire now; the oldest happened at ",
        "they are deleted at the next prune; a running server sweeps every hour",
        "this is not a terminal: the organization was not changed",
        "--yes",
    ] {
        assert!(refused.err().contains(words), "{words}: {refused}");
    }
    assert_eq!(plan(&sandbox), "business 3y -");
    let done = org(&sandbox, &["set", "acme", "--plan", "free", "--yes"]).ended(0);
    assert!(done.err().contains("20 entries of the audit log expire now"), "{done}");
    assert!(done.err().contains("acme: plan free, retention 90d"), "{done}");
    // Nothing more expires, so nothing is asked: not the same plan again, and not a longer one.
    for args in [["--plan", "free"], ["--plan", "pro"], ["--plan", "business"]] {
        let done = org(&sandbox, &[&["set", "acme"], &args[..]].concat()).ended(0);
        assert!(!done.err().contains("expire"), "{done}");
    }
}

#[test]
fn a_floor_that_lets_prunes_delete_more_needs_a_confirmation() {
    let sandbox = sandbox(3);
    let refused = org(&sandbox, &["set", "acme", "--floor", "100d"]).ended(6);
    let words = "with floor 100d, 3 entries of the audit log can be deleted by `prune --older-than`";
    assert!(refused.err().contains(words) && !refused.err().contains("next prune"), "{refused}");
    let _ = org(&sandbox, &["set", "acme", "--floor", "2y"]).ended(0);
    let _ = org(&sandbox, &["set", "acme", "--floor", "100d", "--yes"]).ended(0);
    let _ = org(&sandbox, &["set", "acme", "--floor", "none"]).ended(0);
    assert_eq!(plan(&sandbox), "business 3y -");
}

#[test]
fn on_a_terminal_the_number_of_entries_confirms_a_plan_change() {
    let sandbox = sandbox(20);
    for (typed, status, expected) in [("19", 6, "business 3y -"), ("20", 0, "free 90d -")] {
        let command = sandbox.command(&[&["org", "set", "acme", "--plan", "free"], &STORE[..]].concat());
        let mut terminal = Terminal::start(&command, 24, 100);
        terminal.wait_for("Type 20 to let them expire");
        terminal.type_in(&format!("{typed}{ENTER}"));
        assert_eq!(terminal.end(), status, "{}", terminal.screen());
        assert_eq!(plan(&sandbox), expected);
    }
}

#[test]
fn a_renamed_organization_keeps_tokens_and_verifies_as_the_same_log() {
    let sandbox = sandbox(5);
    let create = ["token", "create", "--org", "acme", "--name", "admin", "--scope", "read,trail"];
    let token = sandbox.run(&[&create[..], &STORE].concat()).ended(0);
    sandbox.write_with_mode("token", token.out(), 0o600);
    let _ = sandbox.run(&[&["verify"], &SERVER[..]].concat()).ended(0);
    let _ = org(&sandbox, &["rename", "acme", "other"]).ended(6);
    let renamed = org(&sandbox, &["rename", "acme", "acme-eu"]).ended(0);
    assert!(renamed.err().contains("acme is now acme-eu; its tokens stay valid"), "{renamed}");
    let old = sandbox.run(&[&["list"], &SERVER[..]].concat()).ended(5);
    assert!(
        old.err().contains("there is no organization \"acme\"")
            && old.err().contains("did you mean acme-eu?"),
        "{old}"
    );
    let old = org(&sandbox, &["set", "acme", "--plan", "pro"]).ended(5);
    assert!(old.err().contains("did you mean acme-eu?"), "{old}");
    let new = ["--server", "sqlite:audit.db", "--org", "acme-eu"];
    // The key that was pinned before signs the log under its new name.
    let verified = sandbox.run(&[&["verify"], &new[..]].concat()).ended(0);
    assert!(verified.out().contains("(pinned "), "{verified}");
    let trail = sandbox
        .run(&[&["list", "--log", "trail", "-t", "organization", "--format", "jsonl"], &new[..]].concat());
    let trail = trail.ended(0).json_lines();
    assert_eq!(trail[0]["changes"], serde_json::json!([{"field": "slug", "old": "acme", "new": "acme-eu"}]));
    let serving = sandbox.serve(&[]);
    let _ = sandbox.run(&["list", "--server", serving.url(), "--token-file", "token"]).ended(0);
    // The old name is free.
    let _ = org(&sandbox, &["create", "acme", "--plan", "pro"]).ended(0);
}

#[test]
fn a_deletion_needs_the_name_and_leaves_a_record() {
    let sandbox = sandbox(2_500);
    let refused = org(&sandbox, &["delete", "acme"]).ended(6);
    for words in [
        "deleting acme permanently:",
        "500 entries of the audit log, from ",
        "of the trail",
        "0 tokens",
        "nothing was deleted",
    ] {
        assert!(refused.err().contains(words), "{words}: {refused}");
    }
    for (typed, status) in [("yes", 6), ("acme", 0)] {
        let command = sandbox.command(&[&["org", "delete", "acme"], &STORE[..]].concat());
        let mut terminal = Terminal::start(&command, 24, 110);
        terminal.wait_for("Type acme to delete it permanently");
        terminal.type_in(&format!("{typed}{ENTER}"));
        assert_eq!(terminal.end(), status, "{}", terminal.screen());
    }
    let listed = org(&sandbox, &["list"]).ended(0);
    assert!(listed.out().starts_with("other\t") && listed.out().lines().count() == 1, "{listed}");
    let deleted = org(&sandbox, &["list", "--deleted"]).ended(0);
    let cells: Vec<_> = deleted.out().trim_end().split('\t').collect();
    assert!(cells[0] == "acme" && cells[1].starts_with("tester@") && cells[4] == "2500", "{deleted}");
    assert!(cells[3] != "-", "it is finished: {deleted}");
    let _ = org(&sandbox, &["delete", "acme", "--yes"]).ended(5);
    let bytes = sandbox.read("audit.db");
    assert!(!bytes.windows(8).any(|it| it == b"Ana Ruiz"), "no entry is left in the file");
}

#[test]
fn a_hold_prevents_a_deletion() {
    let sandbox = sandbox(1);
    let db = rusqlite::Connection::open(sandbox.path("audit.db")).unwrap();
    let hold = "INSERT INTO holds (org_id, name, filter, reason, created_at, created_by) VALUES (1, 'case-7', '', 'a case', 1, 'ana')";
    db.execute_batch(hold).unwrap();
    let refused = org(&sandbox, &["delete", "acme", "--yes"]).ended(6);
    assert!(
        refused.err().contains("the hold \"case-7\" keeps entries of acme: nothing was deleted"),
        "{refused}"
    );
    db.execute_batch("UPDATE holds SET released_at = 2, released_by = 'ana', release_reason = 'closed'")
        .unwrap();
    let _ = org(&sandbox, &["delete", "acme", "--yes"]).ended(0);
}

#[test]
fn an_interrupted_deletion_is_continued_without_another_question() {
    let sandbox = sandbox(50);
    let url = format!("sqlite:{}", sandbox.path("audit.db").display());
    let begin = async {
        let store = store::open(&url).await.expect("a store");
        let acme = store.organizations().await.expect("two").remove(0);
        let begun = store.begin_deletion(acme.id, "ana".to_owned(), days_ago(0)).await.expect("asked");
        begun.expect("nothing prevents it");
        assert!(store.deletion_batch(acme.id, 20).await.expect("a batch"));
        store.close().await;
    };
    tokio::runtime::Runtime::new().expect("a runtime").block_on(begin);
    // It accepts nothing meanwhile, and its name leads nowhere.
    let _ = sandbox.run(&[&["list"], &SERVER[..]].concat()).ended(5);
    let unfinished = org(&sandbox, &["list", "--deleted"]).ended(0);
    assert!(unfinished.out().contains("\t-\t20\t0\t"), "{unfinished}");
    let done = org(&sandbox, &["delete", "acme"]).ended(0);
    assert!(done.err().contains("continuing a deletion that was interrupted"), "{done}");
    assert!(done.err().contains("acme deleted: 50 entries and "), "{done}");
}

#[test]
fn a_running_server_goes_on_without_a_deleted_organization() {
    let sandbox = sandbox(50);
    let create = ["token", "create", "--org", "acme", "--name", "admin", "--scope", "read,record"];
    let token = sandbox.run(&[&create[..], &STORE].concat()).ended(0);
    sandbox.write_with_mode("token", token.out(), 0o600);
    let serving = sandbox.serve(&["--log-level", "debug"]);
    let list = ["list", "--server", serving.url(), "--token-file", "token"];
    let _ = sandbox.run(&list).ended(0);
    let _ = org(&sandbox, &["delete", "acme", "--yes"]).ended(0);
    let refused = sandbox.run(&list).ended(4);
    assert!(refused.err().contains("unknown, revoked or expired"), "{refused}");
    wait_until("the neighbour is served", || {
        let create = [
            "token",
            "create",
            "--org",
            "other",
            "--name",
            "x",
            "--scope",
            "read",
            "--token-out",
            "other.token",
        ];
        let _ = sandbox.run(&[&create[..], &STORE].concat());
        sandbox.run(&["list", "--server", serving.url(), "--token-file", "other.token"]).status == Some(0)
    });
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
    let log = sandbox.text("serve.log");
    assert!(!log.contains("ERROR") && !log.contains("retrying"), "{log}");
}

#[test]
fn a_copy_follows_a_renamed_organization_and_has_the_records_of_deleted_ones() {
    let sandbox = sandbox(3);
    let copy = || sandbox.run(&["store", "copy", "sqlite:audit.db", "sqlite:copy.db"]).ended(0);
    let list = |flags: &[&str], store: &str| {
        sandbox.run(&[&["org", "list"], flags, &["--store", store]].concat()).ended(0).out().to_owned()
    };
    let _ = copy();
    let _ = org(&sandbox, &["rename", "acme", "acme-eu"]).ended(0);
    let _ = copy();
    assert_eq!(list(&[], "sqlite:copy.db"), list(&[], "sqlite:audit.db"));
    let _ = org(&sandbox, &["delete", "acme-eu", "--yes"]).ended(0);
    let _ = org(&sandbox, &["create", "acme-eu", "--plan", "pro"]).ended(0);
    let _ = sandbox.run(&["store", "copy", "sqlite:audit.db", "sqlite:new.db"]).ended(0);
    for flags in [&["--deleted"][..], &[]] {
        assert_eq!(list(flags, "sqlite:new.db"), list(flags, "sqlite:audit.db"));
    }
    // Another organization has the name by now.
    let refused = sandbox.run(&["store", "copy", "sqlite:audit.db", "sqlite:copy.db"]).ended(6);
    assert!(
        refused.err().contains("acme-eu was deleted in the source, but the copy still has it"),
        "{refused}"
    );
    let _ = sandbox.run(&["org", "delete", "acme-eu", "--yes", "--store", "sqlite:copy.db"]).ended(0);
    let _ = copy();
    assert_eq!(list(&[], "sqlite:copy.db"), list(&[], "sqlite:audit.db"));
}
