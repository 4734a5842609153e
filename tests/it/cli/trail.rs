//! What commands on a local store, and a server as a process, record in the trail.

use krosyn_audit::model::entry::Entry;
use krosyn_audit::store;

use super::acme;
use crate::support::entries::everything;
use crate::support::sandbox::Sandbox;

/// The trail of the first organization, without the host: who, action and resource, and the changes.
fn trail(sandbox: &Sandbox) -> Vec<(String, String)> {
    let url = format!("sqlite:{}", sandbox.path("audit.db").display());
    let read = async {
        let store = store::open(&url).await.expect("a store");
        let org = store.organizations().await.expect("one").remove(0).id;
        let entries = everything(&store, org.trail()).await;
        store.close().await;
        entries
    };
    let entries = tokio::runtime::Runtime::new().expect("a runtime").block_on(read);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let line = |entry: &Entry| {
        let who = entry.user.label().replace(&format!("@{host}"), "@host");
        let resource = format!("{}/{}", entry.model_type, entry.model_id.replace(&host, "host"));
        (format!("{who} {} {resource}", entry.action), entry.changes.get().to_owned())
    };
    entries.iter().map(line).collect()
}

fn whats(sandbox: &Sandbox) -> Vec<String> {
    trail(sandbox).into_iter().map(|(what, _)| what).collect()
}

#[test]
fn operator_commands_are_recorded_with_account_and_host() {
    let sandbox = Sandbox::new();
    let run = |args: &[&str], store: &[&str]| sandbox.run(&[args, store].concat());
    let store = ["--store", "sqlite:audit.db"];
    run(&["org", "create", "acme", "--plan", "free"], &store).ended(0);
    run(&["org", "set", "acme", "--plan", "pro", "--floor", "30d"], &store).ended(0);
    run(&["org", "set", "acme", "--plan", "pro"], &store).ended(0);
    run(&["token", "create", "--org", "acme", "--name", "cron", "--scope", "prune,read"], &store).ended(0);
    assert_ne!(
        run(&["token", "create", "--org", "acme", "--name", "cron", "--scope", "read"], &store).status,
        Some(0)
    );
    for _ in 0..2 {
        run(&["token", "revoke", "cron", "--org", "acme"], &store).ended(0);
    }
    run(&["store", "backup", "copy.db"], &store).ended(0);
    run(&["store", "copy", "sqlite:audit.db", "sqlite:other.db"], &[]).ended(0);
    let trail = trail(&sandbox);
    let told: Vec<_> = trail.iter().map(|(what, changes)| (what.as_str(), changes.as_str())).collect();
    assert_eq!(
        told,
        [
            ("tester@host created organization/acme", r#"[{"field":"plan","new":"free"}]"#),
            (
                "tester@host updated organization/acme",
                r#"[{"field":"plan","old":"free","new":"pro"},{"field":"floor","new":"30d"}]"#
            ),
            (
                "tester@host created token/cron",
                r#"[{"field":"scopes","new":["read","prune"]},{"field":"created_by","new":"tester"}]"#
            ),
            ("tester@host deleted token/cron", r#"[{"field":"scopes","old":["read","prune"]}]"#),
            (
                "tester@host exported audit_log/audit",
                r#"[{"field":"stage","new":"begun"},{"field":"filter","new":""},{"field":"format","new":"backup"},{"field":"as_of","new":0},{"field":"target","new":"copy.db"}]"#
            ),
            (
                "tester@host exported audit_log/audit",
                r#"[{"field":"stage","new":"begun"},{"field":"filter","new":""},{"field":"format","new":"store"},{"field":"as_of","new":0},{"field":"target","new":"sqlite:other.db"}]"#
            ),
        ]
    );
}

#[test]
fn reads_of_a_local_store_are_recorded() {
    let sandbox = acme::sandbox();
    let before = whats(&sandbox);
    assert_eq!(before, ["tester@host created organization/default"]);
    // The same question twice, within an hour unless the hour ends here.
    for _ in 0..2 {
        acme::run(&sandbox, &["list", "-a", "created"]).ended(0);
    }
    acme::run(&sandbox, &["export", "-o", "all.csv"]).ended(0);
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "12"]).ended(0);
    let recorded = trail(&sandbox);
    let of = |word: &str| {
        let found = recorded
            .iter()
            .filter(|(what, _)| what.starts_with(&format!("tester@host {word} audit_log/audit")));
        found.map(|(_, changes)| changes.as_str()).collect::<Vec<_>>()
    };
    let lists: Vec<_> = of("read").into_iter().filter(|it| it.contains("action=created")).collect();
    assert!(
        (1..=2).contains(&lists.len()) && lists[0].contains(r#"{"field":"call","new":"list"}"#),
        "{lists:?}"
    );
    let [begun, ended] = of("exported")[..] else { panic!("{recorded:?}") };
    assert!(
        begun.contains(r#""new":"begun""#) && begun.contains(r#"{"field":"format","new":"csv"}"#),
        "{begun}"
    );
    assert!(
        ended.contains(r#""new":"ended""#) && ended.contains(r#"{"field":"entries","new":12}"#),
        "{ended}"
    );
    let [begun, ended] = of("pruned")[..] else { panic!("{recorded:?}") };
    assert!(
        begun.contains(r#"{"field":"as_of","new":12}"#) && begun.contains(r#""new":"business""#),
        "{begun}"
    );
    assert!(ended.contains(r#"{"field":"deleted","new":12}"#), "{ended}");
}

#[test]
fn a_server_records_its_start_and_its_end() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    sandbox.run(&[&["list"], &serving.flags()[..]].concat()).ended(0);
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
    let recorded = trail(&sandbox);
    let told: Vec<_> = recorded.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(
        told,
        [
            "tester@host created organization/default",
            "tester@host created token/admin",
            "krosyn-audit started server/host",
            "admin read audit_log/audit",
            "krosyn-audit stopped server/host",
        ]
    );
    let version = format!(r#"[{{"field":"version","new":"{}"}}]"#, env!("CARGO_PKG_VERSION"));
    assert_eq!(recorded[2].1, version);
}

#[test]
fn a_backup_and_a_check_do_not_upgrade_a_store_of_an_earlier_version() {
    let sandbox = Sandbox::new();
    let old = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/sqlite-schema-4.db");
    sandbox.write_with_mode("audit.db", std::fs::read(old).unwrap(), 0o600);
    sandbox.run(&["store", "backup", "copy.db", "--store", "sqlite:audit.db"]).ended(0);
    let checked = sandbox.run(&["store", "check", "--store", "sqlite:audit.db"]).ended(0);
    assert!(checked.out().contains("entries\tnot checked"), "{checked}");
    assert!(
        checked.err().contains("no damaged page found; the entries can be checked after the upgrade"),
        "{checked}"
    );
    for name in ["audit.db", "copy.db"] {
        let database = rusqlite::Connection::open(sandbox.path(name)).unwrap();
        let version: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 4, "{name}");
    }
}
