//! `export --manifest`, `--trailer` and `verify`: every change of a file is found and its line named.

use std::io::Read as _;

use super::acme;
use crate::support::sandbox::Sandbox;

/// The log as these files, each with its manifest.
fn exported(names: &[&str]) -> Sandbox {
    let sandbox = acme::sandbox();
    for name in names {
        acme::run(&sandbox, &["export", "-o", name, "--manifest"]).ended(0);
    }
    sandbox
}

#[test]
fn a_manifest_describes_the_query_and_the_file() {
    let sandbox = acme::sandbox();
    let args = ["export", "-a", "deleted,updated", "--columns", "id,action", "-o", "some.csv", "--manifest"];
    insta::assert_snapshot!(acme::run(&sandbox, &args), @"
    exit 0
    -- stderr
    7 entries exported to some.csv · action deleted, updated
    verify it later with some.csv.manifest.json; note the root hash in a safe place: 31d02d49c0eadc0fc896145760a5e4857d2ef9534d394d363de387f85bb92733
    ");
    let manifest: serde_json::Value = serde_json::from_str(&sandbox.text("some.csv.manifest.json")).unwrap();
    insta::assert_snapshot!(sandbox.text("some.csv.manifest.json").replace(manifest["exported_at"].as_str().unwrap(), "[now]").replace(manifest["seal"].as_str().unwrap(), "[seal]").replace(&manifest["checkpoint"].to_string(), "\"[checkpoint]\""), @r#"
    {
      "manifest": 1,
      "made_by": "krosyn-audit 0.2.0",
      "exported_at": "[now]",
      "server": "sqlite:audit.db",
      "organization": "default",
      "query": {
        "action": [
          "deleted",
          "updated"
        ]
      },
      "first": "newest",
      "as_of": 12,
      "format": "csv",
      "columns": [
        "id",
        "action"
      ],
      "entries": 7,
      "ids": {
        "lowest": 3,
        "highest": 12
      },
      "pruned": [],
      "checkpoint": "[checkpoint]",
      "file": {
        "name": "some.csv",
        "bytes": 83,
        "sha256": "c0a69c1edd43478f7519df3c30c67156e9dc198c8ad41e9551189c7d08e8bcb1"
      },
      "content": {
        "lines": 8,
        "bytes": 83,
        "sha256": "c0a69c1edd43478f7519df3c30c67156e9dc198c8ad41e9551189c7d08e8bcb1",
        "root": "31d02d49c0eadc0fc896145760a5e4857d2ef9534d394d363de387f85bb92733",
        "chunks": [
          {
            "root": "31d02d49c0eadc0fc896145760a5e4857d2ef9534d394d363de387f85bb92733",
            "tags": "1uYvfDXlQnB8CAnFhista2NwL5guNyj/"
          }
        ]
      },
      "seal": "[seal]"
    }
    "#);
    insta::assert_snapshot!(sandbox.run(&["verify", "some.csv"]), @"
    exit 0
    -- stdout
    some.csv: verified: 7 entries (ids 3 to 12) in 8 lines; root 31d02d49c0eadc0fc896145760a5e4857d2ef9534d394d363de387f85bb92733
    ");
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "100%", "-q"]).ended(0);
    acme::run(&sandbox, &["export", "-o", "none.jsonl", "--manifest"]).ended(0);
    let manifest: serde_json::Value =
        serde_json::from_str(&sandbox.text("none.jsonl.manifest.json")).unwrap();
    assert_eq!((&manifest["entries"], manifest.get("ids")), (&0.into(), None));
    assert_eq!(
        (&manifest["pruned"][0]["first_id"], &manifest["pruned"][0]["last_id"]),
        (&1.into(), &12.into())
    );
    let verified = sandbox.run(&["verify", "some.csv", "none.jsonl"]).ended(0);
    assert!(verified.out().contains("none.jsonl: verified: 0 entries in 0 lines"), "{verified}");
}

#[test]
fn verify_finds_each_damage_and_names_its_line() {
    let names = ["all.csv", "all.tsv", "all.jsonl", "all.json"];
    let sandbox = exported(&names);
    for name in names {
        let text = sandbox.text(name);
        sandbox.run(&["verify", name]).ended(0);
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let with = |change: &dyn Fn(&mut Vec<&str>)| {
            let mut lines = lines.clone();
            change(&mut lines);
            lines.concat()
        };
        let flipped = {
            let at = lines[..4].concat().len() + 3;
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            String::from_utf8(bytes).unwrap()
        };
        let last = lines.len();
        for (damaged, line, words) in [
            (flipped, 5, "was changed"),
            (
                with(&|lines| {
                    lines.remove(5);
                }),
                6,
                "line 6 is missing",
            ),
            (with(&|lines| lines.swap(3, 7)), 4, "written as line 8"),
            (with(&|lines| lines.swap(3, 4)), 4, "written as line 5"),
            (with(&|lines| lines.insert(6, lines[5])), 7, "is a duplicate"),
            (with(&|lines| lines.push("one more\n")), last + 1, "was inserted"),
            (with(&|lines| lines.truncate(7)), 8, "ends early"),
            (text[..text.len() - 9].to_owned(), last, "ends within this line"),
            (String::new(), 1, "ends early"),
        ] {
            sandbox.write(name, damaged);
            let outcome = sandbox.run(&["verify", name]).ended(7);
            assert!(outcome.out().starts_with(&format!("{name}:{line}: ")), "{words}: {outcome}");
            assert!(outcome.out().contains(words), "{words}: {outcome}");
        }
        sandbox.write(name, &text);
        sandbox.run(&["verify", name]).ended(0);
    }
}

#[test]
fn a_compressed_file_is_verified_without_unpacking() {
    let names = ["all.csv.gz", "all.jsonl.zst"];
    let sandbox = exported(&names);
    sandbox.run(&["verify", names[0], names[1]]).ended(0);
    for name in names {
        let packed = sandbox.read(name);
        for at in 0..packed.len() {
            let mut damaged = packed.clone();
            damaged[at] ^= 4;
            // One process for each byte would be too many; the first, the last and some between will do.
            if at < 20 || at % 97 == 0 || at + 10 > packed.len() {
                sandbox.write(name, damaged);
                sandbox.run(&["verify", name]).ended(7);
            }
        }
        for damaged in
            [&packed[..packed.len() - 3], &packed[..packed.len() / 2], &[], &[&packed[..], b"x"].concat()]
        {
            sandbox.write(name, damaged);
            sandbox.run(&["verify", name]).ended(7);
        }
        sandbox.write(name, &packed);
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&sandbox.read("all.csv.gz")[..]).read_to_end(&mut text).unwrap();
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let without = [&lines[..4], &lines[5..]].concat().concat();
    for (text, words) in [(&without, "all.csv.gz:5: line 5 is missing"), (&text, "compressed again")] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, text).unwrap();
        sandbox.write("all.csv.gz", encoder.finish().unwrap());
        let outcome = sandbox.run(&["verify", "all.csv.gz"]).ended(7);
        assert!(outcome.out().contains(words), "{outcome}");
    }
}

#[test]
fn an_old_manifest_is_kept_and_reported_as_foreign() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["export", "-o", "all.csv", "--manifest"]).ended(0);
    let manifest = sandbox.text("all.csv.manifest.json");
    let replaced = acme::run(&sandbox, &["export", "-a", "deleted", "-o", "all.csv", "--force"]).ended(0);
    let warning = "warning: all.csv.manifest.json belongs to an earlier file, not to this one";
    assert!(replaced.err().contains(warning), "{replaced}");
    assert_eq!(sandbox.text("all.csv.manifest.json"), manifest);
    sandbox.run(&["verify", "all.csv"]).ended(7);
}

#[test]
fn a_separate_manifest_verifies_only_its_own_file() {
    let sandbox = exported(&["all.csv"]);
    let manifest = sandbox.text("all.csv.manifest.json");
    std::fs::create_dir(sandbox.path("safe")).unwrap();
    std::fs::rename(sandbox.path("all.csv.manifest.json"), sandbox.path("safe/m.json")).unwrap();
    sandbox.run(&["verify", "all.csv", "--manifest", "safe/m.json"]).ended(0);
    insta::assert_snapshot!(sandbox.run(&["verify", "all.csv"]), @"
    exit 7
    -- stdout
    all.csv: cannot verify: no manifest found, and the last line is not a trailer (the file may be truncated)
    -- stderr
    error: 1 of 1 file could not be verified
    ");
    sandbox.run(&["verify", "all.csv", "all.csv", "--manifest", "safe/m.json"]).ended(2);
    sandbox.run(&["verify", "missing.csv"]).ended(2);
    sandbox.write("safe/m.json", manifest.replace("\"entries\": 12", "\"entries\": 13"));
    insta::assert_snapshot!(sandbox.run(&["verify", "all.csv", "--manifest", "safe/m.json"]), @"
    exit 7
    -- stdout
    all.csv: safe/m.json: the manifest itself was changed: its seal does not match
    -- stderr
    error: 1 of 1 file could not be verified
    ");
    sandbox.write("safe/m.json", "{}");
    sandbox.run(&["verify", "all.csv", "--manifest", "safe/m.json"]).ended(7);
}

#[test]
fn an_older_manifest_is_replaced_only_with_force() {
    let sandbox = exported(&["all.csv"]);
    std::fs::remove_file(sandbox.path("all.csv")).unwrap();
    acme::run(&sandbox, &["export", "-o", "all.csv", "--manifest"]).ended(6);
    acme::run(&sandbox, &["export", "-o", "all.csv", "--manifest", "--force"]).ended(0);
    sandbox.run(&["verify", "all.csv"]).ended(0);
    acme::run(&sandbox, &["export", "-o", "-", "--manifest"]).ended(2);
    acme::run(&sandbox, &["export", "--manifest"]).ended(2);
}

#[test]
fn a_trailer_verifies_piped_output() {
    let sandbox = acme::sandbox();
    for format in ["csv", "tsv", "json", "jsonl", "ocsf", "cef", "ecs", "leef"] {
        let plain = acme::run(&sandbox, &["export", "--format", format]).ended(0).stdout;
        let whole = acme::run(&sandbox, &["export", "--format", format, "--trailer"]).ended(0).stdout;
        assert!(whole.starts_with(&plain) && whole[plain.len()..].split(|byte| *byte == b'\n').count() == 2);
        let verify = |text: &[u8]| sandbox.run_with(&["verify", "-"], text);
        let verified = verify(&whole).ended(0);
        assert!(verified.out().starts_with("stdin: verified by its trailer: 12 entries in "), "{verified}");
        verify(&plain).ended(7);
        verify(&whole[..plain.len() / 2]).ended(7);
        verify(&[&plain[1..], &whole[plain.len()..]].concat()).ended(7);
        let mut flipped = whole.clone();
        flipped[40] ^= 1;
        verify(&flipped).ended(7);
        verify(&[&whole[..], b"more\n"].concat()).ended(7);
        verify(b"").ended(7);
    }
    let args = ["export", "--columns", "id", "-a", "deleted", "--trailer"];
    insta::assert_snapshot!(acme::run(&sandbox, &args), @"
    exit 0
    -- stdout
    id
    10
    # krosyn-audit-trailer v=1 entries=1 lines=2 bytes=6 as_of=12 sha256=084809a12340b5989f96d386299fab74963a13a897a358ae75cf957fd77c5b99 check=71f79414
    -- stderr
    1 entry exported · action deleted
    ");
    insta::assert_snapshot!(sandbox.run_with(&["verify", "-"], b"id\n"), @"
    exit 7
    -- stdout
    stdin: cannot verify: no manifest found, and the last line is not a trailer (the file may be truncated)
    -- stderr
    error: 1 of 1 file could not be verified
    ");
}
