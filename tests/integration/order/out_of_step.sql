-- Rows without their one event, and events without their one row.
WITH facts AS MATERIALIZED (
    SELECT id, 'submission' AS kind FROM submissions
    UNION ALL SELECT id, 'receipt' FROM receipts
    UNION ALL SELECT id, 'receipt' FROM parked_receipts
    UNION ALL SELECT id, 'click' FROM clicks
    UNION ALL SELECT id, 'message' FROM messages
), events AS MATERIALIZED (
    SELECT event_id AS id, line::json ->> 'kind' AS kind, line::json ->> 'message_id' AS message_id,
           line::json ->> 'receipt_id' AS receipt_id
    FROM outbox
), matches AS MATERIALIZED (
    SELECT receipt_id, message_id, count(*) AS number
    FROM events WHERE kind = 'match' GROUP BY receipt_id, message_id
)
-- 1. A fact and its event.
SELECT 'fact and event' AS name,
       coalesce(facts.kind, events.kind) || ' ' || coalesce(facts.id, events.id)::text AS value
FROM facts
FULL JOIN (SELECT * FROM events WHERE kind <> 'match') AS events USING (id, kind)
WHERE facts.id IS NULL OR events.id IS NULL
UNION ALL
-- 2. An event that stands twice.
SELECT 'event twice', min(kind) || ' ' || id::text FROM events GROUP BY id HAVING count(*) > 1
UNION ALL
-- 3. A receipt that came without its message and is with it now has one match; no other has any.
SELECT 'matches of a receipt', receipts.id::text
FROM receipts
JOIN events ON events.id = receipts.id
LEFT JOIN matches ON matches.receipt_id = receipts.id::text
                 AND matches.message_id = receipts.message_id::text
WHERE coalesce(matches.number, 0) <> CASE WHEN events.message_id IS NULL THEN 1 ELSE 0 END
