-- 0008 holds: filters of entries that no prune may delete. The same number and name stand for SQLite.

-- Neither a hold nor its release is ever deleted, so a name is given once.
CREATE TABLE holds (
    org_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- A query string, as in a request for entries. It reads no values and searches no text.
    filter TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    released_at BIGINT,
    released_by TEXT,
    release_reason TEXT,
    PRIMARY KEY (org_id, name)
);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        PERFORM create_distributed_table('holds', 'org_id', colocate_with => 'org_heads');
    END IF;
END
$$;
