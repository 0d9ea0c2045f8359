-- Tries an advisory lock for each number, in the order given; held until the transaction ends.
-- $1 numbers.
SELECT pg_try_advisory_xact_lock(wanted.number) AS locked
FROM unnest($1) WITH ORDINALITY AS wanted (number, place)
ORDER BY wanted.place
