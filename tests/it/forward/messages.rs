//! What `forward` says: each failure has a message that mends it, and no message holds a secret.

use std::io::{BufRead as _, BufReader};

use super::destinations::{WHOLE, terminate};
use super::web_receiver::WebReceiver;
use crate::cli::acme::{self, SERVER};
use crate::support::sandbox::{Sandbox, program, skipped, wait_until};

#[test]
fn each_refusal_has_a_message_that_mends_it() {
    let sandbox = acme::sandbox();
    for (answer, exit, words) in [
        ("410 Gone", 1, "the receiver takes no more entries"),
        ("401 Unauthorized", 4, "give its secret with --secret-file"),
        ("403 Forbidden", 4, "it refuses the sender"),
        ("400 Bad Request", 1, "it does not accept the request"),
        ("404 Not Found", 5, "check the path of the URL"),
        ("413 Content Too Large", 1, "raise the receiver's limit"),
        ("302 Found\r\nlocation: /hush", 1, "it redirects to another URL"),
    ] {
        let receiver = WebReceiver::answering(&[answer]);
        let to = format!("webhook:http://ana:hush@{}/hush?hush", receiver.address());
        let outcome =
            acme::run(&sandbox, &[&["-v", "forward", "--to", &to], &WHOLE[..]].concat()).ended(exit);
        assert!(outcome.err().contains(words), "{answer}: {outcome}");
        assert!(!outcome.err().contains("hush"), "{answer}: {outcome}");
        let requests = receiver.requests();
        assert_eq!(requests.len(), 1, "{answer}");
        assert!(requests[0].headers["authorization"].starts_with("Basic "));
    }
}

#[test]
fn a_wrong_secret_is_explained() {
    let sandbox = acme::sandbox();
    let receiver = WebReceiver::answering(&["401 Unauthorized"]);
    sandbox.write_with_mode("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0o600);
    let to = format!("webhook:http://{}", receiver.address());
    let args = ["forward", "--to", &to, "--secret-file", "secret"];
    let outcome = acme::run(&sandbox, &[&args[..], &WHOLE].concat()).ended(4);
    assert!(outcome.err().contains("holds the secret that the receiver verifies with"), "{outcome}");
    for (text, mode, exit) in [("hush", 0o600, 2), ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0o644, 4)] {
        sandbox.write_with_mode("secret", text, mode);
        let outcome = acme::run(&sandbox, &[&args[..], &WHOLE].concat()).ended(exit);
        assert!(!outcome.err().contains("hush") && !outcome.err().contains("MfKQ"), "{outcome}");
    }
}

/// Starts a forwarder, reads what it says until these words, and ends it.
fn says(sandbox: &Sandbox, to: &str, words: &str) -> Vec<String> {
    let args = ["forward", "--to", to, "--from", "beginning", "--metrics", "0"];
    let mut child = sandbox.command(&[&args[..], &SERVER].concat()).spawn().expect("it starts");
    let mut said = Vec::new();
    for line in BufReader::new(child.stderr.take().expect("piped")).lines() {
        said.push(line.expect("text"));
        if said.last().is_some_and(|line| line.contains(words)) {
            break;
        }
    }
    terminate(&child);
    sandbox.finish(child).ended(0);
    said
}

#[test]
fn a_refused_connection_is_told_with_a_hint_and_without_secrets() {
    let sandbox = acme::sandbox();
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    for (to, hint) in [
        (
            format!("webhook:http://ana:hush@127.0.0.1:{port}/hush"),
            "hint: check that the receiver is running",
        ),
        (format!("otlp:http://127.0.0.1:{port}"), "hint: check that the receiver is running"),
        (format!("syslog:127.0.0.1:{port}"), "hint: check that a syslog receiver listens there"),
        ("syslog+unix:nothing".to_owned(), "hint: check that a syslog receiver is running"),
    ] {
        let said = says(&sandbox, &to, hint).join("\n");
        assert!(said.contains("retrying until it accepts entries"), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn an_untrusted_certificate_is_refused_before_anything_is_sent() {
    let Some(mut openssl) = program("openssl") else {
        return skipped("an untrusted certificate", "openssl");
    };
    let sandbox = acme::sandbox();
    let request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"];
    let made = openssl.args(request).args(["-addext", "subjectAltName=DNS:localhost"]);
    let made = made.args(["-keyout", "key.pem", "-out", "cert.pem"]).current_dir(sandbox.path(""));
    assert!(made.output().expect("it runs").status.success());
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let serving = sandbox.serve_on("sqlite:other.db", &tls);
    let port = serving.address().rsplit(':').next().expect("a port");
    for to in [format!("webhook:https://localhost:{port}"), format!("syslog+tls:localhost:{port}")] {
        let outcome = acme::run(&sandbox, &[&["forward", "--to", &to], &WHOLE[..]].concat()).ended(9);
        assert!(
            outcome.err().contains("cannot trust ") && outcome.err().contains("SSL_CERT_FILE"),
            "{outcome}"
        );
    }
}

#[test]
fn flags_that_a_destination_cannot_use_are_refused() {
    let sandbox = acme::sandbox();
    for args in [
        &["--to", "file:x", "--as", "slack"][..],
        &["--to", "file:x", "--secret-file", "y"],
        &["--to", "kafka:x"],
        &["--to", "https://example.com"],
        &["--to", "file:x", "--from", "0"],
        &["--to", "file:x", "--batch", "0"],
        &["--to", "exec:no-such-program-anywhere", "--from", "beginning"],
        &[],
    ] {
        acme::run(&sandbox, &[&["forward"], args].concat()).ended(2);
    }
    assert!(!sandbox.path("x").exists());
    sandbox.run(&["--demo", "forward", "--to", "file:x", "--cursor-file", "c"]).ended(2);
}

#[test]
fn a_wrong_destination_is_not_repeated() {
    let sandbox = acme::sandbox();
    for to in [
        "https://hooks.example/hush",
        "webhok:https://hooks.example/hush",
        "webhook:https://hooks.example:x/hush",
        "exec:send 'hush",
        "syslog:ana:hush@siem.example",
    ] {
        let outcome = acme::run(&sandbox, &["forward", "--to", to]).ended(2);
        assert!(outcome.err().contains("invalid --to") && !outcome.err().contains("hush"), "{outcome}");
    }
}

#[test]
fn a_destination_without_its_flag_is_not_repeated() {
    let sandbox = acme::sandbox();
    for args in [&["webhook:https://hooks.example/hush"][..], &["--to", "file:x", "exec:send hush"]] {
        let outcome = acme::run(&sandbox, &[&["forward"], args].concat()).ended(2);
        assert!(outcome.err().contains("hint: give the destination with --to"), "{outcome}");
        assert!(!outcome.err().contains("hush") && !outcome.out().contains("hush"), "{outcome}");
    }
    let outcome = acme::run(&sandbox, &["forward", "--to", "file:x", "updated"]).ended(2);
    assert!(outcome.err().contains("hint: -a updated"), "{outcome}");
}

#[test]
fn a_server_that_is_away_at_the_start_is_waited_for() {
    let (sandbox, serving) = acme::served();
    let (url, address) = (serving.url().to_owned(), serving.address().to_owned());
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
    let to = ["forward", "--to", "file:out", "--server", &url, "--token-file", "admin.token"];
    sandbox.run(&[&to[..], &WHOLE].concat()).ended(9);
    let mut child =
        sandbox.command(&[&to[..], &["--from", "beginning"]].concat()).spawn().expect("it starts");
    let said = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut said = said.map(|line| line.expect("text"));
    assert!(said.any(|line| line.ends_with("; trying again until it answers")));
    let _serving = sandbox.serve_at("sqlite:audit.db", &address, &[]);
    assert!(said.any(|line| line.contains("forwarding to file:out from the first entry")));
    wait_until("everything arrives", || {
        std::fs::read_to_string(sandbox.path("out")).unwrap_or_default().lines().count() == 12
    });
    terminate(&child);
    sandbox.finish(child).ended(0);
}

#[test]
fn metrics_tell_the_lag_and_the_last_error() {
    let sandbox = acme::sandbox();
    let args = ["forward", "--to", "file:/dev/full", "--from", "beginning", "--metrics", "0"];
    let mut child = sandbox.command(&[&args[..], &SERVER].concat()).spawn().expect("it starts");
    let mut said =
        BufReader::new(child.stderr.take().expect("piped")).lines().map(|line| line.expect("text"));
    let url =
        said.find_map(|line| line.strip_prefix("metrics on http://").map(str::to_owned)).expect("an address");
    assert!(said.any(|line| line.contains("cannot write /dev/full")));
    let (address, path) = url.split_once('/').expect("a path");
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    let request = format!("GET /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).expect("sent");
    let answer = std::io::read_to_string(stream).expect("an answer");
    for line in ["lag_entries 12", "destination_up 0", "server_up 1", "entries_delivered_total 0"] {
        assert!(answer.contains(&format!("krosyn_audit_forward_{line}")), "{line}: {answer}");
    }
    assert!(answer.contains("last_error_timestamp_seconds{message=\"cannot write /dev/full"), "{answer}");
    terminate(&child);
    sandbox.finish(child).ended(0);
}

#[test]
fn a_systemd_unit_has_every_flag_and_no_secret() {
    let sandbox = acme::sandbox();
    let args =
        ["--to", "webhook:@hook.url", "--as", "ocsf", "--batch", "9", "--cursor-file", "siem.cursor", "-u"];
    let outcome =
        acme::run(&sandbox, &[&["forward", "--print-systemd"], &args[..], &["it's 5% of $x"]].concat())
            .ended(0);
    let home = sandbox.path("").display().to_string();
    let text = outcome.out().replace(home.trim_end_matches('/'), "[home]");
    let start = text.lines().find(|line| line.starts_with("ExecStart=")).expect("a command");
    for flag in [
        " forward --user 'it'\\''s 5%% of $$x' --to webhook:@[home]/hook.url --as ocsf --batch 9 ",
        " --cursor-file [home]/siem.cursor --server sqlite:[home]/audit.db",
    ] {
        assert!(start.contains(flag), "{flag}\n{start}");
    }
    for to in [
        "webhook:https://hooks.example/hush",
        "otlp:https://otlp.example/hush/v1/logs",
        "exec:/bin/send --key hush",
    ] {
        let outcome = acme::run(&sandbox, &["forward", "--print-systemd", "--to", to]).ended(2);
        assert!(!outcome.err().contains("hush") && outcome.out().is_empty(), "{outcome}");
    }
}
