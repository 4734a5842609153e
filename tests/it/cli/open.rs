//! `open`: a link that signs the browser in, given to a program that stands for the desktop's.

use std::process::Command;

use krosyn_audit::exit;

use crate::support::sandbox::{Sandbox, Serving};
use crate::support::stores::block_on;

/// `open` with these flags, and with this script in the place of the program that opens URLs.
fn open(sandbox: &Sandbox, args: &[&str], script: Option<&str>) -> Command {
    let mut command = sandbox.command(&[&["open"], args].concat());
    if let Some(script) = script {
        std::fs::create_dir_all(sandbox.path("bin")).unwrap();
        for name in ["bin/xdg-open", "bin/open"] {
            sandbox.write_with_mode(name, format!("#!/bin/sh\n{script}\n"), 0o755);
        }
    }
    command.env("PATH", sandbox.path("bin"));
    command
}

/// The page behind a link: status and text.
fn page(url: &str) -> (u16, String) {
    block_on(async {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}

/// Checks that the text is one link that would sign in with the server's token.
#[track_caller]
fn check_link(serving: &Serving, text: &str) {
    let link = text.strip_suffix('\n').expect("a line");
    let code = link.strip_prefix(&format!("{}/sign-in?link=", serving.url())).expect("a link");
    assert!(code.len() == 43 && !text.contains(&serving.token()), "{text}");
    let (status, page) = page(link);
    assert!(status == 200 && page.contains("<b>admin</b>"), "{status} {page}");
}

#[test]
fn open_gives_a_link_to_the_browser() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let script = "echo \"$1\" >\"$HOME/opened\"; echo noise; echo noise >&2";
    let mut command = open(&sandbox, &serving.flags(), Some(script));
    let outcome = sandbox.finish(command.spawn().unwrap()).ended(exit::DONE);
    assert_eq!((outcome.out(), outcome.err()), ("", "opened the page in the browser\n"));
    check_link(&serving, &sandbox.text("opened"));
}

#[test]
fn print_only_prints_the_link() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let flags = [&serving.flags()[..], &["--print"]].concat();
    let mut command = open(&sandbox, &flags, Some("touch \"$HOME/opened\""));
    let outcome = sandbox.finish(command.spawn().unwrap()).ended(exit::DONE);
    assert_eq!(outcome.err(), "");
    check_link(&serving, outcome.out());
    assert!(!sandbox.path("opened").exists());
}

#[test]
fn without_a_browser_the_link_is_printed() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    for script in [None, Some("exit 3")] {
        let mut command = open(&sandbox, &serving.flags(), script);
        let outcome = sandbox.finish(command.spawn().unwrap()).ended(exit::FAILED);
        check_link(&serving, outcome.out());
        assert!(outcome.err().starts_with("error: cannot open a browser: "), "{outcome}");
        assert!(outcome.err().contains("\n  hint: open the printed link within 60 seconds"), "{outcome}");
    }
}

#[test]
fn what_has_no_page_is_named() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&["--no-page"]);
    let outcome = sandbox.run(&[&["open", "--print"][..], &serving.flags()].concat());
    assert!(outcome.err().contains("--no-page"), "{outcome}");
    assert_ne!(outcome.status, Some(0));
    let demo = sandbox.run(&["--demo", "open"]).ended(exit::USAGE);
    assert!(demo.err().contains("krosyn-audit --demo serve"), "{demo}");
    let store = sandbox.run(&["open", "--server", "sqlite:audit.db"]).ended(exit::USAGE);
    assert!(store.err().contains("krosyn-audit serve"), "{store}");
}
