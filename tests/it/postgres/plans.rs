//! The plan of a page scans one index, month by month, without a sort.

use std::collections::BTreeSet;
use std::sync::Arc;

use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::store::{OrgId, Store};
use regex::Regex;
use serde_json::Value;

use crate::postgres::statements::{executed, logged};
use crate::support::entries::{append, days_ago, first_page, page_after, recording_at};
use crate::support::postgres::{connect, private};
use crate::support::stores::organization;

/// Twenty organizations with entries in each of seven months.
async fn fill(store: &Arc<Store>, url: &str) -> OrgId {
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

/// The part of the plan that reads entries. How the users of the rows that were found are looked up is not judged: of a table
/// of one page, any way is right.
fn entries_part(plan: &Value) -> Option<&Value> {
    if plan["Node Type"] == "Limit" {
        return Some(plan);
    }
    plan["Plans"].as_array()?.iter().find_map(entries_part)
}

/// The kinds of a plan's nodes from the top down, and what each index is asked for.
fn walk(node: &Value, kinds: &mut BTreeSet<String>, indexes: &mut Vec<(String, String)>) {
    let kind = node["Node Type"].as_str().expect("a kind").to_owned();
    if kind.starts_with("Index") {
        let (name, condition) = (node["Index Name"].as_str(), node["Index Cond"].as_str());
        indexes.push((name.unwrap_or_default().to_owned(), condition.unwrap_or_default().to_owned()));
    }
    kinds.insert(kind);
    let children = node["Plans"].as_array().into_iter().flatten();
    children.for_each(|child| walk(child, kinds, indexes));
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
async fn a_page_scans_one_index_month_by_month() {
    let Some(server) = private() else { return };
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
            .filter(|(sql, _)| sql.starts_with("SELECT id, ") && sql.contains("LIMIT 51)"));
        let pages: Vec<_> = pages.collect();
        assert!(pages.len() >= 2);
        for (sql, values) in pages {
            let plan = plan(&url, &sql, &values).await;
            let (mut kinds, mut indexes) = (BTreeSet::new(), Vec::new());
            walk(entries_part(&plan).expect("a limit"), &mut kinds, &mut indexes);
            let allowed = ["Limit", "Append", "Index Scan"].map(str::to_owned);
            assert!(kinds.iter().all(|kind| allowed.contains(kind)), "{kinds:?} {plan:#}");
            assert!(!indexes.is_empty());
            for (name, condition) in indexes {
                assert!(condition.contains("org_id = ") && name.contains(index), "{name}: {condition}");
            }
        }
    }
}
