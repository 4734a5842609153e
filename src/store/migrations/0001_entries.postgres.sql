-- 0001 entries: organizations, tokens, users, entries, prunes and leases.
-- Times are microseconds since 1970-01-01T00:00:00Z. The same number and name stand for SQLite.
--
-- The organization is first in every key of whatever grows, so that Citus can distribute all of it by organization and
-- answer each statement on one node. There are no foreign keys: nothing here is ever deleted from under something
-- else, and a check for each entry would be paid for by every recorder.

-- Few rows, read with each request and written by operators: on Citus each node holds them whole.
CREATE TABLE organizations (
    org_id BIGINT PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL UNIQUE,
    plan TEXT NOT NULL,
    floor TEXT,
    created_at BIGINT NOT NULL
);

-- A token is found by the first eight bytes of its SHA-256; the whole hash is then compared in constant time.
CREATE TABLE tokens (
    org_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    lookup BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (org_id, name)
);
CREATE INDEX tokens_by_lookup ON tokens (lookup);

-- The highest id given out. Pruned ids stay used because the head never falls. Whoever records holds this row until
-- the commit, which is what makes ids gapless and commit-ordered. Half of each page stays free for its new versions.
CREATE TABLE org_heads (
    org_id BIGINT PRIMARY KEY,
    head BIGINT NOT NULL
) WITH (fillfactor = 50);

-- Each snapshot of a user once, found by its SHA-256, for a snapshot may be longer than an index takes.
CREATE TABLE users (
    org_id BIGINT NOT NULL,
    user_ref BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    snapshot TEXT NOT NULL,
    PRIMARY KEY (org_id, user_ref),
    UNIQUE (org_id, digest)
);

-- One partition a month, made ahead and on demand; what happened before 2015 has one together. The head row makes
-- (org_id, id) unique; the key holds occurred_at because a partitioned table's must.
-- Texts are bytes where a recorder may send U+0000, which TEXT cannot hold; bytes also need no collation, so that no
-- upgrade of the C library can break an index.
CREATE TABLE entries (
    org_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    user_ref BIGINT NOT NULL,
    uuid UUID NOT NULL,
    action SMALLINT NOT NULL,
    model_type SMALLINT NOT NULL,
    via SMALLINT,
    model_id BYTEA NOT NULL,
    model_name BYTEA,
    ip BYTEA,
    user_agent BYTEA,
    request_id BYTEA,
    reason BYTEA,
    changes TEXT NOT NULL,
    PRIMARY KEY (org_id, id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX entries_by_time ON entries (org_id, occurred_at, id);
CREATE INDEX entries_by_resource ON entries (org_id, model_type, model_id, occurred_at);
CREATE INDEX entries_by_user ON entries (org_id, user_ref, occurred_at);
CREATE INDEX entries_by_request ON entries (org_id, request_id) WHERE request_id IS NOT NULL;
CREATE TABLE entries_early PARTITION OF entries FOR VALUES FROM (MINVALUE) TO (1420070400000000);

-- Where the entry of a uuid is. A table of its own, because a key that is unique over all months needs one.
CREATE TABLE entry_keys (
    org_id BIGINT NOT NULL,
    uuid UUID NOT NULL,
    id BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, uuid)
);

CREATE TABLE prunes (
    org_id BIGINT NOT NULL,
    prune_id BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    by TEXT NOT NULL,
    cutoff BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    first_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    complete BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, prune_id)
);

-- Which prune took which ids, so that an id that is gone can say when and by which prune.
CREATE TABLE pruned_ids (
    org_id BIGINT NOT NULL,
    first_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    prune_id BIGINT NOT NULL,
    PRIMARY KEY (org_id, first_id)
);
CREATE INDEX pruned_ids_by_end ON pruned_ids (org_id, prune_id, last_id);

CREATE TABLE leases (
    org_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    holder TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, name)
);

-- On Citus everything that grows is distributed by organization, and an organization's rows lie on one node.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        PERFORM create_reference_table('organizations');
        PERFORM create_reference_table('tokens');
        PERFORM create_distributed_table('org_heads', 'org_id');
        PERFORM create_distributed_table('users', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('entries', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('entry_keys', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('prunes', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('pruned_ids', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('leases', 'org_id', colocate_with => 'org_heads');
    END IF;
END
$$;
