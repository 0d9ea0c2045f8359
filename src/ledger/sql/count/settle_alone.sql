-- Forgets facts that were without an event and have one now.
DELETE FROM facts_without_event AS alone
WHERE EXISTS (
    SELECT FROM outbox
    WHERE outbox.recorded_at = alone.recorded_at
        AND outbox.kind = alone.kind
        AND (outbox.event_id = alone.fact_id
            OR (alone.kind = 7 AND strpos(outbox.line, alone.fact_id::text) > 0))
)
