-- Facts recorded from $1 until before $2 whose event is not among the outbox's rows of transactions
-- $3 to $4. They are suspects: `note_alone.sql` looks again before anyone is told. $5: the most of
-- them.

-- 1. The events, by what their facts are known by: their id, but for a wish, which is known by its
--    subscriber. A match is no fact of its own: it is that a receipt is with its message.
WITH seen AS MATERIALIZED (
    SELECT kind, recorded_at,
           CASE kind
               WHEN 7 THEN substring(line FROM '"subscriber_id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')::uuid
               ELSE event_id
           END AS fact_id
    FROM outbox
    WHERE xid >= $3::text::xid8 AND xid < $4::text::xid8
),
-- 2. The facts. A message's id is a UUIDv7, drawn just before it is recorded: its index finds the
--    span, which is exact to the millisecond; what was reclaimed ends at a microsecond.
facts (kind, fact_id, recorded_at) AS (
    SELECT 1::smallint, id, recorded_at FROM messages
    WHERE id >= uuidv7_floor($1) AND id < uuidv7_floor($2) AND recorded_at >= $1
    UNION ALL
    SELECT 2::smallint, id, recorded_at FROM submissions WHERE recorded_at >= $1 AND recorded_at < $2
    UNION ALL
    SELECT 3::smallint, id, recorded_at FROM receipts WHERE recorded_at >= $1 AND recorded_at < $2
    UNION ALL
    SELECT 3::smallint, id, recorded_at FROM parked_receipts WHERE recorded_at >= $1 AND recorded_at < $2
    UNION ALL
    SELECT 5::smallint, id, recorded_at FROM clicks WHERE recorded_at >= $1 AND recorded_at < $2
    UNION ALL
    SELECT 6::smallint, id, recorded_at FROM inbound_messages WHERE recorded_at >= $1 AND recorded_at < $2
    UNION ALL
    SELECT 7::smallint, subscriber_id, changed_at FROM opt_outs WHERE changed_at >= $1 AND changed_at < $2
)
-- 3. Those that no event tells of: a difference of sets, whose cost depends on no estimate.
SELECT kind, fact_id, recorded_at FROM facts
EXCEPT
SELECT kind, fact_id, recorded_at FROM seen
LIMIT $5
