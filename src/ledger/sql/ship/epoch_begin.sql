-- Notes a new epoch: $1 its number, $2 why, $3 foreign_through, $4 covered_through, $5 the first link
-- number. System and timeline are those of this moment.
INSERT INTO epochs (
    epoch, system_identifier, timeline, reason, foreign_through, covered_through, first_link_number
)
SELECT $1,
       system.system_identifier,
       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer,
       $2,
       $3,
       $4,
       $5
FROM pg_control_system() AS system
ON CONFLICT (epoch) DO NOTHING
