-- The last message sent to each subscriber by each sender; suppressed ones were not sent.
-- $1 subscribers, $2 senders.
SELECT wanted.place, last.id AS message_id
FROM unnest($1, $2) WITH ORDINALITY AS wanted (subscriber_id, sender, place)
CROSS JOIN LATERAL (
    -- Newest partition first; the first hit ends the search.
    SELECT messages.id
    FROM messages
    WHERE messages.subscriber_id = wanted.subscriber_id
      AND messages.sender = wanted.sender
      AND messages.outcome = 'recorded'
    ORDER BY messages.id DESC
    LIMIT 1
) AS last
