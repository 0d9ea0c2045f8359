-- The pairs of subscriber and sender that are opted out.
-- $1 subscribers, $2 senders.
SELECT DISTINCT wanted.subscriber_id, wanted.sender
FROM unnest($1, $2) AS wanted (subscriber_id, sender)
JOIN opt_outs ON opt_outs.subscriber_id = wanted.subscriber_id
             AND opt_outs.sender IN (wanted.sender, '*')
             AND opt_outs.opted_out
