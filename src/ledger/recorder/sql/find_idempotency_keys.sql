-- Answers already given under these keys.
-- $1 API keys, $2 idempotency keys.
SELECT stored.api_key_id, stored.key, stored.payload_hash, stored.status, stored.body
FROM unnest($1, $2) AS wanted (api_key_id, key)
JOIN idempotency_keys AS stored USING (api_key_id, key)
