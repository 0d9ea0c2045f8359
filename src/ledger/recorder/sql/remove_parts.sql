-- Parts whose text is recorded in this transaction.
-- $1 gateways, $2 subscribers, $3 senders, $4 references, $5 totals, $6 numbers.
DELETE FROM inbound_parts AS part
USING unnest($1, $2, $3, $4, $5, $6) AS wanted (
    gateway, subscriber_id, sender, reference, total, number)
WHERE part.gateway = wanted.gateway
  AND part.subscriber_id = wanted.subscriber_id
  AND part.sender = wanted.sender
  AND part.reference = wanted.reference
  AND part.total = wanted.total
  AND part.number = wanted.number
