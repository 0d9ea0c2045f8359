-- Parked receipts whose call was read again, and names their message now.
-- $1 calls, $2 places among their items, $3 the messages.
SELECT parked.fingerprint, named.message_id
FROM unnest($1, $2, $3) AS named (request_id, request_item, message_id)
JOIN parked_receipts AS parked USING (request_id, request_item)
