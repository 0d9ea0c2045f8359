-- Whether this session holds the advisory lock $1, taking it if it is free. One that it holds
-- already is not taken again: it would be counted. CASE, since OR does not promise an order.
SELECT CASE WHEN EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
        AND (classid::bigint << 32 | objid::bigint) = $1
) THEN true ELSE pg_try_advisory_lock($1) END
