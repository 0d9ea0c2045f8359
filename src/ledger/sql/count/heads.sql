-- The last window of each epoch, and PostgreSQL's clock.
SELECT epoch, max(number), clock_timestamp()
FROM windows
GROUP BY epoch
ORDER BY epoch
