-- Waits for an advisory lock on each number, in order; held until the transaction ends. The first
-- key sets these locks apart from all others.
-- $1 numbers, sorted.
SELECT pg_advisory_xact_lock(2, wanted.number::integer)
FROM unnest($1) WITH ORDINALITY AS wanted (number, place)
ORDER BY wanted.place
