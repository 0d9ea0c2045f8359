-- Notes the facts ($3 kinds, $4 ids, $5 times of recording) that no event in the whole outbox tells
-- of, found with the window $1, $2. A statement of its own, which reads the outbox anew: it is walked
-- from end to end, for suspects only.
INSERT INTO facts_without_event (kind, fact_id, recorded_at, epoch, number)
SELECT suspect.kind, suspect.fact_id, suspect.recorded_at, $1, $2
FROM unnest($3::smallint[], $4::uuid[], $5::timestamptz[]) AS suspect (kind, fact_id, recorded_at)
WHERE NOT EXISTS (
    SELECT FROM outbox
    WHERE outbox.recorded_at = suspect.recorded_at
        AND outbox.kind = suspect.kind
        AND (outbox.event_id = suspect.fact_id
            OR (suspect.kind = 7 AND strpos(outbox.line, suspect.fact_id::text) > 0))
)
ON CONFLICT (kind, fact_id, recorded_at) DO NOTHING
