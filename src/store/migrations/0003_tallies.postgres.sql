-- 0003 tallies: how many entries there are, so that counting does not read them. The same number and name stand for
-- SQLite.

-- Entries up to this id are in the tallies; those behind it are few, and counted one by one.
ALTER TABLE org_heads ADD COLUMN tallied BIGINT NOT NULL DEFAULT 0;

-- Days are counted since 1970-01-01 in UTC; -1 is all of them together. An entry without a channel has via -1. Half of
-- each page stays free for its rows' new versions.
CREATE TABLE tallies (
    org_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    model_type SMALLINT NOT NULL,
    action SMALLINT NOT NULL,
    via SMALLINT NOT NULL,
    user_ref BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (org_id, day, model_type, action, via, user_ref)
) WITH (fillfactor = 50);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
        PERFORM create_distributed_table('tallies', 'org_id', colocate_with => 'org_heads');
    END IF;
END
$$;

INSERT INTO tallies (org_id, day, model_type, action, via, user_ref, count)
SELECT org_id, occurred_at / 86400000000, model_type, action, coalesce(via, -1::smallint), user_ref, count(*)
FROM entries GROUP BY 1, 2, 3, 4, 5, 6;
INSERT INTO tallies (org_id, day, model_type, action, via, user_ref, count)
SELECT org_id, -1, model_type, action, via, user_ref, sum(count)::bigint FROM tallies GROUP BY 1, 3, 4, 5, 6;
UPDATE org_heads SET tallied = head;
