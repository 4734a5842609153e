//! `serve` as a process: signals, open files, and one server per file.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};

use super::acme::LINES;
use crate::support::sandbox::{Sandbox, program, skipped, wait_until};

#[test]
fn unused_signals_do_not_stop_the_server() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    for (signal, words) in [
        (Signal::HUP, "SIGHUP ignored: neither --tls-cert nor --settings is in use"),
        (Signal::USR1, "SIGUSR1 ignored"),
        (Signal::USR2, "SIGUSR2 ignored"),
    ] {
        serving.signal(signal);
        while !sandbox.text("serve.log").contains(words) {}
    }
    sandbox.run(&[&["list"], &serving.flags()[..]].concat()).ended(0);
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
    assert!(sandbox.text("serve.log").contains("SIGTERM: stopping"));
}

#[test]
fn sighup_reads_redacted_names_and_the_log_level_again() {
    let sandbox = Sandbox::new();
    sandbox.write("serve.toml", "redact = [\"iban\"]\nlog_level = \"warn\"\n");
    let serving = sandbox.serve(&["--settings", "serve.toml", "--redact", "tax_id"]);
    let values = |field: &str| {
        let args =
            ["record", "-a", "created", "--resource", "connector/5", "-u", "Zoe", "--after", "after.json"];
        sandbox.write("after.json", format!(r#"{{"{field}":"DE12 plain words"}}"#));
        sandbox.run(&[&args[..], &serving.flags()].concat()).ended(0);
        let list = ["list", "-n", "1", "--format", "json"];
        let listed = sandbox.run(&[&list[..], &serving.flags()].concat()).ended(0);
        listed.out().contains("DE12 plain words")
    };
    assert!(!values("iban") && !values("tax_id") && values("branch"));
    assert!(!sandbox.text("serve.log").contains("INFO"), "the file's level is in force");
    let hang_up = |settings: &str, words: &str| {
        sandbox.write("serve.toml", settings);
        let times = sandbox.text("serve.log").matches(words).count();
        serving.signal(Signal::HUP);
        wait_until(words, || sandbox.text("serve.log").matches(words).count() > times);
    };
    // A connection that is open outlives the signal.
    let mut open = TcpStream::connect(serving.address()).unwrap();
    open.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    hang_up("redact = 7", "redact must be a list of names: keeping the previous settings");
    assert!(!values("iban"), "a bad file changes nothing");
    hang_up("redact = [\"branch\"]\nlog_level = \"debug\"\n", "SIGHUP: the settings are in force");
    assert!(values("iban") && !values("tax_id") && !values("branch"));
    open.write_all(b"host: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
    let serve = ["serve", "--store", "sqlite:audit.db", "--settings"];
    sandbox.write("serve.toml", "token = \"hush\"");
    let refused = sandbox.run(&[&serve[..], &["serve.toml"]].concat()).ended(2);
    assert!(refused.err().contains("unknown key token") && !refused.err().contains("hush"), "{refused}");
    sandbox.run(&[&serve[..], &["missing.toml"]].concat()).ended(2);
}

#[test]
fn a_low_open_file_limit_lowers_the_connection_limit() {
    let Some(mut prlimit) = program("prlimit") else { return skipped("open files", "prlimit") };
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
    let serve = |limit: &str| {
        let mut command = sandbox.shell("prlimit");
        let serve = ["serve", "--store", "sqlite:audit.db", "--listen", "127.0.0.1:0"];
        command.arg(format!("--nofile={limit}")).arg("krosyn-audit").args(serve);
        command
    };
    drop(prlimit.arg("--version").output().unwrap());
    let none = sandbox.finish(serve("20:20").spawn().unwrap()).ended(1);
    assert!(
        none.err().contains("is too low for any connection") && none.err().contains("ulimit -n"),
        "{none}"
    );
    for (limit, words) in [("64:64", Some("allowing 11 connections instead of 900")), ("64:4096", None)] {
        let mut child =
            serve(limit).stderr(std::fs::File::create(sandbox.path("low.log")).unwrap()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on"), "{line} {}", sandbox.text("low.log"));
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
        // More connections than open files: a complete request is still answered.
        let address = line.trim().rsplit('/').next().unwrap();
        let half: Vec<_> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
        half.iter().for_each(|mut stream| drop(stream.write_all(b"GET /readyz HTTP/1.1\r\nx:")));
        let mut ready = TcpStream::connect(address).unwrap();
        let mut answer = String::new();
        ready.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        ready.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        child.kill().unwrap();
        drop(sandbox.finish(child));
        let log = sandbox.text("low.log");
        assert_eq!(words.is_some(), log.contains("the limit on open files is"), "{limit}: {log}");
        assert!(log.contains(words.unwrap_or("")), "{limit}: {log}");
        // No token can come to lie in a core dump.
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
    }
}

#[test]
fn a_refused_serve_creates_no_store() {
    let sandbox = Sandbox::new();
    sandbox.run(&["serve", "--store", "sqlite:new.db", "--listen", "127.0.0.1:0"]).ended(2);
    assert!(sandbox.names().is_empty());
}

#[test]
fn a_file_allows_one_server_and_other_commands() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let second = sandbox.run(&["serve", "--store", "sqlite:audit.db", "--listen", "127.0.0.1:0"]);
    let second = second.ended(8);
    assert!(second.err().contains("another server is running on the store audit.db"), "{second}");
    assert_eq!(second.out(), "", "it was never ready");
    let import = ["import", "-", "--server", "sqlite:audit.db"];
    sandbox.run_with(&import, LINES.as_bytes()).ended(0);
    let list = ["list", "--columns", "id", "-n", "1"];
    for server in [&["--server", "sqlite:audit.db"][..], &serving.flags()[..]] {
        assert_eq!(sandbox.run(&[&list[..], server].concat()).ended(0).out(), "12\n");
    }
    sandbox.run(&["store", "backup", "--store", "sqlite:audit.db", "copy.db"]).ended(0);
    let copied = [&list[..], &["--server", "sqlite:copy.db"]].concat();
    assert_eq!(sandbox.run(&copied).ended(0).out(), "12\n");
    sandbox.run(&["store", "backup", "--store", "sqlite:audit.db", "copy.db"]).ended(1);
    sandbox.run(&["store", "backup", "--store", "sqlite:none.db", "other.db"]).ended(5);
    assert!(!sandbox.path("none.db").exists() && !sandbox.path("other.db").exists());
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn without_open_files_connections_wait_and_the_log_says_so() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let list = [&["list"], &serving.flags()[..]].concat();
    let _ = sandbox.run(&list).ended(0);
    let pid = Pid::from_raw(serving.pid().cast_signed());
    let none = Rlimit { current: Some(3), ..getrlimit(Resource::Nofile) };
    let before = prlimit(pid, Resource::Nofile, none).unwrap();
    // The system accepts it, and the server cannot.
    let waiting = TcpStream::connect(serving.address()).unwrap();
    let words = "cannot accept connections; retrying";
    wait_until("the log tells it", || sandbox.text("serve.log").contains(words));
    let log = sandbox.text("serve.log");
    assert!(log.contains("Too many open files"), "{log}");
    // It tries twenty times a second.
    assert_eq!(log.matches(words).count(), 1, "{log}");
    let _ = prlimit(pid, Resource::Nofile, before).unwrap();
    let _ = sandbox.run(&list).ended(0);
    drop(waiting);
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
}
