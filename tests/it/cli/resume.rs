//! `export --resume`: an export cut short by the network, a kill or Ctrl-C is completed to the same file.

use std::sync::LazyLock;

use super::acme;
use crate::support::page_gate::{Beyond, PageGate};
use crate::support::sandbox::{Files, Outcome, Sandbox, Serving, interrupt, wait_until};

const ENTRIES: usize = 2500;

/// A server with three pages of entries behind a gate.
struct Fixture {
    sandbox: Sandbox,
    serving: Serving,
    gate: PageGate,
}

impl Fixture {
    fn new() -> Self {
        static FILES: LazyLock<Files> = LazyLock::new(Fixture::files);
        let sandbox = Sandbox::with(&FILES);
        let serving = sandbox.serve(&["--no-sweep"]);
        let gate = PageGate::before(serving.address());
        Self { sandbox, serving, gate }
    }

    /// The same server, as one that answers only JSON.
    fn older(&self) -> PageGate {
        PageGate::before_older(self.serving.address())
    }

    /// Records the entries, and reads the store and its token.
    fn files() -> Files {
        let sandbox = Sandbox::new();
        let serving = sandbox.serve(&["--no-sweep"]);
        let lines: String = (1..=ENTRIES)
            .map(|n| {
                format!(
                    "{{\"occurred_at\":\"2025-12-01T09:00:00Z\",\"action\":\"created\",\"model_type\":\"secret\",\
                     \"model_id\":\"{n}\",\"user\":{{\"id\":\"7\"}},\"after\":{{\"name\":\"two\\nlines {n}\"}}}}\n"
                )
            })
            .collect();
        sandbox.run_with(&[&["import", "-"], &serving.flags()[..]].concat(), lines.as_bytes()).ended(0);
        serving.terminate();
        assert_eq!(serving.wait(), Some(0));
        sandbox.files(&["audit.db", "admin.token"])
    }

    fn args<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        [&["export"], args, &["--server", self.gate.url(), "--token-file", "admin.token"]].concat()
    }

    fn export(&self, args: &[&str]) -> Outcome {
        self.sandbox.run(&self.args(args))
    }

    /// The file of an undisturbed export.
    fn whole(&self, name: &str) -> Vec<u8> {
        self.gate.allow(usize::MAX, Beyond::Cut);
        let whole = format!("whole-{name}");
        self.export(&["-o", &whole]).ended(0);
        self.sandbox.read(&whole)
    }

    /// Waits until this many pages are in the file. The next one is requested ahead.
    fn wait_for_pages(&self, name: &str, pages: usize) {
        let journal = format!("{name}.part.journal");
        wait_until("the pages are in the journal", || {
            self.sandbox.read(&journal).iter().filter(|byte| **byte == b'\n').count() > pages
        });
    }

    /// Resumes, and checks that the file is the same and can be verified.
    fn goes_on_to(&self, name: &str, whole: &[u8]) {
        self.gate.allow(usize::MAX, Beyond::Cut);
        let journal = self.sandbox.path(&format!("{name}.part.journal"));
        assert!(journal.exists() && !self.sandbox.path(name).exists());
        let resumed = self.export(&["--resume", name]).ended(0);
        assert!(resumed.err().contains(&format!("2 500 entries exported to {name}\n")), "{resumed}");
        assert!(self.sandbox.read(name) == whole, "{name}");
        let left: Vec<_> = self.sandbox.names().into_iter().filter(|it| it.contains(".part")).collect();
        assert!(left.is_empty(), "{left:?}");
        let verified = self.sandbox.run(&["verify", name]).ended(0);
        assert!(
            verified.out().contains("verified: 2500 entries (ids 1 to 2500)")
                || verified.out().contains("verified: 2 500 entries (ids 1 to 2500)"),
            "{verified}"
        );
    }
}

#[test]
fn a_lost_connection_exits_3_and_can_be_resumed() {
    let fixture = Fixture::new();
    for name in ["all.csv", "all.json.zst", "all.cef"] {
        let whole = fixture.whole(name);
        fixture.gate.allow(2, Beyond::Cut);
        let outcome = fixture.export(&["-o", name, "--manifest"]).ended(3);
        assert!(
            outcome.err().ends_with(&format!("resume with: krosyn-audit export --resume {name}\n")),
            "{outcome}"
        );
        assert!(outcome.err().contains("2 000 entries were written to"), "{outcome}");
        // A second loss changes nothing.
        fixture.gate.allow(0, Beyond::Cut);
        fixture.export(&["--resume", name]).ended(3);
        fixture.goes_on_to(name, &whole);
    }
}

#[test]
fn a_killed_export_can_be_resumed() {
    let fixture = Fixture::new();
    for name in ["all.jsonl.gz", "all.tsv", "all.json"] {
        let whole = fixture.whole(name);
        fixture.gate.allow(2, Beyond::Hold);
        let mut child = fixture.sandbox.command(&fixture.args(&["-o", name, "--manifest"])).spawn().unwrap();
        fixture.gate.wait();
        fixture.wait_for_pages(name, 2);
        child.kill().unwrap();
        assert_eq!(fixture.sandbox.finish(child).status, None);
        fixture.goes_on_to(name, &whole);
    }
}

#[test]
fn an_interrupted_export_prints_the_resume_command() {
    let fixture = Fixture::new();
    let whole = fixture.whole("all.csv.gz");
    fixture.gate.allow(1, Beyond::Hold);
    let child = fixture.sandbox.command(&fixture.args(&["-o", "all.csv.gz", "--manifest"])).spawn().unwrap();
    fixture.gate.wait();
    fixture.wait_for_pages("all.csv.gz", 1);
    interrupt(&child);
    insta::assert_snapshot!(fixture.sandbox.finish(child), @"
    exit 130
    -- stderr
    error: interrupted
      hint: resume with: krosyn-audit export --resume all.csv.gz
    ");
    fixture.goes_on_to("all.csv.gz", &whole);
    // Nothing is left behind when nothing was written.
    fixture.gate.allow(0, Beyond::Hold);
    let child = fixture.sandbox.command(&fixture.args(&["-o", "none.csv"])).spawn().unwrap();
    fixture.gate.wait();
    interrupt(&child);
    fixture.sandbox.finish(child).ended(130);
    assert!(!fixture.sandbox.names().iter().any(|name| name.starts_with("none.csv")));
}

#[test]
fn an_export_that_fails_at_its_end_can_be_resumed() {
    let fixture = Fixture::new();
    let whole = fixture.whole("all.csv");
    fixture.gate.allow(usize::MAX, Beyond::Cut);
    // Only the manifest cannot be written.
    std::fs::create_dir(fixture.sandbox.path("all.csv.manifest.json.part")).unwrap();
    let outcome = fixture.export(&["-o", "all.csv", "--manifest"]).ended(3);
    assert!(outcome.err().contains("all.csv.manifest.json.part"), "{outcome}");
    assert!(outcome.err().contains("2 500 entries are in "), "{outcome}");
    assert!(outcome.err().ends_with("resume with: krosyn-audit export --resume all.csv\n"), "{outcome}");
    std::fs::remove_dir(fixture.sandbox.path("all.csv.manifest.json.part")).unwrap();
    fixture.goes_on_to("all.csv", &whole);
}

#[test]
fn an_interrupted_export_to_a_pipe_names_no_resume_command() {
    let fixture = Fixture::new();
    fixture.gate.allow(1, Beyond::Hold);
    let pipe = fixture.sandbox.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = fixture.sandbox.command(&fixture.args(&["-o", "pipe"])).spawn().unwrap();
    let mut reader = std::fs::File::open(&pipe).unwrap();
    let mut first = [0; 1000];
    std::io::Read::read_exact(&mut reader, &mut first).unwrap();
    fixture.gate.wait();
    interrupt(&child);
    insta::assert_snapshot!(fixture.sandbox.finish(child), @"
    exit 130
    -- stderr
    error: interrupted
    ");
}

#[test]
fn an_export_killed_before_its_first_page_can_be_resumed() {
    let fixture = Fixture::new();
    let name = "all.csv";
    let whole = fixture.whole(name);
    fixture.gate.allow(0, Beyond::Hold);
    let killed = |args: &[&str]| {
        let mut child = fixture.sandbox.command(&fixture.args(args)).spawn().unwrap();
        fixture.gate.wait();
        child.kill().unwrap();
        assert_eq!(fixture.sandbox.finish(child).status, None);
    };
    killed(&["-o", name, "--manifest"]);
    killed(&["--resume", name]);
    killed(&["--resume", name]);
    // Nor does a server that is away take the journal with it.
    fixture.gate.allow(0, Beyond::Cut);
    fixture.export(&["--resume", name]).ended(9);
    fixture.goes_on_to(name, &whole);
}

#[test]
fn a_concurrent_resume_is_refused_and_changes_nothing() {
    let fixture = Fixture::new();
    let name = "all.jsonl";
    let whole = fixture.whole(name);
    let journal = "all.jsonl.part.journal";
    for pages in [0, 1] {
        fixture.gate.allow(pages, Beyond::Hold);
        let mut first = fixture.sandbox.command(&fixture.args(&["-o", name, "--manifest"])).spawn().unwrap();
        fixture.gate.wait();
        fixture.wait_for_pages(name, pages);
        let before = fixture.sandbox.read(journal);
        for second in [&["--resume", name][..], &["-o", name], &["-o", name, "--force"]] {
            let refused = fixture.export(second).ended(8);
            assert!(refused.err().contains("another command is writing all.jsonl"), "{refused}");
        }
        assert_eq!(fixture.sandbox.read(journal), before);
        first.kill().unwrap();
        drop(fixture.sandbox.finish(first));
        // The same during a resume.
        fixture.gate.allow(0, Beyond::Hold);
        let mut resumed = fixture.sandbox.command(&fixture.args(&["--resume", name])).spawn().unwrap();
        fixture.gate.wait();
        fixture.export(&["--resume", name]).ended(8);
        assert_eq!(fixture.sandbox.read(journal), before);
        resumed.kill().unwrap();
        drop(fixture.sandbox.finish(resumed));
        fixture.goes_on_to(name, &whole);
        std::fs::remove_file(fixture.sandbox.path(name)).unwrap();
        std::fs::remove_file(fixture.sandbox.path("all.jsonl.manifest.json")).unwrap();
    }
}

#[test]
fn an_export_that_cannot_be_resumed_is_refused() {
    let fixture = Fixture::new();
    fixture.gate.allow(1, Beyond::Cut);
    fixture.export(&["-o", "all.csv"]).ended(3);
    let other = acme::run(&fixture.sandbox, &["export", "--resume", "all.csv"]);
    insta::assert_snapshot!(other, @"
    exit 2
    -- stderr
    error: all.csv was started from http://127.0.0.1:[port], not from sqlite:audit.db
      hint: use the original server, or start a new export
    ");
    let mut part = fixture.sandbox.read("all.csv.part");
    part[100] ^= 1;
    fixture.sandbox.write("all.csv.part", part);
    insta::assert_snapshot!(fixture.export(&["--resume", "all.csv"]), @"
    exit 7
    -- stderr
    error: cannot resume all.csv.part: it was changed since it was written
      hint: start the export again; the partial file can be removed
    ");
    insta::assert_snapshot!(fixture.export(&["--resume", "other.csv"]), @"
    exit 5
    -- stderr
    error: no interrupted export of other.csv to resume
      hint: start a new export with the same filters: krosyn-audit export -o other.csv
    ");
    fixture.export(&["--resume", "all.csv", "-a", "deleted"]).ended(2);
    fixture.export(&["--resume", "all.csv", "-o", "x"]).ended(2);
}

#[test]
fn an_older_server_gives_the_same_file() {
    let mut fixture = Fixture::new();
    let formats = [
        ("all.csv", &["--bom", "--no-formula-guard"][..]),
        ("all.csv.gz", &["--explode", "--trailer", "--max-cell", "64"]),
        ("all.tsv", &["--columns", "-changes,+reason,+summary"]),
        ("all.jsonl.zst", &["--trailer", "--reverse"]),
        ("all.json", &[]),
    ];
    let written = |fixture: &Fixture, age: &str| {
        formats.map(|(name, more)| {
            let name = format!("{age}-{name}");
            fixture.export(&[&["-o", &name, "--manifest"], more].concat()).ended(0);
            fixture.sandbox.read(&name)
        })
    };
    let whole = written(&fixture, "new");
    fixture.gate = fixture.older();
    assert!(written(&fixture, "old") == whole);
    // The first request is one for rows, which the server refuses; the second would have been answered.
    fixture.gate.allow(1, Beyond::Cut);
    fixture.export(&["-o", "none.csv"]).ended(9);
    let whole = fixture.whole("all.csv");
    fixture.gate.allow(3, Beyond::Cut);
    fixture.export(&["-o", "all.csv", "--manifest"]).ended(3);
    fixture.goes_on_to("all.csv", &whole);
}
