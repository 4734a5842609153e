//! `export --resume`: an export that was cut short, by the network, a kill or Ctrl-C, becomes the file it would have been.

use super::acme;
use crate::support::sandbox::{Outcome, Sandbox, Serving, interrupt};
use crate::support::toll::{Beyond, Toll};

const ENTRIES: usize = 2500;

/// A server with three pages of entries behind a gate, and the flags that lead there.
struct Place {
    sandbox: Sandbox,
    _serving: Serving,
    toll: Toll,
}

impl Place {
    fn new() -> Self {
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
        let toll = Toll::before(serving.address());
        Self { sandbox, _serving: serving, toll }
    }

    fn args<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        [&["export"], args, &["--server", self.toll.url(), "--token-file", "admin.token"]].concat()
    }

    fn export(&self, args: &[&str]) -> Outcome {
        self.sandbox.run(&self.args(args))
    }

    /// What the file is when nothing happens.
    fn whole(&self, name: &str) -> Vec<u8> {
        self.toll.allow(usize::MAX, Beyond::Cut);
        let whole = format!("whole-{name}");
        self.export(&["-o", &whole]).ended(0);
        self.sandbox.read(&whole)
    }

    /// Waits until so many pages are in the file: the next one is asked for ahead.
    fn wait_for_pages(&self, name: &str, pages: usize) {
        let journal = format!("{name}.part.journal");
        while self.sandbox.read(&journal).iter().filter(|byte| **byte == b'\n').count() < 1 + pages {
            std::thread::yield_now();
        }
    }

    /// Goes on, and looks whether the file is the same and proves itself.
    fn goes_on_to(&self, name: &str, whole: &[u8]) {
        self.toll.allow(usize::MAX, Beyond::Cut);
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
fn a_lost_connection_ends_with_3_and_is_gone_on_with() {
    let place = Place::new();
    for name in ["all.csv", "all.json.zst"] {
        let whole = place.whole(name);
        place.toll.allow(2, Beyond::Cut);
        let outcome = place.export(&["-o", name, "--manifest"]).ended(3);
        assert!(
            outcome.err().ends_with(&format!("resume with: krosyn-audit export --resume {name}\n")),
            "{outcome}"
        );
        assert!(outcome.err().contains("2 000 entries were written to"), "{outcome}");
        // A second loss changes nothing.
        place.toll.allow(0, Beyond::Cut);
        place.export(&["--resume", name]).ended(3);
        place.goes_on_to(name, &whole);
    }
}

#[test]
fn an_export_that_was_killed_is_gone_on_with() {
    let place = Place::new();
    for name in ["all.jsonl.gz", "all.tsv", "all.json"] {
        let whole = place.whole(name);
        place.toll.allow(2, Beyond::Hold);
        let mut child = place.sandbox.command(&place.args(&["-o", name, "--manifest"])).spawn().unwrap();
        place.toll.wait();
        place.wait_for_pages(name, 2);
        child.kill().unwrap();
        assert_eq!(place.sandbox.finish(child).status, None);
        place.goes_on_to(name, &whole);
    }
}

#[test]
fn an_interrupted_export_says_how_to_go_on() {
    let place = Place::new();
    let whole = place.whole("all.csv.gz");
    place.toll.allow(1, Beyond::Hold);
    let child = place.sandbox.command(&place.args(&["-o", "all.csv.gz", "--manifest"])).spawn().unwrap();
    place.toll.wait();
    place.wait_for_pages("all.csv.gz", 1);
    interrupt(&child);
    insta::assert_snapshot!(place.sandbox.finish(child), @"
    exit 130
    -- stderr
    error: interrupted
      hint: resume with: krosyn-audit export --resume all.csv.gz
    ");
    place.goes_on_to("all.csv.gz", &whole);
    // Nothing is left behind when nothing was written.
    place.toll.allow(0, Beyond::Hold);
    let child = place.sandbox.command(&place.args(&["-o", "none.csv"])).spawn().unwrap();
    place.toll.wait();
    interrupt(&child);
    place.sandbox.finish(child).ended(130);
    assert!(!place.sandbox.names().iter().any(|name| name.starts_with("none.csv")));
}

#[test]
fn an_export_that_was_killed_before_its_first_page_is_gone_on_with() {
    let place = Place::new();
    let name = "all.csv";
    let whole = place.whole(name);
    place.toll.allow(0, Beyond::Hold);
    let killed = |args: &[&str]| {
        let mut child = place.sandbox.command(&place.args(args)).spawn().unwrap();
        place.toll.wait();
        child.kill().unwrap();
        assert_eq!(place.sandbox.finish(child).status, None);
    };
    killed(&["-o", name, "--manifest"]);
    killed(&["--resume", name]);
    killed(&["--resume", name]);
    // Nor does a server that is away take the journal with it.
    place.toll.allow(0, Beyond::Cut);
    place.export(&["--resume", name]).ended(9);
    place.goes_on_to(name, &whole);
}

#[test]
fn a_second_resume_beside_the_first_is_refused_and_changes_nothing() {
    let place = Place::new();
    let name = "all.jsonl";
    let whole = place.whole(name);
    let journal = "all.jsonl.part.journal";
    for pages in [0, 1] {
        place.toll.allow(pages, Beyond::Hold);
        let mut first = place.sandbox.command(&place.args(&["-o", name, "--manifest"])).spawn().unwrap();
        place.toll.wait();
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
        place.toll.allow(0, Beyond::Hold);
        let mut resumed = place.sandbox.command(&place.args(&["--resume", name])).spawn().unwrap();
        place.toll.wait();
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
fn what_cannot_be_gone_on_with_is_refused() {
    let place = Place::new();
    place.toll.allow(1, Beyond::Cut);
    place.export(&["-o", "all.csv"]).ended(3);
    let other = acme::run(&place.sandbox, &["export", "--resume", "all.csv"]);
    insta::assert_snapshot!(other, @"
    exit 2
    -- stderr
    error: all.csv was started from http://127.0.0.1:[port], not from sqlite:audit.db
      hint: use the original server, or start a new export
    ");
    let mut part = place.sandbox.read("all.csv.part");
    part[100] ^= 1;
    place.sandbox.write("all.csv.part", part);
    insta::assert_snapshot!(place.export(&["--resume", "all.csv"]), @"
    exit 7
    -- stderr
    error: all.csv.part is not what was written: it cannot be gone on from
      hint: start the export again; the partial file can be removed
    ");
    insta::assert_snapshot!(place.export(&["--resume", "other.csv"]), @"
    exit 5
    -- stderr
    error: no interrupted export of other.csv to resume
      hint: start a new export: krosyn-audit export -o other.csv
    ");
    place.export(&["--resume", "all.csv", "-a", "deleted"]).ended(2);
    place.export(&["--resume", "all.csv", "-o", "x"]).ended(2);
}
