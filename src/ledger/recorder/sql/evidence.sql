-- All that is known about the status of these messages.
-- $1 message ids, $2 the smallest of them, $3 the largest (they let the planner pass over other
-- partitions).

-- 1. What gateways reported.
WITH reported AS MATERIALIZED (
    SELECT message_id, status, synthetic, gateway_time, segment_number, id, corrects
    FROM receipts
    WHERE message_id = ANY ($1) AND message_id BETWEEN $2 AND $3
)
-- 2. Of it, what counts: a receipt that another one of the same message corrects is history. Of the same
--    message, or a status would depend on which others are asked for with it.
SELECT message_id, status, synthetic, gateway_time, segment_number
FROM reported
WHERE (message_id, id) NOT IN (
    SELECT message_id, corrects FROM reported WHERE corrects IS NOT NULL
)
UNION ALL
-- 3. What became of handing them over.
SELECT message_id,
       CASE outcome WHEN 'refused' THEN 'rejected' ELSE outcome END,
       false, submitted_at, NULL
FROM submissions
WHERE message_id = ANY ($1) AND message_id BETWEEN $2 AND $3
