-- Inbound messages that a person looked at, after the id $1, at most $2, whose verdict by the rules is $3;
-- with the last decision about each.
WITH last AS (
    SELECT DISTINCT ON (inbound_id) inbound_id, intent, reason, actor, decided_at
    FROM inbound_verdicts
    WHERE inbound_id > $1
    ORDER BY inbound_id, id DESC
)
SELECT inbound.id, subscribers.number AS from_number, inbound.sender, inbound.body,
       coalesce(inbound.received_at, inbound.recorded_at) AS received_at, inbound.intent,
       inbound.intent_reason, inbound.ruleset, inbound.message_id,
       last.intent AS reviewed_intent, last.reason AS review_reason, last.actor AS reviewer,
       last.decided_at AS reviewed_at
FROM last
JOIN inbound_messages AS inbound ON inbound.id = last.inbound_id
JOIN subscribers ON subscribers.id = inbound.subscriber_id
WHERE inbound.intent = $3
ORDER BY inbound.id
LIMIT $2
