//! The statements in the server's log: each names one organization for each table, so that Citus answers it on one
//! node.

use std::collections::BTreeSet;
use std::sync::Arc;

use krosyn_audit::model::erasure::{Eraser, ErasureOptions, identities};
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::hold::{Hold, HoldFilter, Release};
use krosyn_audit::model::page::Order;
use krosyn_audit::model::stats::StatsQuery;
use krosyn_audit::model::words::{Dimension, Scope};
use krosyn_audit::store::{self, NewErasure, OrgId, Store, StoredToken, TokenUse};
use regex::Regex;
use serde_json::json;
use uuid::Uuid;

use crate::postgres::schema::ON_EVERY_NODE;
use crate::support::entries::{
    NOW, append, days_ago, drafts, everything, read_all, recording_at, with, without_seeds,
};
use crate::support::postgres::{Server, connect, private};
use crate::support::stores::{hold, new_erasure, organization, prune, signed};

/// A store all of whose statements are logged, the name of its database, and its URL.
pub(super) async fn logged(server: &Server) -> (Arc<Store>, String, String) {
    let url = server.database().await;
    let name = url.split(['/', '?']).nth(3).expect("a name").to_owned();
    let database = connect(&url).await;
    let set = format!("ALTER DATABASE {name} SET log_statement = 'all'");
    database.batch_execute(&set).await.expect("set");
    (store::open(&url).await.expect("a store"), name, url)
}

/// The statements executed in a database, with their parameters.
pub(super) fn executed(server: &Server, database: &str) -> Vec<(String, String)> {
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

/// Every way of narrowing that SQL answers, and one that it does not.
fn filters() -> Vec<Filter> {
    let mut filters = vec![Filter::default(); 4];
    filters[1].user.add("ana").expect("a user");
    filters[1].resource.add_list("connector/1,connector/2,!secret/3").expect("resources");
    filters[1].request_id.add("!x").expect("a request");
    filters[2].text.add("active").expect("a text");
    filters[3].since = Some(days_ago(99));
    filters[3].model_id.add("1").expect("an id");
    filters
}

/// Calls every store method about the tree of a log, of which a whole tile expires.
async fn ask_for_the_tree(store: &Arc<Store>, log: OrgId) {
    append(store, log, (0..260).map(|_| recording_at("1", days_ago(100)))).await;
    let key = store.signing_key(NOW).await.expect("a key");
    signed(store, log, &key).await;
    prune(store, log, days_ago(90), 200).await.expect("a record");
    for tile in 0..2 {
        store.tile(log, tile, 3).await.expect("a tile");
    }
    store.tile_hashes(log, 1, 0, 1).await.expect("hashes");
    store.roots_at(log, 255).await.expect("roots");
    store.roots_at(log, 259).await.expect("roots");
    store.seeds(log, 1, 260).await.expect("seeds");
    let deleted = store.deleted_leaves(log, 0, 2).await.expect("leaves");
    assert_eq!((deleted.collapsed.len(), deleted.tombstones.len()), (1, 4));
    store.restore_deleted_leaves(log, deleted, 0).await.expect("restored");
}

/// Calls every store method about the text index of a log: groups of both sizes, and a prune from them.
async fn ask_for_the_text_index(store: &Arc<Store>, log: OrgId) {
    let mut entries = append(store, log, [recording_at("1", days_ago(100)), recording_at("1", NOW)]).await;
    let last = entries.last_mut().expect("two");
    (last.id, last.uuid) = (512 * 256 + 300, Uuid::from_u128(9));
    store.restore_entries(log, without_seeds(&entries)).await.expect("restored");
    while store.index_text(log).await.expect("a step") {}
    let mut filter = Filter::default();
    filter.text.add("nowhere to be found").expect("a text");
    for order in [Order::ById, Order::Descending] {
        assert!(read_all(store, log, &filter, order, 10).await.is_empty());
    }
    prune(store, log, days_ago(90), 200).await.expect("a record");
    assert!(!store.index_text(log).await.expect("a step"), "the prune left nothing to do");
}

/// Calls every store method about erasures.
async fn erase_somebody(store: &Arc<Store>, org: OrgId) {
    let user = json!({"id": "99", "email": "quinn@acme.example"});
    append(store, org, [with(recording_at("1", NOW), "user", user)]).await;
    let mut filter = Filter::default();
    filter.user.add("quinn@acme.example").expect("a user");
    store.restore_hold(org, hold("quinn", filter)).await.expect("created");
    store.grow_tree(org).await.expect("grown");
    let head = store.tree(org).await.expect("a tree").size;
    let term = "id:99".parse().expect("a term");
    let people = identities(store.users(org).await.expect("users"), &term, &BTreeSet::new());
    let options = ErasureOptions { with_id: false, also_values: true };
    let new = NewErasure { despite_holds: true, ..new_erasure(people[0].clone(), options) };
    let run = store.begin_erasure(org, new, NOW).await.expect("asked").expect("free");
    let eraser =
        Arc::new(Eraser::new(people[0].clone(), &run.stored.erasure.label, run.stored.erasure.options));
    store.mentions(org, (1, head), Arc::clone(&eraser), Arc::default()).await.expect("read");
    let stored = store.erasures(org).await.expect("erasures").remove(0);
    let run = store.resume_erasure(org, stored, NOW).await.expect("asked").expect("its own");
    assert!(run.stored.despite_holds);
    let batch = store.erase_batch(org, run.clone(), Arc::clone(&eraser), vec![head], NOW).await;
    assert_eq!(batch.expect("a batch").actors, 1);
    assert!(store.finish_erasure(run.clone(), eraser, vec![(run.org, head)], NOW).await.expect("asked"));
    store.close_erasure(run, true, NOW).await.expect("closed");
    assert_eq!(store.erasures(org).await.expect("erasures").len(), 1);
    let leaves = store.erased_leaves(org, head, head).await.expect("leaves");
    let mut entries = everything(store, org).await;
    entries.retain(|entry| entry.id == head);
    store.restore_erased(org, (head, head), leaves, entries).await.expect("restored");
}

/// Calls every store method for an organization.
async fn ask_everything(store: &Arc<Store>, org: OrgId) {
    ask_for_the_tree(store, org.trail()).await;
    ask_for_the_text_index(store, org.trail()).await;
    erase_somebody(store, org.trail()).await;
    let keyed = with(recording_at("1", days_ago(1)), "uuid", Uuid::from_u128(7).to_string());
    append(store, org, [recording_at("1", days_ago(100)), recording_at("2", days_ago(99)), keyed.clone()])
        .await;
    store.append(org, drafts([keyed]), true).await.expect("known");
    let dimensions =
        [Dimension::Action, Dimension::ModelType, Dimension::User, Dimension::Field, Dimension::Via];
    for filter in filters() {
        for order in [Order::ById, Order::Ascending, Order::Descending] {
            read_all(store, org, &filter, order, 1).await;
        }
        store.count(org, filter.clone(), 3).await.expect("a count");
        store.facets(org, filter.clone()).await.expect("facets");
        store.facets_without_days(org, filter.clone()).await.expect("facets");
        for slot_seconds in [None, Some(900), Some(86_400)] {
            for by in dimensions.map(|by| vec![by]).into_iter().chain([vec![], dimensions.to_vec()]) {
                let counting = StatsQuery { filter: filter.clone(), slot_seconds, by };
                store.counts(org, counting, Some(3)).await.expect("counts");
            }
        }
    }
    let mut everything_by_ana = Filter::default();
    everything_by_ana.user.add("ana").expect("a user");
    let filter = HoldFilter::new(everything_by_ana).expect("cheap");
    let (name, reason, by) = ("case".parse().expect("a name"), "a case".to_owned(), "ana".to_owned());
    let case =
        Hold { name, filter, reason: reason.clone(), created_at: NOW, created_by: by.clone(), release: None };
    store.create_hold(org, case.clone()).await.expect("created");
    store.holdings(org, days_ago(90)).await.expect("holdings");
    let release = Release { at: NOW, by, reason };
    assert!(store.release_hold(org, case.name, release).await.expect("released"));
    assert_eq!(store.holds(org).await.expect("holds").len(), 1);
    let run = store.begin_prune(org, "cron".into(), days_ago(90), NOW).await.expect("asked").expect("free");
    store.begin_prune(org, "other".into(), days_ago(90), NOW).await.expect("asked").expect_err("held");
    while store.prune_batch(org, run.clone(), 1, NOW).await.expect("a batch").deleted > 0 {}
    store.finish_prune(org, run, true, NOW).await.expect("finished");
    for id in 0..5 {
        store.entry(org, id).await.expect("a look");
    }
    store.prunes(org).await.expect("prunes");
    store.last_prune(org).await.expect("a prune");
    assert_eq!(everything(store, org).await.len(), 1);
    erase_somebody(store, org).await;
    assert!(store.hold_lease(org, "sweep", "me".to_owned(), NOW).await.expect("asked"));
    store.release_lease(org, "sweep", "me".to_owned()).await.expect("released");
    let past = store.past(org).await.expect("a past");
    store.restore_past(org, past).await.expect("restored");
    let mut more = everything(store, org).await;
    more[0].id = 10;
    more[0].uuid = Uuid::from_u128(8);
    store.restore_entries(org, without_seeds(&more)).await.expect("restored");
    let token = StoredToken {
        name: "cron".to_owned(),
        hash: [7; 32],
        scopes: vec![Scope::Read],
        created_at: NOW,
        created_by: None,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    store.create_token(org, token).await.expect("kept");
    let used = TokenUse { name: "cron".to_owned(), at: NOW };
    store.note_token_uses(org, vec![used]).await.expect("noted");
    assert_eq!(store.find_tokens([7; 32]).await.expect("looked up").len(), 1);
}

/// Renames and deletes the organization.
async fn delete_everything(store: &Arc<Store>, org: OrgId) {
    store.rename_organization(org, "acme-eu".to_owned()).await.expect("renamed");
    for hold in store.holds(org).await.expect("holds") {
        let release = Release { at: NOW, by: "ana".to_owned(), reason: "closed".to_owned() };
        store.release_hold(org, hold.name, release).await.expect("released");
    }
    store.begin_deletion(org, "ana".to_owned(), NOW).await.expect("asked").expect("nothing prevents it");
    while store.deletion_batch(org, 100).await.expect("a batch") {}
    store.finish_deletion(org, NOW).await.expect("finished");
    let mut deletions = store.deletions().await.expect("one");
    assert_eq!(deletions.len(), 1);
    assert!(!store.restore_deletion(deletions[0].clone()).await.expect("asked"), "it is known");
    deletions[0].uuid = Uuid::from_u128(9);
    assert!(store.restore_deletion(deletions.remove(0)).await.expect("restored"));
}

/// Judges statements by the tables that Citus distributes.
struct Judge {
    mention: Regex,
    named: Regex,
    inserted: Regex,
    value: Regex,
    joined: Regex,
}

impl Judge {
    /// `tables` are the distributed ones.
    fn new(tables: &[String]) -> Self {
        let pattern = |text: &str| Regex::new(text).expect("a pattern");
        Self {
            // A table and not one of its columns: `entries` and not `entries.id`.
            mention: pattern(&format!(r"(?:^|[^.\w])({})(?:[^.\w]|$)", tables.join("|"))),
            named: pattern(r"\borg_id = \$(\d+)\b"),
            inserted: pattern(
                r"^INSERT INTO \w+ \(org_id, [^)]*\) +(VALUES \(\$1, |SELECT \$1, |SELECT org_id, )",
            ),
            value: pattern(r"\$(\d+) = '([^']*)'"),
            joined: pattern(
                r"(?i)\borg_id\s*(=|IN\b|IS\b|<|>)\s*\(*\s*[a-z_]|\busing \([^)]*org_id|\bnatural\b|[\w.]+ = (\w+\.)?org_id\b",
            ),
        }
    }

    /// The tables a statement mentions.
    fn tables<'a>(&self, sql: &'a str) -> Vec<&'a str> {
        // A character between two mentions belongs to both.
        let spread = sql.match_indices(' ').map(|(at, _)| at);
        let words: Vec<_> = std::iter::once(0).chain(spread).collect();
        words
            .iter()
            .enumerate()
            .filter_map(|(place, from)| {
                let to = words.get(place + 1).copied().unwrap_or(sql.len());
                Some(self.mention.captures(&sql[*from..to])?.get(1)?.as_str())
            })
            .collect()
    }

    /// `None` for a statement without a distributed table, otherwise whether it names one organization.
    fn judge(&self, sql: &str, values: &str) -> Option<Result<(), String>> {
        // Months are made and dropped as a whole, for all organizations.
        let of_months = [
            "CREATE TABLE IF NOT EXISTS entries_",
            "LOCK TABLE ONLY entries ",
            "SELECT c.relname FROM pg_inherits",
        ];
        let tables = self.tables(sql).len();
        if tables == 0 || of_months.iter().any(|start| sql.starts_with(start)) {
            return None;
        }
        if self.joined.is_match(sql) {
            return Some(Err("an organization is compared with a column".to_owned()));
        }
        let is_insert = sql.starts_with("INSERT");
        if is_insert && !self.inserted.is_match(sql) {
            return Some(Err("the organization of what is inserted is not the first value".to_owned()));
        }
        let named: Vec<_> = self.named.captures_iter(sql).map(|it| it[1].to_owned()).collect();
        let wanted = tables - usize::from(is_insert);
        if named.len() < wanted {
            return Some(Err(format!("{wanted} tables and {} conditions on org_id", named.len())));
        }
        let value = |number: &str| {
            let mut values = self.value.captures_iter(values);
            values.find(|it| &it[1] == number).map(|it| it[2].to_owned())
        };
        let first = named.first().and_then(|number| value(number));
        match named.iter().all(|number| value(number) == first) {
            true => Some(Ok(())),
            false => Some(Err("several organizations".to_owned())),
        }
    }
}

/// The tables that Citus distributes: all but those on every node and the count of migrations. A partition is one with
/// its table.
async fn distributed(url: &str) -> Vec<String> {
    let sql = "SELECT relname FROM pg_class WHERE relnamespace = 'krosyn_audit'::regnamespace \
               AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations' ORDER BY 1";
    let tables = connect(url).await.query(sql, &[]).await.expect("read");
    let tables = tables.iter().map(|row| row.get::<_, String>(0));
    tables.filter(|table| !ON_EVERY_NODE.contains(&table.as_str())).collect()
}

#[tokio::test]
async fn every_statement_names_one_organization_for_each_growing_table() {
    let Some(server) = private() else { return };
    let (store, database, url) = logged(server).await;
    let org = organization(&store, "acme").await;
    ask_everything(&store, org).await;
    delete_everything(&store, org).await;
    let (executed, tables) = (executed(server, &database), distributed(&url).await);
    let judge = Judge::new(&tables);
    let (mut judged, mut met) = (0, BTreeSet::new());
    let mut wrong = BTreeSet::new();
    for (sql, values) in &executed {
        let Some(outcome) = judge.judge(sql, values) else { continue };
        judged += 1;
        met.extend(judge.tables(sql));
        if let Err(why) = outcome {
            wrong.insert(format!("{why}: {sql}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(judged > 200, "the log was read: {judged}");
    assert!(met.into_iter().eq(tables.iter().map(String::as_str)), "every table was asked: {tables:?}");
    let forbidden = Regex::new(r"(?i)\b(nextval|pg_advisory|serializable|trigger)\b").expect("a pattern");
    assert!(executed.iter().all(|(sql, _)| !forbidden.is_match(sql)), "{executed:#?}");
}

#[test]
fn the_check_rejects_statements_that_citus_sends_to_every_shard() {
    let judge = Judge::new(&["entries", "tallies", "users"].map(str::to_owned));
    let judged = |sql: &str| judge.judge(sql, "$1 = '7', $2 = '7', $3 = '8'");
    let user = "SELECT id, (SELECT snapshot FROM users WHERE users.org_id = $1 AND users.user_ref = entries.user_ref) \
                FROM entries WHERE org_id = $1";
    for right in [
        user,
        "SELECT count(*) FROM entries WHERE org_id = $1 AND id > $2",
        "SELECT 1 FROM (SELECT 1 FROM tallies WHERE org_id = $1 UNION ALL SELECT 1 FROM entries WHERE org_id = $2) AS rows",
        "INSERT INTO users (org_id, user_ref) SELECT $1, * FROM unnest($2::bigint[])",
        "INSERT INTO tallies (org_id, day) SELECT org_id, 1 FROM entries WHERE org_id = $1",
    ] {
        assert_eq!(judged(right), Some(Ok(())), "{right}");
    }
    for wrong in [
        &*user.replace("users.org_id = $1", "users.org_id = entries.org_id"),
        &*user.replace("users.org_id = $1 AND ", ""),
        "SELECT count(*) FROM entries WHERE id = $1",
        "DELETE FROM tallies WHERE count = 0",
        "SELECT 1 FROM entries JOIN users USING (org_id, user_ref) WHERE org_id = $1",
        "SELECT 1 FROM entries NATURAL JOIN users WHERE org_id = $1",
        "SELECT 1 FROM entries e, users u WHERE e.org_id = $1 AND u.org_id = e.org_id",
        "SELECT 1 FROM entries WHERE org_id = $1 AND org_id IN (SELECT org_id FROM users)",
        "SELECT 1 FROM entries, users WHERE entries.org_id = $1",
        "SELECT 1 FROM entries WHERE org_id = $1 UNION ALL SELECT 1 FROM users WHERE org_id = $3",
        "INSERT INTO tallies (org_id, day) SELECT org_id, 1 FROM entries",
        "INSERT INTO tallies (day, org_id) VALUES ($1, $2)",
        "UPDATE tallies SET count = 0",
    ] {
        assert!(matches!(judged(wrong), Some(Err(_))), "{wrong}");
    }
    for other in ["SELECT 1 FROM organizations", "SELECT entries.id AS users_of FROM organizations", "SHOW x"]
    {
        assert_eq!(judged(other), None, "{other}");
    }
}

#[tokio::test]
async fn a_count_by_field_is_one_statement() {
    let Some(server) = private() else { return };
    let (store, database, _) = logged(server).await;
    let org = organization(&store, "acme").await;
    append(&store, org, (0..300).map(|it| recording_at("1", days_ago(it % 100)))).await;
    let before = executed(server, &database).len();
    let by = vec![Dimension::Field, Dimension::User];
    let counting = StatsQuery { filter: Filter::default(), slot_seconds: Some(86_400), by };
    let counted = store.counts(org, counting, None).await.expect("counts");
    assert_eq!((counted.total, counted.counts.len()), (300, 200), "two fields on each of a hundred days");
    let executed = executed(server, &database).split_off(before);
    let of_entries = executed.iter().filter(|(sql, _)| sql.contains("FROM entries")).count();
    assert_eq!(of_entries, 1, "{executed:#?}");
}
