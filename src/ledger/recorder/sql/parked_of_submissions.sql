-- Parked receipts whose message a submission has named. The gateway ids are locked, so no receipt can be
-- parked under them meanwhile.
-- $1 gateways, $2 their ids, $3 the messages.

-- 1. An id given twice in one call belongs to the later message.
WITH named AS (
    SELECT DISTINCT ON (gateway, gateway_message_id) *
    FROM unnest($1, $2, $3) AS named (gateway, gateway_message_id, message_id)
    ORDER BY gateway, gateway_message_id, message_id DESC
),
-- 2. What waits under it. One that was read again since goes where its last reading leads: its id may
--    be what was read wrongly.
waiting AS (
    SELECT parked.fingerprint, parked.request_id, parked.request_item, named.message_id
    FROM named JOIN parked_receipts AS parked USING (gateway, gateway_message_id)
    WHERE NOT EXISTS (
        SELECT FROM parked_receipts AS correction
        WHERE correction.request_id = parked.request_id
          AND correction.request_item = parked.request_item
          AND correction.corrects = parked.id
    )
)
SELECT fingerprint, message_id FROM waiting
UNION
-- 3. And with it what it was read as before.
SELECT parked.fingerprint, waiting.message_id
FROM waiting JOIN parked_receipts AS parked USING (request_id, request_item)
