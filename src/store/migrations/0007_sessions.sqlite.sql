-- 0007 sessions: sessions of the page, and one-time links that become sessions. The same number and name stand for PostgreSQL.

CREATE TABLE sessions (
    -- SHA-256 of the session's id, or of the link's code.
    hash BLOB NOT NULL PRIMARY KEY,
    is_link INTEGER NOT NULL,
    -- SHA-256 of the token that signed in: the session ends with it.
    token_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
