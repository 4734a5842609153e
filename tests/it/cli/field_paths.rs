//! Printed field paths, users and names work as arguments of every command: paths with dots, accents, users with
//! the same name.

use super::acme;
use crate::support::sandbox::Sandbox;

const LINES: &str = r#"{"occurred_at":"2026-11-20T10:00:00Z","action":"created","model_type":"connector","model_id":"1","model_name":"Jose\u0301","user":{"id":"7","email":"ana@x.example","name":"Ana Ruiz"},"after":{"name":"A","labels":{"app.io/name":"x","a":{"b":1}},"a.b":5,"c,d":{"!e":[1,2]},"auth":{"token":"[redacted]"}}}
{"occurred_at":"2026-11-20T10:01:00Z","action":"updated","model_type":"connector","model_id":"1","model_name":"Jose\u0301","user":{"id":"8","name":"Ana"},"before":{"labels":{"app.io/name":"x","a":{"b":1}},"a.b":5,"c,d":{"!e":[1,2]}},"after":{"labels":{"app.io/name":"y","a":{"b":1}},"a.b":6,"c,d":{"!e":[1,3]}}}
{"occurred_at":"2026-11-20T10:02:00Z","action":"created","model_type":"connector","model_id":"2","model_name":"\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3","user":{"id":"admin:9","name":"Ana"},"after":{"name":"B"}}
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_with(&["import", "-", acme::SERVER[0], acme::SERVER[1]], LINES.as_bytes()).ended(0);
    sandbox
}

fn lines(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    acme::run(sandbox, args).ended(0).out().lines().map(str::to_owned).collect()
}

#[test]
fn every_path_printed_by_blame_works_in_every_command() {
    let sandbox = sandbox();
    let blame = lines(&sandbox, &["blame", "connector/1"]);
    let paths: Vec<_> = blame.iter().filter_map(|line| line.split('\t').next()).collect();
    for path in [r#"labels."app.io/name""#, "labels.a.b", r#""a.b""#, r#""c,d"."!e""#, "auth.token"] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    for path in &paths {
        let of = ["--resource", "connector/1", "--field", path];
        let ids = lines(&sandbox, &[&["list", "--columns", "id"], &of[..]].concat());
        assert!(ids.contains(&"1".to_owned()), "{path}: {ids:?}");
        assert_eq!(lines(&sandbox, &["history", "connector/1", "--field", path]).len(), ids.len(), "{path}");
        assert_eq!(
            lines(&sandbox, &[&["export", "--format", "jsonl"], &of[..]].concat()).len(),
            ids.len(),
            "{path}"
        );
        let counted =
            lines(&sandbox, &[&["stats", "--by", "model-type", "--format", "csv"], &of[..]].concat());
        assert_eq!(counted[1..], [format!("connector,{}", ids.len())], "{path}");
        assert!(
            lines(&sandbox, &["blame", "connector/1", "--field", path]).iter().all(|it| blame.contains(it)),
            "{path}"
        );
    }
    for (path, ids) in [
        ("labels.app.io/name", &["2", "1"][..]),
        (r#"labels."app.io/name""#, &["2", "1"]),
        ("labels.a.b", &["1"]),
        ("a.b", &["2", "1"]),
        (r#""c,d"."!e"[1]"#, &["2", "1"]),
        (r#""c,d"."!e"[0]"#, &["1"]),
        ("auth.token.kind", &["1"]),
    ] {
        assert_eq!(lines(&sandbox, &["list", "--field", path, "--columns", "id"]), ids, "{path}");
    }
}

#[test]
fn users_with_the_same_name_are_distinct_and_accents_fold() {
    let sandbox = sandbox();
    for (flag, value, ids) in [
        ("-u", "ana", &["3", "2", "1"][..]),
        ("-u", "is:Ana", &["3", "2"]),
        ("-u", "id:8", &["2"]),
        ("-u", "id:admin:9", &["3"]),
        ("-u", "is:Ana,!id:8", &["3"]),
        ("-g", "JOSÉ", &["2", "1"]),
        ("-g", "οδυσ", &["3"]),
    ] {
        assert_eq!(lines(&sandbox, &["list", flag, value, "--columns", "id"]), ids, "{value}");
    }
    assert_eq!(lines(&sandbox, &["history", "josé"]).len(), 2);
    assert_eq!(lines(&sandbox, &["history", "Οδυσσευς"]).len(), 1);
    assert_eq!(lines(&sandbox, &["history", "connector/1", "-u", "id:8"]).len(), 1);
    let bad = acme::run(&sandbox, &["list", "-u", "token/id:"]).ended(2);
    assert!(bad.err().contains("--user: has no value after"), "{bad}");
}
