-- What waits, counted without a look at history. $1: the most rows that are counted.
--
-- 1. The last seal.
WITH last_seal AS (
    SELECT windows.epoch, windows.number, windows.snapshot, epochs.foreign_through
    FROM windows
    JOIN epochs USING (epoch)
    WHERE windows.epoch = (SELECT max(epoch) FROM epochs)
    ORDER BY windows.number DESC
    LIMIT 1
-- 2. Rows that it did not see: of transactions that began after it, and of those that it found
--    under way.
), unsealed AS (
    SELECT outbox.recorded_at
    FROM last_seal
    JOIN outbox ON outbox.xid >= pg_snapshot_xmax(last_seal.snapshot)
        AND outbox.id > last_seal.foreign_through
    UNION ALL
    SELECT outbox.recorded_at
    FROM last_seal
    CROSS JOIN pg_snapshot_xip(last_seal.snapshot) AS held (xid)
    JOIN outbox ON outbox.xid = held.xid AND outbox.id > last_seal.foreign_through
    LIMIT $1
)
SELECT count(*) AS unsealed_rows,
       coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0)::double precision AS oldest_seconds,
-- 3. Windows between the last seal and the last that was shipped.
       (SELECT last_seal.number - coalesce((
            SELECT max(shipped.number) FROM shipped_windows AS shipped
            WHERE shipped.epoch = last_seal.epoch
        ), 0)
        FROM last_seal) AS unshipped_windows
FROM unsealed
