-- Inbound messages that are decided about, with what stands; locked in the order of ids, as all who
-- decide do.
-- $1 ids, $2 the smallest of them, $3 the largest (they let the planner pass over other partitions).
SELECT inbound.id, inbound.subscriber_id, inbound.sender, inbound.message_id, inbound.gateway,
       coalesce(inbound.reviewed_intent, inbound.intent) AS standing,
       inbound.reviewed_intent IS NOT NULL AS reviewed,
       (SELECT reason FROM inbound_verdicts
        WHERE inbound_id = inbound.id ORDER BY id DESC LIMIT 1) AS reason,
       inbound.received_at, inbound.recorded_at, subscribers.country
FROM inbound_messages AS inbound
JOIN subscribers ON subscribers.id = inbound.subscriber_id
WHERE inbound.id = ANY ($1) AND inbound.id BETWEEN $2 AND $3
ORDER BY inbound.id
FOR NO KEY UPDATE OF inbound
