-- Subscribers with ids drawn by the caller: $1 ids, $2 numbers, $3 countries. One whose number is there
-- already is passed over; what is returned is new.
INSERT INTO subscribers (id, number, country)
SELECT id, number, country
FROM unnest($1, $2, $3) AS given (id, number, country)
-- As every writer does: two that name each other's numbers never deadlock.
ORDER BY number
ON CONFLICT (number) DO NOTHING
RETURNING number, id
