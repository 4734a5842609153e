//! The tree of a log: checkpoints, tiles (C2SP `tlog-tiles`) and proofs. Verifiers compute everything else from them.

use axum::extract::{Path, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api::problem::Code;
use crate::api::problems::ScopeProblems;
use crate::api::tree::EntryProof;
use crate::model::integrity::proof::{Proof, inclusion_tiles};
use crate::model::integrity::tile::{TILE, TileId, Tiles, read_position};
use crate::model::integrity::tile_content::{CollapsedTile, StoredLeaf};
use crate::model::merkle::Hash;
use crate::server::auth::{Caller, CanRead, CanReadTrail, ReadScope};
use crate::server::body::NoParameters;
use crate::server::error::ApiError;
use crate::server::reads;
use crate::server::state::Server;
use crate::server::tree_job::Latest;
use crate::store::error::StoreError;
use crate::store::{Lookup, StoredTile};

const TEXT: &str = "text/plain; charset=utf-8";
const BINARY: &str = "application/octet-stream";

/// Returns a signed checkpoint of all entries of the audit log.
#[utoipa::path(
    get, path = crate::api::routes::CHECKPOINT, operation_id = "checkpoint", security(("bearer" = ["read"])),
    responses(
        (status = 200, description = "A signed note (C2SP signed-note) with a checkpoint (C2SP tlog-checkpoint)", body = String, content_type = "text/plain"),
        ScopeProblems,
    ))]
pub(crate) async fn checkpoint(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    _: NoParameters,
) -> Result<Response, ApiError> {
    sign(&server, &caller).await
}

/// Returns a signed checkpoint of all entries of the trail.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL_CHECKPOINT, operation_id = "trail_checkpoint", security(("bearer" = ["trail"])),
    responses(
        (status = 200, description = "A signed note (C2SP signed-note) with a checkpoint (C2SP tlog-checkpoint)", body = String, content_type = "text/plain"),
        ScopeProblems,
    ))]
pub(crate) async fn trail_checkpoint(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    _: NoParameters,
) -> Result<Response, ApiError> {
    sign(&server, &caller).await
}

async fn sign<S: ReadScope>(server: &Server, caller: &Caller<S>) -> Result<Response, ApiError> {
    let (Latest::Current(_, note) | Latest::Refused(note)) =
        server.query(server.trees.checkpoint(&server.store, caller.log())).await?;
    server.responses.respond(caller.key(), TEXT, note.into_bytes())
}

/// Returns a tile of the tree of the audit log.
///
/// `LEVEL/POSITION` are hashes, `entries/POSITION` leaf records, `openings/POSITION` what opens the commitments of entries,
/// and `collapsed/POSITION` the tiles of a group of 256 whose entries are all deleted. docs/integrity.md describes the bytes.
#[utoipa::path(
    get, path = crate::api::routes::TILE, operation_id = "tile", security(("bearer" = ["read"])),
    params(("tile" = String, Path, description = "The tile, such as 0/x001/234, entries/007.p/12 or collapsed/0", example = "entries/000")),
    responses(
        (status = 200, description = "The bytes of the tile", content_type = "application/octet-stream"),
        (status = 404, description = "The tree has no such tile", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        (status = 410, description = "Every entry of the tile was deleted: read collapsed/POSITION", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        ScopeProblems,
    ))]
pub(crate) async fn tile(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    _: NoParameters,
    Path(path): Path<String>,
) -> Result<Response, ApiError> {
    read_tile(&server, &caller, &path).await
}

/// Returns a tile of the tree of the trail.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL_TILE, operation_id = "trail_tile", security(("bearer" = ["trail"])),
    params(("tile" = String, Path, description = "The tile, such as 0/x001/234, entries/007.p/12 or collapsed/0", example = "entries/000")),
    responses(
        (status = 200, description = "The bytes of the tile", content_type = "application/octet-stream"),
        (status = 404, description = "The tree has no such tile", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        (status = 410, description = "Every entry of the tile was deleted: read collapsed/POSITION", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        ScopeProblems,
    ))]
pub(crate) async fn trail_tile(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    _: NoParameters,
    Path(path): Path<String>,
) -> Result<Response, ApiError> {
    read_tile(&server, &caller, &path).await
}

fn no_tile() -> ApiError {
    ApiError::new(Code::NotFound, "the tree has no such tile: docs/integrity.md lists the paths")
}

async fn read_tile<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    path: &str,
) -> Result<Response, ApiError> {
    let (kind, rest) = path.split_once('/').ok_or_else(no_tile)?;
    let bytes = match kind {
        "entries" => of_leaves(server, caller, rest, StoredLeaf::record_bytes).await?,
        "openings" => of_leaves(server, caller, rest, StoredLeaf::opening_bytes).await?,
        "collapsed" => {
            let (group, TILE_WIDTH) = read_position(rest).map_err(|_| no_tile())? else {
                return Err(no_tile());
            };
            let from = group.checked_mul(TILE).filter(|from| *from < u64::MAX / TILE).ok_or_else(no_tile)?;
            let tiles = server.query(server.store.collapsed_tiles(caller.log(), from, from + TILE)).await?;
            tiles.iter().flat_map(CollapsedTile::to_bytes).collect()
        }
        _ => {
            let tile: TileId = path.parse().map_err(|_| no_tile())?;
            match server.query(hashes(server, caller, tile)).await? {
                Some(hashes) => hashes.iter().flat_map(|hash| hash.0).collect(),
                None if tile.level == 0 && has_tile(server, caller, tile).await? => return Err(collapsed()),
                None => return Err(no_tile()),
            }
        }
    };
    server.responses.respond(caller.key(), BINARY, bytes)
}

/// The width of a full tile in its path.
const TILE_WIDTH: u32 = 256;

/// The bytes of each leaf of a tile.
async fn of_leaves<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    path: &str,
    bytes: fn(&StoredLeaf) -> Vec<u8>,
) -> Result<Vec<u8>, ApiError> {
    let (position, width) = read_position(path).map_err(|_| no_tile())?;
    let tile = TileId { level: 0, position, width };
    match server.query(leaves(server, caller, tile)).await? {
        None => Err(no_tile()),
        Some(StoredTile::Collapsed(_)) => Err(collapsed()),
        Some(StoredTile::Leaves(leaves)) => Ok(leaves.iter().flat_map(bytes).collect()),
    }
}

fn collapsed() -> ApiError {
    ApiError::new(Code::Pruned, "every entry of this tile was deleted: read tile/collapsed")
}

/// Whether the tree has this tile.
async fn has_tile<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    tile: TileId,
) -> Result<bool, StoreError> {
    let size = server.store.tree(caller.log()).await?.size;
    Ok(TileId::within(tile.level, tile.position, size).is_some_and(|there| there.width >= tile.width))
}

/// The leaves of a tile; `None` if the tree has no such tile.
async fn leaves<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    tile: TileId,
) -> Result<Option<StoredTile>, StoreError> {
    if !has_tile(server, caller, tile).await? {
        return Ok(None);
    }
    server.store.tile(caller.log(), tile.position, tile.width.into()).await.map(Some)
}

/// The hashes of a tile; `None` if the tree has no such tile, or not any more.
async fn hashes<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    tile: TileId,
) -> Result<Option<Vec<Hash>>, StoreError> {
    if tile.level == 0 {
        return Ok(match leaves(server, caller, tile).await? {
            Some(StoredTile::Leaves(leaves)) => Some(leaves.iter().map(|leaf| leaf.record.hash()).collect()),
            Some(StoredTile::Collapsed(_)) | None => None,
        });
    }
    if !has_tile(server, caller, tile).await? {
        return Ok(None);
    }
    let from = tile.position * TILE;
    server.store.tile_hashes(caller.log(), tile.level, from, from + u64::from(tile.width)).await.map(Some)
}

/// Returns a proof that an entry is in the audit log.
#[utoipa::path(
    get, path = crate::api::routes::PROOF, operation_id = "proof", security(("bearer" = ["read"])),
    params(("id" = u64, Path, description = "The entry")),
    responses(
        (status = 200, description = "The entry, what opens its commitments, and its proof", body = EntryProof),
        (status = 404, description = "No entry has this id", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        (status = 410, description = "Every entry around it was deleted", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        ScopeProblems,
    ))]
pub(crate) async fn proof(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    _: NoParameters,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    prove(&server, &caller, &id).await
}

/// Returns a proof that an entry is in the trail.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL_PROOF, operation_id = "trail_proof", security(("bearer" = ["trail"])),
    params(("id" = u64, Path, description = "The entry")),
    responses(
        (status = 200, description = "The entry, what opens its commitments, and its proof", body = EntryProof),
        (status = 404, description = "No entry has this id", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        (status = 410, description = "Every entry around it was deleted", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        ScopeProblems,
    ))]
pub(crate) async fn trail_proof(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    _: NoParameters,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    prove(&server, &caller, &id).await
}

/// Answers with a proof that an entry is in the log that the caller's scope reads.
pub(in crate::server) async fn prove<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    id: &str,
) -> Result<Response, ApiError> {
    let log = caller.log();
    let missing = || ApiError::new(Code::NotFound, "no entry has this id");
    let id: u64 = id.parse().ok().filter(|it: &u64| *it > 0 && it.to_string() == id).ok_or_else(missing)?;
    let latest = server.query(server.trees.checkpoint(&server.store, log)).await?;
    // The cause is in the server's log.
    let Latest::Current(checkpoint, note) = latest else { return Err(ApiError::internal()) };
    let (index, size) = (id - 1, checkpoint.size);
    let own = TileId::within(0, index / TILE, size).ok_or_else(missing)?;
    let StoredTile::Leaves(leaves) =
        server.query(server.store.tile(log, own.position, own.width.into())).await?
    else {
        return Err(collapsed());
    };
    let leaf = usize::try_from(index % TILE).ok().and_then(|at| leaves.get(at)).ok_or_else(missing)?;
    let mut tiles = Tiles::default();
    tiles.insert(0, own.position, leaves.iter().map(|leaf| leaf.record.hash()).collect());
    for tile in inclusion_tiles(index, size).into_iter().filter(|tile| *tile != own) {
        let hashes = server.query(hashes(server, caller, tile)).await?.ok_or_else(collapsed)?;
        tiles.insert(tile.level, tile.position, hashes);
    }
    let path = tiles.inclusion(index, size).ok_or_else(ApiError::internal)?;
    let entry = match server.store.entry(log, id).await? {
        Lookup::Found(entry) => {
            reads::note_entry(server, caller, id).await?;
            Some(*entry)
        }
        Lookup::Pruned(_) | Lookup::Missing => None,
    };
    let proof = EntryProof {
        entry,
        opening: STANDARD.encode(leaf.opening.to_bytes()),
        record: STANDARD.encode(leaf.record.to_bytes()),
        proof: Proof { index, path, checkpoint: note }.to_string(),
    };
    server.responses.json(caller.key(), &proof)
}
