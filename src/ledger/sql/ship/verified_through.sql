-- The last window such that it and all before it are verified: the one before the first that waits
-- to be ($1, if there is one), else the last that was shipped.
SELECT windows.epoch, windows.snapshot::text
FROM windows
WHERE windows.epoch = (SELECT max(epoch) FROM epochs)
    AND windows.number = coalesce($1::bigint - 1, (
        SELECT max(shipped.number)
        FROM shipped_windows AS shipped
        WHERE shipped.epoch = windows.epoch
    ))
