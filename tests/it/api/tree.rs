//! Checkpoints, tiles and proofs over HTTP: the bytes lead from an entry to the signed root.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use krosyn_audit::api::problem::Code;
use krosyn_audit::api::tree::EntryProof;
use krosyn_audit::model::integrity::checkpoint::Checkpoint;
use krosyn_audit::model::integrity::leaf::LeafRecord;
use krosyn_audit::model::integrity::note::SigningKey;
use krosyn_audit::model::integrity::opening::Opening;
use krosyn_audit::model::integrity::proof::{Proof, root_of_inclusion};
use krosyn_audit::model::integrity::tile::{root_of_path, tile_root};
use krosyn_audit::model::merkle::{Hash, Tree};
use krosyn_audit::model::words::Scope;
use krosyn_audit::server::{SignedCheckpoints, Signer};

use crate::support::entries::{NOW, append, days_ago, recording, recording_at};
use crate::support::stores::organization;
use crate::support::test_server::{Caller, LOGS, TestServer};

/// The checkpoint of a log, whose signature is right.
async fn checkpoint(world: &TestServer, caller: &Caller, log: &str) -> (Checkpoint, String) {
    let answer = caller.get(&format!("{log}/checkpoint")).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let note = answer.text().to_owned();
    let key = world.store.signing_key(NOW).await.expect("a key");
    let verifier = key.verifier(note.lines().next().expect("an origin"));
    (verifier.open(&note).expect("signed"), note)
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    assert!(rest.is_empty());
    hashes.iter().map(|hash| Hash(*hash)).collect()
}

#[tokio::test]
async fn tiles_lead_from_the_entries_to_the_checkpoint() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    append(&world.store, world.org, (0..300).map(|n| recording(&n.to_string()))).await;
    let (checkpoint, _) = checkpoint(&world, &admin, LOGS).await;
    assert_eq!(checkpoint.size, 300);
    let tile = async |path: &str| admin.get(&format!("{LOGS}/tile/{path}")).await.expect(200).body;
    let (full, partial) = (hashes(&tile("0/000").await), hashes(&tile("0/001.p/44").await));
    assert_eq!(hashes(&tile("1/000.p/1").await), [tile_root(&full)]);
    let mut tree = Tree::default();
    full.iter().chain(&partial).for_each(|leaf| tree.push(*leaf));
    assert_eq!(tree.root(), checkpoint.root);

    let (records, openings) = (tile("entries/001.p/44").await, tile("openings/001.p/44").await);
    assert_eq!((records.len(), openings.len()), (44 * 99, 44 * 20));
    let listed = admin.list("after_id=256&limit=44").await.json();
    for (at, hash) in partial.iter().enumerate() {
        let record = &records[at * 99..][..99];
        assert_eq!(record[..2], [0, 97]);
        let record = LeafRecord::from_bytes(record[2..].try_into().expect("97 bytes")).expect("a record");
        assert_eq!((record.hash(), record.index), (*hash, 256 + at as u64));
        let opening = &openings[at * 20..][..20];
        let Opening::Kept(seed) = Opening::from_bytes(opening[..17].try_into().expect("17")).expect("kind")
        else {
            panic!("{at} is there")
        };
        assert_eq!(opening[17..], hash.0[..3]);
        let entry: krosyn_audit::model::entry::Entry =
            serde_json::from_value(listed["data"][at].clone()).expect("an entry");
        assert_eq!(LeafRecord::of(&entry.parts(), &seed, record.tile_latest), record);
    }
}

#[tokio::test]
async fn a_tile_without_entries_is_gone_and_its_short_form_has_its_root() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    append(&world.store, world.org, (0..300).map(|_| recording_at("1", days_ago(100)))).await;
    append(&world.store, world.org, [recording("2")]).await;
    let before = checkpoint(&world, &admin, LOGS).await;
    let root = hashes(&admin.get(&format!("{LOGS}/tile/1/000.p/1")).await.expect(200).body);
    admin.post(&format!("{LOGS}/prune"), &serde_json::json!({})).await.expect(200);
    assert_eq!(checkpoint(&world, &admin, LOGS).await, before, "a prune changes nothing");
    for path in ["entries/000", "openings/000", "0/000", "0/000.p/3"] {
        let answer = admin.get(&format!("{LOGS}/tile/{path}")).await;
        answer.refused(Code::Pruned, "every entry of this tile");
    }
    let collapsed = admin.get(&format!("{LOGS}/tile/collapsed/000")).await.expect(200).body;
    assert_eq!((collapsed.len(), collapsed[0]), (1 + 97 + 8 * 32, 0));
    let record = LeafRecord::from_bytes(collapsed[1..98].try_into().expect("97 bytes")).expect("a record");
    let path: [Hash; 8] = hashes(&collapsed[98..]).try_into().expect("eight hashes");
    assert_eq!([root_of_path(record.hash(), 255, &path)], root[..]);
    assert!(record.index == 255 && record.tile_latest == days_ago(100));
    let openings = admin.get(&format!("{LOGS}/tile/openings/001.p/45")).await.expect(200).body;
    let kinds: Vec<_> = openings.chunks(20).map(|opening| opening[0]).collect();
    assert_eq!((kinds[0], kinds[43], kinds[44]), (0, 0, 1));
    admin.get(&format!("{LOGS}/7/proof")).await.refused(Code::Pruned, "every entry of this tile");
    let deleted: EntryProof = admin.get(&format!("{LOGS}/299/proof")).await.expect(200).read();
    assert!(deleted.entry.is_none(), "its record is still there");
}

#[tokio::test]
async fn a_proof_leads_to_a_signed_root() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    append(&world.store, world.org, (0..600).map(|n| recording(&n.to_string()))).await;
    for id in [1, 256, 257, 512, 513, 600] {
        let answer: EntryProof = admin.get(&format!("{LOGS}/{id}/proof")).await.expect(200).read();
        let entry = answer.entry.expect("it is there");
        assert_eq!(entry.id, id);
        let bytes = |text: &str| STANDARD.decode(text).expect("base64");
        let record: [u8; 97] = bytes(&answer.record).try_into().expect("97 bytes");
        let record = LeafRecord::from_bytes(&record).expect("a record");
        let opening: [u8; 17] = bytes(&answer.opening).try_into().expect("17 bytes");
        let Ok(Opening::Kept(seed)) = Opening::from_bytes(&opening) else { panic!("{opening:?}") };
        assert_eq!(LeafRecord::of(&entry.parts(), &seed, record.tile_latest), record);
        let proof: Proof = answer.proof.parse().expect("a proof");
        let (checkpoint, note) = checkpoint(&world, &admin, LOGS).await;
        assert_eq!((&proof.checkpoint, proof.index), (&note, id - 1));
        let root = root_of_inclusion(record.hash(), id - 1, checkpoint.size, &proof.path);
        assert_eq!(root, Some(checkpoint.root));
    }
    admin.get(&format!("{LOGS}/601/proof")).await.refused(Code::NotFound, "no entry has this id");
    admin.get(&format!("{LOGS}/0/proof")).await.refused(Code::NotFound, "no entry has this id");
}

#[tokio::test]
async fn paths_of_no_tile_are_404() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    append(&world.store, world.org, (0..300).map(|_| recording("1"))).await;
    checkpoint(&world, &admin, LOGS).await;
    for path in [
        "0/001",
        "0/001.p/45",
        "0/002.p/1",
        "0/1",
        "0/x000/000",
        "00/000",
        "1/000",
        "1/000.p/2",
        "2/000.p/1",
        "64/000",
        "x/000",
        "entries/001",
        "entries/001.p/0",
        "entries/-1",
        "openings/",
        "collapsed/000.p/1",
        "other/000",
        "0",
        "collapsed/x999/x999/x999/x999/x999/x999/999",
        "9/x999/x999/x999/x999/x999/x999/999",
    ] {
        admin.get(&format!("{LOGS}/tile/{path}")).await.refused(Code::NotFound, "the tree has no such tile");
    }
    assert!(admin.get(&format!("{LOGS}/tile/collapsed/000")).await.expect(200).body.is_empty());
}

#[tokio::test]
async fn each_log_of_each_organization_has_its_own_tree() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let other = organization(&world.store, "other").await;
    let stranger = world.caller(other, "stranger", &[Scope::Read, Scope::Trail]).await;
    append(&world.store, world.org, [recording("1"), recording("2")]).await;
    append(&world.store, world.org.trail(), [recording("3")]).await;
    let audit = checkpoint(&world, &admin, LOGS).await.0;
    let trail = checkpoint(&world, &admin, "/api/v1/trail").await.0;
    assert_eq!(audit.size, 2);
    assert!(trail.size >= 1 && audit.origin.ends_with("/audit") && trail.origin.ends_with("/trail"));
    let (theirs, _) = checkpoint(&world, &stranger, LOGS).await;
    assert_eq!((theirs.size, theirs.root), (0, Hash::of(&[])));
    assert_ne!(theirs.origin, audit.origin);
    stranger.get(&format!("{LOGS}/1/proof")).await.refused(Code::NotFound, "no entry has this id");
    stranger.get(&format!("{LOGS}/tile/0/000.p/2")).await.refused(Code::NotFound, "no such tile");
}

#[tokio::test]
async fn a_key_in_a_file_signs_no_second_root_for_a_size() {
    let directory = tempfile::tempdir().expect("a directory");
    let key = Arc::new(SigningKey::generate().expect("a key"));
    let signed = SignedCheckpoints::open(&directory.path().join("signed"), &key).expect("opens");
    let signer = Signer { key, signed: Arc::new(signed) };
    let world = TestServer::in_a_file_with(|settings, _| settings.signer = Some(signer.clone())).await;
    let admin = world.admin().await;
    let note = async || admin.get(&format!("{LOGS}/checkpoint")).await.expect(200).text().to_owned();
    append(&world.store, world.org, (0..300).map(|n| recording(&n.to_string()))).await;
    let first = note().await;
    append(&world.store, world.org, [recording("301")]).await;
    let second = note().await;
    assert_eq!([&first, &second].map(|note| note.lines().nth(1).expect("a size").to_owned()), ["300", "301"]);
    let file = rusqlite::Connection::open(world.directory().join("audit.db")).expect("opens");
    let forget = "UPDATE trees SET size = 0, leaves = NULL, tile_latest = NULL, checkpoint = NULL; DELETE FROM tree_hashes";
    // The same tree made again is signed again.
    file.execute_batch(forget).expect("forgotten");
    assert_eq!(note().await, second);
    // An entry was changed, and its tree was made again: verifiers get the checkpoint that the entries contradict.
    let forged = format!(
        "UPDATE org_heads SET unchecked = head; UPDATE entries SET checksum = NULL; \
         UPDATE entries SET reason = 'forged' WHERE key = {}; {forget}",
        (1_i64 << 40) + 7
    );
    file.execute_batch(&forged).expect("changed");
    append(&world.store, world.org, [recording("302")]).await;
    assert_eq!(note().await, second);
    admin.get(&format!("{LOGS}/7/proof")).await.expect(500);
}
