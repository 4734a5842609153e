//! `export`: complete files, in every format, of exactly the selected entries.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use super::acme::{self, SERVER};
use super::demo_log;
use crate::support::sandbox::{Sandbox, program, skipped};

fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn csv_has_every_column_and_can_be_parsed() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["export", "-a", "updated", "-o", "updated.csv"]), @"
    exit 0
    -- stderr
    6 entries exported to updated.csv · action updated
    ");
    assert_eq!(sandbox.names(), ["updated.csv"]);
    let rows = rows(&sandbox.read("updated.csv"));
    assert_eq!((rows.len(), rows[0].len(), rows[0][0].as_str()), (7, 24, "id"));
    let entries =
        acme::run(&sandbox, &["export", "-a", "updated", "--format", "jsonl"]).ended(0).json_lines();
    for (row, entry) in rows[1..].iter().zip(&entries) {
        assert_eq!(row[0], entry["id"].to_string());
        let changes: serde_json::Value = serde_json::from_str(&row[23]).unwrap();
        assert_eq!(changes, entry["changes"]);
    }
}

#[test]
fn formula_cells_are_guarded() {
    let sandbox = acme::sandbox();
    let columns = ["export", "--resource", "connector/43", "--columns", "model_name,reason"];
    insta::assert_snapshot!(acme::run(&sandbox, &columns), @r#"
    exit 0
    -- stdout
    model_name,reason
    日本 👩‍💻 שלום,
    '=1+1,'-2+3
    "␛]0;owned␇=HYPERLINK(""http://evil.example"")",
    -- stderr
    3 entries exported · resource connector/43
    "#);
    let bare = acme::run(&sandbox, &[&columns[..], &["--no-formula-guard"]].concat()).ended(0);
    assert!(bare.out().contains("\n=1+1,-2+3\n"), "{bare}");
}

#[test]
fn a_byte_order_mark_is_written_when_asked_for() {
    let sandbox = acme::sandbox();
    let marked = acme::run(&sandbox, &["export", "--bom"]).ended(0);
    let plain = acme::run(&sandbox, &["export"]).ended(0);
    assert_eq!(marked.out().strip_prefix('\u{feff}'), Some(plain.out()));
    assert!(plain.out().starts_with("id,"), "{plain}");
}

#[test]
fn compressed_files_have_the_same_content() {
    let sandbox = acme::sandbox();
    let plain = acme::run(&sandbox, &["export", "--format", "jsonl"]).ended(0).stdout;
    for name in ["all.jsonl.gz", "all.jsonl.zst", "all.jsonl"] {
        acme::run(&sandbox, &["export", "-o", name]).ended(0);
    }
    assert_eq!(sandbox.names(), ["all.jsonl", "all.jsonl.gz", "all.jsonl.zst"]);
    let mut gzip = Vec::new();
    flate2::read::GzDecoder::new(&sandbox.read("all.jsonl.gz")[..]).read_to_end(&mut gzip).unwrap();
    let zstd = zstd::stream::decode_all(&sandbox.read("all.jsonl.zst")[..]).unwrap();
    assert!(gzip == plain && zstd == plain && sandbox.read("all.jsonl") == plain);
}

#[test]
fn the_format_follows_the_file_name() {
    let sandbox = acme::sandbox();
    for (name, start) in [
        ("a.csv", "id,"),
        ("a.tsv", "12\t"),
        ("a.json", "{\"query\":"),
        ("a.ndjson", "{\"id\":12"),
        ("a", "id,"),
    ] {
        acme::run(&sandbox, &["export", "-o", name]).ended(0);
        assert!(sandbox.text(name).starts_with(start), "{name}");
    }
}

#[test]
fn upper_case_extensions_are_recognized() {
    let sandbox = acme::sandbox();
    let plain = |args: &[&str]| acme::run(&sandbox, &[&["export"], args].concat()).ended(0).out().to_owned();
    for (name, format) in
        [("A.CSV.GZ", "csv"), ("a.Jsonl.Zst", "jsonl"), ("A.JSONL", "jsonl"), ("A.Csv", "csv")]
    {
        acme::run(&sandbox, &["export", "-o", name, "--manifest"]).ended(0);
        let is_plain = sandbox.read(name) == plain(&["--format", format]).into_bytes();
        assert_eq!(is_plain, !name.to_lowercase().ends_with("gz") && !name.ends_with("Zst"), "{name}");
        sandbox.run(&["verify", name]).ended(0);
        let imported = sandbox.run(&["import", name, "--server", &format!("sqlite:{name}.db")]);
        assert!(imported.err().contains(" entries recorded"), "{name} {imported}");
    }
    acme::run(&sandbox, &["list", "--all", "-o", "l.TSV.GZ"]).ended(0);
    assert!(sandbox.read("l.TSV.GZ").starts_with(&[0x1f, 0x8b]));
    for command in ["export", "list"] {
        let refused = acme::run(&sandbox, &[command, "-o", "report.html"]).ended(2);
        assert!(refused.err().contains("hint: name it .csv, .tsv, .json or .jsonl"), "{refused}");
        acme::run(&sandbox, &[command, "-o", "report.html", "--format", "csv"]).ended(0);
        std::fs::remove_file(sandbox.path("report.html")).unwrap();
    }
}

#[test]
fn a_json_document_says_whether_it_is_complete() {
    let sandbox = acme::sandbox();
    let document = acme::run(&sandbox, &["export", "--format", "json", "-t", "secret"]).ended(0).json();
    assert_eq!((&document["complete"], &document["matched"]), (&true.into(), &2.into()));
    assert_eq!(document["query"], serde_json::json!({"model_type": ["secret"]}));
    assert_eq!(document["entries"].as_array().unwrap().len(), 2);
}

#[test]
fn an_existing_file_is_not_replaced() {
    let sandbox = acme::sandbox();
    sandbox.write("all.csv", "precious");
    insta::assert_snapshot!(acme::run(&sandbox, &["export", "-o", "all.csv"]), @"
    exit 6
    -- stderr
    error: all.csv already exists
      hint: add --force to replace it when the new file is complete
    ");
    assert_eq!(sandbox.text("all.csv"), "precious");
    acme::run(&sandbox, &["export", "-o", "all.csv", "--force"]).ended(0);
    assert!(sandbox.text("all.csv").starts_with("id,"));
    assert_eq!(sandbox.names(), ["all.csv"]);
}

#[test]
fn an_unwritable_path_fails_at_once() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["export", "-o", "missing/all.csv"]), @"
    exit 1
    -- stderr
    error: cannot write missing/all.csv.part: No such file or directory (os error 2)
    ");
    sandbox.write("file", "");
    acme::run(&sandbox, &["export", "-o", "file/all.csv"]).ended(1);
    assert_eq!(sandbox.names(), ["file"]);
}

#[test]
fn an_empty_export_is_a_header_and_succeeds() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["export", "-u", "nobody", "--columns", "id,action"]), @"
    exit 0
    -- stdout
    id,action
    -- stderr
    0 entries exported · user nobody
    ");
    assert_eq!(acme::run(&sandbox, &["export", "-u", "nobody", "--format", "jsonl"]).ended(0).out(), "");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let sandbox = demo_log::sandbox();
    for args in [&["export"][..], &["list", "--all"], &["export", "--format", "json"]] {
        let mut child = sandbox.command(&[args, &SERVER].concat()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let outcome = sandbox.finish(child).ended(0);
        assert!(!outcome.err().contains("error") && !outcome.err().contains("pipe"), "{args:?} {outcome}");
    }
}

#[test]
fn a_recorder_does_not_disturb_a_running_export() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let line = |n: u32| {
        format!(
            r#"{{"uuid":"00000000-0000-4000-8000-{n:012}","occurred_at":"2021-03-01T09:00:00Z","action":"created","model_type":"secret","model_id":"{n}","user":{{"id":"7"}},"after":{{"name":"{}"}}}}"#,
            "x".repeat(200)
        ) + "\n"
    };
    let lines = |range: std::ops::Range<u32>| range.map(line).collect::<String>();
    sandbox.run_with(&[&["import", "-"], &serving.flags()[..]].concat(), lines(0..3000).as_bytes()).ended(0);
    // The pipe is full long before the export is through, so the rest is read while others record.
    let mut export =
        sandbox.command(&[&["export", "--format", "jsonl"], &serving.flags()[..]].concat()).spawn().unwrap();
    let mut reader = BufReader::new(export.stdout.take().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    sandbox
        .run_with(&[&["import", "-"], &serving.flags()[..]].concat(), lines(3000..3500).as_bytes())
        .ended(0);
    let rest = reader.lines().map(|line| line.unwrap());
    let ids = std::iter::once(first)
        .chain(rest)
        .map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap()["id"].as_u64().unwrap());
    assert!(ids.eq((1..=3000).rev()), "each entry that was there, once, and none that came later");
    assert_eq!(sandbox.finish(export).ended(0).err(), "3 000 entries exported\n");
}

#[test]
fn python_reads_the_same_cells() {
    let Some(mut python) = program("python3") else { return skipped("CSV in Python", "python3") };
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["export", "-o", "all.csv"]).ended(0);
    let script = "import csv, json, sys\n\
        print(json.dumps(list(csv.reader(open(sys.argv[1], encoding='utf-8', newline='')))))";
    let output = python.args(["-c", script]).arg(sandbox.path("all.csv")).output().unwrap();
    let read: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read, rows(&sandbox.read("all.csv")));
    assert_eq!(read.len(), 13);
}

#[test]
fn sqlite_imports_the_same_cells() {
    let Some(mut sqlite) = program("sqlite3") else { return skipped("CSV in SQLite", "sqlite3") };
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["export", "-o", "all.csv"]).ended(0);
    let mut child = sqlite
        .args(["-batch", ":memory:"])
        .current_dir(sandbox.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let script = ".mode csv\n.import all.csv log\n.mode json\nSELECT model_name, changes FROM log;\n";
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let read: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let expected = rows(&sandbox.read("all.csv"));
    assert_eq!(read.len(), expected.len() - 1);
    for (read, row) in read.iter().zip(&expected[1..]) {
        assert_eq!(
            (read["model_name"].as_str(), read["changes"].as_str()),
            (Some(&row[7][..]), Some(&row[23][..]))
        );
    }
}

#[test]
fn a_pipe_and_a_file_get_the_same_bytes() {
    let sandbox = acme::sandbox();
    for format in ["csv", "tsv", "json", "jsonl"] {
        let args = ["export", "--format", format, SERVER[0], SERVER[1]];
        let piped = sandbox.run(&args).ended(0).stdout;
        sandbox.run(&[&args[..], &["-o", format]].concat()).ended(0);
        assert_eq!(sandbox.read(format), piped, "{format}");
    }
}

#[test]
fn an_export_reports_pruned_entries() {
    let sandbox = acme::sandbox();
    acme::record_update(&sandbox, r#"{"a":1}"#, r#"{"a":2}"#);
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "100%"]).ended(0);
    for args in [&["export", "-o", "all.csv"][..], &["list", "--until", "2022-01-01"]] {
        let told = acme::run(&sandbox, args).ended(0);
        assert!(told.err().lines().next().unwrap().ends_with(" were pruned"), "{told}");
    }
    let told = acme::run(&sandbox, &["export", "--since", "1h"]).ended(0);
    assert!(!told.err().contains("pruned"), "{told}");
}

#[test]
fn one_row_per_changed_field_on_request() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["export", "--explode", "--resource", "connector/42", "-o", "fields.csv"]).ended(0);
    let rows = rows(&sandbox.read("fields.csv"));
    let columns = &rows[0][rows[0].len() - 5..];
    assert_eq!(columns, ["reason", "field", "old", "new", "redacted"]);
    let all = acme::run(&sandbox, &["export", "--resource", "connector/42", "--format", "jsonl"])
        .ended(0)
        .json_lines();
    let fields: usize = all.iter().map(|entry| entry["changes"].as_array().unwrap().len()).sum();
    assert_eq!(rows.len(), fields + 1);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let told = acme::run(&sandbox, &["export", "--explode", "--format", "tsv", "--columns", "id"]).ended(0);
    assert!(told.out().lines().all(|line| line.split('\t').count() == 5), "{told}");
    acme::run(&sandbox, &["export", "--explode", "--format", "jsonl"]).ended(2);
}

#[test]
fn a_file_name_that_contradicts_the_format_is_refused() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["list", "-n", "1", "-o", "x.csv"]).ended(0);
    acme::run(&sandbox, &["list", "-n", "1", "-o", "x.json.gz"]).ended(0);
    assert!(sandbox.text("x.csv").starts_with("id,"));
    for command in ["list", "export"] {
        let refused = acme::run(&sandbox, &[command, "-o", "a.xlsx"]).ended(2);
        assert!(refused.err().contains("a.xlsx: unknown format .xlsx"), "{refused}");
    }
    acme::run(&sandbox, &["export", "-o", "x.zip", "--format", "csv"]).ended(0);
}
