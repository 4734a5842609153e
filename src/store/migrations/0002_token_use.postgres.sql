-- 0002 token use: who made a token, and when it was last used. The same number and name stand for SQLite.

-- Nothing is known of the makers of older tokens.
ALTER TABLE tokens ADD COLUMN created_by TEXT;
-- Written in batches: up to a minute behind.
ALTER TABLE tokens ADD COLUMN last_used_at BIGINT;
