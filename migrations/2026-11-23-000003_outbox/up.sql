-- The outbox, and the windows that roll it into log files.

-- 1. Epochs: unbroken lives of this ledger.
CREATE TABLE epochs (
    epoch             integer     NOT NULL,
    system_identifier bigint      NOT NULL,
    timeline          integer     NOT NULL,
    began_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT epochs_pkey PRIMARY KEY (epoch)
);
COMMENT ON TABLE epochs IS 'Unbroken lives of this ledger; a restore begins a new one.';
COMMENT ON COLUMN epochs.epoch IS 'From 1.';
COMMENT ON COLUMN epochs.system_identifier IS 'The cluster''s, from pg_control_system().';
COMMENT ON COLUMN epochs.timeline IS 'The cluster''s, from pg_control_checkpoint().';
COMMENT ON COLUMN epochs.began_at IS 'When it began.';
INSERT INTO epochs (epoch, system_identifier, timeline)
SELECT 1, system.system_identifier, checkpoint.timeline_id
FROM pg_control_system() AS system, pg_control_checkpoint() AS checkpoint;

-- 2. The outbox: append-only. A fixed ring of children, chosen by the clock's hour; a child is
--    truncated (never updated, never deleted from) once every row in it was verified in the lake.
--    No child is ever made or dropped at run time: one forgotten transaction anywhere would make
--    that block every insert.
CREATE TABLE outbox (
    slot        smallint    NOT NULL DEFAULT ((extract(epoch FROM clock_timestamp())::bigint / 3600) % 8),
    epoch       integer     NOT NULL,
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    event_id    uuid        NOT NULL,
    kind        smallint    NOT NULL,
    recorded_at timestamptz NOT NULL,
    line        text        NOT NULL,
    CONSTRAINT outbox_kind_check CHECK (kind BETWEEN 1 AND 7)
) PARTITION BY LIST (slot);
CREATE INDEX outbox_xid_id_idx ON outbox (xid, id);
DO $$
BEGIN
    FOR slot IN 0..7 LOOP
        EXECUTE format('CREATE TABLE outbox_%s PARTITION OF outbox FOR VALUES IN (%s)
            WITH (autovacuum_enabled = false)', slot, slot);
    END LOOP;
END
$$;
COMMENT ON TABLE outbox IS 'Events that wait to be shipped: written in the same transaction as the fact.';
COMMENT ON COLUMN outbox.slot IS 'The child of the ring, by the hour of writing.';
COMMENT ON COLUMN outbox.epoch IS 'The ledger''s life in which it was written.';
COMMENT ON COLUMN outbox.xid IS 'The transaction. Not the system column xmin, which differs under savepoints.';
COMMENT ON COLUMN outbox.id IS 'Order of lines within a transaction.';
COMMENT ON COLUMN outbox.event_id IS 'UUIDv7 of the event. Not unique here: the fact''s own key keeps it from being written twice.';
COMMENT ON COLUMN outbox.kind IS 'Number of the kind: 1 message, 2 submission, 3 receipt, 4 match, 5 click, 6 inbound, 7 opt_out.';
COMMENT ON COLUMN outbox.recorded_at IS 'As in the line.';
COMMENT ON COLUMN outbox.line IS 'The log line, encoded once: the shipper copies it byte by byte.';

-- 3. Windows. One row a seal, never changed. A window is what its snapshot sees and the snapshot
--    before it did not; window 0 sees nothing.
CREATE TABLE windows (
    epoch          integer     NOT NULL,
    number         bigint      NOT NULL,
    snapshot       pg_snapshot NOT NULL,
    boundary       timestamptz NOT NULL,
    sealed_at      timestamptz NOT NULL,
    split_bytes    bigint      NOT NULL,
    format_version integer     NOT NULL,
    CONSTRAINT windows_pkey PRIMARY KEY (epoch, number),
    CONSTRAINT windows_epoch_fkey FOREIGN KEY (epoch) REFERENCES epochs (epoch),
    CONSTRAINT windows_split_bytes_check CHECK (split_bytes > 0)
);
COMMENT ON TABLE windows IS 'Seals: everything a window''s files are a function of.';
COMMENT ON COLUMN windows.epoch IS 'The ledger''s life.';
COMMENT ON COLUMN windows.number IS 'From 1 in each epoch; 0 is the empty beginning.';
COMMENT ON COLUMN windows.snapshot IS 'pg_current_snapshot() of the sealing statement.';
COMMENT ON COLUMN windows.boundary IS 'The mark of the clock that it was sealed for.';
COMMENT ON COLUMN windows.sealed_at IS 'When it was sealed: its place in the lake.';
COMMENT ON COLUMN windows.split_bytes IS 'Bytes of text after which a file is closed and the next begun.';
COMMENT ON COLUMN windows.format_version IS 'How its files are laid out.';
INSERT INTO windows (epoch, number, snapshot, boundary, sealed_at, split_bytes, format_version)
VALUES (1, 0, '1:1:', 'epoch', now(), 67108864, 1);

-- 4. What was shipped: written only after the window's manifest is in the lake.
CREATE TABLE shipped_windows (
    epoch        integer     NOT NULL,
    number       bigint      NOT NULL,
    row_count    bigint      NOT NULL,
    manifest_key text,
    shipped_at   timestamptz NOT NULL DEFAULT now(),
    verified_at  timestamptz,
    CONSTRAINT shipped_windows_pkey PRIMARY KEY (epoch, number),
    CONSTRAINT shipped_windows_window_fkey FOREIGN KEY (epoch, number) REFERENCES windows (epoch, number),
    CONSTRAINT shipped_windows_manifest_key_check CHECK ((manifest_key IS NULL) = (row_count = 0))
);
COMMENT ON TABLE shipped_windows IS 'Windows whose manifest is in the lake, and empty ones.';
COMMENT ON COLUMN shipped_windows.epoch IS 'The ledger''s life.';
COMMENT ON COLUMN shipped_windows.number IS 'The window.';
COMMENT ON COLUMN shipped_windows.row_count IS 'Rows in it.';
COMMENT ON COLUMN shipped_windows.manifest_key IS 'Key of its manifest; null for an empty window, which costs no object.';
COMMENT ON COLUMN shipped_windows.shipped_at IS 'When that was noted.';
COMMENT ON COLUMN shipped_windows.verified_at IS 'When its files were read back from the lake''s listing; the outbox is reclaimed only behind this.';

CREATE TABLE window_files (
    epoch              integer     NOT NULL,
    number             bigint      NOT NULL,
    kind               smallint    NOT NULL,
    part               integer     NOT NULL,
    key                text        NOT NULL,
    row_count          bigint      NOT NULL,
    text_bytes         bigint      NOT NULL,
    text_sha256        bytea       NOT NULL,
    object_bytes       bigint      NOT NULL,
    object_sha256      bytea       NOT NULL,
    first_recorded_at  timestamptz NOT NULL,
    last_recorded_at   timestamptz NOT NULL,
    CONSTRAINT window_files_pkey PRIMARY KEY (epoch, number, kind, part),
    CONSTRAINT window_files_shipped_window_fkey FOREIGN KEY (epoch, number) REFERENCES shipped_windows (epoch, number)
);
COMMENT ON TABLE window_files IS 'The files of shipped windows, as their manifests list them.';
COMMENT ON COLUMN window_files.epoch IS 'The ledger''s life.';
COMMENT ON COLUMN window_files.number IS 'The window.';
COMMENT ON COLUMN window_files.kind IS 'Number of the kind, as in outbox.';
COMMENT ON COLUMN window_files.part IS 'From 0, in order of lines.';
COMMENT ON COLUMN window_files.key IS 'Key in the lake.';
COMMENT ON COLUMN window_files.row_count IS 'Lines.';
COMMENT ON COLUMN window_files.text_bytes IS 'Bytes before compression.';
COMMENT ON COLUMN window_files.text_sha256 IS 'Checksum before compression.';
COMMENT ON COLUMN window_files.object_bytes IS 'Bytes of the object.';
COMMENT ON COLUMN window_files.object_sha256 IS 'Checksum of the object.';
COMMENT ON COLUMN window_files.first_recorded_at IS 'Smallest recorded_at in it.';
COMMENT ON COLUMN window_files.last_recorded_at IS 'Largest recorded_at in it.';
