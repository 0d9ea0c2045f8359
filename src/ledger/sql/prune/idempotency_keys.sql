-- Deletes up to $2 idempotency keys from before $1.
--   doomed  found by the index of created_at; what another server deletes at this moment is skipped,
--           so that neither waits for the other
DELETE FROM idempotency_keys
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys AS doomed
    WHERE created_at < $1
    ORDER BY created_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
))
