-- The last window such that it and all before it are verified and counted: the one before the first that waits
-- to be, else the last that was shipped. One statement: a window that is confirmed meanwhile is in
-- none of its parts.

-- 1. The last window that was verified. Windows are verified in order.
WITH verified AS (
    SELECT coalesce(max(number), 0) AS number
    FROM shipped_windows
    WHERE epoch = (SELECT max(epoch) FROM epochs)
        AND manifest_key IS NOT NULL AND verified_at IS NOT NULL
),
-- 2. The first with rows after it; empty ones are verified from the start.
waiting AS (
    SELECT min(shipped.number) AS number
    FROM shipped_windows AS shipped, verified
    WHERE shipped.epoch = (SELECT max(epoch) FROM epochs)
        AND shipped.manifest_key IS NOT NULL AND shipped.number > verified.number
),
-- 3. The first whose count is not (or not yet) its manifest's, empty ones included.
uncounted AS (
    SELECT min(number) AS number
    FROM shipped_windows
    WHERE epoch = (SELECT max(epoch) FROM epochs) AND counted_at IS NULL
)
-- 4. Its snapshot, and up to which id rows of another cluster are in verified windows: all of them,
--    once this epoch's first window is.
SELECT windows.epoch, windows.snapshot::text, epochs.foreign_through,
       CASE WHEN windows.number > 0 THEN epochs.foreign_through ELSE epochs.covered_through END
FROM windows
CROSS JOIN waiting
CROSS JOIN uncounted
JOIN epochs ON epochs.epoch = windows.epoch
WHERE windows.epoch = (SELECT max(epoch) FROM epochs)
    AND windows.number = least(uncounted.number - 1, coalesce(waiting.number - 1, (
        SELECT max(shipped.number)
        FROM shipped_windows AS shipped
        WHERE shipped.epoch = windows.epoch
    )))
