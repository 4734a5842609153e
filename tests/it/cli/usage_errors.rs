//! Usage errors: exit 2 before any work, with the nearest valid value.

use super::acme;
use crate::support::sandbox::Sandbox;

#[test]
fn unknown_values_suggest_the_nearest() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "-a", "updaetd"]), @r#"
    exit 2
    -- stderr
    error: --action: unknown action "updaetd": expected one of created, updated, deleted
      hint: did you mean updated?
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "-t", "created,conector"]), @r#"
    exit 2
    -- stderr
    error: --model-type: unknown model type "created": expected one of connector, connector_endpoint, secret, organization, member
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["export", "--via", "terrafrom"]), @r#"
    exit 2
    -- stderr
    error: --via: unknown channel "terrafrom": expected one of web, api, cli, terraform, system, mcp
      hint: did you mean terraform?
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--resource", "conector/42"]), @r#"
    exit 2
    -- stderr
    error: --resource: unknown model type "conector": expected one of connector, connector_endpoint, secret, organization, member
      hint: did you mean connector?
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--resource", "42"]), @r#"
    exit 2
    -- stderr
    error: --resource: expected TYPE/ID, such as connector/42, not "42"
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "-u", "ana,"]), @"
    exit 2
    -- stderr
    error: --user: has an empty value: name at least one, separated by commas
    ");
}

#[test]
fn an_invalid_time_shows_examples() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--since", "gestern"]), @r#"
    exit 2
    -- stderr
    error: --since: not a time: "gestern" (such as 2h, yesterday, 2026-11-20 14:03, @1763730247)
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--until", "2021-02-30"]), @r#"
    exit 2
    -- stderr
    error: --until: there is no such day: "2021-02-30" (such as 2h, yesterday, 2026-11-20 14:03, @1763730247)
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--since", "id:99"]), @"
    exit 5
    -- stderr
    error: no entry has the id 99
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--since", "2021-03-28 02:30", "--columns", "id"]), @"
    exit 0
    -- stdout
    12
    -- stderr
    2021-03-28 02:30 does not exist in Europe/Madrid; taken as the end of the gap, 2021-03-28 03:00 CEST
    1 of 1, newest first · since 2021-03-28 03:00 CEST
    ");
    insta::assert_snapshot!(sandbox.run(&["--demo", "list", "--tz", "Europe/Madird"]), @r#"
    exit 2
    -- stderr
    error: invalid value 'Europe/Madird' for '--tz <ZONE>': unknown time zone "Europe/Madird", did you mean Europe/Madrid? (such as Europe/Madrid, America/New_York, utc)

    For more information, try '--help'.
    "#);
}

#[test]
fn unknown_commands_flags_and_values_are_usage_errors() {
    let sandbox = Sandbox::new();
    for args in [
        &["lits"][..],
        &["list", "--frmat", "json"],
        &["list", "--format", "xml"],
        &["list", "-n", "0"],
        &["list", "-n", "3", "--all"],
        &["--demo", "--server", "demo:", "list"],
        &["--demo", "org", "list"],
        &["record", "--action", "updated"],
        &["export", "--format", "table", "--demo"],
        &["show", "--format", "csv", "latest", "--demo"],
        &["org", "create", "No Slug", "--plan", "free"],
        &["token", "create", "--org", "x", "--name", "y", "--scope", "write"],
        &["import"],
        &["man", "lits"],
    ] {
        let outcome = sandbox.run(args).ended(2);
        assert_eq!(outcome.out(), "", "{args:?}");
        assert!(outcome.err().starts_with("error: "), "{args:?} {outcome}");
    }
    insta::assert_snapshot!(sandbox.run(&["lits"]), @"
    exit 2
    -- stderr
    error: unrecognized subcommand 'lits'

      tip: a similar subcommand exists: 'list'

    Usage: krosyn-audit [OPTIONS] [COMMAND]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(sandbox.run(&["list", "--format", "xml"]), @"
    exit 2
    -- stderr
    error: invalid value 'xml' for '--format <FORMAT>'
      [possible values: table, wide, json, jsonl, csv, tsv, ocsf, cef, ecs, leef]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(sandbox.run(&["org", "create", "No Slug", "--plan", "free"]), @"
    exit 2
    -- stderr
    error: invalid value 'No Slug' for '<SLUG>': expected up to 63 lower-case letters, digits and inner hyphens, such as acme-eu

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(sandbox.run(&["--demo", "org", "list"]), @"
    exit 2
    -- stderr
    error: --demo works only with commands that use the audit API
    ");
}

#[test]
fn a_missing_store_is_an_error() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.run(&["list"]), @"
    exit 5
    -- stderr
    error: there is no store at [home]/data/krosyn-audit/audit.db
      hint: `krosyn-audit record` and `import` create one; --server selects another store, or a remote API (https://…)
      hint: --demo shows the tool with invented data
    ");
    for command in [&["show", "latest"][..], &["export"], &["prune", "--dry-run"], &["org", "list"]] {
        sandbox.run(command).ended(5);
    }
    assert!(sandbox.names().is_empty(), "{:?}", sandbox.names());
}

#[test]
fn several_organizations_need_the_org_flag() {
    let sandbox = acme::sandbox();
    let create = ["org", "create", "acme-eu", "--plan", "pro", "--store", "sqlite:audit.db"];
    insta::assert_snapshot!(sandbox.run(&create), @"
    exit 0
    -- stderr
    created acme-eu: plan pro, retention 1y
    ");
    insta::assert_snapshot!(sandbox.run(&create), @r#"
    exit 6
    -- stderr
    error: an organization "acme-eu" already exists
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["list"]), @"
    exit 2
    -- stderr
    error: the store holds several organizations: choose one with --org: acme-eu, default
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--org", "acme"]), @r#"
    exit 5
    -- stderr
    error: there is no organization "acme": the store holds acme-eu, default
      hint: did you mean acme-eu?
    "#);
    acme::run(&sandbox, &["list", "--org", "default"]).ended(0);
    let outcome = acme::run(&sandbox, &["list", "--org", "acme-eu"]).ended(0);
    assert_eq!(outcome.out(), "", "another organization's entries are not seen");
}
