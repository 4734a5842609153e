//! Leaf records: their bytes, what they cover, and fixed vectors, which `tests/integrity/vectors.py` computes as well.

use serde::Deserialize;
use uuid::Uuid;

use super::*;
use crate::model::integrity::checkpoint::{Checkpoint, origin};
use crate::model::merkle::Tree;
use crate::model::words::{Action, Log, ModelType, UserKind};

#[derive(Deserialize)]
struct Vectors {
    organization: Uuid,
    leaves: Vec<Vector>,
    checkpoint: String,
}

#[derive(Deserialize)]
struct Vector {
    index: Option<u64>,
    seed: Option<String>,
    entry: Option<serde_json::Value>,
    changes: Option<String>,
    actor: Option<String>,
    content: Option<String>,
    record: String,
    leaf: Hash,
    root: Hash,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn canonical(part: Part, entry: &EntryParts<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    part.canonical(entry, &mut |more| bytes.extend_from_slice(more));
    bytes
}

fn entry(vector: &Vector) -> Option<Entry> {
    let entry = vector.entry.as_ref()?.to_string();
    let changes = vector.changes.as_deref().expect("changes");
    let text = format!("{},\"changes\":{changes}}}", entry.strip_suffix('}').expect("an object"));
    Some(serde_json::from_str(&text).expect("an entry"))
}

#[test]
fn the_encoding_is_that_of_the_vectors() {
    let text = include_str!("../../../../testdata/integrity/leaves.json");
    let vectors: Vectors = serde_json::from_str(text).expect("vectors");
    let (mut tile_latest, mut tree) = (Timestamp::MIN, Tree::default());
    for vector in &vectors.leaves {
        let record = match entry(vector) {
            None => LeafRecord::unprotected(vector.index.expect("an index"), tile_latest),
            Some(entry) => {
                let seed = vector.seed.as_deref().expect("a seed");
                let seed = u128::from_str_radix(seed, 16).expect("16 bytes").to_be_bytes();
                let (parts, view) = (entry.parts(), entry.view());
                assert_eq!(Some(hex(&canonical(Part::Actor, &parts))), vector.actor);
                assert_eq!(Some(hex(&canonical(Part::Content, &view.parts()))), vector.content);
                LeafRecord::of(&parts, &Seed(seed), tile_latest)
            }
        };
        tile_latest = record.tile_latest;
        tree.push(record.hash());
        assert_eq!(hex(&record.to_bytes()), vector.record);
        assert_eq!(LeafRecord::from_bytes(&record.to_bytes()), Ok(record));
        assert_eq!((record.hash(), tree.root()), (vector.leaf, vector.root));
    }
    let origin = origin(vectors.organization, Log::Audit);
    let checkpoint = Checkpoint { origin, size: vectors.leaves.len() as u64, root: tree.root() };
    assert_eq!(checkpoint.to_string(), vectors.checkpoint);
}

const fn example() -> EntryParts<'static> {
    Entry {
        id: 7,
        uuid: Uuid::from_u128(9),
        occurred_at: Timestamp::MIN,
        recorded_at: Timestamp::MAX,
        action: Action::Updated,
        model_type: ModelType::Secret,
        model_id: "id",
        model_name: Some("name"),
        user: User {
            id: Some("7"),
            email: Some("e"),
            name: Some("n"),
            role: Some("r"),
            kind: UserKind::User,
        },
        on_behalf_of: None,
        context: RequestContext {
            via: Some(Via::Web),
            ip: Some("ip"),
            user_agent: Some("ua"),
            request_id: Some("r"),
        },
        reason: Some("why"),
        changes: "[]",
    }
}

/// Each change of an entry changes its record, and of the two commitments only that of its part.
#[test]
fn a_record_covers_every_field() {
    type Change = fn(&mut EntryParts<'static>);
    let seed = Seed([1; 16]);
    let record = |entry: &EntryParts<'_>| LeafRecord::of(entry, &seed, Timestamp::MIN);
    let same = record(&example());
    let times: [Change; 3] = [
        |entry| entry.id = 8,
        |entry| entry.occurred_at = Timestamp::MAX,
        |entry| entry.recorded_at = Timestamp::MIN,
    ];
    let actor: [Change; 10] = [
        |entry| entry.on_behalf_of = Some(entry.user.clone()),
        |entry| entry.user.id = None,
        |entry| entry.user.email = Some("f"),
        |entry| entry.user.name = Some(""),
        |entry| entry.user.role = None,
        |entry| entry.user.kind = UserKind::Service,
        |entry| entry.context.ip = None,
        |entry| entry.context.user_agent = Some("ub"),
        // A text that moves from one field to the next.
        |entry| (entry.context.ip, entry.context.user_agent) = (Some("i"), Some("pua")),
        |entry| (entry.user.email, entry.user.name) = (Some("n"), Some("e")),
    ];
    let content: [Change; 10] = [
        |entry| entry.uuid = Uuid::from_u128(8),
        |entry| entry.action = Action::Created,
        |entry| entry.model_type = ModelType::Member,
        |entry| entry.model_id = "",
        |entry| entry.model_name = None,
        |entry| entry.context.via = None,
        |entry| entry.context.request_id = Some("s"),
        |entry| entry.reason = Some("wh"),
        |entry| entry.reason = None,
        |entry| entry.changes = "[ ]",
    ];
    for change in times {
        let mut entry = example();
        change(&mut entry);
        let changed = record(&entry);
        assert_ne!(changed, same);
        assert_eq!((changed.actor, changed.content), (same.actor, same.content));
    }
    for change in actor {
        let mut entry = example();
        change(&mut entry);
        assert_eq!(record(&entry), LeafRecord { actor: record(&entry).actor, ..same }, "{entry:?}");
        assert_ne!(record(&entry).actor, same.actor, "{entry:?}");
    }
    for change in content {
        let mut entry = example();
        change(&mut entry);
        assert_eq!(record(&entry), LeafRecord { content: record(&entry).content, ..same }, "{entry:?}");
        assert_ne!(record(&entry).content, same.content, "{entry:?}");
    }
    let other = LeafRecord::of(&example(), &Seed([2; 16]), Timestamp::MIN);
    assert!(other.actor != same.actor && other.content != same.content, "the seed hides both parts");
}

#[test]
fn tile_latest_never_goes_back() {
    let record = |latest| LeafRecord::of(&example(), &Seed([0; 16]), latest).tile_latest;
    assert_eq!(record(Timestamp::MIN), example().occurred_at);
    assert_eq!(record(Timestamp::MAX), Timestamp::MAX);
}

#[test]
fn bytes_that_no_record_has_are_refused() {
    let record = LeafRecord::of(&example(), &Seed([0; 16]), Timestamp::MIN).to_bytes();
    let unprotected = LeafRecord::unprotected(6, Timestamp::MAX).to_bytes();
    assert!(LeafRecord::from_bytes(&record).is_ok() && LeafRecord::from_bytes(&unprotected).is_ok());
    for (from, at, byte) in [
        (record, 0, 2),
        (record, 0, 0),
        (record, 9, 255),
        (record, 25, 127),
        (unprotected, 16, 1),
        (unprotected, 96, 1),
    ] {
        let mut bytes = from;
        bytes[at] = byte;
        assert!(LeafRecord::from_bytes(&bytes).is_err(), "{at}");
    }
}
