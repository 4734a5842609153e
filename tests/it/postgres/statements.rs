//! The statements themselves, as the server logs them: each names one organization, so that Citus answers it on one
//! node; and the plan of a page is a walk along one index, month by month, without a sort.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::store::{self, OrgId, Store};
use regex::Regex;
use serde_json::Value;
use uuid::Uuid;

use crate::support::entries::{
    NOW, append, days_ago, everything, first_page, page_after, read_all, recording_at, with,
};
use crate::support::places::organization;
use crate::support::postgres::{Server, connect, shared};

/// A store all of whose statements are logged, the name of its database, and its URL.
async fn logged(server: &Server) -> (Arc<dyn Store>, String, String) {
    let url = server.database().await;
    let name = url.split(['/', '?']).nth(3).expect("a name").to_owned();
    let database = connect(&url).await;
    let set = format!("ALTER DATABASE {name} SET log_statement = 'all'");
    database.batch_execute(&set).await.expect("set");
    (store::open(&url).await.expect("a store"), name, url)
}

/// What was executed in a database: each statement with the values it was given.
fn executed(server: &Server, database: &str) -> Vec<(String, String)> {
    let log = server.log();
    let mut executed: Vec<(String, String)> = Vec::new();
    for line in log.lines() {
        let Some(line) = line.strip_prefix(database).and_then(|line| line.strip_prefix(':')) else {
            continue;
        };
        if let Some(values) = line.strip_prefix("DETAIL:  ") {
            if let Some(last) = executed.last_mut() {
                last.1 = values.trim_start_matches("parameters: ").to_owned();
            }
        } else if let Some(line) = line.strip_prefix("LOG:  ")
            && (line.starts_with("execute ") || line.starts_with("statement: "))
        {
            let (_, sql) = line.split_once(": ").expect("a statement");
            executed.push((sql.to_owned(), String::new()));
        }
    }
    executed
}

/// Everything a store can be asked about an organization.
async fn ask_everything(store: &Arc<dyn Store>, org: OrgId) {
    let keyed = with(recording_at("1", days_ago(1)), "uuid", Uuid::from_u128(7).to_string());
    append(store, org, [recording_at("1", days_ago(100)), recording_at("2", days_ago(99)), keyed.clone()])
        .await;
    store.append(org, crate::support::entries::drafts([keyed]), true).await.expect("known");
    let mut filters = vec![Filter::default(), Filter::default(), Filter::default()];
    filters[1].user.add("ana").expect("a user");
    filters[1].resource.add_list("connector/1,connector/2,!secret/3").expect("resources");
    filters[1].request_id.add("!x").expect("a request");
    filters[2].text.add("active").expect("a text");
    for filter in filters {
        for order in [Order::ById, Order::Ascending, Order::Descending] {
            read_all(store, org, &filter, order, 1).await;
        }
        store.count(org, filter.clone(), 3).await.expect("a count");
        store.facets(org, filter).await.expect("facets");
    }
    store.holdings(org, days_ago(90)).await.expect("holdings");
    let run = store.begin_prune(org, "cron".into(), days_ago(90), NOW).await.expect("asked").expect("free");
    store.begin_prune(org, "other".into(), days_ago(90), NOW).await.expect("asked").expect_err("held");
    while store.prune_batch(org, run.clone(), 1, NOW).await.expect("a batch") > 0 {}
    store.finish_prune(org, run, true, NOW).await.expect("finished");
    for id in 0..5 {
        store.entry(org, id).await.expect("a look");
    }
    store.prunes(org).await.expect("prunes");
    store.last_prune(org).await.expect("a prune");
    assert_eq!(everything(store, org).await.len(), 1);
}

/// Whether a statement touches what Citus distributes, and if so whether it says for which organization.
fn judged(sql: &str) -> Option<bool> {
    static DISTRIBUTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(entries|entry_keys|org_heads|users|prunes|pruned_ids|leases)\b").expect("a pattern")
    });
    static INSERT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^INSERT INTO \w+ \(org_id, .*\) +(VALUES \(\$1, |SELECT \$1, )").expect("a pattern")
    });
    // Months are made and dropped as a whole, for all organizations.
    let of_months = [
        "CREATE TABLE IF NOT EXISTS entries_",
        "SET LOCAL lock_timeout TO '500ms'; LOCK TABLE ONLY entries",
        "SELECT c.relname FROM pg_inherits",
    ];
    if of_months.iter().any(|start| sql.starts_with(start)) || !DISTRIBUTED.is_match(sql) {
        return None;
    }
    Some(INSERT.is_match(sql) || !sql.starts_with("INSERT") && sql.contains("org_id = $1"))
}

#[tokio::test]
async fn every_statement_about_what_grows_names_one_organization() {
    let Some(server) = shared() else { return };
    let (store, database, _) = logged(server).await;
    let org = organization(&store, "acme").await;
    ask_everything(&store, org).await;
    let executed = executed(server, &database);
    let statements: BTreeSet<_> = executed.iter().map(|(sql, _)| sql.as_str()).collect();
    let judged: Vec<_> = statements.iter().filter_map(|sql| Some((judged(sql)?, *sql))).collect();
    let of_no_one: Vec<_> = judged.iter().filter(|(names_one, _)| !names_one).collect();
    assert!(of_no_one.is_empty(), "{of_no_one:#?}");
    assert!(judged.len() > 30, "the log was read: {statements:#?}");
    assert!(self::judged("SELECT count(*) FROM entries WHERE id = $1") == Some(false), "the rule sees one");
    let forbidden = Regex::new(r"(?i)\b(nextval|pg_advisory|serializable|trigger)\b").expect("a pattern");
    assert!(statements.iter().all(|sql| !forbidden.is_match(sql)), "{statements:#?}");
}

/// Twenty organizations with entries in each of seven months.
async fn fill(store: &Arc<dyn Store>, url: &str) -> OrgId {
    let mut orgs = Vec::new();
    for number in 0..20 {
        orgs.push(organization(store, &format!("org-{number}")).await);
    }
    append(store, orgs[9], (0..7).map(|month| recording_at("1", days_ago(30 * month)))).await;
    let database = connect(url).await;
    let rows = "INSERT INTO entries (org_id, id, occurred_at, recorded_at, user_ref, uuid, action, model_type, model_id, changes) \
                SELECT org, 1000 + n, at, at, 1, gen_random_uuid(), 0, 0, '1', '[]' FROM generate_series(1, 20) AS org, \
                generate_series(1, 1200) AS n, LATERAL (SELECT 1795334400000000 - n * 12960000000 AS at) AS time";
    database.batch_execute(rows).await.expect("filled");
    database.batch_execute("UPDATE org_heads SET head = 3000; ANALYZE").await.expect("analysed");
    orgs[9]
}

/// The kinds of a plan's nodes from the top down, and what each index is asked for. How the user of a row that was
/// found is looked up is not walked: of a table of one page, any way is right.
fn walk(node: &Value, kinds: &mut BTreeSet<String>, indexes: &mut Vec<(String, String)>) {
    let kind = node["Node Type"].as_str().expect("a kind").to_owned();
    if kind.starts_with("Index") {
        let (name, condition) = (node["Index Name"].as_str(), node["Index Cond"].as_str());
        indexes.push((name.unwrap_or_default().to_owned(), condition.unwrap_or_default().to_owned()));
    }
    kinds.insert(kind);
    let children = node["Plans"].as_array().into_iter().flatten();
    for child in children.filter(|child| child["Parent Relationship"] != "SubPlan") {
        walk(child, kinds, indexes);
    }
}

async fn plan(url: &str, sql: &str, values: &str) -> Value {
    let value = Regex::new(r"\$(\d+) = '([^']*)'").expect("a pattern");
    let mut values: Vec<(usize, String)> =
        value.captures_iter(values).map(|it| (it[1].parse().expect("a number"), it[2].to_owned())).collect();
    values.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let sql =
        values.iter().fold(sql.to_owned(), |sql, (number, value)| sql.replace(&format!("${number}"), value));
    let explained =
        connect(url).await.simple_query(&format!("EXPLAIN (FORMAT JSON) {sql}")).await.expect("a plan");
    let text = explained.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    serde_json::from_str::<Value>(&text.expect("a plan")).expect("JSON")[0]["Plan"].take()
}

#[tokio::test]
async fn a_page_of_one_organization_is_a_walk_along_one_index_month_by_month() {
    let Some(server) = shared() else { return };
    let (store, database, url) = logged(server).await;
    let org = fill(&store, &url).await;
    for (order, index) in [(Order::Descending, "occurred_at"), (Order::Ascending, "occurred_at")] {
        let first = first_page(&Filter::default(), order, 50);
        let read = store.page(org, first.clone()).await.expect("a page");
        assert!(read.entries.len() == 50 && read.more);
        let next = page_after(&first, read.entries.last().expect("fifty"), read.as_of);
        store.page(org, next).await.expect("a page");
        let pages = executed(server, &database)
            .into_iter()
            .filter(|(sql, _)| sql.starts_with("SELECT id") && sql.ends_with("LIMIT 51"));
        let pages: Vec<_> = pages.collect();
        assert!(pages.len() >= 2);
        for (sql, values) in pages {
            let plan = plan(&url, &sql, &values).await;
            let (mut kinds, mut indexes) = (BTreeSet::new(), Vec::new());
            walk(&plan, &mut kinds, &mut indexes);
            assert_eq!(plan["Node Type"], "Limit", "{plan:#}");
            // A result node only puts the user beside what comes from below.
            let allowed = ["Limit", "Result", "Append", "Index Scan"].map(str::to_owned);
            assert!(kinds.iter().all(|kind| allowed.contains(kind)), "{kinds:?} {plan:#}");
            assert!(!indexes.is_empty());
            for (name, condition) in indexes {
                assert!(condition.contains("org_id = ") && name.contains(index), "{name}: {condition}");
            }
        }
    }
}
