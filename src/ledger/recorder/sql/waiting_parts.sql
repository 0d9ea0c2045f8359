-- The parts that wait of these texts, which are locked.
-- $1 gateways, $2 subscribers, $3 senders, $4 references, $5 totals.
SELECT part.gateway, part.subscriber_id, part.sender, part.reference, part.total, part.number, part.id,
       part.gateway_message_id, part.body, part.gateway_intent, part.received_at, part.recorded_at,
       extract(epoch FROM now() - part.waiting_since)::double precision AS waited_seconds,
       subscribers.number AS from_number, subscribers.country AS from_country
FROM unnest($1, $2, $3, $4, $5) AS wanted (gateway, subscriber_id, sender, reference, total)
JOIN inbound_parts AS part USING (gateway, subscriber_id, sender, reference, total)
JOIN subscribers ON subscribers.id = part.subscriber_id
