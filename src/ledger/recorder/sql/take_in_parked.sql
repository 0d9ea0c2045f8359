-- Parked receipts get to their messages, whose rows are locked.
-- $1 their fingerprints, $2 the messages.

-- 1. Out of the parking lot; one that somebody else took meanwhile is passed over.
WITH taken AS (
    DELETE FROM parked_receipts
    USING unnest($1, $2) AS waiting (fingerprint, message_id)
    WHERE parked_receipts.fingerprint = waiting.fingerprint
    RETURNING parked_receipts.*, waiting.message_id
),
-- 2. To the message.
placed AS (
    INSERT INTO receipts (
        message_id, fingerprint, id, gateway, gateway_message_id, status, raw_status, error_code,
        error_class, synthetic, segment_number, gateway_time, recorded_at, permanent, delivery_level,
        request_id, request_item, corrects)
    SELECT message_id, fingerprint, id, gateway, gateway_message_id, status, raw_status, error_code,
           error_class, synthetic, segment_number, gateway_time, recorded_at, permanent,
           delivery_level, request_id, request_item, corrects
    FROM taken
    ORDER BY message_id, fingerprint
    ON CONFLICT (message_id, fingerprint) DO NOTHING
    RETURNING id
),
-- 3. One that the message has already, by another way, is no second row; but it was an event, so it
--    is not forgotten.
repeated AS (
    INSERT INTO repeated_receipts (id, message_id, recorded_at)
    SELECT id, message_id, recorded_at
    FROM taken
    WHERE id NOT IN (SELECT id FROM placed)
)
-- 4. What the match events tell, in the order of the receipts; and what those that are with their
--    message only now tell of its recipient: not those that were corrected meanwhile.
SELECT id AS receipt_id, message_id, gateway, error_class, error_code, gateway_time, recorded_at,
       id IN (SELECT id FROM placed)
           AND (message_id, id) NOT IN (
               SELECT message_id, corrects FROM taken WHERE corrects IS NOT NULL
           ) AS placed
FROM taken
ORDER BY id
