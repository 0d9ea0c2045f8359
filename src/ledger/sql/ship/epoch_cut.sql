-- Where a new epoch cuts the outbox, in one statement and so by one snapshot. $1: the newest epoch.
--
-- 1. The epoch that ends, and what of it was verified.
WITH ending AS (
    SELECT foreign_through, covered_through FROM epochs WHERE epoch = $1
)
SELECT pg_current_snapshot()::text AS snapshot,
-- 2. Rows that can be read here although the snapshot does not know their transaction: another
--    cluster's. A row of a transaction that is under way cannot be read, and its id is larger than
--    theirs, since ids go on where a dump ended: it is in a later window.
       greatest(ending.foreign_through, (
           SELECT coalesce(max(id), 0)
           FROM outbox
           WHERE id > ending.foreign_through
               AND NOT pg_visible_in_snapshot(xid, pg_current_snapshot())
       )) AS foreign_through,
       ending.foreign_through AS foreign_before,
       ending.covered_through AS covered_before,
-- 3. What the ending epoch began with.
       (SELECT snapshot::text FROM windows WHERE epoch = $1 AND number = 0) AS covered_snapshot
FROM ending
