-- 0005 integrity: the trail, trees of hashes over both logs, and whom an entry was made for. The same number and name
-- stand for SQLite.

-- Names an organization in checkpoints, wherever its log is stored. Citus refuses a volatile function in an UPDATE of a
-- table that each node holds.
ALTER TABLE organizations ADD COLUMN uuid UUID;
DO $$
DECLARE
    number BIGINT;
    random UUID;
BEGIN
    FOR number IN SELECT org_id FROM organizations LOOP
        random := gen_random_uuid();
        UPDATE organizations SET uuid = random WHERE org_id = number;
    END LOOP;
END
$$;

-- The trail of an organization is a log of its own, whose number is the organization's number, negated.
INSERT INTO organizations (org_id, slug, plan, floor, created_at, uuid)
SELECT -org_id, slug || '/trail', plan, NULL, created_at, uuid FROM organizations;
INSERT INTO org_heads (org_id, head) SELECT org_id, 0 FROM organizations WHERE org_id < 0;

-- 16 random bytes from which the salts of an entry's commitments are derived. Entries of older schemas get theirs when
-- they are added to the tree.
ALTER TABLE entries ADD COLUMN seed BYTEA;

-- The user for whom another acted.
ALTER TABLE entries ADD COLUMN on_behalf_ref BIGINT;
CREATE INDEX entries_by_on_behalf ON entries (org_id, on_behalf_ref, occurred_at) WHERE on_behalf_ref IS NOT NULL;

-- One row a log: how many entries its tree has, and the latest signed checkpoint.
CREATE TABLE trees (
    org_id BIGINT PRIMARY KEY,
    size BIGINT NOT NULL,
    -- The leaf hashes of the last tile, until it is full, and the latest occurred_at in it.
    leaves BYTEA,
    tile_latest BIGINT,
    checkpoint TEXT,
    -- Entries up to this id were recorded before the log had a tree.
    unprotected BIGINT NOT NULL
) WITH (fillfactor = 50);

-- The root of each full subtree of 256, 256^2, … entries. Level 1 is the hash of a tile of entries.
CREATE TABLE tree_hashes (
    org_id BIGINT NOT NULL,
    level BIGINT NOT NULL,
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    -- On level 1, three bytes of each leaf hash: they tell which entry of a tile was changed, and prove nothing.
    hints BYTEA,
    PRIMARY KEY (org_id, level, position)
);

-- The leaf record of a deleted entry, while its tile has other entries.
CREATE TABLE tombstones (
    org_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    record BYTEA NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- A tile of which every entry was deleted: its last leaf record, and the eight hashes that lead from it to the tile's.
CREATE TABLE collapsed_tiles (
    org_id BIGINT NOT NULL,
    tile BIGINT NOT NULL,
    record BYTEA NOT NULL,
    path BYTEA NOT NULL,
    PRIMARY KEY (org_id, tile)
);

-- The Ed25519 key that signs checkpoints, unless the server has it in a file.
CREATE TABLE signing_keys (
    key_id BIGINT PRIMARY KEY,
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        PERFORM create_reference_table('signing_keys');
        PERFORM create_distributed_table('trees', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('tree_hashes', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('tombstones', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('collapsed_tiles', 'org_id', colocate_with => 'org_heads');
    END IF;
END
$$;

INSERT INTO trees (org_id, size, unprotected) SELECT org_id, 0, head FROM org_heads;
