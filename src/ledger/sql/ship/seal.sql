-- Seals a window: one row, from one snapshot. $1 boundary, $2 split_bytes, $3 format_version.
--
-- 1. The seal before, as this statement's snapshot sees it: so that snapshot is the later one. No
--    lock is waited for, since a statement that did would go on with the snapshot from before.
-- 2. None if that seal is for this boundary already, or for a later one; unless that one has not come: the
--    clock was ahead and was set back, and facts would wait until it is there again.
-- 3. A sealer that lost the race finds the number taken, and changes nothing.
-- sealed_at never goes back, even if the clock does: it orders the manifests in the lake.
INSERT INTO windows (epoch, number, snapshot, boundary, sealed_at, split_bytes, format_version)
SELECT previous.epoch,
       previous.number + 1,
       pg_current_snapshot(),
       $1,
       greatest(clock_timestamp(), previous.sealed_at),
       $2,
       $3
FROM (
    SELECT epoch, number, boundary, sealed_at
    FROM windows
    WHERE epoch = (SELECT max(epoch) FROM epochs)
    ORDER BY number DESC
    LIMIT 1
) AS previous
WHERE previous.boundary < $1
   OR (previous.boundary <> $1 AND previous.boundary > clock_timestamp() + INTERVAL '1 minute')
ON CONFLICT (epoch, number) DO NOTHING
RETURNING epoch, number
