-- Claims the move of the numbers of links for this cluster and timeline. A second claim waits for the
-- first to commit, and is none then.
INSERT INTO link_moves (system_identifier, timeline, last_number_before)
SELECT system.system_identifier,
       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer,
       numbers.last_value
FROM pg_control_system() AS system
CROSS JOIN link_numbers AS numbers
ON CONFLICT (system_identifier, timeline) DO NOTHING
