//! `hold`: creates, lists, shows and releases holds, on a store and through a server; and prunes that meet them.

use super::acme::{self, SERVER, run};
use crate::support::pty::{ENTER, Terminal};

const CREATE: &[&str] =
    &["hold", "create", "case-14", "--reason", "court order", "--resource", "connector/42"];

#[test]
fn a_hold_is_created_listed_shown_and_released() {
    let sandbox = acme::sandbox();
    let created = run(&sandbox, CREATE).ended(0);
    assert!(created.err().starts_with("created case-14: it covers "), "{created}");
    let list = run(&sandbox, &["hold", "list"]).ended(0);
    let cells: Vec<_> = list.out().trim_end().split('\t').collect();
    assert_eq!(cells[..4], ["case-14", "active", "resource connector/42", "court order"], "{list}");
    assert_eq!((cells[5], cells[6]), ("tester (local)", "-"), "{list}");
    let shown = run(&sandbox, &["hold", "show", "case-14", "--format", "json"]).ended(0).json();
    assert!(shown["entries"]["count"].as_u64() > Some(0), "{shown}");
    assert_eq!(shown["entries"]["count"], shown["entries"]["expired"], "the log is of 2021: {shown}");
    // A covered entry names the hold until it is released.
    let names_it =
        || run(&sandbox, &["show", "3"]).ended(0).out().contains("\n  hold   case-14: court order\n");
    assert!(names_it() && !run(&sandbox, &["show", "12"]).ended(0).out().contains("hold "));
    let release = &["hold", "release", "case-14", "--reason", "closed"][..];
    let refused = run(&sandbox, release).ended(6);
    assert!(refused.err().contains("hint: add --yes to release without a prompt"), "{refused}");
    let released = run(&sandbox, &[release, &["--yes"]].concat()).ended(0);
    assert!(released.err().starts_with("released case-14: the next prune may delete "), "{released}");
    assert!(!names_it());
    let again = run(&sandbox, &[release, &["--yes"]].concat()).ended(6);
    assert!(again.err().contains("was released at"), "{again}");
    let text = run(&sandbox, &["hold", "show", "case-14"]).ended(0);
    assert!(text.out().contains("by tester (local): closed"), "{text}");
    run(&sandbox, &["hold", "show", "case-15"]).ended(5);
    run(&sandbox, CREATE).ended(6);
}

#[test]
fn filters_that_a_hold_cannot_have_are_refused_by_their_flags() {
    let sandbox = acme::sandbox();
    for (flags, told) in [
        (
            &["--field", "status"][..],
            "error: --field: a hold cannot filter by field, text, reason or address",
        ),
        (&["-g", "slack"], "error: --grep: a hold cannot filter by field, text, reason or address"),
        (&["--log", "trail"], "error: --log trail: only entries of the audit log can be held"),
        (&["--format", "csv"], "error: hold writes table or json"),
    ] {
        let refused = run(&sandbox, &[CREATE, flags].concat()).ended(2);
        assert!(refused.err().contains(told), "{refused}");
    }
    let list = run(&sandbox, &["hold", "list"]).ended(0);
    assert_eq!(
        (list.out(), list.err().lines().next()),
        ("", Some("no holds: create one with `krosyn-audit hold create`"))
    );
}

#[test]
fn a_prune_shows_archives_and_deletes_only_what_no_hold_covers() {
    let sandbox = acme::sandbox();
    run(&sandbox, CREATE).ended(0);
    let plan =
        run(&sandbox, &["prune", "--dry-run", "--format", "json", "--max-delete", "100%"]).ended(0).json();
    let (goes, held) =
        (plan["counts"]["expired"].as_u64().unwrap(), plan["counts"]["held"].as_u64().unwrap());
    assert!(goes > 0 && held > 0 && goes + held == 12, "{plan}");
    let plan = run(&sandbox, &["prune", "--dry-run", "--max-delete", "100%"]).ended(0);
    assert!(plan.out().contains("of which held"), "{plan}");
    let line = format!("{held} expired entries are held: {held} by case-14");
    assert!(plan.out().lines().any(|it| it == line), "{plan}");
    let prune = ["prune", "--yes", "--max-delete", "100%", "--archive", "old.jsonl"];
    let pruned = run(&sandbox, &prune).ended(0);
    assert!(pruned.err().contains(&format!("{goes} entries are archived in old.jsonl")), "{pruned}");
    let left = run(&sandbox, &["list", "--format", "jsonl"]).ended(0).json_lines();
    assert_eq!(left.len() as u64, held);
    assert!(left.iter().all(|entry| entry["model_id"] == "42"), "{left:?}");
    assert_eq!(sandbox.text("old.jsonl").lines().count() as u64, goes);
    assert!(!sandbox.text("old.jsonl").contains(r#""model_type":"connector","model_id":"42""#));
    let again = run(&sandbox, &["prune", "--yes"]).ended(0);
    assert!(again.out().contains("nothing goes: "), "{again}");
    let status = run(&sandbox, &["status"]).ended(0);
    assert!(status.out().contains(&format!("of which 0 have expired and {held} are held")), "{status}");
}

#[test]
fn a_release_is_confirmed_by_the_name() {
    let sandbox = acme::sandbox();
    run(&sandbox, CREATE).ended(0);
    let release = ["hold", "release", "case-14", "--reason", "closed"];
    for (typed, status) in [("yes", 6), ("case-14", 0)] {
        let command = sandbox.command(&[&release[..], &SERVER].concat());
        let mut terminal = Terminal::start(&command, 40, 100);
        terminal.wait_for("Type case-14 to release it");
        assert!(terminal.screen().contains("reason    court order"), "{}", terminal.screen());
        terminal.type_in(&format!("{typed}{ENTER}"));
        assert_eq!(terminal.end(), status, "{}", terminal.screen());
    }
}

#[test]
fn a_copy_of_a_store_has_its_holds() {
    let sandbox = acme::sandbox();
    run(&sandbox, CREATE).ended(0);
    let copy = || sandbox.run(&["store", "copy", "sqlite:audit.db", "sqlite:copy.db"]).ended(0);
    let list = |store: &str| sandbox.run(&["hold", "list", "--server", store]).ended(0).out().to_owned();
    copy();
    assert!(list("sqlite:copy.db").contains("case-14\tactive"));
    run(&sandbox, &["hold", "release", "case-14", "--reason", "closed", "--yes"]).ended(0);
    copy();
    assert_eq!(list("sqlite:copy.db"), list("sqlite:audit.db"));
    let backup = ["store", "backup", "--store", "sqlite:audit.db", "backup.db"];
    sandbox.run(&backup).ended(0);
    assert_eq!(list("sqlite:backup.db"), list("sqlite:audit.db"));
}

#[test]
fn hostile_text_of_a_hold_is_shown_escaped() {
    let (sandbox, serving) = acme::served();
    let create = ["hold", "create", "evil", "--reason", "a\u{202e}b", "--request-id", "x\u{1b}[31m"];
    sandbox.run(&[&create[..], &serving.flags()].concat()).ended(0);
    let shown = sandbox.run(&[&["hold", "show", "evil"], &serving.flags()[..]].concat()).ended(0);
    assert!(!shown.out().contains(['\u{1b}', '\u{202e}']) && shown.out().contains("request x"), "{shown}");
}
