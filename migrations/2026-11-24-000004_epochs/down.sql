DROP TABLE link_moves;
ALTER TABLE epochs
    DROP COLUMN reason,
    DROP COLUMN foreign_through,
    DROP COLUMN covered_through,
    DROP COLUMN first_link_number;
COMMENT ON COLUMN epochs.timeline IS 'The cluster''s, from pg_control_checkpoint().';
