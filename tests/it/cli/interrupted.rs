//! Commands that fail or get a signal end at once and leave no file behind.

use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::acme::{self, SERVER};
use super::demo_log;
use crate::support::sandbox::{Sandbox, wait_until};

const SIGNALS: [(Signal, u8, &str); 3] = [
    (Signal::INT, 130, "error: interrupted\n"),
    (Signal::TERM, 143, "error: interrupted by SIGTERM\n"),
    (Signal::HUP, 129, "error: interrupted by SIGHUP: the terminal was closed\n"),
];

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[track_caller]
fn nothing_is_left(sandbox: &Sandbox, after: &str) {
    for ending in ["-wal", "-shm", "-journal"] {
        assert!(!sandbox.path(&format!("audit.db{ending}")).exists(), "{after} leaves audit.db{ending}");
    }
}

#[test]
fn signals_end_a_command_waiting_for_input() {
    let sandbox = Sandbox::new();
    for (signal, status, said) in SIGNALS {
        let mut child = sandbox.command(&["verify", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // More than a pipe holds: when it is written, the command has read, and reads again.
        stdin.write_all(&vec![b'x'; 1 << 20]).unwrap();
        send(&child, signal);
        let outcome = sandbox.finish(child).ended(status);
        assert_eq!((outcome.out(), outcome.err()), ("", said));
        drop(stdin);
    }
}

#[test]
fn signals_end_a_command_blocked_on_output() {
    let sandbox = demo_log::sandbox();
    let commands = [&["list", "--all", "--format", "jsonl"][..], &["export", "--format", "json"]];
    for (signal, status, _) in SIGNALS {
        for command in commands {
            let mut child = sandbox.command(&[command, &SERVER].concat()).spawn().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            stdout.read_exact(&mut [0]).unwrap();
            // Until no more goes into the pipe.
            wait_until("the pipe is full", || rustix::io::ioctl_fionread(&stdout).unwrap() >= 60_000);
            send(&child, signal);
            let outcome = sandbox.finish(child).ended(status);
            assert!(outcome.err().contains("error: interrupted"), "{outcome}");
            drop(stdout);
        }
    }
}

#[test]
fn failing_commands_close_the_store() {
    let sandbox = acme::sandbox();
    nothing_is_left(&sandbox, "import");
    sandbox.write("taken.csv", "");
    sandbox.write("bad.json", "{");
    for (args, status) in [
        (&["show", "999"][..], 5),
        (&["export", "-o", "taken.csv"], 6),
        (&["prune", "--yes", "--max-delete", "0"], 6),
        (&["prune", "--yes", "--older-than", "1d"], 6),
        (&["prune"], 6),
        (&["history", "connector/none", "--at", "id:999"], 5),
        (&["list", "--since", "id:999"], 5),
        (&["list", "--org", "none"], 5),
        (&["stats", "--since", "id:999"], 5),
        (&["browse"], 2),
        (&["import", "bad.json"], 3),
        (&["record", "-a", "deleted", "--resource", "connector/1", "-u", "x", "--before", "bad.json"], 2),
        (&["list", "--exit-code"], 10),
    ] {
        let outcome = acme::run(&sandbox, args);
        assert_eq!(outcome.status, Some(status), "{args:?} {outcome}");
        nothing_is_left(&sandbox, args[0]);
    }
    for (args, status) in [
        (&["org", "set", "none", "--plan", "free"][..], 5),
        (&["org", "create", "default", "--plan", "free"], 6),
        (&["token", "revoke", "none", "--org", "default"], 5),
        (
            &[
                "token",
                "create",
                "--org",
                "default",
                "--name",
                "x",
                "--scope",
                "read",
                "--token-out",
                "taken.csv",
            ],
            2,
        ),
    ] {
        let outcome = sandbox.run(&[args, &["--store", SERVER[1]]].concat());
        assert_eq!(outcome.status, Some(status), "{args:?} {outcome}");
        nothing_is_left(&sandbox, args[0]);
    }
    let copied = sandbox.run(&["store", "copy", SERVER[1], "sqlite:none/x.db"]);
    assert_eq!(copied.status, Some(5), "{copied}");
    nothing_is_left(&sandbox, "store copy");
}

#[test]
fn an_interrupted_command_closes_the_store() {
    let sandbox = acme::sandbox();
    for (signal, status, _) in SIGNALS {
        let mut child = sandbox.command(&["list", "--follow", SERVER[0], SERVER[1]]).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0]).unwrap();
        send(&child, signal);
        let outcome = sandbox.finish(child).ended(status);
        assert!(!outcome.err().contains("error"), "how a follower is meant to end: {outcome}");
        nothing_is_left(&sandbox, "list --follow");
    }
}

#[test]
fn sighup_is_ignored_under_nohup() {
    let sandbox = Sandbox::new();
    let mut shell = sandbox.shell("sh");
    shell.args(["-c", "trap '' HUP; exec krosyn-audit verify -"]).stdin(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&vec![b'x'; 1 << 20]).unwrap();
    send(&child, Signal::HUP);
    stdin.write_all(&vec![b'x'; 1 << 20]).unwrap();
    drop(stdin);
    sandbox.finish(child).ended(7);
}
