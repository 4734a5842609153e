-- 0001 entries: organizations, tokens, users, entries, prunes and leases.
-- Times are microseconds since 1970-01-01T00:00:00Z. The same number and name stand for PostgreSQL.

CREATE TABLE organizations (
    org_id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    plan TEXT NOT NULL,
    floor TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- The highest id given out. Pruned ids stay used because the head never falls.
CREATE TABLE org_heads (
    org_id INTEGER PRIMARY KEY REFERENCES organizations,
    head INTEGER NOT NULL
) STRICT;

-- A token is found by the first eight bytes of its SHA-256; the whole hash is then compared in constant time.
CREATE TABLE tokens (
    org_id INTEGER NOT NULL REFERENCES organizations,
    name TEXT NOT NULL,
    lookup INTEGER NOT NULL,
    hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (org_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_lookup ON tokens (lookup);

-- Each snapshot of a user once. Filters by user look through these few rows and not through the entries.
CREATE TABLE users (
    org_id INTEGER NOT NULL REFERENCES organizations,
    user_ref INTEGER NOT NULL,
    snapshot TEXT NOT NULL,
    PRIMARY KEY (org_id, user_ref),
    UNIQUE (org_id, snapshot)
) STRICT, WITHOUT ROWID;

-- key is org_id * 2^40 + id: the rowid itself, so that an organization's entries lie together in id order and every
-- index ends in the id without storing it twice.
CREATE TABLE entries (
    key INTEGER PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES organizations,
    uuid BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    action INTEGER NOT NULL,
    model_type INTEGER NOT NULL,
    model_id TEXT NOT NULL,
    model_name TEXT,
    user_ref INTEGER NOT NULL,
    via INTEGER,
    ip TEXT,
    user_agent TEXT,
    request_id TEXT,
    reason TEXT,
    changes TEXT NOT NULL
) STRICT;
CREATE INDEX entries_by_time ON entries (org_id, occurred_at);
CREATE UNIQUE INDEX entries_by_uuid ON entries (org_id, uuid);
CREATE INDEX entries_by_resource ON entries (org_id, model_type, model_id, occurred_at);
CREATE INDEX entries_by_user ON entries (org_id, user_ref, occurred_at);
CREATE INDEX entries_by_request ON entries (org_id, request_id) WHERE request_id IS NOT NULL;

CREATE TABLE prunes (
    org_id INTEGER NOT NULL REFERENCES organizations,
    prune_id INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    by TEXT NOT NULL,
    cutoff INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    PRIMARY KEY (org_id, prune_id)
) STRICT, WITHOUT ROWID;

-- Which prune took which ids, so that an id that is gone can say when and by which prune.
CREATE TABLE pruned_ids (
    org_id INTEGER NOT NULL REFERENCES organizations,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    prune_id INTEGER NOT NULL,
    PRIMARY KEY (org_id, first_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    org_id INTEGER NOT NULL REFERENCES organizations,
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, name)
) STRICT, WITHOUT ROWID;
