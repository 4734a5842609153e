//! Profiles and precedence: which server and token a command uses, and where they come from.

use super::acme;
use crate::support::sandbox::{Outcome, Sandbox, Serving};

/// A server, its admin token in `admin.token`, and a `config.toml` in which `SERVER` is replaced by its address.
fn served(config: &str) -> (Sandbox, Serving) {
    let (sandbox, serving) = acme::served();
    configure(&sandbox, &config.replace("SERVER", serving.url()));
    (sandbox, serving)
}

fn configure(sandbox: &Sandbox, config: &str) {
    std::fs::create_dir_all(sandbox.path("config/krosyn-audit")).unwrap();
    sandbox.write_with_mode("config/krosyn-audit/config.toml", config, 0o600);
}

fn run_in(sandbox: &Sandbox, args: &[&str], variables: &[(&str, &str)]) -> Outcome {
    let mut command = sandbox.command(args);
    sandbox.finish(command.envs(variables.iter().copied()).spawn().unwrap())
}

const WORK: &str = r#"
profile = "work"

[profiles.work]
server = "SERVER"
token_command = ["cat", "admin.token"]
time = "relative"
theme = "mono"

[profiles.local]
server = "sqlite:~/audit.db"
org = "default"

[profiles.nowhere]
server = "https://nowhere.invalid"
token_command = ["touch", "it-ran"]
"#;

#[test]
fn a_profile_sets_the_server_and_its_token_source() {
    let (sandbox, serving) = served(WORK);
    insta::assert_snapshot!(sandbox.run(&["status", "-v"]).ended(0), @"
    exit 0
    -- stdout
    config.toml   [home]/config/krosyn-audit/config.toml
    credentials   [home]/config/krosyn-audit/credentials.json (does not exist)
    profile       work (config.toml)
    tz            Europe/Madrid (TZ)
    time          relative (profile work)
    color         auto (default)
    theme         mono (profile work)
    ascii         false (default)
    server        http://127.0.0.1:[port] (profile work)
    organization  default, business plan
    token         admin, may read, record, prune, trail, hold, erase (profile work)
    entries       12, of which 12 have expired
    key           [key of audit]
    -- stderr
    server http://127.0.0.1:[port] (profile work)
    token by profile work
    GET http://127.0.0.1:[port]/api/v1/whoami: 200, [bytes] in [ms]
    GET http://127.0.0.1:[port]/api/v1/audit-logs/retention: 200, [bytes] in [ms]
    ");
    insta::assert_snapshot!(run_in(&sandbox, &["status", "-v", "--profile", "local", "--theme", "colorblind"], &[("NO_COLOR", "1")]).ended(0), @"
    exit 0
    -- stdout
    config.toml   [home]/config/krosyn-audit/config.toml
    credentials   [home]/config/krosyn-audit/credentials.json (does not exist)
    profile       local (--profile)
    tz            Europe/Madrid (TZ)
    time          absolute (default)
    color         never (NO_COLOR)
    theme         colorblind (--theme)
    ascii         false (default)
    server        sqlite:[home]/audit.db (profile local)
    organization  default, business plan
    token         tester (local), may read, record, prune, trail, hold, erase
    entries       12, of which 12 have expired
    key           [key of audit]
    -- stderr
    server sqlite:[home]/audit.db (profile local)
    GET http://127.0.0.1:[port]/api/v1/whoami: 200, [bytes] in [ms]
    GET http://127.0.0.1:[port]/api/v1/audit-logs/retention: 200, [bytes] in [ms]
    ");
    let listed = sandbox.run(&["list", "-n", "1", "--columns", "id"]).ended(0);
    assert_eq!(listed.out(), "12\n");
    let by_variable = run_in(&sandbox, &["status"], &[("KROSYN_AUDIT_PROFILE", "local")]).ended(0);
    assert!(
        by_variable.to_string().contains("server        sqlite:[home]/audit.db (profile local)\n"),
        "{by_variable}"
    );
    let cron = sandbox.run(&["prune", "--print-cron", "--profile", "local"]).ended(0);
    assert!(cron.out().contains(" prune --yes --quiet --profile local --tz Europe/Madrid\n"), "{cron}");
    drop(serving);
}

#[test]
fn a_flag_outranks_the_environment_and_the_environment_the_profile() {
    let (sandbox, serving) = served(WORK);
    let server = |args: &[&str], variables: &[(&str, &str)]| {
        let outcome = run_in(&sandbox, &[&["status"], args].concat(), variables).ended(0);
        outcome.out().lines().next().unwrap().trim_start_matches("server").trim().to_owned()
    };
    let store = ("KROSYN_AUDIT_SERVER", "sqlite:audit.db");
    assert_eq!(server(&[], &[]), format!("{} (profile work)", serving.url()));
    assert_eq!(server(&[], &[store]), "sqlite:audit.db (KROSYN_AUDIT_SERVER)");
    assert_eq!(server(&["--server", "demo:"], &[store]), "demo: (--server)");
    assert_eq!(server(&["--demo"], &[store]), "demo: (--demo)");
    // A profile on the command line overrides the server of the environment.
    insta::assert_snapshot!(run_in(&sandbox, &["prune", "--yes", "--profile", "nowhere"], &[store]), @"
    exit 2
    -- stderr
    error: --profile nowhere uses https://nowhere.invalid, but KROSYN_AUDIT_SERVER is sqlite:audit.db
      hint: unset KROSYN_AUDIT_SERVER, or choose one with --server
    ");
    assert_eq!(
        server(&["--profile", "local"], &[store]),
        "sqlite:audit.db (KROSYN_AUDIT_SERVER)",
        "they agree"
    );
}

#[test]
fn a_token_is_sent_only_to_its_own_server() {
    let (sandbox, serving) = served(WORK);
    // The command of a profile is for the profile's server.
    let elsewhere = sandbox.run(&["list", "--profile", "nowhere", "--server", serving.url()]).ended(4);
    assert!(elsewhere.err().starts_with("error: no token"), "{elsewhere}");
    assert!(!sandbox.path("it-ran").exists());
    // The variable's token is for the variable's server.
    let variables = [("KROSYN_AUDIT_SERVER", "https://nowhere.invalid"), ("KROSYN_AUDIT_TOKEN", "kra_hush")];
    let elsewhere = run_in(&sandbox, &["list", "--profile", "local", "--server", serving.url()], &variables);
    insta::assert_snapshot!(elsewhere, @"
    exit 4
    -- stderr
    error: no token for http://127.0.0.1:[port]: KROSYN_AUDIT_TOKEN belongs to https://nowhere.invalid (KROSYN_AUDIT_SERVER)
      hint: an operator creates one with `krosyn-audit token create`
      hint: sign in with `krosyn-audit login --server http://127.0.0.1:[port]`, or give the token with --token-file or KROSYN_AUDIT_TOKEN
    ");
    // Alone it applies to the chosen server and overrides the token command.
    let refused = run_in(&sandbox, &["list"], &[("KROSYN_AUDIT_TOKEN", "kra_wrong")]).ended(4);
    assert!(refused.err().starts_with("error: ") && !refused.err().contains("kra_wrong"), "{refused}");
    let listed =
        run_in(&sandbox, &["list", "--token-file", "admin.token"], &[("KROSYN_AUDIT_TOKEN", "kra_wrong")]);
    listed.ended(0);
}

#[test]
fn login_and_logout_apply_to_a_profile() {
    let (sandbox, serving) = served("");
    let login = |args: &[&str]| {
        let args = [&["login", "--server", serving.url(), "--token-file", "admin.token"], args].concat();
        sandbox.run(&args).ended(0)
    };
    insta::assert_snapshot!(login(&["--profile", "night"]), @r#"
    exit 0
    -- stderr
    signed in to http://127.0.0.1:[port] with token "admin" of default (scopes: read, record, prune, trail, hold, erase); saved in [home]/config/krosyn-audit/credentials.json, profile night
    "#);
    // Nothing names it, so the default profile knows nothing of it.
    assert!(sandbox.run(&["status"]).err().starts_with("error: there is no store"));
    let status = sandbox.run(&["status", "-v", "--profile", "night"]).ended(0);
    assert!(status.out().contains(&format!("server        {} (login)\n", serving.url())), "{status}");
    assert!(status.out().contains("read, record, prune, trail, hold, erase (login)\n"), "{status}");
    login(&[]);
    sandbox.run(&["logout", "--profile", "night"]).ended(0);
    insta::assert_snapshot!(sandbox.run(&["logout", "--profile", "night"]), @r#"
    exit 2
    -- stderr
    error: there is no profile "night": the only one is default
      hint: create it with `krosyn-audit login --profile NAME --server URL`, or as [profiles.NAME] in config.toml
    "#);
    sandbox.run(&["status"]).ended(0);
    let kept = sandbox.text("config/krosyn-audit/credentials.json");
    assert!(!kept.contains("night") && kept.contains("default"), "{kept}");
}

#[test]
fn login_warns_when_the_configuration_overrides_it() {
    let (sandbox, serving) = served(WORK);
    let login =
        |args: &[&str]| sandbox.run(&[&["login", "--token-file", "admin.token"], args].concat()).ended(0);
    insta::assert_snapshot!(login(&[]), @r#"
    exit 0
    -- stderr
    signed in to http://127.0.0.1:[port] with token "admin" of default (scopes: read, record, prune, trail, hold, erase); saved in [home]/config/krosyn-audit/credentials.json, profile work
    warning: config.toml has a token_command for profile work, which overrides this token
    "#);
    insta::assert_snapshot!(login(&["--profile", "nowhere", "--server", serving.url()]), @r#"
    exit 0
    -- stderr
    signed in to http://127.0.0.1:[port] with token "admin" of default (scopes: read, record, prune, trail, hold, erase); saved in [home]/config/krosyn-audit/credentials.json, profile nowhere
    warning: in config.toml, profile nowhere uses https://nowhere.invalid
    "#);
}

#[test]
fn configuration_errors_have_file_and_line() {
    let sandbox = acme::sandbox();
    configure(&sandbox, "[profiles.work]\nserver = \"sqlite:~/audit.db\"\ntheem = \"mono\"\n");
    insta::assert_snapshot!(sandbox.run(&["list"]), @r#"
    exit 2
    -- stderr
    error: [home]/config/krosyn-audit/config.toml, line 3: unknown key "theem"
      hint: accepted keys: profile = NAME, and in each [profiles.NAME] server, token_command, org, insecure_http, tz, time, color, theme, ascii
      hint: did you mean theme?
    "#);
    let json = sandbox.run(&["list", "--format", "json"]).ended(2);
    assert!(json.err().lines().last().unwrap().starts_with("{\"error\":{\"code\":\"usage\""), "{json}");
    for needs_none in [&["--help"][..], &["man"], &["completions", "bash"]] {
        sandbox.run(needs_none).ended(0);
    }
    configure(&sandbox, "[profiles.work]\nserver = sqlite:audit.db\n");
    insta::assert_snapshot!(sandbox.run(&["list"]), @"
    exit 2
    -- stderr
    error: [home]/config/krosyn-audit/config.toml, line 2: invalid TOML: string values must be quoted, expected literal string
      hint: accepted keys: profile = NAME, and in each [profiles.NAME] server, token_command, org, insecure_http, tz, time, color, theme, ascii
    ");
    configure(&sandbox, "[profiles.work]\nserver = \"audit.krosyn.example\"\n");
    insta::assert_snapshot!(sandbox.run(&["list", "--profile", "work"]), @r#"
    exit 2
    -- stderr
    error: profile work: "audit.krosyn.example" is not a server address (did you mean https://audit.krosyn.example?): expected https://HOST, http:// on this machine, sqlite:PATH, postgres://… or demo:
    "#);
    insta::assert_snapshot!(sandbox.run(&["list", "--profile", "wrok"]), @r#"
    exit 2
    -- stderr
    error: there is no profile "wrok": the only one is work
      hint: create it with `krosyn-audit login --profile NAME --server URL`, or as [profiles.NAME] in config.toml
    "#);
    sandbox.write_with_mode(
        "config/krosyn-audit/config.toml",
        WORK.replace("SERVER", "https://x.example"),
        0o666,
    );
    insta::assert_snapshot!(sandbox.run(&["list"]), @"
    exit 4
    -- stderr
    error: [home]/config/krosyn-audit/config.toml names a token_command, and others can write to it (mode 666)
      hint: chmod go-w [home]/config/krosyn-audit/config.toml
    ");
}

#[test]
fn a_failing_token_command_is_explained() {
    let sandbox = Sandbox::new();
    let listed = |command: &str| {
        configure(
            &sandbox,
            &format!("[profiles.default]\nserver = \"https://x.example\"\ntoken_command = {command}\n"),
        );
        sandbox.run(&["list"]).ended(4)
    };
    insta::assert_snapshot!(listed(r#"["sh", "-c", "echo locked >&2; echo hush; exit 3"]"#), @"
    exit 4
    -- stderr
    error: token_command of profile default: it ended with exit status: 3; run it yourself to see why (its output is hidden because it may contain a token)
    ");
    insta::assert_snapshot!(listed(r#"["no-such-program"]"#), @r#"
    exit 4
    -- stderr
    error: token_command of profile default: cannot run "no-such-program": No such file or directory (os error 2)
    "#);
    insta::assert_snapshot!(listed(r#"["true"]"#), @"
    exit 4
    -- stderr
    error: token_command of profile default: it did not print a token: expected one line of visible ASCII characters
    ");
}
