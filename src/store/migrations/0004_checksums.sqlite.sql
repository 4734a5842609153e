-- 0004 checksums: each entry with its user has one, compared on every read. PostgreSQL has data checksums of its own.

ALTER TABLE entries ADD COLUMN checksum INTEGER;
-- Entries up to this id were stored without one.
ALTER TABLE org_heads ADD COLUMN unchecked INTEGER NOT NULL DEFAULT 0;
UPDATE org_heads SET unchecked = head;
