//! What arrives at each kind of destination, and when the cursor moves.

use std::process::Child;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::process::{Pid, Signal, kill_process};

use super::web_receiver::WebReceiver;
use crate::cli::acme::{self, SERVER};
use crate::support::sandbox::{Sandbox, wait_until};

/// Everything in the log of acme, and an end.
pub(super) const WHOLE: [&str; 4] = ["--from", "beginning", "--until", "2022-01-01"];

pub(super) fn terminate(child: &Child) {
    kill_process(Pid::from_child(child), Signal::TERM).expect("it runs");
}

/// The entries as `export` writes them, in the order in which they were recorded.
fn exported(sandbox: &Sandbox) -> Vec<String> {
    let outcome = acme::run(sandbox, &["export", "--format", "jsonl"]).ended(0);
    let mut lines: Vec<_> = outcome.out().lines().map(str::to_owned).collect();
    lines.sort_by_key(|line| id(line));
    lines
}

fn id(line: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(line).expect("JSON")["id"].as_u64().expect("an id")
}

fn cursor(sandbox: &Sandbox) -> u64 {
    serde_json::from_str::<serde_json::Value>(&sandbox.text("cursor")).expect("JSON")["after_id"]
        .as_u64()
        .expect("an id")
}

#[test]
fn a_webhook_gets_each_entry_once_signed_and_in_order() {
    let sandbox = acme::sandbox();
    let receiver = WebReceiver::answering(&["204 No Content"]);
    let key = [7; 32];
    sandbox.write_with_mode("secret", format!("whsec_{}\n", STANDARD.encode(key)), 0o600);
    let to = format!("webhook:http://{}/hook?a=1", receiver.address());
    let args = ["forward", "--to", &to, "--secret-file", "secret", "--cursor-file", "cursor"];
    let outcome = acme::run(&sandbox, &[&args[..], &WHOLE].concat()).ended(0);
    assert!(outcome.err().ends_with("stopped: delivered 12 entries, through entry 12\n"), "{outcome}");
    let requests = receiver.requests();
    let bodies: Vec<_> = requests.iter().map(|request| request.body.clone()).collect();
    assert_eq!(bodies, exported(&sandbox));
    for request in &requests {
        let entry: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
        let header = |name: &str| request.headers.get(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!((&*request.path, header("content-type").as_str()), ("/hook?a=1", "application/json"));
        assert_eq!(header("webhook-id"), entry["uuid"].as_str().expect("a uuid"));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("a key");
        let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), request.body);
        mac.update(signed.as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(header("webhook-signature"), &expected);
    }
    assert_eq!(cursor(&sandbox), 12);
    acme::run(&sandbox, &[&args[..], &WHOLE].concat()).ended(0);
    assert!(receiver.requests().is_empty(), "it continues where the cursor is");
}

#[test]
fn an_entry_after_the_time_window_is_left_to_the_next_run() {
    let sandbox = acme::sandbox();
    // Entry 13 is after the window, and entry 14, recorded later, inside.
    for (uuid, at) in [(13, "2023-06-01T00:00:00Z"), (14, "2020-06-01T00:00:00Z")] {
        let line = format!(
            "{{\"uuid\":\"00000000-0000-4000-8000-{uuid:012}\",\"occurred_at\":\"{at}\",\"action\":\"created\",\
             \"model_type\":\"secret\",\"model_id\":\"1\",\"user\":{{\"id\":\"7\"}},\"after\":{{\"name\":\"X\"}}}}\n"
        );
        sandbox.run_with(&[&["import", "-"], &SERVER[..]].concat(), line.as_bytes()).ended(0);
    }
    let run = |until| {
        let args =
            ["forward", "--to", "exec:cat", "--cursor-file", "cursor", "--from", "beginning", "--until"];
        let outcome = acme::run(&sandbox, &[&args[..], &[until]].concat()).ended(0);
        outcome.out().lines().map(id).collect::<Vec<_>>()
    };
    assert_eq!(run("2022-01-01"), (1..=12).chain([14]).collect::<Vec<_>>());
    assert_eq!(cursor(&sandbox), 12);
    assert_eq!(run("2024-01-01"), [13, 14], "an entry may be repeated, and none is skipped");
    assert_eq!(cursor(&sandbox), 14);
}

#[test]
fn a_batch_is_a_list_with_an_id_of_its_own() {
    let sandbox = acme::sandbox();
    let receiver = WebReceiver::answering(&["200 OK"]);
    let to = format!("webhook:http://{}", receiver.address());
    acme::run(&sandbox, &[&["forward", "--to", &to, "--batch", "5"], &WHOLE[..]].concat()).ended(0);
    let requests = receiver.requests();
    let lists: Vec<Vec<serde_json::Value>> =
        requests.iter().map(|it| serde_json::from_str(&it.body).expect("a list")).collect();
    assert_eq!(lists.iter().map(Vec::len).collect::<Vec<_>>(), [5, 5, 2]);
    let uuid = |entry: &serde_json::Value| entry["uuid"].as_str().expect("a uuid").to_owned();
    let expected = format!("{}_{}", uuid(&lists[0][0]), uuid(&lists[0][4]));
    assert_eq!(requests[0].headers["webhook-id"], expected);
    assert!(!requests[0].headers.contains_key("webhook-signature"));
}

#[test]
fn a_busy_receiver_is_tried_again_and_told_once() {
    let sandbox = acme::sandbox();
    let busy = "429 Too Many Requests\r\nretry-after: 1";
    let receiver = WebReceiver::answering(&["503 Service Unavailable", busy, "200 OK"]);
    let to = format!("webhook:http://{}", receiver.address());
    let args = ["forward", "--to", &to, "-a", "deleted"];
    let outcome = acme::run(&sandbox, &[&args[..], &WHOLE].concat()).ended(0);
    let requests = receiver.requests();
    let ids: Vec<_> = requests.iter().map(|it| it.headers["webhook-id"].clone()).collect();
    assert!(ids.len() > 2 && ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
    assert_eq!(outcome.err().matches("retrying until it accepts entries").count(), 1, "{outcome}");
    assert_eq!(outcome.err().matches("accepts entries again").count(), 1, "{outcome}");
}

#[test]
fn a_refused_entry_stays_before_the_cursor() {
    let sandbox = acme::sandbox();
    let receiver = WebReceiver::answering(&["200 OK", "200 OK", "410 Gone"]);
    let to = format!("webhook:http://{}", receiver.address());
    let args = ["forward", "--to", &to, "--cursor-file", "cursor"];
    acme::run(&sandbox, &[&args[..], &WHOLE].concat()).ended(1);
    assert_eq!(cursor(&sandbox), 2);
}

#[test]
fn programs_and_files_get_lines() {
    let sandbox = acme::sandbox();
    let all = exported(&sandbox).join("\n") + "\n";
    let outcome = acme::run(&sandbox, &[&["forward", "--to", "exec:cat"], &WHOLE[..]].concat()).ended(0);
    assert_eq!(outcome.out(), all);
    acme::run(&sandbox, &[&["forward", "--to", "file:out.jsonl"], &WHOLE[..]].concat()).ended(0);
    assert_eq!(sandbox.text("out.jsonl"), all);
    // A program that ends is started again, and gets its last lines once more.
    sandbox.write_with_mode("three", "#!/bin/sh\nhead -n 3 >> three.out\n", 0o755);
    let path = sandbox.path("three").display().to_string();
    let to = format!("exec:{path}");
    let child = sandbox
        .command(&[&["forward", "--to", &to, "--batch", "2"], &WHOLE[..], &SERVER].concat())
        .spawn()
        .expect("it starts");
    wait_until("it was started again", || {
        std::fs::read_to_string(sandbox.path("three.out")).is_ok_and(|text| text.lines().count() > 3)
    });
    terminate(&child);
    let outcome = sandbox.finish(child).ended(0);
    assert!(outcome.err().contains("ended (exit status: 0) before it had read all entries"), "{outcome}");
}

#[test]
fn a_program_that_fails_at_the_end_gets_its_last_delivery_again() {
    let sandbox = acme::sandbox();
    sandbox.write_with_mode("failing", "#!/bin/sh\ncat >/dev/null\nexit 3\n", 0o755);
    let to = format!("exec:{}", sandbox.path("failing").display());
    let args = ["forward", "--to", &to, "--batch", "5", "--cursor-file", "cursor"];
    let outcome = acme::run(&sandbox, &[&args[..], &WHOLE].concat()).ended(1);
    assert!(outcome.err().contains("failed (exit status: 3)"), "{outcome}");
    assert_eq!(cursor(&sandbox), 10, "before the last two");
}

/// No entry is recorded meanwhile: an alert must not wait for the next change.
#[test]
fn a_program_that_fails_while_nothing_is_recorded_gets_its_last_delivery_again() {
    let sandbox = acme::sandbox();
    // It fails after its last line was read and the position saved.
    let script = "#!/bin/sh\nif mkdir started; then\n  head -n 12 > /dev/null\n  \
                  until test -e end; do sleep 0.05; done\n  exit 7\nfi\nexec cat > used\n";
    sandbox.write_with_mode("program", script, 0o755);
    let to = format!("exec:{}", sandbox.path("program").display());
    let args = ["forward", "--to", &to, "--from", "beginning", "--interval", "1", "--batch", "5"];
    let args = [&args[..], &["--cursor-file", "cursor"], &SERVER].concat();
    let child = sandbox.command(&args).spawn().expect("it starts");
    wait_until("all is delivered", || sandbox.path("cursor").exists() && cursor(&sandbox) == 12);
    sandbox.write("end", "");
    let used = || std::fs::read_to_string(sandbox.path("used")).unwrap_or_default();
    wait_until("the last delivery arrives again", || used().lines().count() == 2);
    terminate(&child);
    let outcome = sandbox.finish(child).ended(0);
    assert!(
        outcome.err().contains("failed, was started again, and got its last delivery again"),
        "{outcome}"
    );
    assert_eq!(used(), exported(&sandbox)[10..].join("\n") + "\n");
    assert_eq!(cursor(&sandbox), 12);
}

#[test]
fn a_pipe_is_refused() {
    let sandbox = acme::sandbox();
    let made = std::process::Command::new("mkfifo").arg(sandbox.path("pipe")).status();
    assert!(made.expect("it runs").success());
    let outcome = acme::run(&sandbox, &[&["forward", "--to", "file:pipe"], &WHOLE[..]].concat()).ended(2);
    assert!(outcome.err().contains("it is a pipe"), "{outcome}");
}

#[test]
fn a_full_disk_stops_the_cursor_and_not_the_process() {
    let sandbox = acme::sandbox();
    let args = ["forward", "--to", "file:/dev/full", "--cursor-file", "cursor", "--from", "beginning"];
    let mut child = sandbox.command(&[&args[..], &SERVER].concat()).spawn().expect("it starts");
    let mut said = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().expect("piped")));
    assert!(said.any(|line| line.expect("text").contains("cannot write /dev/full")));
    terminate(&child);
    sandbox.finish(child).ended(0);
    assert_eq!(cursor(&sandbox), 0);
}

#[test]
fn entries_pruned_before_their_delivery_are_a_notice_and_exit_3() {
    let sandbox = acme::sandbox();
    sandbox.write(
        "cursor",
        r#"{"cursor_file":1,"server":"sqlite:audit.db","organization":"default","query":{},"destination":"file:out","after_id":3}"#,
    );
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "100%", "-q"]).ended(0);
    acme::record_update(&sandbox, "{\"a\":1}", "{\"a\":2}");
    let args = ["forward", "--to", "file:out", "--cursor-file", "cursor"];
    let child = sandbox.command(&[&args[..], &SERVER].concat()).spawn().expect("it starts");
    let lines = || std::fs::read_to_string(sandbox.path("out")).unwrap_or_default();
    wait_until("both arrive", || lines().lines().count() == 2);
    terminate(&child);
    let outcome = sandbox.finish(child).ended(3);
    assert!(outcome.err().contains("entries are missing between 3 and 12"), "{outcome}");
    let lines = lines();
    let notice: serde_json::Value =
        serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&notice["notice"], &notice["through_id"]), (&"entries_pruned".into(), &12.into()));
    assert_eq!(id(lines.lines().nth(1).expect("a line")), 13);
}

#[test]
fn the_first_run_starts_where_from_says() {
    let sandbox = acme::sandbox();
    for (from, ids) in [("beginning", 1..13), ("10", 10..13), ("now", 13..13)] {
        let args = ["forward", "--to", "exec:cat", "--from", from, "--until", "2022-01-01"];
        let outcome = acme::run(&sandbox, &args).ended(0);
        assert_eq!(outcome.out().lines().map(id).collect::<Vec<_>>(), ids.collect::<Vec<_>>(), "{from}");
    }
    let outcome = acme::run(&sandbox, &["forward", "--to", "exec:cat", "--from", "99"]).ended(2);
    assert!(outcome.err().contains("the log ends at entry 12"), "{outcome}");
}
