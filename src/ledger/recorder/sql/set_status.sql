-- Statuses that changed; others leave their rows untouched.
-- $1 message ids, $2 statuses, $3 the smallest id, $4 the largest.
UPDATE messages
SET status = new.status
FROM unnest($1, $2) AS new (id, status)
WHERE messages.id = new.id
  AND messages.id BETWEEN $3 AND $4
  AND messages.status IS DISTINCT FROM new.status
