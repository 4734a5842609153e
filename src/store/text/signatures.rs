//! Computes the signatures of blocks from their entries.

use std::collections::BTreeMap;

use crate::model::change::Change;
use crate::model::ranges::ranges;
use crate::model::signature::{SignatureBuilder, full};
use crate::store::calls::OrgId;
use crate::store::column::column_by_id;
use crate::store::entries::StoredEntry;
use crate::store::session::{LeafIds, Session};
use crate::store::text::{BLOCK, block_of};

/// Computes the signatures of some blocks, in order, from the entries that exist now. A block with an entry that cannot
/// be read gets a signature that rejects nothing.
pub(super) async fn signatures<S: Session>(
    db: &S,
    org: OrgId,
    blocks: &[u64],
) -> Result<BTreeMap<u64, Vec<u8>>, S::Error> {
    let mut signatures: BTreeMap<u64, Vec<u8>> = blocks.iter().map(|block| (*block, Vec::new())).collect();
    let mut builder = SignatureBuilder::default();
    for (first, last) in ranges(blocks) {
        let (first_id, last_id) = (first * BLOCK + 1, (last + 1) * BLOCK);
        let mut unread = counts(db, org, first_id, last_id).await?;
        let mut current = first;
        let visit = |entry: &StoredEntry<'_>, _| {
            let block = block_of(entry.id);
            if block != current {
                signatures.insert(current, builder.finish());
                current = block;
            }
            if let Ok(changes) = serde_json::from_str::<Vec<Change>>(entry.changes.0) {
                let on_behalf_of = entry.on_behalf_of.map(|user| &user.user);
                let users = std::iter::once(&entry.user.user).chain(on_behalf_of);
                builder.add_entry((entry.model_name, users, entry.origin_texts()), &changes);
                unread.entry(block).and_modify(|count| *count -= 1);
            }
            Ok(())
        };
        db.visit_leaves(org, LeafIds::Range(first_id, last_id), visit).await?;
        signatures.insert(current, builder.finish());
        let unread = unread.into_iter().filter(|(_, count)| *count != 0);
        signatures.extend(unread.map(|(block, _)| (block, full())));
    }
    Ok(signatures)
}

/// How many entries each block between two ids has.
async fn counts<S: Session>(
    db: &S,
    org: OrgId,
    first: u64,
    last: u64,
) -> Result<BTreeMap<u64, i64>, S::Error> {
    let ids = column_by_id(db, org, "1", (first, last), |_, _| Ok(())).await?;
    let mut counts = BTreeMap::new();
    for (id, ()) in ids {
        *counts.entry(block_of(id)).or_default() += 1;
    }
    Ok(counts)
}
