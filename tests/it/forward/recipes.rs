//! The recipes of the README, as they are written there, against real receivers.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use super::real_receivers::{RSYSLOGD, directory, is_available, python};
use super::web_receiver::WebReceiver;
use crate::cli::acme;
use crate::support::sandbox::{Sandbox, wait_until};

/// Runs the recipe that contains `part`, with replaced words, over the whole log of acme.
fn run_recipe(sandbox: &Sandbox, part: &str, replaced: &[(&str, &str)]) {
    let readme = include_str!("../../../README.md");
    let recipe = readme.lines().find(|line| line.starts_with("krosyn-audit forward ") && line.contains(part));
    let mut recipe = recipe.unwrap_or_else(|| panic!("no recipe for {part}")).to_owned();
    for (theirs, ours) in replaced {
        assert!(recipe.contains(theirs), "{recipe}");
        recipe = recipe.replace(theirs, ours);
    }
    let script = format!("{recipe} --from beginning --until 2022-01-01 --server sqlite:audit.db");
    let mut bash = sandbox.shell("bash");
    let outcome = sandbox.finish(bash.args(["-euc", &script]).spawn().expect("bash")).ended(0);
    assert!(outcome.err().contains("stopped: delivered "), "{outcome}");
}

/// A receiver that is killed when it is dropped.
pub(super) struct Receiver(Child);

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port()
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Starts a receiver and waits until it is ready.
pub(super) fn started(mut command: Command, is_ready: impl FnMut() -> bool) -> Receiver {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let receiver = Receiver(child.expect("it starts"));
    wait_until("the receiver is ready", is_ready);
    receiver
}

#[test]
fn a_chat_is_alerted_of_deleted_secrets() {
    let sandbox = acme::sandbox();
    let receiver = WebReceiver::answering(&["200 OK"]);
    sandbox.write_with_mode("slack.url", format!("http://{}/services/T0/hush\n", receiver.address()), 0o600);
    // The log of acme has no deleted secret.
    run_recipe(&sandbox, "--as slack", &[("-t secret -a deleted", "-a deleted")]);
    let requests = receiver.requests();
    assert!(!requests.is_empty());
    for request in requests {
        let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
        let text = body["text"].as_str().expect("a text");
        assert!(
            text.starts_with('*') && text.contains(" deleted by ") && request.path.ends_with("/hush"),
            "{text}"
        );
    }
}

#[test]
fn rsyslog_gets_cef() {
    if !is_available("the recipe of rsyslog", false, &[RSYSLOGD]) {
        return;
    }
    let (sandbox, port) = (acme::sandbox(), free_port());
    let out = sandbox.path("siem.log").display().to_string();
    let config = format!(
        "global(workDirectory=\"{}\" maxMessageSize=\"1m\")\nmodule(load=\"imtcp\")\ninput(type=\"imtcp\" port=\"{port}\" address=\"127.0.0.1\")\n\
         template(name=\"m\" type=\"string\" string=\"%app-name% %msg%\\n\")\naction(type=\"omfile\" file=\"{out}\" template=\"m\")\n",
        sandbox.path("").display()
    );
    let config = sandbox.write("rsyslog.conf", config);
    let mut rsyslogd = Command::new(RSYSLOGD);
    rsyslogd.arg("-n").arg("-f").arg(config).arg("-i").arg(sandbox.path("rsyslog.pid"));
    let receiver = started(rsyslogd, || listens(port));
    run_recipe(&sandbox, "syslog:", &[("127.0.0.1:514", &format!("127.0.0.1:{port}"))]);
    let lines = || std::fs::read_to_string(&out).unwrap_or_default();
    let is_ours = |line: &&str| line.starts_with("krosyn-audit CEF:0|Krosyn|krosyn-audit|");
    wait_until("all entries are written", || lines().lines().filter(is_ours).count() == 12);
    drop(receiver);
}

#[test]
fn an_opentelemetry_receiver_gets_log_records() {
    if !is_available("the recipe of OpenTelemetry", true, &[]) {
        return;
    }
    let (sandbox, port) = (acme::sandbox(), free_port());
    let mut command = Command::new(python());
    let out = sandbox.path("otel.jsonl");
    command.arg(directory().join("receiver.py")).arg("otlp").arg(port.to_string()).arg(&out);
    let receiver = started(command, || listens(port));
    let ours = format!("127.0.0.1:{port}");
    run_recipe(&sandbox, "otlp:", &[("127.0.0.1:4318", &ours), ("--metrics 9465", "--metrics 0")]);
    assert_eq!(sandbox.text("otel.jsonl").lines().count(), 12);
    drop(receiver);
}
