-- Gateways' calls, as they arrived.
-- $1 to $9 columns. The child of the ring follows from the time of arrival, so that an attempt whose
-- outcome nobody knew and its repetition are one row.
INSERT INTO webhook_requests (
    slot, gateway, id, route, method, path_and_query, headers, body, arrived_at, refused)
SELECT floor(extract(epoch FROM arrived_at) / 86400)::bigint % 36,
       gateway, id, route, method, path_and_query, headers, body, arrived_at, refused
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) AS request (
    gateway, id, route, method, path_and_query, headers, body, arrived_at, refused)
-- In the order of the key, as every writer does.
ORDER BY gateway, id
ON CONFLICT DO NOTHING
