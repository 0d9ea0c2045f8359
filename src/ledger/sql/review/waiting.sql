-- Inbound messages at which a person should look, after the id $1, at most $2. The index holds no others.
SELECT inbound.id, subscribers.number AS from_number, inbound.sender, inbound.body,
       coalesce(inbound.received_at, inbound.recorded_at) AS received_at, inbound.intent,
       inbound.intent_reason, inbound.ruleset, inbound.message_id,
       NULL::text AS reviewed_intent, NULL::text AS review_reason, NULL::text AS reviewer,
       NULL::timestamptz AS reviewed_at
FROM inbound_messages AS inbound
JOIN subscribers ON subscribers.id = inbound.subscriber_id
WHERE inbound.intent = 'possible_stop' AND inbound.reviewed_intent IS NULL AND inbound.id > $1
ORDER BY inbound.id
LIMIT $2
