-- The newest links' numbers. $1 all are below it, $2 how many.
SELECT number
FROM links
WHERE number < $1
ORDER BY number DESC
LIMIT $2
