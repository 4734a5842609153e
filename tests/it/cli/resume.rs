//! `export --resume`: an export that was cut short, by the network, a kill or Ctrl-C, becomes the file it would have been.

use std::sync::LazyLock;

use super::acme;
use crate::support::page_gate::{Beyond, PageGate};
use crate::support::sandbox::{Files, Outcome, Sandbox, Serving, interrupt, wait_until};

const ENTRIES: usize = 2500;

/// A server with three pages of entries behind a gate, and the flags that lead there.
struct Place {
    sandbox: Sandbox,
    _serving: Serving,
    gate: PageGate,
}

impl Place {
    fn new() -> Self {
        static FILES: LazyLock<Files> = LazyLock::new(Place::files);
        let sandbox = Sandbox::with(&FILES);
        let serving = sandbox.serve(&["--no-sweep"]);
        let gate = PageGate::before(serving.address());
        Self { sandbox, _serving: serving, gate }
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

    /// What the file is when nothing happens.
    fn whole(&self, name: &str) -> Vec<u8> {
        self.gate.allow(usize::MAX, Beyond::Cut);
        let whole = format!("whole-{name}");
        self.export(&["-o", &whole]).ended(0);
        self.sandbox.read(&whole)
    }

    /// Waits until so many pages are in the file: the next one is asked for ahead.
    fn wait_for_pages(&self, name: &str, pages: usize) {
        let journal = format!("{name}.part.journal");
        wait_until("the pages are in the journal", || {
            self.sandbox.read(&journal).iter().filter(|byte| **byte == b'\n').count() > pages
        });
    }

    /// Goes on, and looks whether the file is the same and proves itself.
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
            verified.out().contains("whole: 2500 entries (ids 1 to 2500)")
                || verified.out().contains("whole: 2 500 entries (ids 1 to 2500)"),
            "{verified}"
        );
    }
}

#[test]
fn a_lost_connection_exits_3_and_can_be_resumed() {
    let place = Place::new();
    for name in ["all.csv", "all.json.zst"] {
        let whole = place.whole(name);
        place.gate.allow(2, Beyond::Cut);
        let outcome = place.export(&["-o", name, "--manifest"]).ended(3);
        assert!(
            outcome.err().ends_with(&format!("go on with: krosyn-audit export --resume {name}\n")),
            "{outcome}"
        );
        assert!(outcome.err().contains("2 000 entries were written before; they are kept in"), "{outcome}");
        // A second loss changes nothing.
        place.gate.allow(0, Beyond::Cut);
        place.export(&["--resume", name]).ended(3);
        place.goes_on_to(name, &whole);
    }
}

#[test]
fn a_killed_export_can_be_resumed() {
    let place = Place::new();
    for name in ["all.jsonl.gz", "all.tsv", "all.json"] {
        let whole = place.whole(name);
        place.gate.allow(2, Beyond::Hold);
        let mut child = place.sandbox.command(&place.args(&["-o", name, "--manifest"])).spawn().unwrap();
        place.gate.wait();
        place.wait_for_pages(name, 2);
        child.kill().unwrap();
        assert_eq!(place.sandbox.finish(child).status, None);
        place.goes_on_to(name, &whole);
    }
}

#[test]
fn an_interrupted_export_prints_the_resume_command() {
    let place = Place::new();
    let whole = place.whole("all.csv.gz");
    place.gate.allow(1, Beyond::Hold);
    let child = place.sandbox.command(&place.args(&["-o", "all.csv.gz", "--manifest"])).spawn().unwrap();
    place.gate.wait();
    place.wait_for_pages("all.csv.gz", 1);
    interrupt(&child);
    insta::assert_snapshot!(place.sandbox.finish(child), @"
    exit 130
    -- stderr
    error: interrupted
      hint: go on with: krosyn-audit export --resume all.csv.gz
    ");
    place.goes_on_to("all.csv.gz", &whole);
    // Nothing is left behind when nothing was written.
    place.gate.allow(0, Beyond::Hold);
    let child = place.sandbox.command(&place.args(&["-o", "none.csv"])).spawn().unwrap();
    place.gate.wait();
    interrupt(&child);
    place.sandbox.finish(child).ended(130);
    assert!(!place.sandbox.names().iter().any(|name| name.starts_with("none.csv")));
}

#[test]
fn an_export_killed_before_its_first_page_can_be_resumed() {
    let place = Place::new();
    let name = "all.csv";
    let whole = place.whole(name);
    place.gate.allow(0, Beyond::Hold);
    let killed = |args: &[&str]| {
        let mut child = place.sandbox.command(&place.args(args)).spawn().unwrap();
        place.gate.wait();
        child.kill().unwrap();
        assert_eq!(place.sandbox.finish(child).status, None);
    };
    killed(&["-o", name, "--manifest"]);
    killed(&["--resume", name]);
    killed(&["--resume", name]);
    // Nor does a server that is away take the journal with it.
    place.gate.allow(0, Beyond::Cut);
    place.export(&["--resume", name]).ended(9);
    place.goes_on_to(name, &whole);
}

#[test]
fn a_concurrent_resume_is_refused_and_changes_nothing() {
    let place = Place::new();
    let name = "all.jsonl";
    let whole = place.whole(name);
    let journal = "all.jsonl.part.journal";
    for pages in [0, 1] {
        place.gate.allow(pages, Beyond::Hold);
        let mut first = place.sandbox.command(&place.args(&["-o", name, "--manifest"])).spawn().unwrap();
        place.gate.wait();
        place.wait_for_pages(name, pages);
        let before = place.sandbox.read(journal);
        for second in [&["--resume", name][..], &["-o", name], &["-o", name, "--force"]] {
            let refused = place.export(second).ended(8);
            assert!(refused.err().contains("another command is writing all.jsonl"), "{refused}");
        }
        assert_eq!(place.sandbox.read(journal), before);
        first.kill().unwrap();
        drop(place.sandbox.finish(first));
        // The same while it is gone on with.
        place.gate.allow(0, Beyond::Hold);
        let mut resumed = place.sandbox.command(&place.args(&["--resume", name])).spawn().unwrap();
        place.gate.wait();
        place.export(&["--resume", name]).ended(8);
        assert_eq!(place.sandbox.read(journal), before);
        resumed.kill().unwrap();
        drop(place.sandbox.finish(resumed));
        place.goes_on_to(name, &whole);
        std::fs::remove_file(place.sandbox.path(name)).unwrap();
        std::fs::remove_file(place.sandbox.path("all.jsonl.manifest.json")).unwrap();
    }
}

#[test]
fn an_export_that_cannot_be_resumed_is_refused() {
    let place = Place::new();
    place.gate.allow(1, Beyond::Cut);
    place.export(&["-o", "all.csv"]).ended(3);
    let other = acme::run(&place.sandbox, &["export", "--resume", "all.csv"]);
    insta::assert_snapshot!(other, @"
    exit 2
    -- stderr
    error: all.csv was begun from http://127.0.0.1:[port], and this is sqlite:audit.db
      hint: name the server it was begun from, or begin anew
    ");
    let mut part = place.sandbox.read("all.csv.part");
    part[100] ^= 1;
    place.sandbox.write("all.csv.part", part);
    insta::assert_snapshot!(place.export(&["--resume", "all.csv"]), @"
    exit 7
    -- stderr
    error: all.csv.part is not what was written: it cannot be gone on from
      hint: export it anew; the part can be removed
    ");
    insta::assert_snapshot!(place.export(&["--resume", "other.csv"]), @"
    exit 5
    -- stderr
    error: there is no export of other.csv to go on with
      hint: `krosyn-audit export -o other.csv` begins anew
    ");
    place.export(&["--resume", "all.csv", "-a", "deleted"]).ended(2);
    place.export(&["--resume", "all.csv", "-o", "x"]).ended(2);
}
