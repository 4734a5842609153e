-- 0003 tallies: how many entries there are, so that counting does not read them. The same number and name stand for
-- PostgreSQL.

-- Entries up to this id are in the tallies; those behind it are few, and counted one by one.
ALTER TABLE org_heads ADD COLUMN tallied INTEGER NOT NULL DEFAULT 0;

-- Days are counted since 1970-01-01 in UTC; -1 is all of them together. An entry without a channel has via -1.
CREATE TABLE tallies (
    org_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    model_type INTEGER NOT NULL,
    action INTEGER NOT NULL,
    via INTEGER NOT NULL,
    user_ref INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (org_id, day, model_type, action, via, user_ref)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies (org_id, day, model_type, action, via, user_ref, count)
SELECT org_id, occurred_at / 86400000000, model_type, action, coalesce(via, -1), user_ref, count(*)
FROM entries GROUP BY 1, 2, 3, 4, 5, 6;
INSERT INTO tallies (org_id, day, model_type, action, via, user_ref, count)
SELECT org_id, -1, model_type, action, via, user_ref, sum(count) FROM tallies GROUP BY 1, 3, 4, 5, 6;
UPDATE org_heads SET tallied = head;
