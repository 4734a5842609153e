//! Tests of the text index that look into its tables: groups of blocks, and what a prune leaves.

use rusqlite::Connection;
use uuid::Uuid;

use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::signature::SignatureBuilder;
use crate::model::timestamp::Timestamp;
use crate::store::calls::OrgId;
use crate::store::sqlite::append::{insert, set_head};
use crate::store::sqlite::query_cost::log;
use crate::store::sqlite::session::run_now;
use crate::store::sqlite::snapshots::Users;
use crate::store::text::candidates::candidates;
use crate::store::text::grow::{self, Growth, Step};
use crate::store::text::lookup::Lookup;
use crate::store::text::{BLOCK, stale};

/// The blocks that a search for a text reads, of so many.
fn found(db: &Connection, org: OrgId, text: &str, blocks: u64) -> Vec<u64> {
    let mut filter = Filter::default();
    filter.text.add(text).expect("a text");
    match run_now(candidates(db, org, &filter, blocks * BLOCK)).expect("searched") {
        Some(candidates) => {
            (0..).zip(candidates.map()).filter(|(_, must)| **must == 1).map(|it| it.0).collect()
        }
        None => (0..blocks).collect(),
    }
}

fn count(db: &Connection, table: &str) -> i64 {
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("a table")
}

/// The number of bits in all signatures.
fn bits(db: &Connection) -> u32 {
    let sql = "SELECT bytes FROM text_parts UNION ALL SELECT signature FROM text_blocks";
    let mut select = db.prepare(sql).expect("tables");
    let rows = select.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("rows");
    rows.map(|bytes| bytes.expect("bytes").iter().map(|byte| byte.count_ones()).sum::<u32>()).sum()
}

/// A word that only one block has.
fn word(block: u64) -> String {
    format!("{:x}", (block + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn signature(words: &[&str]) -> Vec<u8> {
    let mut builder = SignatureBuilder::default();
    words.iter().for_each(|word| builder.add(word));
    builder.finish()
}

/// Adds signatures of so many blocks, each with a word of its own and a common one. Some are longer, some are empty.
fn grow_groups(db: &Connection, org: OrgId, blocks: u64) {
    for from in (0..blocks).step_by(8) {
        let signature = |block: u64| {
            let more: Vec<_> =
                (0..if block.is_multiple_of(50) { 300 } else { 0 }).map(|n| word(block * 1000 + n)).collect();
            let mut words: Vec<_> = more.iter().map(String::as_str).collect();
            let own = word(block);
            words.extend(["common", &own]);
            if block.is_multiple_of(7) { Vec::new() } else { signature(&words) }
        };
        let signatures = (from..blocks.min(from + 8)).map(signature).collect();
        assert!(run_now(grow::commit(db, org, &Growth { from, generation: 0, signatures })).expect("stored"));
    }
}

#[test]
fn groups_of_blocks_find_what_single_blocks_found() {
    let blocks = 512 + 64 + 9;
    let (db, org) = log(0);
    grow_groups(&db, org, blocks);
    let kept = |level: i64| {
        let sql = "SELECT count(*) FROM text_groups WHERE level = ?1";
        db.query_row(sql, [level], |row| row.get::<_, i64>(0)).expect("a table")
    };
    assert_eq!((kept(2), kept(1)), (1, 1));
    assert!(
        (9..20).contains(&count(&db, "text_blocks")),
        "the last blocks, and those that are too large for a group"
    );
    let mut others = 0;
    for block in 0..blocks {
        let found = found(&db, org, &word(block), blocks);
        assert_eq!(found.contains(&block), !block.is_multiple_of(7), "block {block}: {found:?}");
        others += found.iter().filter(|it| **it != block).count();
    }
    assert!(others < 20, "{others}");
    assert!(found(&db, org, "nowhere to be found", blocks).is_empty());
    let one_lost = Growth { from: blocks - 1, generation: 0, signatures: vec![signature(&["late"])] };
    assert!(!run_now(grow::commit(&db, org, &one_lost)).expect("asked"), "it is stored already");
}

#[test]
fn a_group_that_is_gone_between_two_statements_is_searched() {
    let (db, org) = log(0);
    grow_groups(&db, org, 128);
    let mut filter = Filter::default();
    filter.text.add(&word(71)).expect("a text");
    let query = filter.gram_query().expect("grams");
    let mut lookup = Lookup::new(&query);
    let may_match = run_now(lookup.read_first(&db, org)).expect("read");
    assert!(may_match[71] == 1 && may_match.contains(&0), "{may_match:?}");
    db.execute("DELETE FROM text_groups WHERE position = 1", []).expect("deleted");
    let matching = run_now(lookup.read_rest(&db, org, &may_match)).expect("read");
    assert_eq!(matching[64..], may_match[64..]);
}

fn record(db: &Connection, org: OrgId, entries: u64) {
    let mut users = Users::new(db, org);
    for id in 1..=entries {
        let block = (id - 1) / BLOCK;
        let text = if id.is_multiple_of(2) { "common".to_owned() } else { word(block) };
        let entry = serde_json::json!({
            "id": id, "uuid": Uuid::from_u128(u128::from(id)), "occurred_at": Timestamp::MIN, "recorded_at": Timestamp::MIN,
            "action": "created", "model_type": "secret", "model_id": "1", "user": {"id": "7"},
            "changes": [{"field": "status", "new": text}],
        });
        let entry: Entry = serde_json::from_str(&entry.to_string()).expect("an entry");
        assert!(insert(db, org, id, &mut users, &entry, Some([7; 16])).expect("inserted"));
    }
    set_head(db, org, entries).expect("set");
}

/// Runs all steps; returns how many there were.
fn grow_all(db: &Connection, org: OrgId) -> usize {
    for steps in 0.. {
        match run_now(grow::step(db, org)).expect("a step") {
            Step::Current => return steps,
            Step::Outdated => panic!("a new index"),
            Step::Refresh(refresh) => assert!(run_now(stale::commit(db, org, &refresh)).expect("stored")),
            Step::Growth(growth) => assert!(run_now(grow::commit(db, org, &growth)).expect("stored")),
        }
    }
    0
}

fn delete(db: &Connection, org: OrgId, gone: &dyn Fn(u64) -> bool, entries: u64) {
    let ids: Vec<u64> = (1..=entries).filter(|id| gone(*id)).collect();
    for id in &ids {
        let key = crate::store::sqlite::reader::key(org, *id);
        db.execute("DELETE FROM entries WHERE key = ?1", [key]).expect("deleted");
    }
    run_now(stale::note(db, org, &ids)).expect("noted");
}

#[test]
fn pruned_text_leaves_blocks_and_groups() {
    let blocks = 67;
    let entries = blocks * BLOCK + 100;
    let (db, org) = log(0);
    record(&db, org, entries);
    grow_all(&db, org);
    assert_eq!((count(&db, "text_groups"), count(&db, "text_blocks")), (1, 3));
    let is_found = |block: u64| found(&db, org, &word(block), blocks).contains(&block);
    assert!((0..blocks).all(is_found));
    // The words of three blocks, in the group and outside, and all of the blocks 5 and 66.
    let gone = |id: u64| {
        let block = (id - 1) / BLOCK;
        [5, 66].contains(&block) || [0, 40, 65].contains(&block) && !id.is_multiple_of(2)
    };
    delete(&db, org, &gone, entries);
    assert_eq!(count(&db, "text_stale"), 5);
    assert!((0..blocks).all(is_found), "until the index is refreshed");
    assert_eq!(grow_all(&db, org), 2, "one step for the group, one for the other blocks");
    assert_eq!(count(&db, "text_stale"), 0);
    for block in 0..blocks {
        assert_eq!(is_found(block), ![0, 5, 40, 65, 66].contains(&block), "{block}");
    }
    // Nothing is left that the remaining entries do not have.
    let refreshed = bits(&db);
    let (other, org) = log(0);
    record(&other, org, entries);
    delete(&other, org, &gone, entries);
    grow_all(&other, org);
    assert_eq!(refreshed, bits(&other), "as if it had been indexed afterwards");
    delete(&other, org, &|_| true, entries);
    grow_all(&other, org);
    assert_eq!(
        (count(&other, "text_parts"), count(&other, "text_groups"), count(&other, "text_blocks")),
        (0, 0, 0)
    );
}

#[test]
fn a_step_that_a_prune_overtook_is_not_stored() {
    let (db, org) = log(0);
    record(&db, org, BLOCK);
    let Step::Growth(growth) = run_now(grow::step(&db, org)).expect("a step") else { panic!("growth") };
    delete(&db, org, &|id| id == 1, BLOCK);
    assert!(!run_now(grow::commit(&db, org, &growth)).expect("asked"));
    grow_all(&db, org);
    delete(&db, org, &|id| id == 3, BLOCK);
    let Step::Refresh(refresh) = run_now(grow::step(&db, org)).expect("a step") else { panic!("a refresh") };
    delete(&db, org, &|id| id == 5, BLOCK);
    assert!(!run_now(stale::commit(&db, org, &refresh)).expect("asked"));
    grow_all(&db, org);
    assert!(found(&db, org, &word(0), 1).contains(&0) && count(&db, "text_stale") == 0);
}

#[test]
fn a_block_with_an_unreadable_entry_is_always_searched() {
    let (db, org) = log(0);
    record(&db, org, 10 * BLOCK);
    db.execute(
        "UPDATE entries SET changes = '{' WHERE key = ?1",
        [crate::store::sqlite::reader::key(org, 300)],
    )
    .expect("damaged");
    grow_all(&db, org);
    assert_eq!(found(&db, org, "nowhere to be found", 10), [1]);
}

#[test]
fn an_index_of_another_version_is_not_used_and_is_built_again() {
    let (db, org) = log(0);
    record(&db, org, 10 * BLOCK);
    grow_all(&db, org);
    db.execute("UPDATE text_indexes SET version = 99", []).expect("set");
    assert_eq!(found(&db, org, "nowhere to be found", 10).len(), 10);
    assert!(matches!(run_now(grow::step(&db, org)).expect("a step"), Step::Outdated));
    run_now(crate::store::text::reset(&db, org)).expect("reset");
    assert_eq!(grow_all(&db, org), 1);
    assert!(found(&db, org, "nowhere to be found", 10).is_empty());
}
