-- 0005 integrity: the trail, trees of hashes over both logs, and whom an entry was made for. The same number and name
-- stand for PostgreSQL.

-- Names an organization in checkpoints, wherever its log is stored. A random UUID (version 4).
ALTER TABLE organizations ADD COLUMN uuid BLOB;
UPDATE organizations SET uuid = unhex(printf('%s4%s8%s', substr(hex(randomblob(6)), 1, 12), substr(hex(randomblob(2)), 1, 3),
    substr(hex(randomblob(8)), 1, 15)));

-- The trail of an organization is a log of its own, whose number is the organization's number, negated.
INSERT INTO organizations (org_id, slug, plan, floor, created_at, uuid)
SELECT -org_id, slug || '/trail', plan, NULL, created_at, uuid FROM organizations;
INSERT INTO org_heads (org_id, head) SELECT org_id, 0 FROM organizations WHERE org_id < 0;

-- 16 random bytes from which the salts of an entry's commitments are derived. Entries of older schemas get theirs when
-- they are added to the tree.
ALTER TABLE entries ADD COLUMN seed BLOB;

-- The user for whom another acted.
ALTER TABLE entries ADD COLUMN on_behalf_ref INTEGER;
CREATE INDEX entries_by_on_behalf ON entries (org_id, on_behalf_ref, occurred_at) WHERE on_behalf_ref IS NOT NULL;

-- One row a log: how many entries its tree has, and the latest signed checkpoint.
CREATE TABLE trees (
    org_id INTEGER PRIMARY KEY REFERENCES organizations,
    size INTEGER NOT NULL,
    -- The leaf hashes of the last tile, until it is full, and the latest occurred_at in it.
    leaves BLOB,
    tile_latest INTEGER,
    checkpoint TEXT,
    -- Entries up to this id were recorded before the log had a tree.
    unprotected INTEGER NOT NULL
) STRICT;
INSERT INTO trees (org_id, size, unprotected) SELECT org_id, 0, head FROM org_heads;

-- The root of each full subtree of 256, 256^2, … entries. Level 1 is the hash of a tile of entries.
CREATE TABLE tree_hashes (
    org_id INTEGER NOT NULL,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    -- On level 1, three bytes of each leaf hash: they tell which entry of a tile was changed, and prove nothing.
    hints BLOB,
    PRIMARY KEY (org_id, level, position)
) STRICT, WITHOUT ROWID;

-- The leaf record of a deleted entry, while its tile has other entries.
CREATE TABLE tombstones (
    org_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

-- A tile of which every entry was deleted: its last leaf record, and the eight hashes that lead from it to the tile's.
CREATE TABLE collapsed_tiles (
    org_id INTEGER NOT NULL,
    tile INTEGER NOT NULL,
    record BLOB NOT NULL,
    path BLOB NOT NULL,
    PRIMARY KEY (org_id, tile)
) STRICT, WITHOUT ROWID;

-- The Ed25519 key that signs checkpoints, unless the server has it in a file.
CREATE TABLE signing_keys (
    key_id INTEGER PRIMARY KEY,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
