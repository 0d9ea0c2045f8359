-- How far the ledger's half of the proof is. All but the head of `windows` is found in indexes that
-- are empty when all is well.

-- 1. The oldest window that is sealed and not proven: uncounted or different, or not shipped.
WITH current_epoch AS (
    SELECT max(epoch) AS epoch FROM epochs
), unshipped AS (
    SELECT windows.number, windows.sealed_at
    FROM windows
    WHERE windows.epoch = (SELECT epoch FROM current_epoch)
        AND windows.number = (
            SELECT coalesce(max(number), 0) + 1 FROM shipped_windows
            WHERE epoch = (SELECT epoch FROM current_epoch)
        )
), waiting AS (
    SELECT min(windows.sealed_at) AS since
    FROM (
        SELECT epoch, number FROM shipped_windows WHERE counted_at IS NULL
        UNION ALL
        SELECT epoch, number FROM window_counts WHERE facts <> events
        UNION ALL
        SELECT epoch, number FROM facts_without_event
    ) AS unproven
    JOIN windows USING (epoch, number)
), proven AS (
    SELECT shipped.number
    FROM shipped_windows AS shipped
    WHERE shipped.epoch = (SELECT epoch FROM current_epoch) AND shipped.counted_at IS NOT NULL
    ORDER BY shipped.number DESC
    LIMIT 1
)
SELECT
-- 2. Windows whose count is not the manifest's.
       (SELECT count(*) FROM shipped_windows AS shipped
        WHERE shipped.counted_at IS NULL AND EXISTS (
            SELECT FROM window_counts AS counted
            WHERE counted.epoch = shipped.epoch AND counted.number = shipped.number)) AS lines,
-- 3. Events without a fact, and facts without an event.
       (SELECT coalesce(sum(events - facts), 0)::bigint FROM window_counts WHERE facts <> events) AS events,
       (SELECT count(*) FROM facts_without_event) AS facts,
       (SELECT number FROM proven) AS proven_number,
       coalesce(extract(epoch FROM clock_timestamp() - least(
           (SELECT since FROM waiting), (SELECT sealed_at FROM unshipped))), 0)::double precision AS waiting_seconds
