//! Real receivers, killed and started again in the middle: loudly skipped where one is missing, and required in CI.
//! `tests/forward/deliver` does the work, and does more of it when it is run by hand.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::destinations::WHOLE;
use super::recipes::started;
use crate::cli::acme;
use crate::support::sandbox::wait_until;

/// The directory of the script and its receivers.
pub(super) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forward")
}

/// The Python that has the packages of the receivers.
pub(super) fn python() -> PathBuf {
    directory().join("venv/bin/python")
}

/// Whether everything is there that these receivers need. Prints to stderr directly, because the harness hides the output of
/// passing tests.
#[expect(
    clippy::disallowed_methods,
    reason = "a test that was skipped must be seen, and in CI there may be none"
)]
pub(super) fn is_available(what: &str, needs_python: bool, files: &[&str]) -> bool {
    let mut missing: Vec<_> = files.iter().filter(|path| !exists(path)).map(|it| (*it).to_owned()).collect();
    if needs_python && !python().exists() {
        missing.push("pip install -r tests/forward/requirements.txt, into tests/forward/venv".to_owned());
    }
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "CI must test {what}, and this is missing: {missing:?}");
    let message = format!("SKIPPED: {what}, missing: {}\n", missing.join(", "));
    drop(std::io::stderr().write_all(message.as_bytes()));
    false
}

/// Whether a file exists; `*` stands for a directory of the machine's architecture.
fn exists(path: &str) -> bool {
    match path.split_once("/*/") {
        None => Path::new(path).exists(),
        Some((before, after)) => std::fs::read_dir(before)
            .is_ok_and(|found| found.flatten().any(|entry| entry.path().join(after).exists())),
    }
}

pub(super) const RSYSLOGD: &str = "/usr/sbin/rsyslogd";
const RSYSLOG_TLS: &str = "/usr/lib/*/rsyslog/lmnsd_ossl.so";

fn deliver(destination: &str) {
    let script = directory().join("deliver");
    let outcome = Command::new("python3")
        .arg(script)
        .args(["--entries", "300", "--kills", "2", destination])
        .env("KROSYN_AUDIT", env!("CARGO_BIN_EXE_krosyn-audit"))
        .env("FORWARD_PYTHON", python())
        .output()
        .expect("python3");
    let (out, err) = (String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
    assert!(outcome.status.success(), "{out}\n{err}");
    assert!(out.contains("300 received") && out.contains("0 lost, 0 disorder, 0 changed"), "{out}");
}

#[test]
fn webhooks_lose_nothing_while_everything_is_killed() {
    if is_available("webhooks", true, &[]) {
        deliver("webhook");
    }
}

#[test]
fn opentelemetry_loses_nothing_while_everything_is_killed() {
    if is_available("OpenTelemetry", true, &[]) {
        deliver("otlp");
    }
}

#[test]
fn rsyslog_over_tcp_loses_nothing_while_everything_is_killed() {
    if is_available("rsyslog", false, &[RSYSLOGD]) {
        deliver("syslog");
    }
}

#[test]
fn rsyslog_over_tls_loses_nothing_while_everything_is_killed() {
    if is_available("rsyslog over TLS", false, &[RSYSLOGD, RSYSLOG_TLS, "/usr/bin/openssl"]) {
        deliver("syslog+tls");
    }
}

#[test]
fn a_rotated_file_loses_nothing_while_everything_is_killed() {
    if is_available("files", false, &["/usr/bin/python3"]) {
        deliver("file");
    }
}

#[test]
fn a_killed_program_loses_nothing() {
    if is_available("programs", true, &[]) {
        deliver("exec");
    }
}

#[test]
fn rsyslog_reads_a_local_socket() {
    if !is_available("rsyslog on a local socket", false, &[RSYSLOGD]) {
        return;
    }
    let sandbox = acme::sandbox();
    let (socket, out) = (sandbox.path("log"), sandbox.path("local.log"));
    let config = format!(
        "global(workDirectory=\"{}\" maxMessageSize=\"1m\")\nmodule(load=\"imuxsock\" SysSock.Use=\"off\")\n\
         input(type=\"imuxsock\" Socket=\"{}\")\ntemplate(name=\"m\" type=\"string\" string=\"%programname%%msg%\\n\")\n\
         action(type=\"omfile\" file=\"{}\" template=\"m\")\n",
        sandbox.path("").display(),
        socket.display(),
        out.display()
    );
    let mut rsyslogd = Command::new(RSYSLOGD);
    rsyslogd.arg("-n").arg("-f").arg(sandbox.write("rsyslog.conf", config));
    rsyslogd.arg("-i").arg(sandbox.path("rsyslog.pid"));
    let receiver = started(rsyslogd, || socket.exists());
    acme::run(&sandbox, &[&["forward", "--to", "syslog+unix:log"], &WHOLE[..]].concat()).ended(0);
    let lines = || std::fs::read_to_string(&out).unwrap_or_default();
    let is_ours = |line: &&str| line.starts_with("krosyn-audit {\"id\":");
    wait_until("all entries are written", || lines().lines().filter(is_ours).count() == 12);
    drop(receiver);
}
