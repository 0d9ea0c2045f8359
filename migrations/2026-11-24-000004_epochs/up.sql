-- What a new epoch has to know of the rows that it found.
--
-- A dump that is restored into another cluster brings rows whose transaction ids mean nothing there:
-- no snapshot of the new cluster can say whether it saw them. Such rows are told by their id instead,
-- which goes on where the dump ended, so that all that is written later has a larger one.
ALTER TABLE epochs
    ADD COLUMN reason            text   NOT NULL DEFAULT 'created',
    ADD COLUMN foreign_through   bigint NOT NULL DEFAULT 0,
    ADD COLUMN covered_through   bigint NOT NULL DEFAULT 0,
    ADD COLUMN first_link_number bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT epochs_covered_through_check CHECK (covered_through <= foreign_through);
COMMENT ON COLUMN epochs.timeline IS 'The cluster''s, of its current WAL file: pg_control_checkpoint() lags behind a promotion.';
COMMENT ON COLUMN epochs.reason IS 'What was found: created, system_identifier, timeline, xmax, lake_ahead.';
COMMENT ON COLUMN epochs.foreign_through IS 'Rows of the outbox up to this id are of another cluster: they are in this epoch''s window 1 or before, whatever their xid. 0 = none.';
COMMENT ON COLUMN epochs.covered_through IS 'Of those, the ones up to this id were in verified windows of the epoch before.';
COMMENT ON COLUMN epochs.first_link_number IS 'Numbers of links drawn in this epoch are at or beyond it.';

-- Servers see a new system or timeline before the shipper can have begun an epoch: the first
-- connection to it moves the numbers of links, once.
CREATE TABLE link_moves (
    system_identifier bigint      NOT NULL,
    timeline          integer     NOT NULL,
    last_number_before bigint     NOT NULL,
    moved_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT link_moves_pkey PRIMARY KEY (system_identifier, timeline)
);
COMMENT ON TABLE link_moves IS 'Clusters and timelines for which the numbers of links were moved before any was drawn.';
COMMENT ON COLUMN link_moves.system_identifier IS 'The cluster''s, from pg_control_system().';
COMMENT ON COLUMN link_moves.timeline IS 'The cluster''s, of its current WAL file.';
COMMENT ON COLUMN link_moves.last_number_before IS 'The last number before the move.';
COMMENT ON COLUMN link_moves.moved_at IS 'When that was.';

-- A ledger that has sealed nothing is as it was created, whatever the last checkpoint said.
UPDATE epochs
SET timeline = ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
WHERE NOT EXISTS (SELECT FROM windows WHERE number > 0);
