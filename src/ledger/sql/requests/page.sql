-- Kept requests of a gateway in the order of arrival, by the primary key.
-- $1 gateway, $2 from, $3 before, $4 the last one that was read or null, $5 how many.
SELECT id, gateway, route, method, path_and_query, headers, body, arrived_at, refused
FROM webhook_requests
WHERE gateway = $1
  AND id >= uuidv7_floor($2)
  AND id < uuidv7_floor($3)
  AND id > coalesce($4, '00000000-0000-0000-0000-000000000000'::uuid)
ORDER BY id
LIMIT $5
