-- Notes that a window can no longer be counted, since the outbox was emptied of it before anyone did:
-- only a shipper of the version before does that, behind windows that were verified. $1 epoch,
-- $2 number, $3 kinds, $4 events that are left of them. Nothing is noted of any other window, and the
-- outbox is looked at for no other.

-- 1. It lacks events of some kinds and has too many of none, was verified, and never counted.
WITH lacking AS MATERIALIZED (
    SELECT shipped.epoch, shipped.number
    FROM shipped_windows AS shipped
    WHERE shipped.epoch = $1 AND shipped.number = $2
        AND shipped.counted_at IS NULL AND shipped.verified_at IS NOT NULL
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
),
-- 2. The hours that its rows were written in, and so the children of the ring.
written AS MATERIALIZED (
    SELECT hour, (hour % 8)::smallint AS slot, max(file.last_recorded_at) AS recorded_through
    FROM lacking
    JOIN window_files AS file USING (epoch, number)
    CROSS JOIN LATERAL generate_series(
        floor(extract(epoch FROM file.first_recorded_at) / 3600)::bigint,
        floor(extract(epoch FROM file.last_recorded_at) / 3600)::bigint
    ) AS hours (hour)
    GROUP BY hour
),
-- 3. Those of them that hold nothing as old: rows leave by TRUNCATE alone.
emptied AS MATERIALIZED (
    SELECT slot, max(recorded_through) AS recorded_through
    FROM written
    WHERE (
        SELECT true FROM outbox
        WHERE outbox.slot = written.slot
            AND outbox.recorded_at < to_timestamp((written.hour + 1) * 3600)
        LIMIT 1
    ) IS NULL
    GROUP BY slot
),
noted AS (
    UPDATE shipped_windows AS shipped
    SET counted_at = verified_at, uncounted = 'reclaimed'
    FROM lacking
    WHERE shipped.epoch = lacking.epoch AND shipped.number = lacking.number
        AND EXISTS (SELECT FROM emptied)
    RETURNING shipped.number
)
-- 4. How far back the outbox reaches since: facts from before are not missed.
INSERT INTO outbox_reclaims (slot, recorded_through)
SELECT slot, recorded_through FROM emptied WHERE EXISTS (SELECT FROM noted)
ON CONFLICT (slot) DO UPDATE
SET recorded_through = greatest(outbox_reclaims.recorded_through, excluded.recorded_through)
