-- An opt-out; changes nothing if it stands already.
-- $1 subscriber, $2 sender, $3 true, $4 source, $5 source event, $6 reason, $7 actor,
-- $8 effective from, $9 now.
INSERT INTO opt_outs (
    subscriber_id, sender, opted_out, source, source_event_id, reason, actor, effective_at,
    changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (subscriber_id, sender) DO UPDATE
SET opted_out = excluded.opted_out,
    source = excluded.source,
    source_event_id = excluded.source_event_id,
    reason = excluded.reason,
    actor = excluded.actor,
    effective_at = excluded.effective_at,
    changed_at = excluded.changed_at,
    repeated_at = NULL
WHERE NOT opt_outs.opted_out
