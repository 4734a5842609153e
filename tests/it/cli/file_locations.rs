//! File locations: invalid homes, `~`, missing directories, stores readable by others.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::acme::{self, SERVER};
use crate::support::sandbox::{Outcome, Sandbox};

fn run_at(sandbox: &Sandbox, home: &str, args: &[&str]) -> Outcome {
    let mut command = sandbox.command(args);
    command.env("HOME", home).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
    sandbox.finish(command.spawn().unwrap())
}

#[test]
fn an_invalid_home_has_no_configuration() {
    let (sandbox, serving) = acme::served();
    let file = sandbox.write("file", "").display().to_string();
    for home in ["/dev/null", &file, "/no/such/home", ""] {
        let listed = run_at(&sandbox, home, &[&["list", "-n", "1"], &serving.flags()[..]].concat()).ended(0);
        assert!(!listed.err().contains("warning"), "{home:?} {listed}");
        run_at(&sandbox, home, &["--demo", "list", "-n", "1"]).ended(0);
        let mut command =
            sandbox.command(&["login", "--server", serving.url(), "--token-file", "admin.token"]);
        command.env("HOME", home).env_remove("XDG_CONFIG_HOME");
        if home.is_empty() {
            continue;
        }
        let login = sandbox.finish(command.spawn().unwrap());
        if home.starts_with("/no/") {
            // Root can make it.
            drop(std::fs::remove_dir_all("/no/such"));
            continue;
        }
        let login = login.ended(1);
        assert!(login.err().contains("hint: set XDG_CONFIG_HOME to a directory you can write to"), "{login}");
    }
}

#[test]
fn a_tilde_expands_to_home_and_a_missing_directory_is_an_error() {
    let sandbox = Sandbox::new();
    let record = |server: &str| {
        sandbox.write("after.json", "{}");
        let what = ["record", "-a", "created", "--resource", "secret/1", "-u", "x", "--after", "after.json"];
        sandbox.run(&[&what[..], &["--server", server]].concat())
    };
    std::fs::create_dir(sandbox.path("sub")).unwrap();
    record("sqlite:~/sub/audit.db").ended(0);
    assert!(sandbox.path("sub/audit.db").exists() && !sandbox.path("~").exists());
    let mut elsewhere = sandbox.command(&["list", "--server", "sqlite:~/sub/audit.db", "--columns", "id"]);
    assert_eq!(sandbox.finish(elsewhere.current_dir("/").spawn().unwrap()).ended(0).out(), "1\n");
    sandbox.run(&["org", "list", "--store", "sqlite:~/sub/audit.db"]).ended(0);
    let cron = sandbox.run(&["prune", "--print-cron", "--server", "sqlite:~/sub/audit.db"]).ended(0);
    assert!(cron.out().contains(&format!("sqlite:{}", sandbox.path("sub/audit.db").display())), "{cron}");
    record("sqlite:~root/audit.db").ended(2);

    let missing = record("sqlite:subb/audit.db").ended(5);
    assert!(missing.err().contains("the directory subb of the store does not exist"), "{missing}");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--token-out", "t", "--store", "sqlite:subb/audit.db"];
    let refused = sandbox.run(&serve).ended(5);
    assert!(refused.err().ends_with("hint: or let the server create it: --create\n"), "{refused}");
    assert!(!sandbox.path("subb").exists() && !sandbox.path("t").exists());
    drop(sandbox.serve_on("sqlite:subb/audit.db", &["--create"]));
    assert!(sandbox.path("subb/audit.db").exists());
}

#[test]
fn a_relative_store_in_config_toml_is_refused_with_its_line() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("config/krosyn-audit")).unwrap();
    sandbox.write("config/krosyn-audit/config.toml", "[profiles.default]\nserver = \"sqlite:audit.db\"\n");
    let refused = sandbox.run(&["list"]).ended(2);
    assert!(
        refused.err().contains("config.toml, line 2: server: expected an absolute path, sqlite:/"),
        "{refused}"
    );
}

#[test]
fn a_store_readable_by_others_causes_a_warning() {
    let sandbox = acme::sandbox();
    assert!(!acme::run(&sandbox, &["list"]).ended(0).err().contains("warning"));
    std::fs::set_permissions(sandbox.path("audit.db"), Permissions::from_mode(0o644)).unwrap();
    let said = "warning: other users can read audit.db (mode 644): chmod 600 audit.db\n";
    for args in [&["list"][..], &["stats"], &["prune", "--dry-run"]] {
        let outcome = acme::run(&sandbox, args);
        assert!(outcome.err().starts_with(said), "{outcome}");
    }
    assert!(sandbox.run(&["org", "list", "--store", SERVER[1]]).ended(0).err().starts_with(said));
}

#[test]
fn an_invalid_tz_warns_once() {
    let sandbox = acme::sandbox();
    let list = |tz: &str, args: &[&str]| {
        let args = [&["list", "-n", "1", "--format", "table", SERVER[0], SERVER[1]], args].concat();
        sandbox.finish(sandbox.command(&args).env("TZ", tz).spawn().unwrap()).ended(0)
    };
    let warned = list("CET-1CEST", &[]);
    assert!(warned.err().starts_with("warning: TZ=CET-1CEST is not a known time zone: "), "{warned}");
    assert!(!list("CET-1CEST", &["--tz", "utc"]).err().contains("warning"));
    for (tz, head) in [
        (":Europe/Berlin", "TIME (CEST)"),
        ("/usr/share/zoneinfo/Europe/Berlin", "TIME (CEST)"),
        ("", "TIME (UTC)"),
        ("JST-9", "TIME (+09:00)"),
    ] {
        let listed = list(tz, &[]);
        assert!(listed.out().contains(head) && !listed.err().contains("warning"), "{tz:?} {listed}");
    }
}
