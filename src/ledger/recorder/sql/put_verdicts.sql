-- What people decided about inbound messages that are locked.
-- $1 inbounds, $2 ids, $3 intents, $4 what stood before, $5 reasons, $6 actors, $7 times.

-- 1. The history.
WITH given AS (
    SELECT *
    FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY
        AS given (inbound_id, id, intent, overturned, reason, actor, decided_at, place)
), noted AS (
    INSERT INTO inbound_verdicts (inbound_id, id, intent, overturned, reason, actor, decided_at)
    SELECT inbound_id, id, intent, overturned, reason, actor, decided_at
    FROM given
    ORDER BY place
), last AS (
    SELECT DISTINCT ON (inbound_id) inbound_id, intent FROM given ORDER BY inbound_id, place DESC
)
-- 2. What stands.
UPDATE inbound_messages AS inbound
SET reviewed_intent = last.intent
FROM last
WHERE inbound.id = last.inbound_id
