//! The committed `completions/` and `man/` are exactly the generated files.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::sandbox::Sandbox;

fn files(directory: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(read).collect()
}

#[test]
fn the_committed_files_are_up_to_date() {
    let sandbox = Sandbox::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["completions", "man"] {
        sandbox.run(&[directory, "--dir", "made"]).ended(0);
        let (made, committed) = (files(&sandbox.path("made")), files(&root.join(directory)));
        std::fs::remove_dir_all(sandbox.path("made")).unwrap();
        let renew = format!("renew them: rm {directory}/* && cargo run -- {directory} --dir {directory}");
        assert_eq!(made.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>(), "{renew}");
        for (name, text) in &made {
            assert!(committed.get(name) == Some(text), "{directory}/{name} is out of date; {renew}");
        }
    }
}

#[test]
fn a_single_generated_file_can_be_printed() {
    let sandbox = Sandbox::new();
    sandbox.run(&["completions", "--dir", "made"]).ended(0);
    sandbox.run(&["man", "--dir", "made"]).ended(0);
    for (args, name) in [
        (&["completions", "bash"][..], "krosyn-audit.bash"),
        (&["completions", "zsh"], "_krosyn-audit"),
        (&["man"], "krosyn-audit.1"),
        (&["man", "list"], "krosyn-audit-list.1"),
        (&["man", "token-create"], "krosyn-audit-token-create.1"),
    ] {
        assert_eq!(sandbox.run(args).ended(0).out(), sandbox.text(&format!("made/{name}")), "{args:?}");
    }
    insta::assert_snapshot!(sandbox.run(&["man", "lits"]), @"
    exit 2
    -- stderr
    error: there is no manual page krosyn-audit-lits
      hint: krosyn-audit --help lists the commands
    ");
}
