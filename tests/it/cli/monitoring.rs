//! The alert rules and the dashboard in `docs` name only metrics that servers and forwarders have.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};

use super::acme::{self, SERVER};
use crate::support::sandbox::{Sandbox, program, skipped, wait_until};

const ALERTS: &str = include_str!("../../../docs/alerts.yml");
const DASHBOARD: &str = include_str!("../../../docs/grafana.json");
const PAGE: &str = include_str!("../../../docs/operations.md");

/// The metrics that are served at an address.
fn families(address: &str) -> BTreeSet<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let named = Regex::new(r"(?m)^# TYPE (\S+) (\S+)").unwrap();
    named
        .captures_iter(&answer)
        .flat_map(|found| {
            let name = &found[1];
            match &found[2] {
                "counter" => vec![format!("{name}_total")],
                "histogram" => ["bucket", "sum", "count"].map(|part| format!("{name}_{part}")).to_vec(),
                _ => vec![name.to_owned()],
            }
        })
        .collect()
}

fn of_a_server(sandbox: &Sandbox) -> BTreeSet<String> {
    let serving = sandbox.serve(&["--metrics-listen", "127.0.0.1:0"]);
    let address = Regex::new(r"answering /metrics address=(\S+)").unwrap();
    wait_until("the address is logged", || address.is_match(&sandbox.text("serve.log")));
    // The family of requests appears with the first of them.
    let _ = sandbox.run(&[&["list"], &serving.flags()[..]].concat()).ended(0);
    let log = sandbox.text("serve.log");
    families(&address.captures(&log).unwrap()[1])
}

fn of_a_forwarder(sandbox: &Sandbox) -> BTreeSet<String> {
    let args = ["forward", "--to", "file:out", "--from", "beginning", "--metrics", "0"];
    let mut child = sandbox.command(&[&args[..], &SERVER].concat()).spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut addresses = said.filter_map(|line| Some(line.strip_prefix("metrics on http://")?.to_owned()));
    let found = families(addresses.next().unwrap().strip_suffix("/metrics").unwrap());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    child.wait().unwrap();
    found
}

#[test]
fn alerts_and_dashboard_name_only_existing_metrics() {
    let sandbox = acme::sandbox();
    let mut metrics = of_a_forwarder(&sandbox);
    metrics.extend(of_a_server(&Sandbox::new()));
    let name = Regex::new(r"krosyn_audit_[a-z_]+").unwrap();
    for (file, text) in [("docs/alerts.yml", ALERTS), ("docs/grafana.json", DASHBOARD)] {
        let named: BTreeSet<_> = name.find_iter(text).map(|it| it.as_str().to_owned()).collect();
        assert!(named.len() >= 8, "{file}: {named:?}");
        let unknown: Vec<_> = named.difference(&metrics).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}, and there are {metrics:?}");
    }
    serde_json::from_str::<serde_json::Value>(DASHBOARD).unwrap();
}

#[test]
fn every_alert_is_explained_and_the_rules_are_valid() {
    let alert = Regex::new(r"(?m)^ +- alert: (\S+)$").unwrap();
    let alerts: Vec<_> = alert.captures_iter(ALERTS).map(|found| found[1].to_owned()).collect();
    assert!(alerts.len() >= 8, "{alerts:?}");
    for alert in &alerts {
        assert!(PAGE.contains(&format!("| {alert} |")), "docs/operations.md does not explain {alert}");
    }
    assert_eq!(PAGE.matches("| KrosynAudit").count(), alerts.len(), "no other alert is explained");
    let Some(mut promtool) = program("promtool") else { return skipped("the alert rules", "promtool") };
    let checked = promtool.args(["check", "rules", "docs/alerts.yml"]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
