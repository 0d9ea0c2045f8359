-- Ends the session that holds the advisory lock $1 if it has said nothing for $2 seconds: a process
-- that is frozen, or behind a network that swallows everything, keeps its connection and so its lock
-- without end. A session with a statement under way is given that statement's time: it may be copying
-- a large window, or be stuck in the middle of one.
SELECT count(pg_terminate_backend(activity.pid))
FROM pg_locks
JOIN pg_stat_activity AS activity USING (pid)
WHERE locktype = 'advisory' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32 | objid::bigint) = $1
    AND activity.pid <> pg_backend_pid()
    AND clock_timestamp() - greatest(activity.query_start, activity.state_change)
        > make_interval(secs => $2) + CASE activity.state
            WHEN 'active' THEN current_setting('statement_timeout')::interval
            ELSE interval '0' END
