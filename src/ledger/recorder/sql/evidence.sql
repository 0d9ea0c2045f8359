-- All that is known about the status of these messages.
-- $1 message ids, $2 the smallest of them, $3 the largest (they let the planner pass over other
-- partitions).

-- 1. What gateways reported.
SELECT message_id, status, synthetic, gateway_time, segment_number
FROM receipts
WHERE message_id = ANY ($1) AND message_id BETWEEN $2 AND $3
UNION ALL
-- 2. What became of handing them over.
SELECT message_id,
       CASE outcome WHEN 'refused' THEN 'rejected' ELSE outcome END,
       false, submitted_at, NULL
FROM submissions
WHERE message_id = ANY ($1) AND message_id BETWEEN $2 AND $3
