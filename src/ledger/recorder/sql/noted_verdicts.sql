-- Which of these verdicts are noted already: their transaction was committed, and nobody heard of it.
-- $1 inbounds, $2 ids.
SELECT noted.id
FROM unnest($1, $2) AS given (inbound_id, id)
JOIN inbound_verdicts AS noted USING (inbound_id, id)
