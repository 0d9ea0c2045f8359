-- Receipts whose message is not known yet.
-- $1 to $18 columns. A repetition of a receipt that is there already is passed over; what is
-- returned is new.
INSERT INTO parked_receipts (
    claimed_message_id, fingerprint, id, gateway, gateway_message_id, status, raw_status, error_code,
    error_class, synthetic, segment_number, gateway_time, recorded_at, permanent, delivery_level,
    request_id, request_item, corrects)
SELECT message_id, fingerprint, id, gateway, gateway_message_id, status, raw_status, error_code,
       error_class, synthetic, segment_number, gateway_time, recorded_at, permanent, delivery_level,
       request_id, request_item, corrects
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    WITH ORDINALITY AS receipt (
    message_id, fingerprint, id, gateway, gateway_message_id, status, raw_status, error_code,
    error_class, synthetic, segment_number, gateway_time, recorded_at, permanent, delivery_level,
    request_id, request_item, corrects, place)
-- In the order of the key, as every writer does: two that repeat each other's rows never deadlock.
ORDER BY fingerprint, place
ON CONFLICT (fingerprint) DO NOTHING
RETURNING id
