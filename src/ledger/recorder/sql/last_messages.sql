-- The last message sent to each subscriber by each sender until a given time; suppressed ones were not
-- sent.
-- $1 subscribers, $2 senders, $3 times.
SELECT wanted.place, last.id AS message_id
FROM unnest($1, $2, $3) WITH ORDINALITY AS wanted (subscriber_id, sender, heard_at, place)
CROSS JOIN LATERAL (
    -- Newest partition first; the first hit ends the search.
    SELECT messages.id
    FROM messages
    WHERE messages.subscriber_id = wanted.subscriber_id
      AND messages.sender = wanted.sender
      AND messages.outcome = 'recorded'
      -- Two servers' clocks are compared: an answer takes longer than NTP leaves between them.
      AND messages.recorded_at <= wanted.heard_at
    ORDER BY messages.id DESC
    LIMIT 1
) AS last
