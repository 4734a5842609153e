//! Signatures of many blocks side by side: reads, merges and writes them.

use crate::model::signature::{common_length, fits};
use crate::store::calls::OrgId;
use crate::store::codes::{hex, json};
use crate::store::session::{Columns, Session, optional, values};

/// How many blocks a group of each level has. Level 0 is a single block.
pub(super) const SPANS: [u64; 3] = [1, 64, 512];
/// How many parts of a group one statement writes.
const PARTS_A_STATEMENT: usize = 512;

/// The signatures of the blocks of a group. Row `n` has byte `n` of each signature.
#[derive(Clone)]
pub(super) struct Matrix {
    /// The number of blocks.
    pub(super) width: usize,
    /// The rows, concatenated; empty if every signature is empty.
    pub(super) bytes: Vec<u8>,
}

impl Matrix {
    /// One signature.
    pub(super) const fn of_block(signature: Vec<u8>) -> Self {
        Self { width: 1, bytes: signature }
    }

    pub(super) fn parts(&self) -> usize {
        self.bytes.len() / self.width
    }

    /// The signatures of all children side by side, each child of the same width.
    fn merged(children: &[Self], parts: usize, width: usize) -> Self {
        let mut merged = Self { width, bytes: vec![0; parts * width] };
        let mut at = 0;
        for child in children {
            merged.add(child, at);
            at += child.width;
        }
        merged
    }

    /// Adds the bits of a child at a column. It is folded or repeated to the length of this matrix.
    fn add(&mut self, child: &Self, at: usize) {
        let (own, parts) = (self.parts(), child.parts());
        if parts == 0 || own == 0 {
            return;
        }
        for part in 0..own.max(parts) {
            let into = part % own * self.width + at;
            let from = part % parts * child.width;
            let (into, from) =
                (&mut self.bytes[into..into + child.width], &child.bytes[from..from + child.width]);
            into.iter_mut().zip(from).for_each(|(byte, more)| *byte |= more);
        }
    }

    /// Replaces the signature in a column.
    pub(super) fn replace(&mut self, at: usize, signature: Vec<u8>) {
        self.bytes.iter_mut().skip(at).step_by(self.width).for_each(|byte| *byte = 0);
        self.add(&Self::of_block(signature), at);
    }

    fn row(&self, part: usize) -> &[u8] {
        &self.bytes[part * self.width..(part + 1) * self.width]
    }
}

/// Reads a group.
pub(super) async fn read<S: Session>(
    db: &S,
    org: OrgId,
    level: usize,
    position: u64,
) -> Result<Matrix, S::Error> {
    let width = SPANS[level] as usize;
    let (level, mut matrix) = (level as u64, Matrix { width, bytes: Vec::new() });
    let sql = "SELECT parts FROM text_groups WHERE org_id = ?1 AND level = ?2 AND position = ?3";
    let parts = optional(db, sql, values![org, level, position], |row| row.unsigned(0)).await?;
    let Some(parts) = parts else { return Ok(matrix) };
    matrix.bytes = vec![0; parts as usize * width];
    let sql = "SELECT part, bytes FROM text_parts WHERE org_id = ?1 AND level = ?2 AND position = ?3";
    db.visit(sql, values![org, level, position], |row: &dyn Columns| {
        let (part, bytes) = (row.unsigned(0)? as usize, row.bytes_or_null(1)?.unwrap_or_default());
        let to = matrix.bytes.chunks_mut(width).nth(part);
        to.into_iter().flatten().zip(bytes).for_each(|(to, byte)| *to = *byte);
        Ok(())
    })
    .await?;
    Ok(matrix)
}

/// Stores a group, or deletes it if all of its signatures are empty. Only rows that differ from `stored` are written.
pub(super) async fn write<S: Session>(
    db: &S,
    org: OrgId,
    (level, position): (usize, u64),
    matrix: &Matrix,
    stored: Option<&Matrix>,
) -> Result<(), S::Error> {
    let level = level as u64;
    if matrix.bytes.iter().all(|byte| *byte == 0) {
        return delete(db, org, level, position).await;
    }
    if stored.is_none() {
        let sql = "INSERT INTO text_groups (org_id, level, position, parts) VALUES (?1, ?2, ?3, ?4)";
        db.run(sql, values![org, level, position, matrix.parts() as u64]).await?;
    }
    let differs = |part: &usize| match stored {
        Some(stored) => stored.row(*part) != matrix.row(*part),
        None => matrix.row(*part).iter().any(|byte| *byte != 0),
    };
    let parts: Vec<usize> = (0..matrix.parts()).filter(differs).collect();
    let [open, close] = S::DIALECT.from_hex;
    let sql = format!(
        "INSERT INTO text_parts (org_id, level, position, part, bytes) SELECT ?1, CAST(?2 AS BIGINT), \
         CAST(?3 AS BIGINT), CAST(value->>0 AS BIGINT), {open}value->>1{close} FROM {}(?4) AS parts WHERE true \
         ON CONFLICT (org_id, level, position, part) DO UPDATE SET bytes = excluded.bytes",
        S::DIALECT.json_elements
    );
    for parts in parts.chunks(PARTS_A_STATEMENT) {
        let rows: Vec<_> = parts.iter().map(|part| (part, hex(matrix.row(*part)))).collect();
        db.run(&sql, values![org, level, position, &json(&rows)]).await?;
    }
    Ok(())
}

async fn delete<S: Session>(db: &S, org: OrgId, level: u64, position: u64) -> Result<(), S::Error> {
    for table in ["text_groups", "text_parts"] {
        let sql = format!("DELETE FROM {table} WHERE org_id = ?1 AND level = ?2 AND position = ?3");
        db.run(&sql, values![org, level, position]).await?;
    }
    Ok(())
}

/// Merges the blocks or groups below a group that has just become full.
pub(super) async fn merge<S: Session>(
    db: &S,
    org: OrgId,
    level: usize,
    position: u64,
) -> Result<(), S::Error> {
    let (below, count) = (level - 1, SPANS[level] / SPANS[level - 1]);
    let first = position * count;
    let mut children = Vec::new();
    if below == 0 {
        children.resize_with(count as usize, || Matrix::of_block(Vec::new()));
        let sql = "SELECT block, signature FROM text_blocks WHERE org_id = ?1 AND block >= ?2 AND block < ?3";
        db.visit(sql, values![org, first, first + count], |row: &dyn Columns| {
            let signature = row.bytes_or_null(1)?.unwrap_or_default().to_vec();
            children[(row.unsigned(0)? - first) as usize] = Matrix::of_block(signature);
            Ok(())
        })
        .await?;
    } else {
        for position in first..first + count {
            children.push(read(db, org, below, position).await?);
            delete(db, org, below as u64, position).await?;
        }
    }
    let lengths: Vec<_> = children.iter().map(Matrix::parts).filter(|parts| *parts > 0).collect();
    let Some(longest) = lengths.iter().max() else { return Ok(()) };
    let mut parts = common_length(lengths.iter().copied());
    if below == 0 {
        let mut merged = Vec::new();
        for (block, child) in (first..).zip(&mut children).filter(|(_, child)| !child.bytes.is_empty()) {
            match fits(&child.bytes, parts) {
                true => merged.push([block]),
                // The signature stays where it is, by itself.
                false => child.bytes.clear(),
            }
        }
        delete_blocks(db, org, "text_blocks", &merged).await?;
    } else {
        parts = parts.max(longest / 4);
    }
    let merged = Matrix::merged(&children, parts, SPANS[level] as usize);
    write(db, org, (level, position), &merged, None).await
}

/// Deletes the rows of these blocks from a table.
pub(super) async fn delete_blocks<S: Session>(
    db: &S,
    org: OrgId,
    table: &str,
    blocks: &[[u64; 1]],
) -> Result<(), S::Error> {
    let sql = format!(
        "DELETE FROM {table} WHERE org_id = ?1 AND block IN \
         (SELECT CAST(value->>0 AS BIGINT) FROM {}(?2) AS blocks)",
        S::DIALECT.json_elements
    );
    db.run(&sql, values![org, &json(&blocks)]).await?;
    Ok(())
}

/// Stores the signature of a block by itself.
pub(super) async fn insert_block<S: Session>(
    db: &S,
    org: OrgId,
    block: u64,
    signature: &[u8],
) -> Result<(), S::Error> {
    let sql = "INSERT INTO text_blocks (org_id, block, signature) VALUES (?1, ?2, ?3)";
    db.run(sql, values![org, block, signature]).await?;
    Ok(())
}

/// The level and the position of the group that an indexed block belongs to. Blocks that are not in a group yet have
/// level and position 0.
pub(super) fn place_of(block: u64, blocks: u64) -> (usize, u64) {
    let is_full = |level: &usize| (block / SPANS[*level] + 1) * SPANS[*level] <= blocks;
    (1..SPANS.len()).rev().find(is_full).map_or((0, 0), |level| (level, block / SPANS[level]))
}
