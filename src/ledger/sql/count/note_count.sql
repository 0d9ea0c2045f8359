-- Stores a window's count, a row a kind. $1 epoch, $2 number, $3 kinds, $4 events, $5 facts. One that
-- is there is mended; but not from an outbox that was reclaimed since, which holds fewer events.
INSERT INTO window_counts (epoch, number, kind, events, facts)
SELECT $1, $2, kind, events, facts
FROM unnest($3::smallint[], $4::bigint[], $5::bigint[]) AS counted (kind, events, facts)
ON CONFLICT (epoch, number, kind) DO UPDATE
SET events = excluded.events,
    facts = excluded.facts,
    counted_at = now()
WHERE excluded.events >= window_counts.events
    AND (excluded.events, excluded.facts) <> (window_counts.events, window_counts.facts)
