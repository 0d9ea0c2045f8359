-- The oldest window that is shipped and not verified, with its manifest's key. Windows are verified
-- in order, so the search ends at the last that was (an empty one is from the start, and is passed
-- over).
SELECT epoch, number, manifest_key, row_count
FROM shipped_windows
WHERE epoch = (SELECT max(epoch) FROM epochs)
    AND manifest_key IS NOT NULL
    AND number > coalesce((
        SELECT number
        FROM shipped_windows
        WHERE epoch = (SELECT max(epoch) FROM epochs)
            AND manifest_key IS NOT NULL AND verified_at IS NOT NULL
        ORDER BY number DESC
        LIMIT 1
    ), 0)
ORDER BY number
LIMIT 1
