-- Whether this is another cluster or timeline than the newest epoch's, for which the numbers of links
-- were not moved.
SELECT (newest.system_identifier, newest.timeline) <> (here.system_identifier, here.timeline)
       AND NOT EXISTS (
           SELECT FROM link_moves AS moved
           WHERE (moved.system_identifier, moved.timeline) = (here.system_identifier, here.timeline)
       ) AS strange
FROM (SELECT * FROM epochs ORDER BY epoch DESC LIMIT 1) AS newest
CROSS JOIN (
    SELECT system_identifier,
           ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer AS timeline
    FROM pg_control_system()
) AS here
