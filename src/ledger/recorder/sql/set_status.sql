-- Statuses that changed; others leave their rows untouched.
-- $1 message ids, $2 statuses, $3 the smallest id, $4 the largest.
UPDATE messages
SET status = new.status
FROM unnest($1, $2) AS new (id, status)
WHERE messages.id = new.id
-- 1. Said again as a list, or a plan that is made once for all arguments may read every message between
--    the bounds, for which it reckons with a two-hundredth of the table.
  AND messages.id = ANY ($1)
-- 2. The bounds let the planner pass over other partitions.
  AND messages.id BETWEEN $3 AND $4
  AND messages.status IS DISTINCT FROM new.status
