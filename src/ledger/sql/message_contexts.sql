-- What a later fact's event repeats of its message.
-- $1 message ids, $2 the smallest of them, $3 the largest.
SELECT messages.id, messages.recorded_at, messages.subscriber_id, campaigns.name AS campaign,
       messages.campaign_type, messages.sender, subscribers.country, messages.gateway, messages.test
FROM messages
JOIN campaigns ON campaigns.id = messages.campaign_id
JOIN subscribers ON subscribers.id = messages.subscriber_id
WHERE messages.id = ANY ($1)
-- 2. The bounds add nothing to the meaning; they let the planner pass over other partitions.
  AND messages.id BETWEEN $2 AND $3
ORDER BY messages.id
