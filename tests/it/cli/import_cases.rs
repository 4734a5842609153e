//! `import` of files that were once misread: each of `testdata/import` with the right result.

use std::io::Write as _;

use super::acme::{self, SERVER};
use crate::support::sandbox::{Outcome, Sandbox};

const KNOWN: [&str; 4] = ["--source", "krosyn-prod", "--tz", "utc"];

/// A sandbox with a file of `testdata/import`.
fn sandbox(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let path = format!("{}/testdata/import/{name}", env!("CARGO_MANIFEST_DIR"));
    sandbox.write(name, std::fs::read(path).expect("a case"));
    sandbox
}

fn import(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(&[&["import"], args, &KNOWN, &SERVER].concat())
}

/// The entries in the order of their ids.
fn log(sandbox: &Sandbox) -> Vec<serde_json::Value> {
    let args = ["export", "--format", "jsonl", SERVER[0], SERVER[1]];
    let mut entries = sandbox.run(&args).ended(0).json_lines();
    entries.sort_by_key(|entry| entry["id"].as_u64());
    entries
}

/// One member of each entry, as text.
fn each(sandbox: &Sandbox, pointer: &str) -> Vec<String> {
    log(sandbox)
        .iter()
        .map(|entry| {
            entry.pointer(pointer).map_or("-".to_owned(), |it| it.as_str().unwrap_or("?").to_owned())
        })
        .collect()
}

#[test]
fn json_within_a_value_does_not_change_the_dialect() {
    let sandbox = sandbox("laravel-json-in-value.csv");
    assert_eq!(import(&sandbox, &["laravel-json-in-value.csv"]).ended(0).err(), "3 entries recorded\n");
    assert_eq!(log(&sandbox)[1]["changes"][0]["new"], r#"{"url":"https://b.example"}"#);
}

#[test]
fn equal_times_keep_the_order_of_source_ids() {
    let sandbox = sandbox("laravel-newest-first-equal-times.csv");
    assert_eq!(
        import(&sandbox, &["laravel-newest-first-equal-times.csv"]).ended(0).err(),
        "3 entries recorded\n"
    );
    assert_eq!(each(&sandbox, "/action"), ["created", "updated", "updated"]);
    let state =
        sandbox.run(&[&["history", "connector/5", "--at", "now", "--format", "json"][..], &SERVER].concat());
    assert!(state.ended(0).out().contains("disabled"), "the last change counts");
    // Our own export, newest first, in every form, into another log: numbered as before.
    let before = each(&sandbox, "/uuid");
    for name in ["all.jsonl", "all.csv", "all.jsonl.gz"] {
        sandbox.run(&[&["export", "-o", name][..], &SERVER].concat()).ended(0);
        let store = format!("sqlite:{name}.db");
        sandbox.run(&["import", name, "--server", &store]).ended(0);
        let copy = sandbox.run(&["export", "--reverse", "--format", "jsonl", "--server", &store]).ended(0);
        let uuids: Vec<_> =
            copy.json_lines().iter().map(|entry| entry["uuid"].as_str().unwrap().to_owned()).collect();
        assert_eq!(uuids, before, "{name}");
    }
    // A second time nothing is added, and two files of one table are put together.
    assert!(
        import(&sandbox, &["laravel-newest-first-equal-times.csv"])
            .ended(0)
            .err()
            .contains("3 were there already")
    );
    let text = sandbox.text("laravel-newest-first-equal-times.csv");
    let lines: Vec<&str> = text.lines().collect();
    let parts = Sandbox::new();
    parts.write("a.csv", format!("{}\n{}\n{}\n", lines[0], lines[1], lines[3]));
    parts.write("b.csv", format!("{}\n{}\n", lines[0], lines[2]));
    import(&parts, &["a.csv", "b.csv"]).ended(0);
    assert_eq!(each(&parts, "/changes/1/new"), ["draft", "-", "-"]);
    assert_eq!(each(&parts, "/changes/0/new"), ["A", "active", "disabled"]);
}

#[test]
fn an_unquoted_null_is_not_a_user() {
    let sandbox = sandbox("laravel-null-word.csv");
    import(&sandbox, &["laravel-null-word.csv"]).ended(0);
    assert_eq!(each(&sandbox, "/user/kind"), ["system", "user"]);
    assert_eq!(each(&sandbox, "/context/user_agent"), ["-", "-"]);
    let quoted = sandbox
        .text("laravel-null-word.csv")
        .replace("NULL,NULL,\"created\"", "\"App\\Models\\User\",\"NULL\",\"created\"");
    sandbox.write("quoted.csv", quoted);
    let other = [&["import", "quoted.csv"][..], &["--source", "o", "--tz", "utc"], &SERVER].concat();
    sandbox.run(&other).ended(0);
    assert_eq!(each(&sandbox, "/user/id")[2], "NULL");
}

#[test]
fn two_classes_with_the_same_id_are_distinct() {
    let sandbox = sandbox("laravel-two-user-classes.csv");
    insta::assert_snapshot!(import(&sandbox, &["laravel-two-user-classes.csv", "--map", r"App\Models\Hook=endpoint"]), @r"
    exit 0
    -- stderr
    4 entries recorded
    App\Models\Admin: ids are recorded as CLASS#ID, to keep them apart from those of other classes; --plain 'App\Models\Admin' records them unchanged
    App\Models\Hook: ids are recorded as CLASS#ID, to keep them apart from those of other classes; --plain 'App\Models\Hook' records them unchanged
    ");
    assert_eq!(each(&sandbox, "/user/id"), ["7", r"App\Models\Admin#7", "7", "7"]);
    assert_eq!(each(&sandbox, "/model_id"), ["5", "5", "9", r"App\Models\Hook#9"]);
    let plain = Sandbox::new();
    plain.write("audits.csv", sandbox.text("laravel-two-user-classes.csv"));
    let flags = [
        "--plain",
        r"App\Models\Admin",
        "--map",
        r"App\Models\Hook=-",
        "--user-kind",
        r"App\Models\Admin=service",
    ];
    import(&plain, &[&["audits.csv"], &flags[..]].concat()).ended(0);
    assert_eq!(each(&plain, "/user/id"), ["7", "7", "7"]);
    assert_eq!(each(&plain, "/user/kind"), ["user", "service", "user"]);
}

#[test]
fn a_missing_user_column_must_be_named() {
    let sandbox = sandbox("laravel-other-user-column.csv");
    insta::assert_snapshot!(import(&sandbox, &["laravel-other-user-column.csv"]), @"
    exit 2
    -- stderr
    error: laravel-other-user-column.csv: the laravel-auditing table has no column user_id: name the columns of the user's class and id with --user-columns TYPE,ID (or ID alone); its columns are id, admin_type, admin_id, event, auditable_type, auditable_id, old_values, new_values, url, ip_address, user_agent, tags, created_at, updated_at
    ");
    import(&sandbox, &["laravel-other-user-column.csv", "--user-columns", "admin_type,admin_id"]).ended(0);
    assert_eq!(each(&sandbox, "/user/id"), [r"App\Models\Admin#7"]);
}

#[test]
fn a_restored_record_is_imported_as_a_creation() {
    let sandbox = sandbox("laravel-restored.csv");
    import(&sandbox, &["laravel-restored.csv"]).ended(0);
    assert_eq!(each(&sandbox, "/action"), ["created", "deleted", "created", "updated"]);
    let state = sandbox
        .run(&[&["history", "connector/5", "--at", "now", "--format", "json"][..], &SERVER].concat())
        .ended(0);
    let state: serde_json::Value = serde_json::from_str(state.out()).unwrap();
    assert_eq!(state["complete"], true, "{state}");
}

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn encodings_and_compressions_are_detected_from_the_first_bytes() {
    let sandbox = sandbox("object-with-bom.json");
    sandbox.write("wide.json", utf16("{\"a\":2}"));
    let record = [
        "record",
        "-a",
        "updated",
        "--resource",
        "connector/1",
        "-u",
        "x@y.z",
        "--before",
        "object-with-bom.json",
        "--after",
        "wide.json",
    ];
    sandbox.run(&[&record[..], &SERVER].concat()).ended(0);
    assert_eq!(log(&sandbox)[0]["changes"][0], serde_json::json!({"field": "a", "old": 1, "new": 2}));
    let entry = r#"{"action":"deleted","model_type":"secret","model_id":"5","user":{"id":"7"},"before":{"name":"X"}}"#;
    sandbox.run_with(&["record", SERVER[0], SERVER[1]], &utf16(entry)).ended(0);
    let line = format!("{}\r\n", entry.replacen('{', r#"{"occurred_at":"2021-03-01T09:00:00Z","#, 1));
    let import = |bytes: &[u8]| sandbox.run_with(&["import", "-", SERVER[0], SERVER[1]], bytes).ended(0);
    assert_eq!(import(line.as_bytes()).err(), "1 entry recorded\n");
    for bytes in [
        utf16(&line),
        gzip(line.as_bytes()),
        gzip(&utf16(&line)),
        zstd::encode_all(line.as_bytes(), 0).unwrap(),
    ] {
        assert_eq!(import(&bytes).err(), "0 entries recorded, 1 was there already\n");
    }
    // By content and not by name.
    sandbox.write("packed.jsonl", gzip(line.as_bytes()));
    sandbox.write("plain.gz", &line);
    for name in ["packed.jsonl", "plain.gz"] {
        let outcome = sandbox.run(&["import", name, SERVER[0], SERVER[1]]).ended(0);
        assert_eq!(outcome.err(), "0 entries recorded, 1 was there already\n", "{name}");
    }
}

#[test]
fn one_table_exported_by_many_tools_imports_the_same() {
    let row = |id: u32| {
        format!(
            r#"{{"id":"{id}","user_id":"7","event":"created","auditable_type":"App\\Models\\Secret","auditable_id":"{id}","old_values":"[]","new_values":"{{\"a\":1}}","created_at":"2025-12-01 09:00:0{id}"}}"#
        )
    };
    let (one, two) = (row(1), row(2));
    let csv = |separator: char| {
        let cells = |id: u32| {
            [
                format!("{id}"),
                "7".into(),
                "created".into(),
                r"App\Models\Secret".into(),
                format!("{id}"),
                "[]".into(),
                "\"{\"\"a\"\":1}\"".into(),
                format!("2025-12-01 09:00:0{id}"),
            ]
            .join(&separator.to_string())
        };
        format!("{}\n{}\n", cells(1), cells(2))
    };
    let names = "id,user_id,event,auditable_type,auditable_id,old_values,new_values,created_at";
    let values = |id: u32| {
        format!(
            r#"({id},7,'created','App\\Models\\Secret','{id}','[]','{{\"a\":1}}','2025-12-01 09:00:0{id}')"#
        )
    };
    let files = [
        (
            "phpmyadmin.json",
            format!(
                "[\n{{\"type\":\"header\",\"version\":\"5.2.1\",\"comment\":\"Export to JSON plugin for PHPMyAdmin\"}},\n{{\"type\":\"database\",\"name\":\"app\"}},\n{{\"type\":\"table\",\"name\":\"audits\",\"database\":\"app\",\"data\":\n[\n{one},\n{two}\n]\n}}\n]\n"
            ),
        ),
        ("dbeaver.json", format!("{{\n\"audits\": [\n\t{one},\n\t{two}\n]}}\n")),
        ("api.json", format!("{{\"data\":[{one},{two}],\"meta\":{{\"total\":2}}}}")),
        ("semicolons.csv", format!("\u{feff}{}\n{}", names.replace(',', ";"), csv(';'))),
        ("tabs.tsv", format!("{}\n{}", names.replace(',', "\t"), csv('\t'))),
        (
            "dump.sql",
            format!(
                "-- MySQL dump 10.13\nINSERT INTO `audits` (`{}`) VALUES {},{};\n",
                names.replace(',', "`,`"),
                values(1),
                values(2)
            ),
        ),
    ];
    let expected = {
        let sandbox = Sandbox::new();
        sandbox.write("list.json", format!("[{one},{two}]"));
        import(&sandbox, &["list.json"]).ended(0);
        each(&sandbox, "/uuid")
    };
    assert_eq!(expected.len(), 2);
    for (name, text) in files {
        let sandbox = Sandbox::new();
        sandbox.write(name, text);
        assert_eq!(import(&sandbox, &[name]).ended(0).err(), "2 entries recorded\n", "{name}");
        assert_eq!(each(&sandbox, "/uuid"), expected, "{name}");
    }
    let sandbox = Sandbox::new();
    sandbox.write("headless.csv", csv(','));
    import(&sandbox, &["headless.csv", "--columns", names]).ended(0);
    assert_eq!(each(&sandbox, "/uuid"), expected);
    assert!(import(&sandbox, &["headless.csv"]).ended(2).err().contains("--columns NAME"));
}

#[test]
fn possible_secrets_of_a_file_are_not_shown() {
    let sandbox = Sandbox::new();
    let row = |id: u32, event: &str, class: &str| {
        format!("{id},7,{event},{class},1,[],[],2025-12-01 09:00:0{id}\n")
    };
    let header = "id,user_id,event,auditable_type,auditable_id,old_values,new_values,created_at\n";
    sandbox.write(
        "audits.csv",
        header.to_owned()
            + &row(1, "c4nary-1", "Secret")
            + &row(2, "created", "c4nary-2")
            + &row(3, "synced", "Secret"),
    );
    insta::assert_snapshot!(import(&sandbox, &["audits.csv"]), @"
    exit 3
    -- stderr
    0 entries recorded
    not mapped: event, 1 row (audits.csv:2, column event)
    not mapped: event synced, 1 row (audits.csv:4, column event)
    not mapped: model type, 1 row (audits.csv:3, column auditable_type)
    error: 3 rows without a mapping failed; all others were imported
      hint: map the names above with --map NAME=WORD, or leave their rows out with --map NAME=-
      hint: fix the lines named above and import the same file again: nothing is recorded twice
    ");
    for text in [r#"{"c4nary":1}"#, r#"{"action":"c4nary"}"#, r#"{"user":{"c4nary":1}}"#, "{c4nary"] {
        let record = sandbox.run_with(&["record"], text.as_bytes()).ended(2);
        assert!(!record.err().contains("c4nary") && record.err().contains("line 1"), "{record}");
        let line = text.replacen('{', r#"{"occurred_at":"2021-03-01T09:00:00Z","#, 1);
        let import = sandbox.run_with(&["import", "-"], line.as_bytes()).ended(3);
        assert!(!import.err().contains("c4nary") && import.err().contains("stdin:1: "), "{import}");
    }
}

#[test]
fn a_table_of_another_library_is_not_read_as_laravel() {
    let sandbox = Sandbox::new();
    let audited = "id,auditable_id,auditable_type,user_id,user_type,username,action,audited_changes,version,comment,remote_address,request_uuid,created_at\n\
        1,5,Connector,7,User,,create,\"{\"\"name\"\":\"\"A\"\"}\",1,,198.51.100.7,r-1,2025-12-01 09:00:00\n\
        2,5,Connector,7,User,,update,\"{\"\"name\"\":[\"\"A\"\",\"\"B\"\"]}\",2,INC-1,198.51.100.7,r-2,2025-12-01 09:01:00\n";
    sandbox.write("audits.csv", audited);
    assert_eq!(import(&sandbox, &["audits.csv"]).ended(0).err(), "2 entries recorded\n");
    assert_eq!(each(&sandbox, "/action"), ["created", "updated"]);
    assert!(import(&sandbox, &["audits.csv", "--from", "robot"]).ended(2).err().contains("paper-trail"));
    // The rows of a history are compared, each with the one before it, newest first as they may come.
    let row = |pk: u32, kind: &str, name: &str| {
        format!(
            r#"{{"model":"krosyn.historicalsecret","pk":{pk},"fields":{{"id":5,"name":"{name}","history_date":"2026-06-11T10:00:00Z","history_type":"{kind}","history_user":7,"history_change_reason":null}}}}"#
        )
    };
    sandbox.write("dump.json", format!("[{},{},{}]", row(3, "-", "C"), row(2, "~", "C"), row(1, "+", "B")));
    assert!(import(&sandbox, &["dump.json"]).ended(0).err().starts_with("3 entries recorded\n"));
    let entries = log(&sandbox);
    assert_eq!(entries[3]["changes"], serde_json::json!([{"field": "name", "old": "B", "new": "C"}]));
}

#[test]
fn the_formula_guard_of_our_csv_is_removed() {
    let names = ["=1+1", "'=1", "-webkit-box", "a;=1", "＝1", "it's", "-5", "two\n=lines"];
    let sandbox = acme::sandbox();
    let lines = names.iter().enumerate().map(|(at, name)| {
        serde_json::json!({
            "occurred_at": format!("2021-03-01T09:00:0{at}Z"), "action": "created", "model_type": "secret",
            "model_id": at.to_string(), "model_name": name, "user": {"id": name}, "after": {"note": name},
        })
        .to_string()
            + "\n"
    });
    sandbox
        .run_with(&["import", "-", "--server", "sqlite:a.db"], lines.collect::<String>().as_bytes())
        .ended(0);
    let export = |server: &str| {
        let outcome = sandbox.run(&["export", "--reverse", "--format", "jsonl", "--server", server]).ended(0);
        let given = regex::Regex::new(r#""recorded_at":"[^"]*","#).unwrap();
        given.replace_all(outcome.out(), "").into_owned()
    };
    let expected = export("sqlite:a.db");
    assert_eq!(expected.lines().count(), names.len());
    for (name, flags) in [("guarded.csv", &[][..]), ("bare.csv", &["--no-formula-guard"])] {
        sandbox.run(&[&["export", "-o", name, "--server", "sqlite:a.db"], flags].concat()).ended(0);
        let server = format!("sqlite:{name}.db");
        sandbox.run(&["import", name, "--server", &server]).ended(0);
        assert_eq!(export(&server), expected, "{name}");
    }
}

#[test]
fn cells_too_long_for_spreadsheets_are_reported_or_marked_as_cut() {
    let sandbox = Sandbox::new();
    let line = serde_json::json!({
        "occurred_at": "2021-03-01T09:00:00Z", "action": "created", "model_type": "connector", "model_id": "1",
        "user": {"id": "7"}, "after": {"perform": "x".repeat(40_000)},
    });
    sandbox.run_with(&["import", "-", SERVER[0], SERVER[1]], line.to_string().as_bytes()).ended(0);
    let export = |flags: &[&str]| sandbox.run(&[&["export", "--force"], flags, &SERVER[..]].concat());
    assert!(
        export(&["-o", "a.csv"])
            .ended(0)
            .err()
            .contains("1 entry with a cell of more than 32,767 characters")
    );
    assert!(!export(&["-o", "b.csv", "--max-cell", "32767"]).ended(0).err().contains("32,767"));
    let cut = sandbox.run(&["import", "b.csv", "--server", "sqlite:b.db"]).ended(3);
    assert!(cut.err().contains("changes was cut by --max-cell"), "{cut}");
    sandbox.run(&["import", "a.csv", "--server", "sqlite:a.db"]).ended(0);
    assert!(!export(&["-o", "a.jsonl"]).ended(0).err().contains("32,767"));
    export(&["-o", "c.jsonl", "--max-cell", "100"]).ended(2);
}
