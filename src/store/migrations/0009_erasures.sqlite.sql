-- 0009 erasures: erasures of people, and what the tree needs of the entries that no longer name them. The same number and
-- name stand for PostgreSQL.

CREATE TABLE erasures (
    org_id INTEGER NOT NULL REFERENCES organizations,
    erasure_id INTEGER NOT NULL,
    -- Random; it replaces the person.
    label TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    with_id INTEGER NOT NULL,
    also_values INTEGER NOT NULL,
    -- How many entries had each part erased.
    actors INTEGER NOT NULL,
    contents INTEGER NOT NULL,
    -- Who is erased, as JSON: needed to resume an interrupted erasure, and null once nothing names them any more.
    person TEXT,
    PRIMARY KEY (org_id, erasure_id)
) STRICT, WITHOUT ROWID;

-- The entries of either log of which a part was erased. They have no seed.
CREATE TABLE erased (
    org_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    -- The opening: its kind, and the salt of the part that was kept.
    opening BLOB NOT NULL,
    -- The commitments to the two parts, as they were recorded.
    actor BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
