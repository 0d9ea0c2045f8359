-- Events of facts that this transaction wrote; one that is given twice, by an attempt whose outcome
-- nobody knew and by its repetition, stands once.
-- $1 event ids, $2 kinds, $3 times of recording, $4 lines.
WITH event AS (
    SELECT DISTINCT ON (event_id) *
    FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS given (event_id, kind, recorded_at, line, place)
    ORDER BY event_id, place
)
INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
SELECT (SELECT max(epoch) FROM epochs), event.event_id, event.kind, event.recorded_at, event.line
FROM event
ORDER BY event.place
