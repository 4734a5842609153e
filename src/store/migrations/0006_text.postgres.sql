-- 0006 text: an index that tells which blocks of 256 entries cannot contain a searched text. The same number and name
-- stand for SQLite.

-- One row a log: how many blocks are indexed. Each prune adds one to the generation, so that signatures computed from
-- entries that were deleted meanwhile are not stored.
CREATE TABLE text_indexes (
    org_id BIGINT PRIMARY KEY,
    blocks BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    -- The version of the signatures. Others are built again.
    version BIGINT NOT NULL
) WITH (fillfactor = 50);

-- The signatures of single blocks, until there are enough for a group. Block 0 has the entries 1 to 256.
CREATE TABLE text_blocks (
    org_id BIGINT NOT NULL,
    block BIGINT NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (org_id, block)
);

-- Groups of 64 blocks (level 1) and of 512 (level 2), whose signatures have `parts` bytes each.
CREATE TABLE text_groups (
    org_id BIGINT NOT NULL,
    level BIGINT NOT NULL,
    position BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    PRIMARY KEY (org_id, level, position)
);

-- One byte of the signature of each block of a group. Parts of zeros only are left out.
CREATE TABLE text_parts (
    org_id BIGINT NOT NULL,
    level BIGINT NOT NULL,
    position BIGINT NOT NULL,
    part BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (org_id, level, position, part)
);

-- Blocks of which entries were pruned, until their signatures are computed again.
CREATE TABLE text_stale (
    org_id BIGINT NOT NULL,
    block BIGINT NOT NULL,
    PRIMARY KEY (org_id, block)
);

-- Signatures do not compress.
ALTER TABLE text_blocks ALTER COLUMN signature SET STORAGE EXTERNAL;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        PERFORM create_distributed_table('text_indexes', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('text_blocks', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('text_groups', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('text_parts', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('text_stale', 'org_id', colocate_with => 'org_heads');
    END IF;
END
$$;

INSERT INTO text_indexes (org_id, blocks, generation, version) SELECT org_id, 0, 0, 0 FROM org_heads;
