-- Links by their numbers. $1 the numbers, $2 the smallest of them, $3 the largest: the bounds add nothing
-- to the meaning, they let the planner pass over other partitions.
SELECT number, message_id, code, target_url, fallback_url, expires_at
FROM links
WHERE number = ANY ($1) AND number BETWEEN $2 AND $3
