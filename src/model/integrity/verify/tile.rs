//! Judges the leaves of a tile: every entry must be what its record says, or be missing for a reason.

use crate::model::integrity::leaf::{EntryParts, LeafRecord, Part};
use crate::model::integrity::opening::Opening;
use crate::model::integrity::verify::fault::{Fault, FaultKind};
use crate::model::integrity::verify::rules::Rules;
use crate::model::integrity::verify::verdict::{StoredLeaf, Verdict};
use crate::model::timestamp::Timestamp;

/// Judges the leaves of a tile that begins with the entry `first`. `entries` are those that the server lists, by id.
pub(super) fn judge(
    first: u64,
    leaves: &[StoredLeaf],
    entries: &[EntryParts<'_>],
    rules: &Rules,
    verdict: &mut Verdict,
) -> Result<(), Fault> {
    let mut entries = entries.iter().peekable();
    let mut latest = Timestamp::MIN;
    for (id, leaf) in (first..).zip(leaves) {
        let fault = |kind| Fault::range(id, id, kind);
        let entry = entries.next_if(|entry| entry.id == id);
        let StoredLeaf { record, opening, .. } = leaf;
        let tile_latest = if record.is_protected { latest.max(record.occurred_at) } else { latest };
        if record.id() != id || record.tile_latest != tile_latest {
            return Err(fault(FaultKind::Record));
        }
        match (opening, entry) {
            (Opening::Kept(seed), Some(entry)) => {
                if LeafRecord::of(entry, seed, latest) != *record {
                    return Err(fault(FaultKind::Changed));
                }
                verdict.unchanged += 1;
            }
            (Opening::Erased { .. } | Opening::BothErased, Some(entry)) => {
                let erasure = erased(leaf, entry, rules).map_err(fault)?;
                *verdict.erased.entry(erasure).or_default() += 1;
            }
            (Opening::Deleted, None) if record.is_protected => match rules.prune_of(id, record.occurred_at) {
                Some(prune) => *verdict.expired.entry(prune.prune).or_default() += 1,
                None => return Err(fault(rules.fault_of(id, record.occurred_at))),
            },
            (Opening::Deleted, None) => unprotected(id, rules, 1, verdict)?,
            (Opening::Deleted, Some(_)) => return Err(fault(FaultKind::Inserted)),
            (Opening::Kept(_) | Opening::Erased { .. } | Opening::BothErased, None) => {
                return Err(fault(FaultKind::Hidden));
            }
        }
        latest = tile_latest;
    }
    match entries.next() {
        None => Ok(()),
        Some(entry) => Err(Fault::range(entry.id, entry.id, FaultKind::Inserted)),
    }
}

/// Judges an entry of which a part was erased: what is left must be as it was recorded, and an erasure must have taken the
/// rest. Returns the number of that erasure.
fn erased(leaf: &StoredLeaf, entry: &EntryParts<'_>, rules: &Rules) -> Result<u64, FaultKind> {
    let StoredLeaf { record, opening, .. } = leaf;
    if (entry.occurred_at, entry.recorded_at) != (record.occurred_at, record.recorded_at) {
        return Err(FaultKind::Changed);
    }
    let mut erasure = None;
    for (part, commitment) in [(Part::Actor, record.actor), (Part::Content, record.content)] {
        match opening.salt(part) {
            Some(salt) if part.commitment(entry, &salt) != commitment => return Err(FaultKind::Changed),
            Some(_) => {}
            None => erasure = Some(rules.erasures.of(record.id(), part).ok_or(FaultKind::Erased)?),
        }
    }
    if opening.is_erased(Part::Actor) && !rules.erasures.is_shown_in(entry) {
        return Err(FaultKind::Changed);
    }
    erasure.ok_or(FaultKind::Erased)
}

/// Judges a tile of which every entry was deleted, by the record of its last leaf.
pub(super) fn judge_collapsed(
    record: &LeafRecord,
    rules: &Rules,
    verdict: &mut Verdict,
) -> Result<(), Fault> {
    let (first, last) = (record.id() - 255, record.id());
    // No entry of the tile had a time when the tree was built.
    if record.tile_latest == Timestamp::MIN && !record.is_protected {
        return unprotected(last, rules, 256, verdict)
            .map_err(|fault| Fault::range(first, fault.last, fault.kind));
    }
    let Some(prune) = rules.prune_of(last, record.tile_latest) else {
        return Err(Fault::range(first, last, rules.fault_of(last, record.tile_latest)));
    };
    *verdict.expired.entry(prune.prune).or_default() += 256;
    Ok(())
}

/// Counts entries that were deleted before the log had a tree. The trail may have lost the entry that says up to which id
/// there were any; then a later prune would have deleted them as well.
fn unprotected(last: u64, rules: &Rules, count: u64, verdict: &mut Verdict) -> Result<(), Fault> {
    if last > rules.unprotected_through && rules.prune_of(last, Timestamp::MIN).is_none() {
        return Err(Fault::range(last, last, FaultKind::Missing));
    }
    verdict.unprotected += count;
    Ok(())
}
