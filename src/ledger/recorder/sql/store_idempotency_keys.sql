-- Answers, stored with what they tell of.
-- $1 API keys, $2 idempotency keys, $3 payload hashes, $4 HTTP statuses, $5 bodies, $6 now.
INSERT INTO idempotency_keys (api_key_id, key, payload_hash, status, body, created_at)
SELECT api_key_id, key, payload_hash, status, body, $6
FROM unnest($1, $2, $3, $4, $5) AS answer (api_key_id, key, payload_hash, status, body)
ORDER BY api_key_id, key
