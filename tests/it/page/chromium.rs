//! The page in Chromium, driven by `tests/page`: loudly skipped where a browser is missing, and required in CI.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use krosyn_audit::model::words::Scope;

use crate::page::browser::{server, token};
use crate::page::demo::Demo;
use crate::page::hostile::{payloads, record_all};
use crate::support::sandbox::Sandbox;

/// The directory of the scripts, with their packages.
fn scripts() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page")
}

/// Whether everything is there that the scripts need. Prints to stderr directly, because the harness hides the output of
/// passing tests.
#[expect(
    clippy::disallowed_methods,
    reason = "a test that was skipped must be seen, and in CI there may be none"
)]
fn is_available() -> bool {
    let runs = |program: &str| {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    let missing = [
        (!runs("node")).then_some("node"),
        (!runs("chromium")).then_some("chromium"),
        (!scripts().join("node_modules/playwright-core").exists()).then_some("npm ci in tests/page"),
    ];
    let missing: Vec<_> = missing.into_iter().flatten().collect();
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "CI must test the page, and this is missing: {missing:?}");
    let message = format!("SKIPPED: the page in Chromium, missing: {}\n", missing.join(", "));
    drop(std::io::stderr().write_all(message.as_bytes()));
    false
}

/// Runs a script to its end.
async fn run(script: &'static str, args: Vec<String>) {
    let ended = tokio::task::spawn_blocking(move || {
        Command::new("node").current_dir(scripts()).arg(script).args(args).output().expect("node")
    });
    let ended = ended.await.expect("it ran");
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{out}\n{err}");
}

#[tokio::test]
async fn the_page_works_by_mouse_by_keyboard_and_without_a_script() {
    if !is_available() {
        return;
    }
    let sandbox = Sandbox::new();
    let demo = Demo::start(&sandbox);
    let export = sandbox
        .command(&["export", "-a", "created,deleted", "--server", &demo.base, "-o", "expected.csv"])
        .env("KROSYN_AUDIT_TOKEN", "demo")
        .output()
        .expect("it ran");
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let expected = sandbox.path("expected.csv").display().to_string();
    run("views.mjs", vec![demo.base.clone(), demo.link.clone(), expected]).await;
}

#[tokio::test]
async fn hostile_text_does_nothing_in_a_browser() {
    if !is_available() {
        return;
    }
    let server = server().await;
    record_all(&server).await;
    let token = token(&server, "viewer", &[Scope::Read]).await;
    let sandbox = Sandbox::new();
    let list = sandbox.write("payloads.json", serde_json::to_string(&payloads()).expect("JSON"));
    let base = format!("http://{}", server.address());
    run("hostile.mjs", vec![base, token, list.display().to_string()]).await;
}

#[tokio::test]
async fn new_entries_appear_on_request_or_live() {
    if !is_available() {
        return;
    }
    let server = server().await;
    let reader = token(&server, "viewer", &[Scope::Read]).await;
    let recorder = token(&server, "recorder", &[Scope::Record]).await;
    run("tail.mjs", vec![format!("http://{}", server.address()), reader, recorder]).await;
}
