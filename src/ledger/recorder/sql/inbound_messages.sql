-- Inbound messages that are new.
-- $1 to $13 columns. One that is there already is passed over; what is returned is new.
INSERT INTO inbound_messages (
    id, gateway, gateway_message_id, subscriber_id, sender, message_id, body, intent, intent_reason,
    received_at, recorded_at, complete, ruleset)
SELECT id, gateway, gateway_message_id, subscriber_id, sender, message_id, body, intent,
       intent_reason, received_at, recorded_at, complete, ruleset
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) WITH ORDINALITY AS inbound (
    id, gateway, gateway_message_id, subscriber_id, sender, message_id, body, intent, intent_reason,
    received_at, recorded_at, complete, ruleset, place)
ORDER BY place
ON CONFLICT (id) DO NOTHING
RETURNING id
