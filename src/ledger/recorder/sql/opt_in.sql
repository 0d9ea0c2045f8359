-- An opt-in; changes nothing unless an opt-out stands.
-- $1 subscriber, $2 sender, $3 false, $4 source, $5 source event, $6 reason, $7 actor,
-- $8 effective from, $9 now.
UPDATE opt_outs
SET opted_out = $3,
    source = $4,
    source_event_id = $5,
    reason = $6,
    actor = $7,
    effective_at = $8,
    changed_at = $9,
    repeated_at = NULL
WHERE subscriber_id = $1 AND sender = $2 AND opted_out
  -- An opt-in that arrives late does not undo an opt-out given, or given again, after it.
  AND greatest(effective_at, repeated_at) <= $8
