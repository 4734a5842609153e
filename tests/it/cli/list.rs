//! `list`: formats, columns, filters, order, and messages about them.

use super::acme;
use crate::support::sandbox::Sandbox;

fn ids(sandbox: &Sandbox, args: &[&str]) -> Vec<u64> {
    let outcome = acme::run(sandbox, &[&["list", "--columns", "id"], args].concat()).ended(0);
    outcome.out().lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn a_table_in_a_pipe_is_not_truncated() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--format", "table"]), @r#"
    exit 0
    -- stdout
    ID  TIME (CEST/CET)      USER                   ACTION     RESOURCE                                               CHANGES
    12  2021-03-28 03:00:00  diana@acme.example     ~ updated  organization Acme                                      require_2fa true → false, +1
    11  2021-03-28 01:59:59  diana@acme.example     ~ updated  organization Acme                                      require_2fa false → true, +2
    10  2021-03-08 13:00:00  diana@acme.example     - deleted  connector 日本 👩‍💻 שלום                                 status active, +1
     9  2021-03-07 13:00:00  li.lei@acme.example    ~ updated  connector =1+1                                         name x → =1+1
     8  2021-03-06 13:00:00  li.lei@acme.example    + created  connector ␛]0;owned␇=HYPERLINK("http://evil.example")  2 fields
     7  2021-03-05 13:00:00  li.lei@acme.example    + created  endpoint POST /v2/accounts                             connector_id 42, +4
     6  2021-03-04 17:20:45  sso (system)           ~ updated  member noor.haddad@acme.example                        role viewer → admin
     5  2021-03-03 11:00:00  diana@acme.example     + created  member noor.haddad@acme.example                        role viewer, +1
     4  2021-03-02 09:20:00  terraform (service)    ~ updated  secret SF_TOKEN                                        value (redacted)
     3  2021-03-02 09:14:07  ana.ruiz@acme.example  ~ updated  connector Salesforce → Warehouse                       status active → disabled, +3
     2  2021-03-01 10:00:00  ana.ruiz@acme.example  + created  secret SF_TOKEN                                        value (redacted), +2
     1  2021-03-01 10:00:00  ana.ruiz@acme.example  + created  connector Salesforce → Warehouse                       status active, +4
    -- stderr
    12 of 12, newest first
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--format", "wide", "-n", "3", "-u", "ana"]), @"
    exit 0
    -- stdout
    ID  TIME (CET)           USER                   ACTION     RESOURCE                          CHANGES                       VIA  REQUEST  REASON
     3  2021-03-02 09:14:07  ana.ruiz@acme.example  ~ updated  connector Salesforce → Warehouse  status active → disabled, +3  web  req_A2   INC-2041
     2  2021-03-01 10:00:00  ana.ruiz@acme.example  + created  secret SF_TOKEN                   value (redacted), +2          web  req_A1
     1  2021-03-01 10:00:00  ana.ruiz@acme.example  + created  connector Salesforce → Warehouse  status active, +4             web  req_A1
    -- stderr
    3 of 3, newest first · user ana
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--format", "table", "--ascii", "--tz", "utc", "-t", "connector"]), @r#"
    exit 0
    -- stdout
    ID  TIME (UTC)           USER                   ACTION     RESOURCE                                                                                CHANGES
    10  2021-03-08 12:00:00  diana@acme.example     - deleted  connector <U+65E5><U+672C> <U+1F469><U+200D><U+1F4BB> <U+05E9><U+05DC><U+05D5><U+05DD>  status active, +1
     9  2021-03-07 12:00:00  li.lei@acme.example    ~ updated  connector =1+1                                                                          name x -> =1+1
     8  2021-03-06 12:00:00  li.lei@acme.example    + created  connector \x1b]0;owned\x07=HYPERLINK("http://evil.example")                             2 fields
     3  2021-03-02 08:14:07  ana.ruiz@acme.example  ~ updated  connector Salesforce -> Warehouse                                                       status active -> disabled, +3
     1  2021-03-01 09:00:00  ana.ruiz@acme.example  + created  connector Salesforce -> Warehouse                                                       status active, +4
    -- stderr
    5 of 5, newest first - type connector
    "#);
}

#[test]
fn a_pipe_gets_tab_separated_rows_without_a_header() {
    let sandbox = acme::sandbox();
    let outcome = acme::run(&sandbox, &["list", "-t", "connector,member"]).ended(0);
    assert!(outcome.out().lines().all(|line| line.split('\t').count() == 8), "{outcome}");
    insta::assert_snapshot!(outcome, @r#"
    exit 0
    -- stdout
    10	2021-03-08T12:00:00.000000Z	diana@acme.example	deleted	connector	43	日本 👩‍💻 שלום	[{"field":"name","old":"日本 👩‍💻 שלום"},{"field":"status","old":"active"}]
    9	2021-03-07T12:00:00.000000Z	li.lei@acme.example	updated	connector	43	=1+1	[{"field":"name","old":"x","new":"=1+1"}]
    8	2021-03-06T12:00:00.000000Z	li.lei@acme.example	created	connector	43	␛]0;owned␇=HYPERLINK("http://evil.example")	[{"field":"name","new":"a\\tb\\r\\nc"},{"field":"gpj","new":"\\u202eexe"}]
    6	2021-03-04T16:20:45.000000Z	sso	updated	member	11	noor.haddad@acme.example	[{"field":"role","old":"viewer","new":"admin"}]
    5	2021-03-03T10:00:00.000000Z	diana@acme.example	created	member	11	noor.haddad@acme.example	[{"field":"email","new":"noor.haddad@acme.example"},{"field":"role","new":"viewer"}]
    3	2021-03-02T08:14:07.412033Z	ana.ruiz@acme.example	updated	connector	42	Salesforce → Warehouse	[{"field":"status","old":"active","new":"disabled"},{"field":"trigger","old":"let row = {}\\nrow.email = row.Email\\nemit row","new":"let row = {}\\nrow.email = lower(row.Email)\\nemit row"},{"field":"perform","old":{"url":"https://warehouse.example/v1","retry":{"max":3,"legacy_backoff":true}},"new":{"url":"https://warehouse.example/v1","retry":{"max":5,"jitter":"full"}}},{"field":"webhook_secret","old":"[redacted]","new":"[redacted, changed]","redacted":true}]
    1	2021-03-01T09:00:00.000000Z	ana.ruiz@acme.example	created	connector	42	Salesforce → Warehouse	[{"field":"name","new":"Salesforce → Warehouse"},{"field":"status","new":"active"},{"field":"trigger","new":"let row = {}\\nrow.email = row.Email\\nemit row"},{"field":"perform","new":{"url":"https://warehouse.example/v1","retry":{"max":3,"legacy_backoff":true}}},{"field":"webhook_secret","redacted":true}]
    -- stderr
    7 of 7, newest first · type connector, member
    "#);
}

#[test]
fn csv_has_a_header_and_every_column() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--format", "csv", "-t", "secret,endpoint", "--until", "2021-03-05"]), @r#"
    exit 0
    -- stdout
    id,uuid,time,recorded_at,action,model_type,model_id,model_name,user_id,user_email,user_name,user_role,user_kind,on_behalf_of_id,on_behalf_of_email,on_behalf_of_name,on_behalf_of_role,on_behalf_of_kind,via,ip,user_agent,request_id,reason,changes
    7,00000000-0000-4000-8000-000000000007,2021-03-05T12:00:00.000000Z,[now],created,connector_endpoint,3,POST /v2/accounts,9,li.lei@acme.example,李雷,editor,user,,,,,,api,,curl/8.5,,,"[{""field"":""connector_id"",""new"":42},{""field"":""allowed_urls"",""new"":[]},{""field"":""bearer_token"",""redacted"":true},{""field"":""note"",""new"":null},{""field"":""empty"",""new"":""""}]"
    4,00000000-0000-4000-8000-000000000004,2021-03-02T08:20:00.000000Z,[now],updated,secret,5,SF_TOKEN,tok_3,,terraform,,service,,,,,,terraform,,,,,"[{""field"":""value"",""old"":""[redacted]"",""new"":""[redacted, changed]"",""redacted"":true}]"
    2,00000000-0000-4000-8000-000000000002,2021-03-01T09:00:00.000000Z,[now],created,secret,5,SF_TOKEN,7,ana.ruiz@acme.example,Ana Ruiz,admin,user,,,,,,web,198.51.100.23,,req_A1,,"[{""field"":""name"",""new"":""SF_TOKEN""},{""field"":""value"",""redacted"":true},{""field"":""description"",""new"":""For \""Salesforce\"", read only""}]"
    -- stderr
    3 of 3, newest first · type secret, endpoint · until 2021-03-06 00:00 CET
    "#);
}

#[test]
fn json_has_the_query_and_whether_it_is_complete() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--format", "json", "-a", "update", "-t", "member,!secret"]), @r#"
    exit 0
    -- stdout
    {"query":{"action":["updated"],"model_type":["member","!secret"]},"entries":[
    {"id":6,"uuid":"00000000-0000-4000-8000-000000000006","occurred_at":"2021-03-04T16:20:45.000000Z","recorded_at":"[now]","action":"updated","model_type":"member","model_id":"11","model_name":"noor.haddad@acme.example","user":{"name":"sso","kind":"system"},"context":{"via":"system"},"changes":[{"field":"role","old":"viewer","new":"admin"}]}
    ],"matched":1,"complete":true,"next_cursor":null}
    -- stderr
    1 of 1, newest first · action updated · type member, not secret
    "#);
    let cut = acme::run(&sandbox, &["list", "--format", "json", "-n", "2"]).ended(0).json();
    assert_eq!((&cut["matched"], &cut["complete"]), (&12.into(), &false.into()));
    assert!(cut["next_cursor"].is_string(), "{cut}");
    let none = acme::run(&sandbox, &["list", "--format", "json", "-u", "nobody"]).ended(0).json();
    assert_eq!((&none["matched"], &none["complete"]), (&0.into(), &true.into()));
}

#[test]
fn json_lines_are_whole_entries() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--format", "jsonl", "-n", "2"]), @r#"
    exit 0
    -- stdout
    {"id":12,"uuid":"00000000-0000-4000-8000-000000000012","occurred_at":"2021-03-28T01:00:00.000000Z","recorded_at":"[now]","action":"updated","model_type":"organization","model_id":"1","model_name":"Acme","user":{"id":"8","email":"diana@acme.example","name":"Diana Prins","role":"owner","kind":"user"},"changes":[{"field":"require_2fa","old":true,"new":false},{"field":"tags","old":["a","b"],"new":["b","a","c"]}]}
    {"id":11,"uuid":"00000000-0000-4000-8000-000000000011","occurred_at":"2021-03-28T00:59:59.999999Z","recorded_at":"[now]","action":"updated","model_type":"organization","model_id":"1","model_name":"Acme","user":{"id":"8","email":"diana@acme.example","name":"Diana Prins","role":"owner","kind":"user"},"changes":[{"field":"require_2fa","old":false,"new":true},{"field":"grace_period_days","old":14,"new":"14"},{"field":"contact","old":null,"new":""}]}
    -- stderr
    2 of 12, newest first
    "#);
}

#[test]
fn columns_can_be_chosen_added_and_removed() {
    let sandbox = acme::sandbox();
    let columns = |columns: &str| acme::run(&sandbox, &["list", "-n", "1", "--columns", columns]);
    insta::assert_snapshot!(columns("id,resource,user_email,reason"), @"
    exit 0
    -- stdout
    12	organization/1	diana@acme.example	
    -- stderr
    1 of 12, newest first
    ");
    insta::assert_snapshot!(columns("+via,-changes,-time"), @"
    exit 0
    -- stdout
    12	diana@acme.example	updated	organization	1	Acme	
    -- stderr
    1 of 12, newest first
    ");
    insta::assert_snapshot!(columns("help"), @"
    exit 0
    -- stdout
    id                  The entry's number in its organization.
    uuid                The recorder's idempotency key.
    time                When it happened, according to the recorder.
    recorded_at         When the server recorded it.
    action              What was done: created, updated or deleted.
    model_type          What kind of resource it was done to.
    model_id            The resource's id.
    model_name          The resource's name at the time.
    user                Who did it: the e-mail address, else the name, else the id.
    user_id             The user's id on the platform.
    user_email          The user's e-mail address.
    user_name           The user's name.
    user_role           The user's role at the time.
    user_kind           What kind of identity acted: user, token, service, system or agent.
    on_behalf_of        For whom the user acted, named as in the column user.
    on_behalf_of_id     That user's id on the platform.
    on_behalf_of_email  That user's e-mail address.
    on_behalf_of_name   That user's name.
    on_behalf_of_role   That user's role at the time.
    on_behalf_of_kind   What kind of identity that user is.
    via                 The channel of the change: web, api, cli, terraform, system or mcp.
    ip                  The client's IP address.
    user_agent          The client's user agent.
    request_id          The id of the request that made the change.
    reason              The reason, if the recorder gave one.
    changes             The changed fields with old and new values, as JSON.
    resource            The resource as TYPE/ID.
    summary             The changes in a few words.
    ");
    insta::assert_snapshot!(columns("id,uesr"), @r#"
    exit 2
    -- stderr
    error: --columns: unknown column "uesr": expected one of id, uuid, time, recorded_at, action, model_type, model_id, model_name, user, user_id, user_email, user_name, user_role, user_kind, on_behalf_of, on_behalf_of_id, on_behalf_of_email, on_behalf_of_name, on_behalf_of_role, on_behalf_of_kind, via, ip, user_agent, request_id, reason, changes, resource, summary
      hint: did you mean user?
    "#);
    insta::assert_snapshot!(columns("-id,-time,-user,-action,-model_type,-model_id,-model_name,-changes"), @"
    exit 2
    -- stderr
    error: --columns: no column is left to show
      hint: --columns help lists all columns
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--columns", "id", "--format", "json"]), @r#"
    exit 2
    -- stderr
    error: --columns cannot be used with json and jsonl, which write whole entries
    {"error":{"code":"usage","exit":2,"hint":null,"message":"--columns cannot be used with json and jsonl, which write whole entries","request_id":null}}
    "#);
}

#[test]
fn every_filter_includes_and_excludes() {
    let sandbox = acme::sandbox();
    for (args, expected) in [
        (&["-a", "deleted"][..], &[10][..]),
        (&["-a", "create,Removed"], &[10, 8, 7, 5, 2, 1]),
        (&["-a", "!created", "-a", "!updated"], &[10]),
        (&["-t", "Connector Endpoint", "-t", "secret"], &[7, 4, 2]),
        (&["-t", "!connector,!org"], &[7, 6, 5, 4, 2]),
        (&["-u", "ana"], &[3, 2, 1]),
        (&["-u", "ANA.RUIZ@acme.example,terraform"], &[4, 3, 2, 1]),
        (&["-u", "acme", "-u", "!li.lei"], &[12, 11, 10, 5, 3, 2, 1]),
        (&["-u", "李雷"], &[9, 8, 7]),
        (&["-u", "8"], &[12, 11, 10, 5]),
        (&["--resource", "connector/42,member/11"], &[6, 5, 3, 1]),
        (&["--resource", "!organization/1", "--since", "2021-03-08"], &[10]),
        (&["--field", "perform.retry.max"], &[3, 1]),
        (&["--field", "perform.url"], &[1]),
        (&["--field", "value"], &[4, 2]),
        (&["--field", "!name", "-a", "created"], &[7, 5]),
        (&["--via", "terraform,system"], &[6, 4]),
        (&["--via", "!web,!api"], &[12, 11, 10, 6, 4]),
        (&["--request-id", "req_A1"], &[2, 1]),
        (&["-g", "WAREHOUSE"], &[3, 1]),
        (&["-g", "\"salesforce\", read"], &[2]),
        (&["-g", "hush"], &[]),
        (&["-g", "!acme"], &[4]),
        (&["-S", "2021-03-27T23:00:00Z"], &[12, 11]),
        (&["-S", "id:11"], &[12, 11]),
        (&["-U", "id:3"], &[2, 1]),
        (&["-S", "2021-03-03", "-U", "2021-03-04"], &[6, 5]),
        (&["-S", "2021-03-28 01:59:59.999999", "-U", "2021-03-28 03:00"], &[11]),
        (&["-S", "@1614845000", "-U", "2021-03-05T12:00:00Z"], &[6]),
        (&["-a", "updated", "-t", "connector", "-u", "!ana", "-S", "2021-03-01"], &[9]),
    ] {
        assert_eq!(ids(&sandbox, args), expected, "{args:?}");
    }
}

#[test]
fn entries_are_newest_first_and_reverse_flips_the_same_rows() {
    let sandbox = acme::sandbox();
    assert_eq!(ids(&sandbox, &["-n", "3"]), [12, 11, 10]);
    assert_eq!(ids(&sandbox, &["-n", "3", "--reverse"]), [10, 11, 12]);
    assert_eq!(ids(&sandbox, &["--all", "--reverse"]), (1..=12).collect::<Vec<_>>());
    assert_eq!(ids(&sandbox, &["-n", "2000"]), (1..=12).rev().collect::<Vec<_>>());
    insta::assert_snapshot!(acme::run(&sandbox, &["ls", "-n", "2", "--reverse", "--columns", "id", "-S", "2021-03-05"]), @"
    exit 0
    -- stdout
    11
    12
    -- stderr
    newest 2 of 6, oldest first · since 2021-03-05 00:00 CET
    ");
}

#[test]
fn exit_code_reports_matches() {
    let sandbox = acme::sandbox();
    let matched = acme::run(&sandbox, &["list", "--exit-code", "-a", "deleted", "--columns", "id"]);
    assert_eq!(matched.ended(10).out(), "10\n");
    assert_eq!(acme::run(&sandbox, &["list", "--exit-code", "-u", "nobody"]).ended(0).out(), "");
}

#[test]
fn an_empty_result_shows_the_query() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "-u", "nobody", "-a", "deleted", "-S", "2021-03-01"]), @"
    exit 0
    -- stderr
    nothing matches · action deleted · user nobody · since 2021-03-01 00:00 CET
    nothing matches at any other time either
    the log holds 12 entries, from 2021-03-01 10:00:00.000 CET to 2021-03-28 03:00:00.000 CEST
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "-u", "ana", "-S", "2021-03-20", "-U", "2021-03-21"]), @"
    exit 0
    -- stderr
    nothing matches · user ana · since 2021-03-20 00:00 CET · until 2021-03-22 00:00 CET
    the last match before is entry 3 at 2021-03-02 09:14:07.412033 CET
    the log holds 12 entries, from 2021-03-01 10:00:00.000 CET to 2021-03-28 03:00:00.000 CEST
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "-t", "member", "-S", "2021-03-02", "-U", "2021-03-03 10:00"]), @"
    exit 0
    -- stderr
    nothing matches · type member · since 2021-03-02 00:00 CET · until 2021-03-03 10:00 CET
    the first match after is entry 5 at 2021-03-03 11:00:00.000 CET
    the log holds 12 entries, from 2021-03-01 10:00:00.000 CET to 2021-03-28 03:00:00.000 CEST
    ");
    sandbox.run(&["org", "create", "empty", "--plan", "free", "--store", "sqlite:empty.db"]).ended(0);
    insta::assert_snapshot!(sandbox.run(&["list", "--server", "sqlite:empty.db"]), @"
    exit 0
    -- stderr
    the log is empty
    ");
}

#[test]
fn quiet_prints_only_data() {
    let sandbox = acme::sandbox();
    let outcome = acme::run(&sandbox, &["list", "-q", "-n", "1", "--columns", "id"]).ended(0);
    assert_eq!((outcome.out(), outcome.err()), ("12\n", ""));
}

#[test]
fn an_output_file_appears_complete_and_is_not_replaced() {
    let sandbox = acme::sandbox();
    let list = |more: &[&str]| {
        acme::run(&sandbox, &[&["list", "-n", "2", "--columns", "id", "-o", "two.tsv"], more].concat())
    };
    insta::assert_snapshot!(list(&[]), @"
    exit 0
    -- stderr
    2 entries written to two.tsv
    2 of 12, newest first
    ");
    assert_eq!(
        (sandbox.text("two.tsv"), sandbox.names()),
        ("12\n11\n".to_owned(), vec!["two.tsv".to_owned()])
    );
    insta::assert_snapshot!(list(&["--reverse"]), @"
    exit 6
    -- stderr
    error: two.tsv already exists
      hint: add --force to replace it when the new file is complete
    ");
    assert_eq!(sandbox.text("two.tsv"), "12\n11\n");
    list(&["--reverse", "--force"]).ended(0);
    assert_eq!(sandbox.text("two.tsv"), "11\n12\n");
}

#[test]
fn an_empty_time_range_is_reported() {
    let sandbox = acme::sandbox();
    let told =
        acme::run(&sandbox, &["list", "--since", "2021-03-08 12:00", "--until", "2021-03-02 12:00"]).ended(0);
    insta::assert_snapshot!(told, @"
    exit 0
    -- stderr
    warning: --since is not before --until: the time window is empty, nothing can match
    nothing matches · since 2021-03-08 12:00 CET · until 2021-03-02 12:00 CET
    the log holds 12 entries, from 2021-03-01 10:00:00.000 CET to 2021-03-28 03:00:00.000 CEST
    ");
}

#[test]
fn an_invalid_value_is_explained() {
    let sandbox = acme::sandbox();
    for (args, words) in [
        (&["--since", "24-11-2026"][..], "a date is written as in 2026-11-24"),
        (&["--since", "24.11.2026"], "a date is written as in 2026-11-24"),
        (&["-n", "abc"], "expected a whole number of at least 1"),
        (&["-n", "0"], "expected a whole number of at least 1"),
        (&["--columns", ""], "--columns is empty"),
        (&["--server", "sqlite:"], "sqlite: has no path"),
    ] {
        let refused = sandbox.run(&[&["list"], args].concat()).ended(2);
        assert!(refused.err().contains(words), "{refused}");
    }
    let refused = sandbox.run(&["prune", "--max-time", "0s"]).ended(2);
    assert!(refused.err().contains("an age cannot be zero (such as 10min, 1h)"), "{refused}");
    let refused = sandbox.run(&["org", "list"]).ended(5);
    assert!(
        refused
            .err()
            .ends_with("hint: create a store with `krosyn-audit org create`; --store selects another\n"),
        "{refused}"
    );
}

#[test]
fn a_truncated_list_says_so() {
    let sandbox = super::demo_log::sandbox();
    let listed = |args: &[&str]| {
        let answer = acme::run(&sandbox, &[&["list", "--format", "json"], args].concat()).ended(0);
        // The demo has a number out of the range of floats.
        serde_json::from_str::<serde_json::Value>(&answer.out().replace("1e400", "\"1e400\"")).unwrap()
    };
    let ids = |answer: &serde_json::Value| -> Vec<u64> {
        answer["entries"].as_array().unwrap().iter().map(|entry| entry["id"].as_u64().unwrap()).collect()
    };
    let all = listed(&["--all"]);
    let held = all["matched"].as_u64().unwrap();
    assert!(held > 1200 && all["complete"] == true && all["next_cursor"].is_null());
    for most in [1000, 1200, held - 1] {
        let number = most.to_string();
        let cut = listed(&["-n", &number]);
        assert_eq!((&cut["matched"], &cut["complete"]), (&held.into(), &false.into()), "{most}");
        assert!(cut["next_cursor"].is_string(), "{most}");
        assert_eq!(ids(&cut), ids(&all)[..usize::try_from(most).unwrap()], "{most}");
    }
    for most in [held, held + 1] {
        let whole = listed(&["-n", &most.to_string()]);
        assert!(whole["complete"] == true && whole["next_cursor"].is_null(), "{most}");
    }
    let mut turned = ids(&listed(&["-n", "1200", "--reverse"]));
    turned.reverse();
    assert_eq!(turned, ids(&all)[..1200]);
    let said = acme::run(&sandbox, &["list", "-n", "1200", "--columns", "id"]).ended(0);
    assert!(said.err().starts_with("1 200 of 1 "), "{said}");
}
