-- The newest epoch, and whether this ledger is still in it: null, or what gives it away.
--
-- The timeline is the one that WAL is written on now; the last checkpoint's is older for a while
-- after a promotion.
SELECT newest.epoch,
       CASE
           WHEN newest.system_identifier <> (SELECT system_identifier FROM pg_control_system())
               THEN 'system_identifier'
           WHEN pg_snapshot_xmax(last_seal.snapshot) > pg_snapshot_xmax(pg_current_snapshot())
               THEN 'xmax'
           WHEN newest.timeline <> ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
               THEN 'timeline'
       END AS strange,
       last_seal.number,
-- Since when this connection stands, and where in the lake the last window with rows is.
       (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS connected_at,
       (
           SELECT manifest_key
           FROM shipped_windows
           WHERE manifest_key IS NOT NULL
           ORDER BY epoch DESC, number DESC
           LIMIT 1
       ) AS last_manifest_key,
       clock_timestamp() AS now
FROM (SELECT * FROM epochs ORDER BY epoch DESC LIMIT 1) AS newest
CROSS JOIN LATERAL (
    SELECT number, snapshot
    FROM windows
    WHERE windows.epoch = newest.epoch
    ORDER BY number DESC
    LIMIT 1
) AS last_seal
