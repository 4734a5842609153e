//! Checkpoints of a tree, and the key that signs them.

use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::tile::{TILE, TILE_HEIGHT, hashes_at, tile_root};
use crate::model::merkle::Hash;
use crate::model::timestamp::Timestamp;
use crate::store::calls::OrgId;
use crate::store::session::{Session, optional, values};
use crate::store::tree::leaves;
use crate::store::tree::row::{TreeRow, frontier, organization, row, tile_hashes};
use crate::store::tree_calls::{Roots, StoredTile, TreeState};

/// What a checkpoint of the tree states, and its latest signed checkpoint.
pub(in crate::store) async fn checkpoint<S: Session>(
    db: &S,
    org: OrgId,
) -> Result<(Checkpoint, Option<String>), S::Error> {
    let tree = row(db, org).await?;
    let (size, root) = (tree.state.size, frontier(db, org, &tree).await?.root());
    let origin = org.origin(organization(db, org).await?);
    Ok((Checkpoint { origin, size, root }, tree.state.checkpoint))
}

/// Stores the signed checkpoint of the tree of this size, if it still has it; returns whether it does.
pub(in crate::store) async fn set_checkpoint<S: Session>(
    db: &S,
    org: OrgId,
    size: u64,
    checkpoint: &str,
) -> Result<bool, S::Error> {
    let sql = "UPDATE trees SET checkpoint = ?3 WHERE org_id = ?1 AND size = ?2";
    Ok(db.run(sql, values![org, size, checkpoint]).await? > 0)
}

/// The roots of the tree when it had this size, which must not be larger than now.
pub(in crate::store) async fn roots_at<S: Session>(db: &S, org: OrgId, size: u64) -> Result<Roots, S::Error> {
    let width = size % TILE;
    let full_tiles = root_with(db, org, size - width, Vec::new()).await?;
    if width == 0 {
        return Ok(Roots { root: Some(full_tiles), full_tiles });
    }
    let root = match leaves::tile(db, org, size / TILE, width).await? {
        StoredTile::Collapsed(_) => None,
        StoredTile::Leaves(leaves) => Some(root_with(db, org, size, leaves::hashes(&leaves)).await?),
    };
    Ok(Roots { root, full_tiles })
}

/// The root of the tree when it had this size, with the leaves after its full tiles.
async fn root_with<S: Session>(db: &S, org: OrgId, size: u64, leaves: Vec<Hash>) -> Result<Hash, S::Error> {
    let state = TreeState { size, checkpoint: None, unprotected: 0 };
    Ok(frontier(db, org, &TreeRow { state, leaves, tile_latest: None }).await?.root())
}

/// Whether the stored hashes of two tiles are those of their leaves: of the tile that holds the leaf after the first `from`
/// leaves, and of the last tile. A tree that grew from wrong hashes differs there from the leaves.
pub(in crate::store) async fn has_right_hashes<S: Session>(
    db: &S,
    org: OrgId,
    from: u64,
) -> Result<bool, S::Error> {
    let tree = row(db, org).await?;
    let (size, mut tiles) = (tree.state.size, vec![from / TILE, tree.state.size / TILE]);
    tiles.dedup();
    for tile in tiles {
        let width = size.saturating_sub(tile * TILE).min(TILE);
        if width == 0 {
            continue;
        }
        let stored = match width {
            TILE => tile_hashes(db, org, 1, tile, tile + 1).await?,
            _ => tree.leaves.clone(),
        };
        let found = match leaves::tile(db, org, tile, width).await? {
            StoredTile::Collapsed(collapsed) => vec![collapsed.root()],
            StoredTile::Leaves(leaves) => {
                let hashes = leaves::hashes(&leaves);
                if width == TILE { vec![tile_root(&hashes)] } else { hashes }
            }
        };
        if stored != found {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes the tiles from the one after the first `from` leaves on from a tree of `size` leaves, so that it grows again from the
/// entries. The latest signed checkpoint stays. Returns whether the tree still had that size. Runs in a transaction.
pub(in crate::store) async fn forget_hashes<S: Session>(
    db: &S,
    org: OrgId,
    from: u64,
    size: u64,
) -> Result<bool, S::Error> {
    let kept = from / TILE * TILE;
    let sql = "UPDATE trees SET size = ?3, leaves = NULL, tile_latest = NULL WHERE org_id = ?1 AND size = ?2";
    if db.run(sql, values![org, size, kept]).await? == 0 {
        return Ok(false);
    }
    for level in (1_u32..).take_while(|level| hashes_at(*level, size) > 0) {
        let sql = "DELETE FROM tree_hashes WHERE org_id = ?1 AND level = ?2 AND position >= ?3";
        db.run(sql, values![org, level, kept >> (TILE_HEIGHT * level)]).await?;
    }
    Ok(true)
}

/// The secret of the key that signs checkpoints.
pub(in crate::store) async fn signing_key<S: Session>(db: &S) -> Result<Option<[u8; 32]>, S::Error> {
    optional(db, "SELECT secret FROM signing_keys WHERE key_id = 1", &[], |row| row.hash(0)).await
}

/// Stores the key, unless the store has one; returns the store's key.
pub(in crate::store) async fn store_signing_key<S: Session>(
    db: &S,
    secret: &[u8; 32],
    now: Timestamp,
) -> Result<[u8; 32], S::Error> {
    let sql = "INSERT INTO signing_keys (key_id, secret, created_at) VALUES (1, ?1, ?2) ON CONFLICT (key_id) DO NOTHING";
    db.run(sql, values![secret, now]).await?;
    Ok(signing_key(db).await?.unwrap_or(*secret))
}
