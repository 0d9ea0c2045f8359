-- The messages' hours in order, to be cut into slices.
SELECT begin_of(recorded_at, 3600) AS hour, count(*)
FROM message_lines
WHERE {after}
GROUP BY hour ORDER BY hour
