//! `prune`: the plan, the safety checks, and the deletion.

use krosyn_audit::clock::Clock;
use krosyn_audit::model::time::Age;

use super::acme::{self, SERVER};
use crate::support::sandbox::Sandbox;

/// A log of twelve expired entries and `young` ones of yesterday.
fn sandbox(young: usize) -> Sandbox {
    let sandbox = acme::sandbox();
    let yesterday = Age::days(1).before(Clock::System.now());
    let lines: String = (0..young)
        .map(|n| {
            format!(
                "{{\"occurred_at\":\"{yesterday}\",\"action\":\"created\",\"model_type\":\"member\",\
                 \"model_id\":\"{n}\",\"user\":{{\"id\":\"7\"}},\"after\":{{\"role\":\"viewer\"}}}}\n"
            )
        })
        .collect();
    sandbox.run_with(&["import", "-", SERVER[0], SERVER[1]], lines.as_bytes()).ended(0);
    sandbox
}

fn count(sandbox: &Sandbox) -> usize {
    acme::run(sandbox, &["list", "--all", "--columns", "id"]).ended(0).out().lines().count()
}

#[test]
fn a_dry_run_prints_the_plan_and_deletes_nothing() {
    let sandbox = sandbox(15);
    insta::assert_snapshot!(acme::run(&sandbox, &["prune", "--dry-run"]), @"
    exit 0
    -- stdout
    business plan, entries are kept for 3y
    entries before [now] have expired (server's clock)
                  goes  stays
    connector        5      0
    endpoint         1      0
    secret           2      0
    organization     2      0
    member           2     15
    all             12     15
    12 of 27 go (45 %); the oldest happened at 2021-03-01 10:00:00.000 CET
    ");
    let document = acme::run(&sandbox, &["prune", "--dry-run", "--format", "json"]).ended(0).json();
    assert_eq!(document["counts"], serde_json::json!({"expired": 12, "kept": 15, "held": 0}));
    assert_eq!((&document["dry_run"], &document["prune"]), (&true.into(), &serde_json::Value::Null));
    assert_eq!(count(&sandbox), 27);
}

#[test]
fn a_pipe_gets_no_confirmation_prompt() {
    let sandbox = sandbox(15);
    insta::assert_snapshot!(acme::run(&sandbox, &["prune"]), @"
    exit 6
    -- stderr
    business plan, entries are kept for 3y
    entries before [now] have expired (server's clock)
                  goes  stays
    connector        5      0
    endpoint         1      0
    secret           2      0
    organization     2      0
    member           2     15
    all             12     15
    12 of 27 go (45 %); the oldest happened at 2021-03-01 10:00:00.000 CET
    error: confirmation needed, but this is not a terminal: nothing was deleted
      hint: add --yes to delete without a prompt
    ");
    let typed = sandbox.run_with(&["prune", SERVER[0], SERVER[1]], b"12\n").ended(6);
    assert_eq!(typed.out(), "");
    assert_eq!(count(&sandbox), 27);
}

#[test]
fn expired_entries_are_deleted() {
    let sandbox = sandbox(15);
    insta::assert_snapshot!(acme::run(&sandbox, &["prune", "--yes"]), @"
    exit 0
    -- stderr
    12 entries deleted, recorded as prune 1
    ");
    assert_eq!(count(&sandbox), 15);
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "12"]), @"
    exit 5
    -- stderr
    error: entry 12 was pruned at [now] by tester (local) (prune 1, cutoff [now])
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "-n", "1", "--columns", "id"]), @"
    exit 0
    -- stdout
    27
    -- stderr
    1 of 15, newest first · entries before [now] were pruned
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["prune", "--yes"]), @"
    exit 0
    -- stdout
    business plan, entries are kept for 3y
    entries before [now] have expired (server's clock)
    nothing has expired: 15 entries kept, the oldest is 1 day old
    ");
    let quiet = acme::run(&sandbox, &["prune", "--yes", "-q"]).ended(0);
    assert_eq!((quiet.out(), quiet.err()), ("", ""));
    // The ids stay used.
    sandbox.write("old.jsonl", acme::LINES.lines().next().unwrap());
    acme::run(&sandbox, &["import", "old.jsonl"]).ended(0);
    assert_eq!(acme::run(&sandbox, &["list", "--until", "2022-01-01", "--columns", "id"]).out(), "28\n");
}

#[test]
fn json_reports_the_prune() {
    let sandbox = sandbox(15);
    let done = acme::run(&sandbox, &["prune", "--yes", "--format", "json"]).ended(0);
    assert_eq!(done.err(), "");
    let prune = &done.json()["prune"];
    assert_eq!((&prune["deleted"], &prune["by"]), (&12.into(), &"tester (local)".into()), "{done}");
    let refused = acme::run(&sandbox, &["prune", "--older-than", "1d", "--format", "json"]).ended(6);
    assert_eq!(refused.out(), "");
}

#[test]
fn deleting_more_than_half_needs_permission() {
    let sandbox = sandbox(3);
    insta::assert_snapshot!(acme::run(&sandbox, &["prune", "--yes"]), @"
    exit 6
    -- stderr
    business plan, entries are kept for 3y
    entries before [now] have expired (server's clock)
                  goes  stays
    connector        5      0
    endpoint         1      0
    secret           2      0
    organization     2      0
    member           2      3
    all             12      3
    12 of 15 go (80 %); the oldest happened at 2021-03-01 10:00:00.000 CET
    error: 12 entries would be deleted, but --max-delete 50% allows 7
      hint: if the plan is right, add --max-delete 12
    ");
    for max in ["11", "79%", "0"] {
        acme::run(&sandbox, &["prune", "--yes", "--max-delete", max]).ended(6);
    }
    assert_eq!(count(&sandbox), 15);
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "80%"]).ended(0);
    assert_eq!(count(&sandbox), 3);
}

#[test]
fn a_dry_run_has_the_exit_code_of_the_real_run() {
    let sandbox = sandbox(3);
    let dry_run = acme::run(&sandbox, &["prune", "--dry-run"]).ended(6);
    assert!(
        dry_run.out().ends_with("12 of 15 go (80 %); the oldest happened at 2021-03-01 10:00:00.000 CET\n")
    );
    assert_eq!(
        dry_run.err(),
        "error: 12 entries would be deleted, but --max-delete 50% allows 7\n  hint: if the plan is right, add \
         --max-delete 12\n  hint: without --dry-run the command would fail like this and delete nothing\n"
    );
    let json = acme::run(&sandbox, &["prune", "--dry-run", "--format", "json"]).ended(6);
    assert_eq!(json.json()["counts"]["expired"], 12);
    assert!(json.err().ends_with("\"request_id\":null}}\n") && json.err().contains("\"exit\":6"), "{json}");
    let allowed = ["prune", "--dry-run", "--max-delete", "12"];
    assert_eq!(acme::run(&sandbox, &allowed).ended(0).err(), "");
    sandbox.write("old.jsonl", "");
    for (archive, status) in
        [("old.jsonl", 6), ("missing/old.jsonl", 1), ("new.jsonl", 0), ("new.csv", 2), ("new.html", 2)]
    {
        for mode in ["--dry-run", "--yes"] {
            if status > 0 || mode == "--dry-run" {
                let outcome =
                    acme::run(&sandbox, &["prune", mode, "--max-delete", "12", "--archive", archive]);
                assert_eq!(outcome.status, Some(status), "{archive} {mode} {outcome}");
            }
        }
    }
    assert!(!sandbox.path("new.jsonl").exists() && !sandbox.path("new.jsonl.part").exists());
    assert_eq!(count(&sandbox), 15);
}

#[test]
fn a_printed_schedule_has_every_relevant_flag() {
    use clap::CommandFactory as _;
    // Add a new flag to one of these lists: flags a schedule has, with a value, or flags it omits, with the reason.
    let carried = [
        ("older_than", "--older-than 4y"),
        ("max_delete", "--max-delete 7"),
        ("max_time", "--max-time 10min"),
        ("lock_wait", "--lock-wait 1h"),
        ("archive", "--archive /backup/{date}.jsonl"),
        ("format", "--format json"),
        ("server", "--server http://127.0.0.1:9"),
        ("token_file", "--token-file /etc/token"),
        ("org", "--org acme"),
        ("insecure_http", "--insecure-http"),
        ("tz", "--tz Asia/Tokyo"),
        ("dry_run", "--dry-run"),
    ];
    let left_out = [
        ("yes", "always there"),
        ("quiet", "always there"),
        ("print_cron", "asks for the schedule"),
        ("print_systemd", "asks for the schedule"),
        ("log", "excluded"),
        ("clock_is_right", "excluded: somebody's word for one run"),
        ("break_lease", "excluded: somebody's word for one run"),
        ("demo", "refused"),
        ("profile", "needs a profile: tested beside it"),
        ("color", "looks"),
        ("theme", "looks"),
        ("ascii", "looks"),
        ("time", "looks"),
        ("no_pager", "a schedule has no terminal"),
        ("verbose", "for people"),
        ("debug_http", "for people"),
    ];
    let sandbox = Sandbox::new();
    let root = krosyn_audit::cli::Cli::command();
    let prune = root.find_subcommand("prune").expect("the command");
    for arg in prune.get_arguments().chain(root.get_arguments()) {
        let id = arg.get_id().as_str();
        let is_left_out = left_out.iter().any(|(left_out, _)| *left_out == id);
        let flag = carried.iter().find(|(carried, _)| *carried == id);
        assert!(
            is_left_out || flag.is_some() || ["help", "version"].contains(&id),
            "does a schedule carry {id}?"
        );
        let Some((_, flag)) = flag else { continue };
        let words: Vec<_> = ["prune", "--print-cron"].into_iter().chain(flag.split(' ')).collect();
        let cron = sandbox.run(&words).ended(0);
        assert!(cron.out().replace('\'', "").contains(flag), "{flag}: {cron}");
    }
    // The environment that changes it as well.
    let with = |name: &str, value: &str| {
        let mut command = sandbox.command(&["prune", "--print-cron"]);
        sandbox.finish(command.env(name, value).spawn().unwrap()).ended(0)
    };
    assert!(with("TZ", "Asia/Tokyo").out().contains(" --tz Asia/Tokyo"));
    assert!(with("KROSYN_AUDIT_SERVER", "https://k.example").out().contains(" --server https://k.example"));
    assert!(with("SSL_CERT_FILE", "/etc/ca.pem").out().contains("/usr/bin/env XDG_CONFIG_HOME="));
    assert!(with("SSL_CERT_FILE", "/etc/ca.pem").out().contains(" SSL_CERT_FILE=/etc/ca.pem "));
    let mut token = sandbox.command(&["prune", "--print-cron", "--server", "https://k.example"]);
    let token = sandbox.finish(token.env("KROSYN_AUDIT_TOKEN", "kra_x").spawn().unwrap()).ended(0);
    assert!(token.err().contains("KROSYN_AUDIT_TOKEN is not set in a schedule"), "{token}");
    assert!(!token.to_string().contains("kra_x"));
    std::fs::create_dir_all(sandbox.path("config/krosyn-audit")).unwrap();
    sandbox.write(
        "config/krosyn-audit/config.toml",
        "profile = \"work\"\n[profiles.work]\nserver = \"https://k.example\"\ntz = \"Asia/Kolkata\"\n",
    );
    let profile = sandbox.run(&["prune", "--print-cron"]).ended(0);
    assert!(profile.out().contains(" --profile work"), "{profile}");
}

#[test]
fn entries_within_retention_are_never_deleted() {
    let sandbox = sandbox(15);
    insta::assert_snapshot!(acme::run(&sandbox, &["prune", "--yes", "--older-than", "90d"]), @"
    exit 6
    -- stderr
    error: --older-than 90d is shorter than the retention of the business plan (3y): use a longer age, or ask an operator to lower the organization's floor
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["prune", "--older-than", "3m", "--yes"]), @r#"
    exit 2
    -- stderr
    error: invalid value '3m' for '--older-than <AGE>': m could mean minutes or months, write min or mo: "3m" (such as 90d, 6mo, 1y, 120d12h)

    For more information, try '--help'.
    "#);
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "soon"]).ended(2);
    acme::run(&sandbox, &["prune", "--format", "csv"]).ended(2);
    assert_eq!(count(&sandbox), 27);
    acme::run(&sandbox, &["prune", "--yes", "--older-than", "100y"]).ended(0);
    assert_eq!(count(&sandbox), 27, "a longer age deletes less");
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "100%"]).ended(0);
    assert_eq!(count(&sandbox), 15);
}

#[test]
fn an_operator_can_lower_the_floor_and_change_the_plan() {
    let sandbox = sandbox(15);
    let org = |args: &[&str]| sandbox.run(&[&["org"], args, &["--store", "sqlite:audit.db"]].concat());
    insta::assert_snapshot!(org(&["set", "default", "--floor", "2h", "--yes"]), @"
    exit 0
    -- stderr
    default: with floor 2h, 15 entries of the audit log can be deleted by `prune --older-than`; the oldest happened at [now]
    default: plan business, retention 3y, floor 2h (applies from the next prune)
    ");
    acme::run(&sandbox, &["prune", "--yes"]).ended(0);
    assert_eq!(count(&sandbox), 15, "a floor by itself deletes nothing");
    acme::run(&sandbox, &["prune", "--yes", "--older-than", "2h", "--max-delete", "100%"]).ended(0);
    assert_eq!(count(&sandbox), 0);
    insta::assert_snapshot!(org(&["set", "default", "--floor", "none"]), @"
    exit 0
    -- stderr
    default: plan business, retention 3y (applies from the next prune)
    ");
    insta::assert_snapshot!(org(&["set", "default", "--plan", "free"]), @"
    exit 0
    -- stderr
    default: plan free, retention 90d (applies from the next prune)
    ");
    insta::assert_snapshot!(org(&["list"]), @"
    exit 0
    -- stdout
    default	free	90d	-	[now]
    ");
    org(&["set", "nobody", "--plan", "free"]).ended(5);
}

#[test]
fn without_expired_entries_the_oldest_age_is_shown() {
    let sandbox = Sandbox::new();
    sandbox.run(&["org", "create", "new", "--plan", "free", "--store", "sqlite:audit.db"]).ended(0);
    insta::assert_snapshot!(acme::run(&sandbox, &["prune"]), @"
    exit 0
    -- stdout
    free plan, entries are kept for 90d
    entries before [now] have expired (server's clock)
    nothing has expired: 0 entries kept, the log is empty
    ");
}

#[test]
fn an_archive_has_exactly_the_pruned_entries_and_can_be_imported() {
    let sandbox = sandbox(15);
    let before =
        acme::run(&sandbox, &["export", "--format", "jsonl", "--reverse", "--until", "2023-01-01"]).ended(0);
    let outcome = acme::run(&sandbox, &["prune", "--yes", "--archive", "old.jsonl.gz"]).ended(0);
    insta::assert_snapshot!(outcome, @"
    exit 0
    -- stderr
    12 entries are archived in old.jsonl.gz
    12 entries deleted, recorded as prune 1
    ");
    let mut archived = String::new();
    let packed = sandbox.read("old.jsonl.gz");
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut archived).unwrap();
    assert_eq!(archived, before.out());
    sandbox.write("old.jsonl", &archived);
    acme::run(&sandbox, &["import", "old.jsonl"]).ended(0);
    assert_eq!(count(&sandbox), 27);
    acme::run(&sandbox, &["prune", "--yes", "--archive", "old-{date}.jsonl"]).ended(0);
    let dated =
        sandbox.names().into_iter().find(|name| name.starts_with("old-20")).expect("an archive of today");
    acme::run(&sandbox, &["import", &dated]).ended(0);
    assert_eq!(count(&sandbox), 27);
    // A file that is already there is no place for an archive, and without one nothing goes.
    acme::run(&sandbox, &["prune", "--yes", "--archive", "old.jsonl"]).ended(6);
    acme::run(&sandbox, &["prune", "--yes", "--archive", "missing/old.jsonl"]).ended(1);
    assert_eq!(count(&sandbox), 27);
}

#[test]
fn earlier_prunes_are_listed_and_schedules_printed() {
    let sandbox = sandbox(15);
    let none = acme::run(&sandbox, &["prune", "--log"]).ended(0);
    assert_eq!((none.out(), none.err()), ("", "no prunes yet\n"));
    acme::run(&sandbox, &["prune", "--yes"]).ended(0);
    insta::assert_snapshot!(acme::run(&sandbox, &["prune", "--log"]), @"
    exit 0
    -- stdout
    1	[now]	tester (local)	12	1	12	[now]
    ");
    let log = acme::run(&sandbox, &["prune", "--log", "--format", "json"]).ended(0).json();
    assert_eq!(log[0]["deleted"], 12);
    let cron = acme::run(&sandbox, &["prune", "--print-cron"]).ended(0);
    // A schedule runs in a directory of its own.
    let path = |name: &str| sandbox.path(name).display().to_string();
    let server = format!("prune --yes --quiet --server sqlite:{}", path("audit.db"));
    assert!(cron.out().ends_with(&format!("{server} --tz Europe/Madrid\n")), "{cron}");
    let flags =
        ["--older-than", "4y", "--max-delete", "10%", "--max-time", "10min", "--archive", "old.jsonl.gz"];
    let cron = acme::run(&sandbox, &[&["prune", "--print-cron"], &flags[..]].concat()).ended(0);
    let told = format!(
        "{server} --older-than 4y --max-delete 10\\% --max-time 10min --archive '{}' --tz Europe/Madrid\n",
        path("old-{date}.jsonl.gz")
    );
    assert!(cron.out().ends_with(&told), "{cron}\n{told}");
    sandbox.run(&["--demo", "prune", "--print-cron"]).ended(2);
    let units = acme::run(&sandbox, &["prune", "--print-systemd"]).ended(0);
    assert!(units.out().contains("[Timer]\nOnCalendar=*-*-* 03:15:00\n"), "{units}");
    assert_eq!(count(&sandbox), 15);
}
