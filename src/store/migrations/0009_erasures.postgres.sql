-- 0009 erasures: erasures of people, and what the tree needs of the entries that no longer name them. The same number and
-- name stand for SQLite.

CREATE TABLE erasures (
    org_id BIGINT NOT NULL,
    erasure_id BIGINT NOT NULL,
    -- Random; it replaces the person.
    label TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    with_id BOOLEAN NOT NULL,
    also_values BOOLEAN NOT NULL,
    -- How many entries had each part erased.
    actors BIGINT NOT NULL,
    contents BIGINT NOT NULL,
    -- Who is erased, as JSON: needed to resume an interrupted erasure, and null once nothing names them any more.
    person TEXT,
    PRIMARY KEY (org_id, erasure_id)
);

-- The entries of either log of which a part was erased. They have no seed.
CREATE TABLE erased (
    org_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    -- The opening: its kind, and the salt of the part that was kept.
    opening BYTEA NOT NULL,
    -- The commitments to the two parts, as they were recorded.
    actor BYTEA NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (org_id, id)
);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        PERFORM create_distributed_table('erasures', 'org_id', colocate_with => 'org_heads');
        PERFORM create_distributed_table('erased', 'org_id', colocate_with => 'org_heads');
    END IF;
END
$$;
