-- Which facts are looked at with a window ($1 epoch, $2 number), and among which transactions their
-- events must be. $3: the oldest recorded_at of its events, null if it has none.

-- 1. Facts recorded since two minutes before the seal before: most are in an earlier look, but not
--    those whose transaction was still under way. From earlier, where the window itself reaches back:
--    a held writer, or a spool that was emptied, brings neighbours. None from the time that was
--    reclaimed: their events are in the lake.
WITH span AS (
    SELECT greatest(least(previous.sealed_at - interval '2 minutes', $3::timestamptz),
                    (SELECT max(recorded_through) FROM outbox_reclaims) + interval '1 microsecond') AS since,
           sealed.sealed_at AS until
    FROM windows AS sealed
    JOIN windows AS previous
        ON previous.epoch = sealed.epoch AND previous.number = sealed.number - 1
    WHERE sealed.epoch = $1 AND sealed.number = $2
)
SELECT since, until,
-- 2. Events from a seal before that, give or take a minute for a server's clock.
       coalesce((
           SELECT pg_snapshot_xmin(snapshot) FROM windows
           WHERE epoch = $1 AND number < $2 AND sealed_at <= since - interval '1 minute'
           ORDER BY number DESC LIMIT 1
       )::text, '0') AS first_xid,
-- 3. To a seal after it, if there is one yet.
       coalesce((
           SELECT pg_snapshot_xmax(snapshot) FROM windows
           WHERE epoch = $1 AND number > $2 AND sealed_at >= until + interval '1 minute'
           ORDER BY number LIMIT 1
       )::text, '9223372036854775807') AS last_xid
FROM span
