//! `token`: an operator creates, lists and revokes tokens, also while a server uses the store.

use crate::support::sandbox::Sandbox;

/// The columns of the listed token of this name.
fn listed(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let list = sandbox.run(&["token", "list", "--org", "default", "--store", "sqlite:audit.db"]).ended(0);
    let line = list.out().lines().find(|line| line.split('\t').next() == Some(name)).expect("listed");
    line.split('\t').map(str::to_owned).collect()
}

#[test]
fn token_list_shows_creator_and_last_use() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let create = |name: &str, more: &[&str]| {
        let args = ["token", "create", "--org", "default", "--scope", "read", "--store", "sqlite:audit.db"];
        sandbox.run(&[&args[..], &["--name", name, "--token-out", name], more].concat()).ended(0);
    };
    create("used", &[]);
    create("unused", &["--created-by", "Ana Ruiz", "--expires", "90d"]);
    assert_eq!(
        listed(&sandbox, "admin")[5..],
        ["tester", "-"],
        "who started the server made its first token"
    );
    sandbox.run(&["list", "--server", serving.url(), "--token-file", "used"]).ended(0);
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));

    let used = listed(&sandbox, "used");
    assert_eq!(
        (used.len(), &used[1], &used[3], &used[4], &used[5]),
        (7, &"read".into(), &"-".into(), &"-".into(), &"tester".into())
    );
    assert!(used[6] >= used[2] && used[6].ends_with('Z'), "used after it was made: {used:?}");
    assert_eq!(listed(&sandbox, "unused")[5..], ["Ana Ruiz", "-"]);
    assert_ne!(listed(&sandbox, "unused")[3], "-", "it ends");
}

#[test]
fn an_invalid_token_name_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.run(&["org", "create", "acme", "--plan", "free", "--store", "sqlite:audit.db"]).ended(0);
    let create = |name: &str, by: &str| {
        let args = ["token", "create", "--org", "acme", "--scope", "read", "--store", "sqlite:audit.db"];
        sandbox.run(&[&args[..], &["--name", name, "--created-by", by]].concat())
    };
    insta::assert_snapshot!(create("a\tb", "ana"), @"
    exit 2
    -- stderr
    error: --name: expected up to 255 visible characters, such as cron
    ");
    insta::assert_snapshot!(create("cron", " "), @"
    exit 2
    -- stderr
    error: --created-by: expected up to 255 visible characters, such as cron
    ");
    create("cron", "ana").ended(0);
}
