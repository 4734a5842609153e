//! Tasks for people who work on this repository: `cargo xtask TASK`. Uses the standard library only, so that it builds in a
//! second, and runs cargo and the built binary for everything else.

mod dist;
mod process;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use process::{Failure, build, cargo, root, run};

const HELP: &str = "\
Usage: cargo xtask TASK

  check                 format, lints, generated files and the rules of the source tree
  gen                   write completions/, man/ and openapi.json
  snapshots [FILTER…]   write the snapshots from the current output; FILTER as for cargo test
  screens               write docs/screens (needs tmux)
  demo-server           serve a copy of the demo data on 127.0.0.1:7744 until Ctrl-C
  dist [--binary FILE] [--sign KEY]
                        build the packages of a release in target/packages; with --binary from a built program (for tests:
                        no SBOM, and it runs only where its libraries are); --sign takes a minisign secret key";

/// The tests that compare the tree with its own rules and with generated files.
const TREE_TESTS: [&str; 5] = ["cli::generated", "api::openapi", "contributing", "guarantees", "layers"];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let (task, rest) = args.split_first().map_or(("help", &[][..]), |(task, rest)| (task.as_str(), rest));
    let outcome = match (task, rest) {
        ("check", []) => check(),
        ("gen", []) => generate(),
        ("snapshots", filters) => snapshots(filters),
        ("screens", []) => screens(),
        ("demo-server", []) => demo_server(),
        ("dist", options) => dist::run(options),
        ("help" | "-h" | "--help", []) => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(format!("unknown task: {}\n\n{HELP}", args.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<(), Failure> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    run(cargo().args(["test", "--locked", "--quiet", "--test", "it", "--"]).args(TREE_TESTS))
}

fn generate() -> Result<(), Failure> {
    let binary = build()?;
    for directory in ["completions", "man"] {
        // A file of a command that was removed must go, too.
        let path = root().join(directory);
        fs::remove_dir_all(&path).map_err(|error| format!("cannot empty {directory}: {error}"))?;
        run(Command::new(&binary).arg(directory).arg("--dir").arg(path))?;
    }
    run(cargo().args(["test", "--locked", "--quiet", "--test", "it", "--", "renew_openapi", "--ignored"]))
}

fn snapshots(filters: &[String]) -> Result<(), Failure> {
    // Forced to pass, so that a test with several snapshots goes through all of them.
    let mut tests = cargo();
    tests.args(["test", "--locked", "--quiet", "--lib", "--test", "it", "--"]).args(filters);
    run(tests.env("INSTA_UPDATE", "always").env("INSTA_FORCE_PASS", "1"))?;
    let mut pending = Vec::new();
    for directory in ["src", "tests"] {
        find_pending(&root().join(directory), &mut pending);
    }
    if !pending.is_empty() {
        // Text inside a Rust file is written by cargo-insta only.
        run(cargo().args(["insta", "accept"])).map_err(
            |_| "snapshots inside Rust files are pending: cargo install cargo-insta && cargo insta accept",
        )?;
    }
    run(Command::new("git").args(["status", "--short"]))
}

fn find_pending(directory: &Path, pending: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find_pending(&path, pending);
        } else if path.extension() == Some(OsStr::new("pending-snap")) {
            pending.push(path);
        }
    }
}

fn screens() -> Result<(), Failure> {
    let binary = build()?;
    run(Command::new(root().join("docs/screens/make")).arg(binary))
}

fn demo_server() -> Result<(), Failure> {
    let binary = build()?;
    let directory = root().join("target/demo-server");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)
        .map_err(|error| format!("cannot create {}: {error}", directory.display()))?;
    let tool = || {
        let mut command = Command::new(&binary);
        command.current_dir(&directory);
        command
    };
    let store = ["--store", "sqlite:audit.db"];
    run(tool().args(["--demo", "export", "--quiet", "-o", "demo.jsonl"]))?;
    run(tool().args(["import", "--quiet", "demo.jsonl", "--server", "sqlite:audit.db"]))?;
    let create =
        ["token", "create", "--quiet", "--org", "default", "--name", "demo", "--scope", "read,record,prune"];
    let made = tool().args(create).args(store).stderr(Stdio::inherit()).output();
    let made = made.map_err(|error| format!("cannot run {}: {error}", binary.display()))?;
    let token = String::from_utf8_lossy(&made.stdout);
    println!("export KROSYN_AUDIT_SERVER=http://127.0.0.1:7744\nexport KROSYN_AUDIT_TOKEN={}", token.trim());
    run(tool().args(["serve", "--no-sweep"]).args(store))
}
