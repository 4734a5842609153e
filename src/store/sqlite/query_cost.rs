//! How much work a question is, in steps of SQLite's machine: what must not grow with the log is counted here in logs of
//! 2,100 and of 21,000 entries. No time is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::{Connection, StatementStatus, params_from_iter};
use uuid::Uuid;

use crate::api::query::Query;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::{Order, Position};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Log, ModelType};
use crate::store::calls::{OrgId, PageRequest};
use crate::store::condition::{Condition, UserRefs};
use crate::store::dialect::EntryQuery;
use crate::store::entries::{PageForm, StoredEntry};
use crate::store::rollup;
use crate::store::session::Session as _;
use crate::store::sqlite::append::{insert, set_head};
use crate::store::sqlite::schema;
use crate::store::sqlite::session::run_now;
use crate::store::sqlite::snapshots::Users;
use crate::store::tree::grow::{self, Step};
use crate::store::users::{KnownUsers, user_refs, user_refs_of_each};
use crate::store::{accounts, codes, facets, pages, prunes};

/// A second between two entries.
pub(super) fn at(second: u64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + i64::try_from(second).expect("small") * 1_000_000)
        .expect("a moment")
}

/// A log of so many entries by 7 users on 20 resources: in one of more entries each has more.
pub(super) fn log(entries: u64) -> (Connection, OrgId) {
    let db = schema::open_in_memory().expect("memory");
    let retention = codes::retention("pro", None).expect("a plan");
    let org =
        run_now(accounts::create_organization(&db, Uuid::nil(), "acme", retention, at(0))).expect("made").id;
    record(&db, org, entries, 0);
    (db, org)
}

/// Records so many entries; none has the uuid of one before `first`.
fn record(db: &Connection, org: OrgId, entries: u64, first: u64) {
    let mut users = Users::new(db, org);
    for id in 1..=entries {
        // Every tenth entry was made for one of three others.
        let principal = id.is_multiple_of(10).then(|| serde_json::json!({"id": format!("p{}", id / 10 % 3)}));
        let entry = serde_json::json!({
            "id": id, "uuid": Uuid::from_u128(u128::from(first + id)), "occurred_at": at(id), "recorded_at": at(id),
            "action": Action::ALL[(id % 3) as usize], "model_type": ModelType::ALL[(id % 5) as usize],
            "model_id": (id % 20).to_string(), "user": {"id": (id % 7).to_string()},
            "context": {"via": "web", "request_id": format!("r{}", id / 3)},
            "changes": [{"field": "status", "new": id}], "on_behalf_of": principal,
        });
        let entry: Entry = serde_json::from_str(&entry.to_string()).expect("an entry");
        assert!(insert(db, org, id, &mut users, &entry, Some([7; 16])).expect("inserted"));
        // As appends do it, one by one.
        set_head(db, org, id).expect("set");
    }
}

/// The steps it takes to get the rows that are wanted.
fn steps(db: &Connection, statement: &Condition, rows: usize) -> (usize, i32) {
    let mut prepared = db.prepare(&statement.sql).expect("a statement");
    let mut found = prepared.query(params_from_iter(&statement.parameters)).expect("rows");
    let mut count = 0;
    while count < rows && found.next().expect("a row").is_some() {
        count += 1;
    }
    drop(found);
    (count, prepared.get_status(StatementStatus::VmStep))
}

/// The rows and the steps of a page of fifty behind `behind` of a hundred parts of the log, newest first.
fn page_steps(
    (db, org): &(Connection, OrgId),
    entries: u64,
    question: &str,
    behind: Option<u64>,
) -> (usize, i32) {
    let filter = filter(question);
    let id = behind.map(|part| entries * (100 - part) / 100);
    let after = id.map(|id| Position { occurred_at: at(id), id });
    let refs = run_now(user_refs(db, *org, &filter)).expect("users");
    let query = EntryQuery::new(*org, &filter, &refs, entries);
    let select = Connection::DIALECT.page(
        Connection::DIALECT.entry_columns,
        &query,
        (Order::Descending, after),
        Some(51),
    );
    let (rows, steps) = steps(db, &select, 51);
    assert!(rows > 0, "{question}");
    (rows, steps)
}

pub(super) fn filter(question: &str) -> Filter {
    let pairs: Vec<_> = form_urlencoded::parse(question.as_bytes()).collect();
    Query::read(Log::Audit, &pairs).expect("a question").filter
}

const SMALL: u64 = 2_100;
const LARGE: u64 = 21_000;

#[test]
fn the_cost_of_a_page_does_not_grow_with_the_log() {
    let (small, large) = (log(SMALL), log(LARGE));
    for question in [
        "",
        "action=deleted",
        "action=!created",
        "model_type=secret",
        "user=3",
        "user=3,4,5",
        "user=!3",
        "on_behalf_of=p1",
        "on_behalf_of=p1,p2",
        "on_behalf_of=!p1",
        "on_behalf_of=p1&user=3",
        "resource=connector/10",
        "resource=connector/10,secret/12",
        "model_id=10",
        "via=web",
        "request_id=r7",
        "since=2023-11-14T22:20:00Z&until=2023-11-14T22:40:00Z",
        "action=updated,deleted&model_type=secret,member&user=3,4",
    ] {
        for behind in [None, Some(40)] {
            // An early request has no entry in the second half.
            if behind.is_some() && question.starts_with("request_id")
                || question.starts_with("since") && behind.is_some()
            {
                continue;
            }
            let [few, many] = [(&small, SMALL), (&large, LARGE)].map(|(log, entries)| {
                let (rows, steps) = page_steps(log, entries, question, behind);
                steps / i32::try_from(rows).expect("few")
            });
            assert!(
                many <= few * 3 / 2,
                "{question} {behind:?}: {few} steps a row, and {many} in the larger log"
            );
        }
    }
}

/// The entries of a page by id, and the steps it takes to read them.
fn page_by_id((db, org): &mut (Connection, OrgId), question: &str, after: u64) -> (usize, u32) {
    let steps = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&steps);
    let count = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    let after = Some(Position { occurred_at: at(0), id: after });
    let request =
        PageRequest { filter: filter(question), order: Order::ById, limit: 1000, after, as_of: None };
    db.progress_handler(1, Some(count)).expect("set");
    let page = run_now(pages::page(&*db, *org, &request, &PageForm::List, &Arc::default())).expect("a page");
    db.progress_handler(0, None::<fn() -> bool>).expect("removed");
    (page.entries.len(), steps.load(Ordering::Relaxed))
}

#[test]
fn the_cost_of_a_page_by_id_does_not_grow_with_the_log() {
    let (mut small, mut large) = (log(SMALL), log(LARGE));
    for question in [
        "",
        "action=deleted",
        "via=web",
        "since=2023-11-14T22:20:00Z",
        "user=3",
        "user=!3",
        "on_behalf_of=p1",
        "resource=connector/10",
        "model_id=10",
    ] {
        // A follower reads what was recorded since its last page.
        let [few, many] = [(&mut small, SMALL), (&mut large, LARGE)]
            .map(|(log, entries)| page_by_id(log, question, entries - 60));
        assert!(few.0 > 0, "{question}");
        assert!(
            many.1 <= few.1 * 3 / 2,
            "{question}: {few:?} entries and steps, and {many:?} in the larger log"
        );
    }
}

#[test]
fn a_page_by_id_finds_few_entries_from_the_beginning_of_a_log_of_any_size() {
    let (mut small, mut large) = (log(SMALL), log(LARGE));
    // The log begins at 22:13:20; the larger one ends at 04:03:20.
    for (question, matches) in [
        ("since=2023-11-14T22:20:00Z&until=2023-11-14T22:21:00Z", 60),
        ("since=2026-01-01T00:00:00Z", 0),
        ("until=2023-11-14T22:13:31Z", 10),
        ("request_id=r7", 3),
        ("request_id=r7,r8&action=created", 2),
        ("user=5&until=2023-11-14T22:20:00Z", 57),
        ("on_behalf_of=p1&until=2023-11-14T22:20:00Z", 13),
        ("resource=connector/10,secret/12&until=2023-11-14T22:20:00Z", 40),
        ("model_id=10&until=2023-11-14T22:20:00Z", 20),
    ] {
        let [few, many] = [&mut small, &mut large].map(|log| page_by_id(log, question, 0));
        assert_eq!((few.0, many.0), (matches, matches), "{question}");
        assert!(
            many.1 <= few.1 * 3 / 2 + 50,
            "{question}: {few:?} entries and steps, and {many:?} in the larger log"
        );
    }
}

/// Those that an index finds, and those that a walk finds, are in order and complete, over several pages.
#[test]
fn pages_by_id_are_complete_whether_an_index_or_a_walk_finds_them() {
    let log = log(LARGE);
    let (db, org) = &log;
    for question in
        ["user=3", "user=0,1,2,3,4,5,6", "model_id=10&action=deleted", "since=2023-11-15T00:00:00Z"]
    {
        let filter = filter(question);
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let at = Some(Position { occurred_at: at(0), id: after });
            let request = PageRequest {
                filter: filter.clone(),
                order: Order::ById,
                limit: 700,
                after: at,
                as_of: None,
            };
            let page =
                run_now(pages::page(db, *org, &request, &PageForm::List, &Arc::default())).expect("a page");
            found.extend(page.entries.list().expect("entries").into_iter().map(|entry| entry.id));
            if !page.more {
                break;
            }
            after = *found.last().expect("a page has entries");
        }
        let all = matching(db, *org, &filter);
        assert!(all.len() > 700 || question.starts_with("model_id"), "{question}");
        assert_eq!(found, all, "{question}");
    }
}

/// The ids of all entries that match by the definition of the filter.
pub(super) fn matching(db: &Connection, org: OrgId, filter: &Filter) -> Vec<u64> {
    let (every, users) = (Filter::default(), UserRefs::default());
    let mut ids = Vec::new();
    let note = |entry: &StoredEntry<'_>| {
        ids.extend(filter.matches(&entry.entry()?).then_some(entry.id));
        Ok(())
    };
    run_now(db.visit_entries(&EntryQuery::new(org, &every, &users, u64::from(u32::MAX)), note))
        .expect("read");
    ids.sort_unstable();
    ids
}

#[test]
fn an_empty_result_reads_no_other_organization() {
    let (db, org) = log(SMALL);
    let alone = steps(&db, &any(org, "via=terraform"), 1);
    // Another organization's rows lie behind those of the first.
    let retention = codes::retention("pro", None).expect("a plan");
    let other =
        run_now(accounts::create_organization(&db, Uuid::nil(), "other", retention, at(0))).expect("made").id;
    record(&db, other, SMALL, SMALL);
    let beside = steps(&db, &any(org, "via=terraform"), 1);
    assert_eq!((alone.0, beside.0), (0, 0));
    assert!(beside.1 < alone.1 + 20, "{alone:?} steps alone, {beside:?} beside another");
    assert_eq!(steps(&db, &any(org, "via=web"), 1).0, 1);
}

fn any(org: OrgId, question: &str) -> Condition {
    let (filter, refs) = (filter(question), UserRefs::default());
    let query = EntryQuery::new(org, &filter, &refs, SMALL);
    rollup::any::<Connection>(&query).expect("the rollup tells")
}

#[test]
fn the_cost_of_a_total_does_not_grow_with_the_log() {
    let (small, large) = (log(SMALL), log(LARGE));
    for question in ["", "action=deleted", "via=web", "user=3&action=deleted&model_type=secret"] {
        let [few, many] = [(&small, SMALL), (&large, LARGE)].map(|((db, org), entries)| {
            let filter = filter(question);
            let refs = run_now(user_refs(db, *org, &filter)).expect("users");
            let query = EntryQuery::new(*org, &filter, &refs, entries);
            let sums = rollup::rows::<Connection>(&query, false).expect("rolled up");
            let counted =
                run_now(facets::count(db, *org, &filter, entries, &KnownUsers::default())).expect("counted");
            assert!(counted > 0, "{question}");
            // The newest entries, at most 2,048 and here 52 and 520, are counted one by one.
            let behind = i32::try_from(entries % 2048).expect("small");
            (steps(db, &sums, usize::MAX).1, behind)
        });
        let allowed = few.0 * 3 / 2 + (many.1 - few.1) * 40;
        assert!(many.0 <= allowed, "{question}: {few:?} steps, and {many:?} in the larger log");
    }
}

#[test]
fn the_next_page_does_not_test_every_user_again() {
    let (db, org) = log(SMALL);
    let users = KnownUsers::default();
    let refs = |question: &str, as_of: u64| {
        run_now(users.refs(&db, org, &filter(question), as_of)).expect("users").user.clone()
    };
    let first = refs("user=3", SMALL);
    assert_eq!(first.as_ref().map(Vec::len), Some(1));
    db.execute("DELETE FROM users", []).expect("deleted");
    assert_eq!(refs("user=3&action=deleted", SMALL), first, "remembered, whatever else is asked");
    for (question, as_of) in [("user=4", SMALL), ("user=3", SMALL + 1)] {
        assert_eq!(refs(question, as_of), Some(Vec::new()), "{question} up to {as_of} is another question");
    }
    assert_eq!(refs("", SMALL), None);
    // Many other questions make it forget.
    (0..16).for_each(|other| drop(refs(&format!("user={other}"), 1)));
    assert_eq!(refs("user=3", SMALL), Some(Vec::new()));
}

#[test]
fn the_cost_of_a_prunes_batch_does_not_grow_with_rollup_and_earlier_prunes() {
    let batch_steps = |others: u32| {
        let (mut db, org) = log(SMALL);
        while let Step::Growth(growth) = run_now(grow::step(&db, org)).expect("read") {
            assert!(run_now(grow::commit(&db, org, &growth)).expect("stored"));
        }
        let add = |sql: &str| db.execute(sql, [org.0, others.into()]).expect("added");
        add("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) \
             INSERT INTO tallies SELECT ?1, -i, 0, 0, 0, 0, 1 FROM n");
        add("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) \
             INSERT INTO pruned_ids SELECT ?1, -2 * i, -2 * i, 1 FROM n");
        let mut run = run_now(prunes::begin(&db, org, "holder", "cron", at(SMALL), at(SMALL)))
            .expect("begun")
            .expect("no other prune runs");
        let steps = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        db.progress_handler(1, Some(count)).expect("set");
        for _ in 0..2 {
            let batch = run_now(prunes::batch(&db, org, &run, 100, at(SMALL))).expect("deleted");
            assert_eq!(batch.deleted, 100);
            run.after = batch.next;
        }
        steps.load(Ordering::Relaxed)
    };
    let (few, many) = (batch_steps(10), batch_steps(10_000));
    assert!(many < few * 3 / 2, "{few} steps, and {many} with more rows");
}

#[test]
fn holds_test_only_the_users_of_a_batch() {
    let (db, org) = log(SMALL);
    let refs = |among| {
        let filters = [filter("user=3"), filter("user=!3"), filter("action=deleted")];
        let found = run_now(user_refs_of_each(&db, org, &filters.each_ref(), among));
        found.map(|refs| refs.into_iter().map(|refs| refs.user.map(|it| it.len())).collect::<Vec<_>>())
    };
    // Seven users, and the three for whom others acted.
    assert_eq!(refs(None).expect("all"), [Some(1), Some(9), None]);
    let first: i64 = db.query_row("SELECT min(user_ref) FROM users", [], |row| row.get(0)).expect("a user");
    db.execute("UPDATE users SET snapshot = 'damaged' || user_ref WHERE user_ref <> ?1", [first])
        .expect("updated");
    assert!(refs(None).is_err(), "all are read");
    assert_eq!(refs(Some(&[first].into())).expect("one"), [Some(0), Some(1), None]);
}
