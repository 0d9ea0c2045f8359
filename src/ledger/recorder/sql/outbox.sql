-- Events of facts that this transaction wrote.
-- $1 event ids, $2 kinds, $3 times of recording, $4 lines.
INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
SELECT (SELECT max(epoch) FROM epochs), event.event_id, event.kind, event.recorded_at, event.line
FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS event (event_id, kind, recorded_at, line, place)
ORDER BY event.place
