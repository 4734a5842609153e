//! The proof of one entry, which can be checked without its server: the entry, its leaf record and what opens it, and the
//! path from the leaf to a signed checkpoint.

use crate::model::entry::Entry;
use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::leaf::{LeafRecord, Part};
use crate::model::integrity::note::{NoteError, VerifierKey};
use crate::model::integrity::opening::Opening;
use crate::model::integrity::proof::{Proof, root_of_inclusion};

/// Why a proof does not prove its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryProofError {
    /// The checkpoint is not accepted.
    #[error("its checkpoint: {0}")]
    Note(#[from] NoteError),
    /// The path does not lead to the checkpoint.
    #[error("its leaf record is not in the log that the checkpoint signs")]
    Path,
    /// The entry is not what the record says.
    #[error("the entry was changed: it is not what its leaf record says")]
    Entry,
    /// The opening does not fit to the entry.
    #[error("it cannot be opened: the entry or what opens its commitments is missing")]
    Opening,
}

/// Checks a proof; returns the checkpoint that signs it.
///
/// # Errors
/// [`EntryProofError`].
pub fn check(
    entry: Option<&Entry>,
    (record, opening): (&LeafRecord, &Opening),
    proof: &Proof,
    key: &VerifierKey,
) -> Result<Checkpoint, EntryProofError> {
    let checkpoint = key.open(&proof.checkpoint)?;
    let root = root_of_inclusion(record.hash(), proof.index, checkpoint.size, &proof.path);
    if root != Some(checkpoint.root) || record.index != proof.index {
        return Err(EntryProofError::Path);
    }
    match (entry, opening) {
        (None, Opening::Deleted) => Ok(checkpoint),
        (Some(entry), Opening::Kept(_) | Opening::Erased { .. } | Opening::BothErased) => {
            let parts = entry.parts();
            let is_part = |part: Part, commitment| {
                opening.salt(part).is_none_or(|salt| part.commitment(&parts, &salt) == commitment)
            };
            let is_same = (entry.id, entry.occurred_at, entry.recorded_at)
                == (record.id(), record.occurred_at, record.recorded_at)
                && is_part(Part::Actor, record.actor)
                && is_part(Part::Content, record.content);
            if is_same { Ok(checkpoint) } else { Err(EntryProofError::Entry) }
        }
        _ => Err(EntryProofError::Opening),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::integrity::leaf::Seed;
    use crate::model::integrity::note::SigningKey;
    use crate::model::integrity::tile::tile_root;
    use crate::model::merkle::leaf_hash;
    use crate::model::timestamp::Timestamp;

    const ENTRY: &str = r#"{"id":2,"uuid":"01934b2e-7c1a-7e2e-9d53-0c9f3f1a2b4c","occurred_at":"2026-11-22T08:14:07.412033Z",
        "recorded_at":"2026-11-22T08:14:07.415870Z","action":"updated","model_type":"connector","model_id":"4",
        "user":{"id":"7","kind":"user"},"context":{"via":"web"},"reason":"INC","changes":[{"field":"n","old":1.10,"new":2e0}]}"#;

    #[test]
    fn a_proof_holds_for_its_entry_only() {
        let entry: Entry = serde_json::from_str(ENTRY).expect("an entry");
        let key = SigningKey::from_secret(&[7; 32]).expect("a key");
        let seed = Seed([9; 16]);
        let record = LeafRecord::of(&entry.parts(), &seed, Timestamp::MAX);
        let before = leaf_hash(b"another leaf");
        let root = tile_root(&[before, record.hash()]);
        let checkpoint = Checkpoint { origin: "log".to_owned(), size: 2, root };
        let proof = Proof { index: 1, path: vec![before], checkpoint: key.sign(&checkpoint) };
        let verifier = key.verifier("log");
        let opening = Opening::Kept(seed);
        let checked = |entry: Option<&Entry>, record: &LeafRecord, opening: &Opening| {
            check(entry, (record, opening), &proof, &verifier)
        };
        assert_eq!(checked(Some(&entry), &record, &opening), Ok(checkpoint.clone()));
        assert_eq!(checked(None, &record, &Opening::Deleted), Ok(checkpoint));
        assert_eq!(checked(None, &record, &opening), Err(EntryProofError::Opening));
        assert_eq!(checked(Some(&entry), &record, &Opening::Deleted), Err(EntryProofError::Opening));
        let other = LeafRecord { tile_latest: Timestamp::MIN, ..record };
        assert_eq!(checked(Some(&entry), &other, &opening), Err(EntryProofError::Path));
        for (from, to) in
            [("INC", "INX"), ("\"id\":2", "\"id\":3"), ("web", "api"), ("1.10", "1.1"), (".412", ".413")]
        {
            let changed: Entry = serde_json::from_str(&ENTRY.replacen(from, to, 1)).expect("an entry");
            assert_eq!(checked(Some(&changed), &record, &opening), Err(EntryProofError::Entry), "{to}");
        }
        let mut erased = entry;
        erased.user.id = None;
        let salt = seed.salt(Part::Content);
        assert!(checked(Some(&erased), &record, &Opening::Erased { kept: Part::Content, salt }).is_ok());
        erased.reason = None;
        let opening = Opening::Erased { kept: Part::Content, salt };
        assert_eq!(checked(Some(&erased), &record, &opening), Err(EntryProofError::Entry));
        assert!(checked(Some(&erased), &record, &Opening::BothErased).is_ok());
        let other = SigningKey::from_secret(&[8; 32]).expect("a key").verifier("log");
        let note = check(None, (&record, &Opening::Deleted), &proof, &other);
        assert_eq!(note, Err(EntryProofError::Note(NoteError::OtherKey)));
    }
}
