-- The messages' hours in order, to be cut into slices.
SELECT date_trunc('hour', recorded_at) AS hour, count(*)
FROM message_lines
WHERE {after}
GROUP BY hour ORDER BY hour
