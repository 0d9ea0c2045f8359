-- Deletes up to $2 fingerprints of inbound messages from before $1.
--   doomed  found by the index of seen_at; what another server deletes at this moment is skipped, so
--           that neither waits for the other
DELETE FROM seen_facts
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM seen_facts AS doomed
    WHERE seen_at < $1
    ORDER BY seen_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
))
