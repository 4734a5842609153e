-- 0006 text: an index that tells which blocks of 256 entries cannot contain a searched text. The same number and name
-- stand for PostgreSQL.

-- One row a log: how many blocks are indexed. Each prune adds one to the generation, so that signatures computed from
-- entries that were deleted meanwhile are not stored.
CREATE TABLE text_indexes (
    org_id INTEGER PRIMARY KEY REFERENCES organizations,
    blocks INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    -- The version of the signatures. Others are built again.
    version INTEGER NOT NULL
) STRICT;
INSERT INTO text_indexes (org_id, blocks, generation, version) SELECT org_id, 0, 0, 0 FROM org_heads;

-- The signatures of single blocks, until there are enough for a group. Block 0 has the entries 1 to 256.
CREATE TABLE text_blocks (
    org_id INTEGER NOT NULL,
    block INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (org_id, block)
) STRICT, WITHOUT ROWID;

-- Groups of 64 blocks (level 1) and of 512 (level 2), whose signatures have `parts` bytes each.
CREATE TABLE text_groups (
    org_id INTEGER NOT NULL,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (org_id, level, position)
) STRICT, WITHOUT ROWID;

-- One byte of the signature of each block of a group. Parts of zeros only are left out.
CREATE TABLE text_parts (
    org_id INTEGER NOT NULL,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (org_id, level, position, part)
) STRICT, WITHOUT ROWID;

-- Blocks of which entries were pruned, until their signatures are computed again.
CREATE TABLE text_stale (
    org_id INTEGER NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (org_id, block)
) STRICT, WITHOUT ROWID;
