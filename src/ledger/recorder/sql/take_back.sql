-- Takes back what an event made stand, since it was found not to be a wish; changes nothing if anything
-- else has spoken since, be it to say the same.
-- $1 subscriber, $2 sender, $3 whether opted out from now on, $4 source, $5 the event, $6 reason, $7 actor,
-- $8 effective from, $9 now.
UPDATE opt_outs
SET opted_out = $3,
    source = $4,
    reason = $6,
    actor = $7,
    effective_at = $8,
    changed_at = $9
WHERE subscriber_id = $1 AND sender = $2
  AND opted_out <> $3
  AND source_event_id = $5
  AND repeated_at IS NULL
