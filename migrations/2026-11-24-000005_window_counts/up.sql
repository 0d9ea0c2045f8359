-- The ledger's own count of each window: what `textrail verify` holds the lake and the warehouse
-- against, and what the outbox is reclaimed behind.

-- 1. Counts, made by a query that shares nothing with the one that ships.
CREATE TABLE window_counts (
    epoch      integer     NOT NULL,
    number     bigint      NOT NULL,
    kind       smallint    NOT NULL,
    events     bigint      NOT NULL,
    facts      bigint      NOT NULL,
    counted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT window_counts_pkey PRIMARY KEY (epoch, number, kind),
    CONSTRAINT window_counts_window_fkey FOREIGN KEY (epoch, number) REFERENCES windows (epoch, number),
    CONSTRAINT window_counts_kind_check CHECK (kind BETWEEN 1 AND 7)
);
CREATE INDEX window_counts_differ_idx ON window_counts (epoch, number) WHERE facts <> events;
COMMENT ON TABLE window_counts IS 'What the ledger counted in a window, kind by kind; no rows for an empty one.';
COMMENT ON COLUMN window_counts.epoch IS 'The ledger''s life.';
COMMENT ON COLUMN window_counts.number IS 'The window.';
COMMENT ON COLUMN window_counts.kind IS 'Number of the kind, as in outbox.';
COMMENT ON COLUMN window_counts.events IS 'Rows of the outbox that its snapshot sees and the one before did not.';
COMMENT ON COLUMN window_counts.facts IS 'How many of these events have their row in the fact tables.';
COMMENT ON COLUMN window_counts.counted_at IS 'When that was counted.';

-- 2. The other way round: facts that no event tells of. No rows when all is well.
CREATE TABLE facts_without_event (
    kind        smallint    NOT NULL,
    fact_id     uuid        NOT NULL,
    recorded_at timestamptz NOT NULL,
    epoch       integer     NOT NULL,
    number      bigint      NOT NULL,
    found_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT facts_without_event_pkey PRIMARY KEY (kind, fact_id, recorded_at),
    CONSTRAINT facts_without_event_window_fkey FOREIGN KEY (epoch, number) REFERENCES windows (epoch, number)
);
COMMENT ON TABLE facts_without_event IS 'Facts whose event was not in the outbox. A row leaves when the event comes; no row is made by a sound ledger.';
COMMENT ON COLUMN facts_without_event.kind IS 'Number of the kind, as in outbox.';
COMMENT ON COLUMN facts_without_event.fact_id IS 'The fact''s id; of a standing wish, its subscriber''s.';
COMMENT ON COLUMN facts_without_event.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN facts_without_event.epoch IS 'The ledger''s life.';
COMMENT ON COLUMN facts_without_event.number IS 'The window whose count found it.';
COMMENT ON COLUMN facts_without_event.found_at IS 'When it was found.';

-- 3. Parked receipts that repeat what their message has already. Their events are in the lake, so
--    their rows must not vanish without a trace.
CREATE TABLE repeated_receipts (
    id          uuid        NOT NULL,
    message_id  uuid        NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT repeated_receipts_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE repeated_receipts IS 'Parked receipts that turned out to repeat one that their message has: no evidence of their own, but each was an event.';
COMMENT ON COLUMN repeated_receipts.id IS 'As in parked_receipts: the event_id and receipt_id.';
COMMENT ON COLUMN repeated_receipts.message_id IS 'The message that it was found to be about.';
COMMENT ON COLUMN repeated_receipts.recorded_at IS 'When it was recorded here.';

-- 4. Whether the count is the manifest's. What was verified before there were counts stays so: its
--    rows may be gone from the outbox.
ALTER TABLE shipped_windows ADD COLUMN counted_at timestamptz;
UPDATE shipped_windows SET counted_at = verified_at WHERE verified_at IS NOT NULL;
ALTER TABLE shipped_windows
    ADD COLUMN uncounted text,
    ADD CONSTRAINT shipped_windows_uncounted_check CHECK (uncounted IN ('reclaimed', 'accepted'));
CREATE INDEX shipped_windows_uncounted_idx ON shipped_windows (epoch, number) WHERE counted_at IS NULL;
COMMENT ON COLUMN shipped_windows.counted_at IS 'When the ledger''s own count was found to be the manifest''s, kind by kind; null until then, and while they differ. The outbox is reclaimed only behind this.';
COMMENT ON COLUMN shipped_windows.uncounted IS 'Why counted_at stands although the count is not the manifest''s: reclaimed = the version before emptied the outbox before it was counted; accepted = an operator accepted the difference. Null = it was counted.';

-- 5. What was reclaimed: a fact from before that has no event is no surprise.
CREATE TABLE outbox_reclaims (
    slot             smallint    NOT NULL,
    recorded_through timestamptz NOT NULL,
    CONSTRAINT outbox_reclaims_pkey PRIMARY KEY (slot)
);
COMMENT ON TABLE outbox_reclaims IS 'How far back the outbox reaches, one row a child of the ring.';
COMMENT ON COLUMN outbox_reclaims.slot IS 'The child.';
COMMENT ON COLUMN outbox_reclaims.recorded_through IS 'The largest recorded_at that was ever reclaimed from it.';

-- 6. Facts by time of recording. Rows are appended in that order and never moved, so a few bytes a
--    megabyte will do. Messages are found by id, which is a time too: their rows are updated, and
--    move. Ranges are summarised as they fill, or each look would read all since the last vacuum.
--
--    Writes of these facts wait while the tables are read: 0.7 s a million rows, measured. A build
--    CONCURRENTLY would let them pass, but waits for every transaction of the database, forgotten
--    ones too, and cannot be one of several statements. Who has a long history builds the indexes so
--    beforehand (docs/migrating.md), and nothing is left to be done here.
CREATE INDEX IF NOT EXISTS submissions_recorded_at_idx ON submissions USING brin (recorded_at) WITH (autosummarize = on);
CREATE INDEX IF NOT EXISTS receipts_recorded_at_idx ON receipts USING brin (recorded_at) WITH (autosummarize = on);
CREATE INDEX IF NOT EXISTS clicks_recorded_at_idx ON clicks USING brin (recorded_at) WITH (autosummarize = on);
CREATE INDEX IF NOT EXISTS inbound_messages_recorded_at_idx ON inbound_messages USING brin (recorded_at) WITH (autosummarize = on);
