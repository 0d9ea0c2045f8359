-- What the ledger holds of a window, kind by kind: its events, and how many of them have their fact.
-- $1 its snapshot, $2 the snapshot of the window before. $3: rows up to this id are of another
-- cluster, of which no snapshot here says anything; those after $4 are in this window all the same.
-- $5: rows after this id were written by a later cluster, whose transaction ids begin anew; null if
-- there is none. Which epoch stands in a row is not asked: its transaction alone decides.
--
-- This is the count that the lake and the warehouse are held against, so it must not share the
-- shipper's way of reading: it takes all that may be in the window, and asks PostgreSQL itself which
-- of it the one snapshot sees and the other did not. The index only bounds what is asked about, from
-- the oldest transaction that the window before found under way.
--
-- One statement: events and facts are of one snapshot, which is taken after the outbox is locked
-- against TRUNCATE.

-- 1. The events. Ids are cut out of the line as text: a line that is no JSON must be counted like any
--    other. In a line, a quote inside of a value has a backslash before it, so that no value can pose
--    as a key.
WITH events AS MATERIALIZED (
    SELECT kind, event_id, recorded_at,
           CASE WHEN kind IN (4, 7) THEN line END AS line,
           CASE WHEN said ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN said::uuid END AS message_id
    FROM (
        SELECT kind, event_id, recorded_at, line
        FROM outbox
        WHERE xid >= pg_snapshot_xmin($2::text::pg_snapshot)
            AND xid < pg_snapshot_xmax($1::text::pg_snapshot)
            AND pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
            AND NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
            AND id > $3
            AND ($5::bigint IS NULL OR id <= $5)
        UNION ALL
        SELECT kind, event_id, recorded_at, line
        FROM outbox
        WHERE $4 < $3 AND id > $4 AND id <= $3
    ) AS row
    CROSS JOIN LATERAL (
        SELECT CASE WHEN kind IN (2, 3, 4, 5, 7) THEN left(split_part(line, '"message_id":"', 2), 36) END
    ) AS message (said)
),
-- 2. Receipts that named no message when they came.
parked AS MATERIALIZED (
    SELECT event_id, recorded_at FROM events WHERE kind = 3 AND message_id IS NULL
), parked_span AS MATERIALIZED (
    SELECT min(recorded_at) AS since, max(recorded_at) AS until FROM parked
),
-- 3. What each match event names.
matches AS MATERIALIZED (
    SELECT event_id, message_id,
           substring(line FROM '"receipt_id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')::uuid AS receipt_id
    FROM events
    WHERE kind = 4
),
-- 4. What each wish names; without a sender it is about all of them.
wishes AS MATERIALIZED (
    SELECT event_id, message_id,
           substring(line FROM '"subscriber_id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')::uuid AS subscriber_id,
           coalesce(substring(line FROM '"sender":"([^"\\]*)"'), '*') AS sender,
           substring(line FROM '"source_event_id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')::uuid AS source_event_id
    FROM events
    WHERE kind = 7
),
-- 5. The events that have their fact.
found (event_id) AS (
    -- A message is its event.
    SELECT events.event_id
    FROM events JOIN messages ON messages.id = events.event_id
    WHERE events.kind = 1
    UNION ALL
    -- So are a submission, a receipt and a click, each under its message.
    SELECT events.event_id
    FROM events
    JOIN submissions ON submissions.message_id = events.message_id AND submissions.id = events.event_id
    WHERE events.kind = 2
    UNION ALL
    SELECT events.event_id
    FROM events
    JOIN receipts ON receipts.message_id = events.message_id AND receipts.id = events.event_id
    WHERE events.kind = 3
    UNION ALL
    SELECT events.event_id
    FROM events
    JOIN clicks ON clicks.message_id = events.message_id AND clicks.id = events.event_id
    WHERE events.kind = 5
    UNION ALL
    -- A receipt that was parked is parked still, or it came to its message, or it repeats what its
    -- message had already. None of these can be looked up by its id, so sets are compared.
    (
        SELECT event_id FROM parked
        INTERSECT
        (
            SELECT id FROM parked_receipts, parked_span
            WHERE recorded_at >= parked_span.since AND recorded_at <= parked_span.until
            UNION ALL
            SELECT id FROM receipts, parked_span
            WHERE recorded_at >= parked_span.since AND recorded_at <= parked_span.until
            UNION ALL
            SELECT id FROM repeated_receipts, parked_span
            WHERE recorded_at >= parked_span.since AND recorded_at <= parked_span.until
        )
    )
    UNION ALL
    -- A match has no row of its own: it is that its receipt is with its message.
    SELECT matches.event_id
    FROM matches
    JOIN receipts ON receipts.message_id = matches.message_id AND receipts.id = matches.receipt_id
    UNION ALL
    SELECT matches.event_id
    FROM matches
    JOIN repeated_receipts ON repeated_receipts.id = matches.receipt_id
        AND repeated_receipts.message_id = matches.message_id
    UNION ALL
    SELECT events.event_id
    FROM events JOIN inbound_messages ON inbound_messages.id = events.event_id
    WHERE events.kind = 6
    UNION ALL
    -- Of wishes only the last one of a subscriber and a sender is a row, so an earlier one cannot be
    -- told from it: that there is such a row, and what the wish was in (an inbound message, a receipt,
    -- a submission), is what there is to find.
    SELECT told.event_id
    FROM (
        SELECT event_id, subscriber_id, sender FROM wishes WHERE source_event_id IS NULL
        UNION ALL
        SELECT wishes.event_id, wishes.subscriber_id, wishes.sender
        FROM wishes JOIN inbound_messages ON inbound_messages.id = wishes.source_event_id
        UNION ALL
        SELECT wishes.event_id, wishes.subscriber_id, wishes.sender
        FROM wishes
        JOIN receipts ON receipts.message_id = wishes.message_id AND receipts.id = wishes.source_event_id
        UNION ALL
        SELECT wishes.event_id, wishes.subscriber_id, wishes.sender
        FROM wishes
        JOIN submissions ON submissions.message_id = wishes.message_id
            AND submissions.id = wishes.source_event_id
    ) AS told
    JOIN opt_outs ON opt_outs.subscriber_id = told.subscriber_id AND opt_outs.sender = told.sender
)
-- 6. Every kind, also those of which there is nothing. An event that stands twice is one fact.
SELECT kind::smallint,
       count(events.event_id) AS events,
       count(DISTINCT found.event_id) AS facts,
       min(events.recorded_at) AS oldest
FROM generate_series(1, 7) AS kinds (kind)
LEFT JOIN events USING (kind)
LEFT JOIN (SELECT DISTINCT event_id FROM found) AS found USING (event_id)
GROUP BY kind
ORDER BY kind
