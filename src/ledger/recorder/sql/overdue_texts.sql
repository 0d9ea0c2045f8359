-- Texts of which a part has waited for longer than $1 seconds, at most $2 of them, the oldest first.
SELECT gateway, subscriber_id, sender, reference, total
FROM inbound_parts
WHERE waiting_since < now() - make_interval(secs => $1)
GROUP BY gateway, subscriber_id, sender, reference, total
ORDER BY min(waiting_since)
LIMIT $2
