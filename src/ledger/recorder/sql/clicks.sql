-- Clicks and their events, in one statement and so in one transaction.
-- $1 message ids, $2 ids, $3 link numbers, $4 verdicts, $5 addresses, $6 agents,
-- $7 times of recording, $8 lines, $9 the kind's number.

-- 1. The clicks; one that is there already came from an attempt whose outcome nobody knew. One that is
--    given twice, by such an attempt and its repetition, is one click with one event.
WITH given AS (
    SELECT DISTINCT ON (id) *
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY
        AS given (message_id, id, link_number, verdict, ip, user_agent, recorded_at, line, place)
    ORDER BY id, place
), written AS (
    INSERT INTO clicks (message_id, id, link_number, verdict, ip, user_agent, recorded_at)
    SELECT message_id, id, link_number, verdict, ip::inet, user_agent, recorded_at
    FROM given
    ORDER BY place
    ON CONFLICT (message_id, id) DO NOTHING
    RETURNING id
)
-- 2. The events of those that are new.
INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
SELECT (SELECT max(epoch) FROM epochs), given.id, $9, given.recorded_at, given.line
FROM given
JOIN written ON written.id = given.id
ORDER BY given.place
