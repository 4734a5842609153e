//! Events for SIEMs: `list`, `history` and `export` with `--format ocsf`, `cef`, `ecs` and `leef`.

use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use super::acme::{self, SERVER};
use crate::support::sandbox::{Outcome, interrupt};

const FORMATS: [&str; 4] = ["ocsf", "cef", "ecs", "leef"];

/// The id of the entry that an event describes.
fn id(format: &str, line: &str) -> u64 {
    let json = || serde_json::from_str::<Value>(line).unwrap();
    let between = |key: &str, end: char| {
        let rest = &line[line.find(key).unwrap() + key.len()..];
        rest[..rest.find(end).unwrap()].parse().unwrap()
    };
    match format {
        "ocsf" => json()["metadata"]["sequence"].as_u64().unwrap(),
        "ecs" => json()["event"]["sequence"].as_u64().unwrap(),
        "cef" => between("|externalId=", ' '),
        _ => between("\tkrosynId=", '\t'),
    }
}

fn ids(format: &str, outcome: &Outcome) -> Vec<u64> {
    outcome.out().lines().map(|line| id(format, line)).collect()
}

#[test]
fn each_entry_is_one_event_in_list_history_and_export() {
    let sandbox = acme::sandbox();
    let all: Vec<u64> = (1..=12).rev().collect();
    for format in FORMATS {
        let run = |args: &[&str]| acme::run(&sandbox, &[args, &["--format", format]].concat()).ended(0);
        let exported = run(&["export"]);
        assert_eq!(ids(format, &exported), all, "{exported}");
        assert_eq!(run(&["list", "--all"]).out(), exported.out());
        assert_eq!(ids(format, &run(&["list", "-n", "2", "--reverse"])), [11, 12]);
        assert_eq!(run(&["list", "-u", "nobody"]).out(), "");
        let history = run(&["history", "connector/42"]);
        assert_eq!(
            history.out().lines().count(),
            run(&["list", "--resource", "connector/42"]).out().lines().count()
        );
        assert!(!exported.out().contains("hush-"), "{exported}");
        let name = format!("all.{format}");
        acme::run(&sandbox, &["export", "-o", &name, "--manifest"]).ended(0);
        assert_eq!(sandbox.text(&name), exported.out());
        sandbox.run(&["verify", &name]).ended(0);
    }
}

#[test]
fn events_of_the_trail_name_the_trail() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["export", "-o", "all.cef"]).ended(0);
    let trail = ["export", "--log", "trail", "-a", "exported", "--format", "ocsf"];
    let events = acme::run(&sandbox, &trail).ended(0).json_lines();
    let of_cef = |event: &&Value| event["resources"][0]["data"]["format"] == "cef";
    let begun = events.iter().rfind(of_cef).expect("the export of the first command");
    assert_eq!(
        (&begun["class_uid"], &begun["metadata"]["log_name"], &begun["metadata"]["tenant_uid"]),
        (&6003.into(), &"trail".into(), &"default".into())
    );
}

#[test]
fn options_of_columns_are_refused() {
    let sandbox = acme::sandbox();
    for format in FORMATS {
        for flags in [&["--columns", "id"][..], &["--explode"], &["--max-cell", "100"]] {
            let args = [&["export", "--format", format], flags].concat();
            let refused = acme::run(&sandbox, &args).ended(2);
            assert!(refused.err().contains("ocsf, cef, ecs and leef"), "{refused}");
            assert!(refused.err().starts_with(&format!("error: {}", flags[0])), "{refused}");
        }
        for command in [&["stats"][..], &["blame", "connector/42"], &["show", "1"], &["prune", "--dry-run"]] {
            let refused = acme::run(&sandbox, &[command, &["--format", format]].concat()).ended(2);
            assert!(refused.err().contains(" writes table"), "{refused}");
        }
    }
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--format", "cef", "--columns", "id"]), @"
    exit 2
    -- stderr
    error: --columns cannot be used with ocsf, cef, ecs and leef, which write whole entries
    ");
}

#[test]
fn a_follower_writes_new_entries_as_events() {
    let sandbox = acme::sandbox();
    for (format, next) in FORMATS.into_iter().zip(13..) {
        let args =
            ["list", "--follow", "--interval", "1", "-n", "1", "--format", format, SERVER[0], SERVER[1]];
        let mut child = sandbox.command(&args).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut shown = || id(format, &lines.next().unwrap().unwrap());
        assert_eq!(shown(), next - 1);
        acme::record_update(&sandbox, &format!("{{\"n\":{next}}}"), r#"{"n":0}"#);
        assert_eq!(shown(), next);
        interrupt(&child);
        sandbox.finish(child).ended(130);
    }
}
