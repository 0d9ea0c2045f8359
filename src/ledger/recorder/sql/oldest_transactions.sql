-- The three oldest open transactions of this database, prepared ones included, as a person reads them.
SELECT string_agg(told, '; ' ORDER BY since) AS sessions
FROM (
    SELECT since, told
    FROM (
        SELECT xact_start AS since,
               format('pid %s (%s, %s) since %s', pid, application_name, state, xact_start) AS told
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
        UNION ALL
        SELECT prepared, format('prepared transaction %L since %s', gid, prepared)
        FROM pg_prepared_xacts
        WHERE database = current_database()
    ) AS transactions
    ORDER BY since
    LIMIT 3
) AS oldest
