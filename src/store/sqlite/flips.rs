//! Single bits that flip in a file: what is read then is what was stored, or an error.

use std::path::Path;

use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::model::redaction::Redaction;
use crate::model::timestamp::Timestamp;
use crate::store::calls::{Lookup, OrgId, PageRequest};
use crate::store::codes;
use crate::store::database::{Engine, Store};
use crate::store::error::StoreError;
use crate::store::sqlite::SqliteStore;

const NOW: Timestamp = Timestamp::from_micros(1_795_334_400_000_000).expect("a moment");
const ENTRIES: u64 = 60;

fn draft(number: u64) -> Draft {
    let mut recording = serde_json::json!({
        "action": "created", "model_type": "connector", "model_id": number.to_string(),
        "model_name": format!("Connector {number}"), "reason": format!("because of {number}"),
        "user": {"id": (number % 5).to_string(), "name": format!("User {}", number % 5)},
        "occurred_at": format!("2026-11-{:02}T07:00:00Z", 1 + number % 20),
        "context": {"via": "api", "ip": "192.0.2.7", "user_agent": "agent/1.0", "request_id": format!("r{number}")},
        "after": {"status": "active", "limit": number, "note": format!("note {number} ").repeat(20)},
    });
    if number.is_multiple_of(3) {
        recording["on_behalf_of"] = serde_json::json!({"name": format!("Manager {}", number % 4)});
    }
    let proposal = serde_json::from_str(&recording.to_string()).expect("a proposal");
    Draft::prepare(&proposal, &Redaction::default(), NOW).expect("sound")
}

async fn page(store: &Store, org: OrgId, order: Order) -> Result<Vec<Entry>, StoreError> {
    let request = PageRequest::first(Filter::default(), order, 1000);
    let read = store.page(org, request).await?;
    // The answer is JSON in spite of the damage.
    read.entries.list()
}

/// The expected entries, an error, fewer entries, or other entries in their place.
#[derive(PartialEq)]
enum ReadOutcome {
    Correct,
    Error,
    Fewer,
    Wrong(String),
}

async fn read(path: &Path, org: OrgId, expected: &[Entry]) -> Vec<ReadOutcome> {
    let Ok(store) = SqliteStore::open(path).map(|engine| Store::from(Engine::Sqlite(engine))) else {
        return vec![ReadOutcome::Error];
    };
    let mut told = Vec::new();
    for order in [Order::ById, Order::Descending, Order::Ascending] {
        told.push(match page(&store, org, order).await {
            Err(_) => ReadOutcome::Error,
            Ok(mut entries) => {
                entries.sort_by_key(|entry| entry.id);
                if entries == expected {
                    ReadOutcome::Correct
                } else if entries.iter().all(|entry| expected.contains(entry)) {
                    ReadOutcome::Fewer
                } else {
                    let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
                    ReadOutcome::Wrong(format!("{order:?}: {} entries, {ids:?}", entries.len()))
                }
            }
        });
    }
    for entry in expected {
        told.push(match store.entry(org, entry.id).await {
            Err(_) => ReadOutcome::Error,
            Ok(Lookup::Found(found)) if *found == *entry => ReadOutcome::Correct,
            Ok(other) => ReadOutcome::Wrong(format!("{}: {other:?}", entry.id)),
        });
    }
    if told.iter().any(|it| matches!(it, ReadOutcome::Error)) {
        assert!(store.is_damaged() || store.ready().await.is_err(), "damage that was met is noted");
    }
    // An index that lost an entry is found when the store is looked through, as servers do when they start.
    if told.contains(&ReadOutcome::Fewer) && store.check().await.is_ok() {
        told.push(ReadOutcome::Wrong("an entry is missing and the check finds nothing".to_owned()));
    }
    store.close().await;
    told
}

/// Numbers that look random and are the same each time.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[tokio::test]
async fn flipped_bits_are_never_returned_as_entries() {
    let directory = tempfile::tempdir().expect("a directory");
    let whole = directory.path().join("whole.db");
    let store = Store::from(Engine::Sqlite(SqliteStore::open(&whole).expect("a store")));
    let retention = codes::retention("free", None).expect("a plan");
    let org = store.create_organization("acme".to_owned(), retention, NOW).await.expect("made").id;
    store.append(org, (1..=ENTRIES).map(draft).collect(), false).await.expect("appended");
    let expected = page(&store, org, Order::ById).await.expect("read");
    assert_eq!(expected.len() as u64, ENTRIES);
    store.check().await.expect("sound");
    store.close().await;
    let bytes = std::fs::read(&whole).expect("read");

    let path = directory.path().join("flipped.db");
    let (mut state, mut errors, mut fewer, mut wrong) = (7, 0, 0, Vec::new());
    for _ in 0..240 {
        let place = 100 + (next(&mut state) as usize) % (bytes.len() - 100);
        let bit = next(&mut state) % 8;
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << bit;
        for side in ["flipped.db-wal", "flipped.db-shm"] {
            std::fs::remove_file(directory.path().join(side)).unwrap_or(());
        }
        std::fs::write(&path, flipped).expect("written");
        for told in read(&path, org, &expected).await {
            match told {
                ReadOutcome::Correct => {}
                ReadOutcome::Fewer => fewer += 1,
                ReadOutcome::Error => errors += 1,
                ReadOutcome::Wrong(what) => {
                    wrong.push(format!("bit {bit} of {place} (page {}): {what}", place / 4096 + 1))
                }
            }
        }
    }
    assert!(errors > 50, "{errors} errors: the flips hit entries");
    assert!(fewer < errors / 4, "{fewer} pages lack an entry");
    assert_eq!(wrong, Vec::<String>::new());
}
