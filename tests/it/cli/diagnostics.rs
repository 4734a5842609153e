//! Diagnostics on stderr: `--verbose`, `--debug-http`, and errors as JSON.

use super::acme;
use crate::support::sandbox::Sandbox;

#[test]
fn verbose_reports_server_token_source_and_requests() {
    let (sandbox, serving) = acme::served();
    let listed =
        sandbox.run(&[&["list", "-v", "--columns", "id", "-n", "1"], &serving.flags()[..]].concat()).ended(0);
    assert_eq!(listed.out(), "12\n");
    let said: Vec<_> = listed.err().lines().collect();
    assert_eq!(said[0], format!("server {} (--server)", serving.url()));
    assert_eq!(said[1], "token by --token-file");
    let call = format!("GET {}/api/v1/audit-logs?", serving.url());
    assert!(
        said[2].starts_with(&call) && said[2].contains(": 200, ") && said[2].ends_with(" ms"),
        "{listed}"
    );
    // A server in the same process has nothing to add, and quiet and verbose exclude each other.
    let local = acme::run(&sandbox, &["list", "-v", "-n", "1"]).ended(0);
    assert_eq!(local.err().lines().filter(|line| line.contains("/api/v1/")).count(), 1, "{local}");
    acme::run(&sandbox, &["list", "-v", "-q"]).ended(2);
}

#[test]
fn debug_http_shows_headers_without_token_or_body() {
    let (sandbox, serving) = acme::served();
    sandbox
        .write("secret.json", r#"{"name": "SF_TOKEN", "value": "hush-seven", "note": "nobody-reads-this"}"#);
    let record =
        ["record", "-a", "created", "--resource", "secret/77", "-u", "ana", "--after", "secret.json"];
    let recorded = sandbox.run(&[&record[..], &["--debug-http"], &serving.flags()[..]].concat()).ended(0);
    let said = recorded.err();
    assert!(said.contains("> POST ") && said.contains("> authorization: [hidden]\n"), "{said}");
    assert!(said.contains("< HTTP/1.1 201 Created\n") && said.contains("< x-request-id: "), "{said}");
    for secret in [&serving.token(), "hush-seven", "nobody-reads-this"] {
        assert!(!said.contains(secret), "{said}");
    }
    assert_eq!(recorded.out(), "13\n");
}

/// Every command that has `--format`, and a mistake: the last line of stderr is the error, stdout empty or one document.
#[test]
fn json_formats_report_errors_as_json() {
    let sandbox = acme::sandbox();
    let gone = ["--server", "sqlite:gone.db"];
    let mut commands = 0;
    for command in [&["list"][..], &["show", "1"], &["export"], &["prune"]] {
        for format in ["json", "jsonl"] {
            if command == ["prune"] && format == "jsonl" {
                continue;
            }
            let format = ["--format", format];
            for (more, status) in [
                (&["--server", "nonsense"][..], 2),
                (&gone, 5),
                (&["--server", "http://127.0.0.1:9"], 4),
                (&["--frobnicate"], 2),
                (&["--profile", "gone"], 2),
                (&["--tz", "Mars/Olympus"], 2),
            ] {
                let outcome = sandbox.run(&[command, &format, more].concat()).ended(status);
                let last = outcome.err().lines().last().unwrap_or_default();
                let error: serde_json::Value =
                    serde_json::from_str(last).unwrap_or_else(|_| panic!("{command:?} {outcome}"));
                assert_eq!(error["error"]["exit"], status, "{outcome}");
                assert!(
                    error["error"]["message"].as_str().is_some_and(|message| message.len() > 10),
                    "{outcome}"
                );
                assert!(outcome.out().is_empty() || outcome.json().is_object(), "{outcome}");
                commands += 1;
            }
        }
    }
    assert_eq!(commands, 42);
    let misspelt = Sandbox::new().run(&["list", "--format=json", "--sicne", "1d"]).ended(2);
    let last = misspelt.err().lines().last().unwrap();
    assert!(last.contains("\"hint\":\"a similar argument exists: '--since'\""), "{misspelt}");
    assert!(last.contains("\"message\":\"unexpected argument '--sicne' found\""), "{misspelt}");
}
