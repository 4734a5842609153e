-- 0008 holds: filters of entries that no prune may delete. The same number and name stand for PostgreSQL.

-- Neither a hold nor its release is ever deleted, so a name is given once.
CREATE TABLE holds (
    org_id INTEGER NOT NULL REFERENCES organizations,
    name TEXT NOT NULL,
    -- A query string, as in a request for entries. It reads no values and searches no text.
    filter TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    released_at INTEGER,
    released_by TEXT,
    release_reason TEXT,
    PRIMARY KEY (org_id, name)
) STRICT, WITHOUT ROWID;
