//! `stats`: counts in each format, in the local time zone.

use super::acme;

#[test]
fn days_follow_the_local_zone_and_empty_days_are_shown() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["stats", "--format", "table", "--until", "2021-03-08"]), @"
    exit 0
    -- stdout
    DAY             ENTRIES
    2021-03-01 Mon        2  ████████████████████████████████████████████████
    2021-03-02 Tue        2  ████████████████████████████████████████████████
    2021-03-03 Wed        1  ████████████████████████
    2021-03-04 Thu        1  ████████████████████████
    2021-03-05 Fri        1  ████████████████████████
    2021-03-06 Sat        1  ████████████████████████
    2021-03-07 Sun        1  ████████████████████████
    2021-03-08 Mon        1  ████████████████████████
    -- stderr
    10 entries by day in Europe/Madrid · until 2021-03-09 00:00 CET
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["stats", "--since", "2021-03-06", "--until", "2021-03-09"]), @"
    exit 0
    -- stdout
    2021-03-06	1
    2021-03-07	1
    2021-03-08	1
    2021-03-09	0
    -- stderr
    3 entries by day in Europe/Madrid · since 2021-03-06 00:00 CET · until 2021-03-10 00:00 CET
    ");
}

#[test]
fn two_dimensions_make_a_table_and_top_sums_the_rest() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["stats", "--by", "user,action", "--format", "table"]), @"
    exit 0
    -- stdout
    USER                   updated  created  deleted  ALL
    diana@acme.example           2        1        1    4
    ana.ruiz@acme.example        1        2        ·    3
    li.lei@acme.example          1        2        ·    3
    sso                          1        ·        ·    1
    terraform                    1        ·        ·    1
    -- stderr
    12 entries by user and action
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["stats", "--by", "field", "--top", "3", "--format", "table", "--ascii"]), @"
    exit 0
    -- stdout
    FIELD      ENTRIES
    name             5  ############
    status           3  #######
    perform          2  #####
    16 others       21  ################################################
    -- stderr
    12 entries by field, an entry counts once for each of its fields
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["stats", "--by", "Type", "--by", "via", "--format", "csv"]), @"
    exit 0
    -- stdout
    model_type,via,entries
    connector,web,2
    connector,api,2
    connector,cli,1
    member,web,1
    member,system,1
    organization,,2
    secret,web,1
    secret,terraform,1
    connector_endpoint,api,1
    -- stderr
    12 entries by model type and via
    ");
}

#[test]
fn json_has_the_query_the_total_and_the_groups() {
    let sandbox = acme::sandbox();
    let answer =
        acme::run(&sandbox, &["stats", "--by", "weekday", "-a", "updated", "--format", "json"]).ended(0);
    insta::assert_snapshot!(answer, @r#"
    exit 0
    -- stdout
    {"by":["weekday"],"groups":[{"count":0,"key":["monday"]},{"count":2,"key":["tuesday"]},{"count":0,"key":["wednesday"]},{"count":1,"key":["thursday"]},{"count":0,"key":["friday"]},{"count":0,"key":["saturday"]},{"count":3,"key":["sunday"]}],"pruned":null,"query":{"action":["updated"]},"total":6,"tz":"Europe/Madrid"}
    -- stderr
    6 entries by weekday in Europe/Madrid · action updated
    "#);
    assert_eq!(answer.json()["groups"].as_array().map(Vec::len), Some(7));
}

#[test]
fn an_unknown_dimension_suggests_the_nearest() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["stats", "--by", "weekdya"]), @r#"
    exit 2
    -- stderr
    error: --by: unknown dimension "weekdya": expected one of day, hour, weekday, week, month, action, model_type, user, field, via, resource
      hint: did you mean weekday?
    "#);
    insta::assert_snapshot!(acme::run(&sandbox, &["stats", "--by", "day,day"]), @"
    exit 2
    -- stderr
    error: --by takes one dimension or two different dimensions
    ");
    insta::assert_snapshot!(acme::run(&sandbox, &["stats", "--format", "wide"]), @"
    exit 2
    -- stderr
    error: stats writes table, json, csv or tsv
    ");
}

#[test]
fn pruned_days_are_not_shown_as_empty() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "100%"]).ended(0);
    let outcome = acme::run(&sandbox, &["stats", "--since", "2021-03-01", "--until", "2021-03-05"]).ended(0);
    assert_eq!(outcome.out(), "", "{outcome}");
    assert!(outcome.err().contains("were pruned"), "{outcome}");
}
