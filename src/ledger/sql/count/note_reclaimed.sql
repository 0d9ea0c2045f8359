-- Notes that a window can no longer be counted, since the outbox was emptied of it before anyone did:
-- only a shipper of the version before does that, behind windows that were verified. $1 epoch,
-- $2 number, $3 kinds, $4 events that are left of them. Nothing is noted of any other window.

-- 1. The children of the ring that its rows were written to, by the hours of its files, and that hold
--    nothing as old: rows leave them by TRUNCATE alone.
WITH emptied AS (
    SELECT written.slot, max(written.last_recorded_at) AS recorded_through
    FROM (
        SELECT (hour % 8)::smallint AS slot, to_timestamp((hour + 1) * 3600) AS until,
               file.last_recorded_at
        FROM window_files AS file
        CROSS JOIN LATERAL generate_series(
            floor(extract(epoch FROM file.first_recorded_at) / 3600)::bigint,
            floor(extract(epoch FROM file.last_recorded_at) / 3600)::bigint
        ) AS hours (hour)
        WHERE file.epoch = $1 AND file.number = $2
    ) AS written
    WHERE NOT EXISTS (
        SELECT FROM outbox WHERE outbox.slot = written.slot AND outbox.recorded_at < written.until
    )
    GROUP BY written.slot
),
-- 2. It lacks events of some kinds and has too many of none, was verified, and never counted.
noted AS (
    UPDATE shipped_windows AS shipped
    SET counted_at = verified_at, uncounted = 'reclaimed'
    WHERE shipped.epoch = $1 AND shipped.number = $2
        AND shipped.counted_at IS NULL AND shipped.verified_at IS NOT NULL
        AND EXISTS (SELECT FROM emptied)
        AND NOT EXISTS (
            SELECT FROM window_counts AS counted
            WHERE counted.epoch = shipped.epoch AND counted.number = shipped.number
        )
        AND (
            SELECT bool_or(coalesce(events, 0) < coalesce(lines, 0))
                AND bool_and(coalesce(events, 0) <= coalesce(lines, 0))
            FROM unnest($3::smallint[], $4::bigint[]) AS counted (kind, events)
            FULL JOIN (
                SELECT kind, sum(row_count)::bigint AS lines
                FROM window_files
                WHERE epoch = $1 AND number = $2
                GROUP BY kind
            ) AS manifest USING (kind)
        )
    RETURNING shipped.number
)
-- 3. How far back the outbox reaches since: facts from before are not missed.
INSERT INTO outbox_reclaims (slot, recorded_through)
SELECT slot, recorded_through FROM emptied WHERE EXISTS (SELECT FROM noted)
ON CONFLICT (slot) DO UPDATE
SET recorded_through = greatest(outbox_reclaims.recorded_through, excluded.recorded_through)
