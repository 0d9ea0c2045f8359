-- The latest requests of which something could not be read, by the index of those alone.
-- $1 gateway or null for all, $2 arrived since, $3 how many.
SELECT id, gateway, route, arrived_at, refused
FROM webhook_requests
WHERE refused IS NOT NULL
  AND ($1::text IS NULL OR gateway = $1)
  AND id >= uuidv7_floor($2)
ORDER BY id DESC
LIMIT $3
