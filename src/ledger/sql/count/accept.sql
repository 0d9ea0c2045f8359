-- An operator accepts that the window $1, $2 is not counted, or counted otherwise than its manifest
-- says: the difference stays, and no longer holds the outbox. Not before the lake was read back.
UPDATE shipped_windows
SET counted_at = now(), uncounted = 'accepted'
WHERE epoch = $1 AND number = $2 AND counted_at IS NULL
    AND (verified_at IS NOT NULL OR manifest_key IS NULL)
