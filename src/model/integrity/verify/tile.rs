//! Judges the leaves of a tile: each entry must match its record, or a recorded prune must explain its absence.

use crate::model::integrity::leaf::{EntryParts, LeafRecord, Part};
use crate::model::integrity::opening::Opening;
use crate::model::integrity::tile_content::StoredLeaf;
use crate::model::integrity::verify::fault::{Fault, FaultKind};
use crate::model::integrity::verify::rules::Rules;
use crate::model::integrity::verify::verdict::Verdict;
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
                let erasure = judge_erased(leaf, entry, rules).map_err(fault)?;
                *verdict.erased.entry(erasure).or_default() += 1;
            }
            (Opening::Deleted, None) if record.is_protected => match rules.prune_of(id, record.occurred_at) {
                Some(prune) => *verdict.expired.entry(prune.prune).or_default() += 1,
                None => return Err(fault(rules.fault_of(id, record.occurred_at))),
            },
            (Opening::Deleted, None) => count_unprotected(id, rules, 1, verdict)?,
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

/// Judges an entry of which a part was erased: the other part must match its record, and a recorded erasure must explain the
/// erased one. Returns the number of that erasure.
fn judge_erased(leaf: &StoredLeaf, entry: &EntryParts<'_>, rules: &Rules) -> Result<u64, FaultKind> {
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

/// Judges a tile whose entries were all deleted, by the record of its last leaf.
pub(super) fn judge_collapsed(
    record: &LeafRecord,
    rules: &Rules,
    verdict: &mut Verdict,
) -> Result<(), Fault> {
    let (first, last) = (record.id() - 255, record.id());
    // Every entry of the tile was deleted before the tree was built, so its records state no time.
    if record.tile_latest == Timestamp::MIN && !record.is_protected {
        return count_unprotected(last, rules, 256, verdict)
            .map_err(|fault| Fault::range(first, fault.last, fault.kind));
    }
    let Some(prune) = rules.prune_of(last, record.tile_latest) else {
        return Err(Fault::range(first, last, rules.fault_of(last, record.tile_latest)));
    };
    *verdict.expired.entry(prune.prune).or_default() += 256;
    Ok(())
}

/// Counts entries that were deleted before the log had a tree. `unprotected_through` explains them. If a prune of the trail
/// deleted the entry that states it, any prune whose `as_of` is not below their ids explains them.
fn count_unprotected(last: u64, rules: &Rules, count: u64, verdict: &mut Verdict) -> Result<(), Fault> {
    if last > rules.unprotected_through && rules.prune_of(last, Timestamp::MIN).is_none() {
        return Err(Fault::range(last, last, FaultKind::Missing));
    }
    verdict.unprotected += count;
    Ok(())
}
