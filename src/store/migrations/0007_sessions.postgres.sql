-- 0007 sessions: sessions of the page, and one-time links that become sessions. The same number and name stand for SQLite.

CREATE TABLE sessions (
    -- SHA-256 of the session's id, or of the link's code.
    hash BYTEA NOT NULL PRIMARY KEY,
    is_link BOOLEAN NOT NULL,
    -- SHA-256 of the token that signed in: the session ends with it.
    token_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        PERFORM create_reference_table('sessions');
    END IF;
END
$$;
