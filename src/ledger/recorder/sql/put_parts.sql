-- Parts that wait from now on.
-- $1 gateways, $2 subscribers, $3 senders, $4 references, $5 totals, $6 numbers, $7 ids, $8 the
-- gateway's ids, $9 bodies, $10 the gateway's verdicts, $11 and $12 times.
INSERT INTO inbound_parts (
    gateway, subscriber_id, sender, reference, total, number, id, gateway_message_id, body,
    gateway_intent, received_at, recorded_at)
SELECT gateway, subscriber_id, sender, reference, total, number, id, gateway_message_id, body,
       gateway_intent, received_at, recorded_at
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS part (
    gateway, subscriber_id, sender, reference, total, number, id, gateway_message_id, body,
    gateway_intent, received_at, recorded_at)
