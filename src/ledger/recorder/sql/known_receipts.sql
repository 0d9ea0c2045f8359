-- What receipts that are read again were read as before.
-- $1 message ids, $2 the smallest of them, $3 the largest, $4 the calls that are read again,
-- $5 fingerprints of what is read.

-- 1. Receipts of the same messages. Which id of ours a callback carried is not kept, but it can only
--    have been the message's own.
SELECT message_id, message_id AS claimed_message_id, id, corrects, request_id, request_item, gateway,
       gateway_message_id, status, raw_status, error_code, error_class, synthetic, permanent,
       delivery_level, segment_number, gateway_time
FROM receipts
WHERE message_id = ANY ($1) AND message_id BETWEEN $2 AND $3
UNION ALL
-- 2. Parked ones of the same calls, or told by others before.
SELECT NULL, claimed_message_id, id, corrects, request_id, request_item, gateway,
       gateway_message_id, status, raw_status, error_code, error_class, synthetic, permanent,
       delivery_level, segment_number, gateway_time
FROM parked_receipts
WHERE request_id = ANY ($4) OR fingerprint = ANY ($5)
