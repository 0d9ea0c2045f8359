-- Hand-overs of messages that exist and are locked.
-- $1 to $9 columns. The same report twice is passed over; what is returned is new.
INSERT INTO submissions (
    message_id, fingerprint, id, gateway, gateway_message_id, outcome, error_code, submitted_at,
    recorded_at)
SELECT message_id, fingerprint, id, gateway, gateway_message_id, outcome, error_code, submitted_at,
       recorded_at
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY AS submission (
    message_id, fingerprint, id, gateway, gateway_message_id, outcome, error_code, submitted_at,
    recorded_at, place)
ORDER BY message_id, fingerprint, place
ON CONFLICT (message_id, fingerprint) DO NOTHING
RETURNING id
