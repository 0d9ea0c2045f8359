-- Notes that an opt-out that stands was asked for again, by something else.
-- $1 subscriber, $2 sender, $3 source event, $4 effective from.
UPDATE opt_outs
SET repeated_at = $4
WHERE subscriber_id = $1 AND sender = $2 AND opted_out
  AND source_event_id IS DISTINCT FROM $3
  AND (repeated_at IS NULL OR repeated_at < $4)
