-- Lines of all windows sealed before $1, a row a kind: as they were counted, else as they were
-- shipped, before there were counts.
SELECT kind, sum(coalesce(counted.events, noted.lines))::bigint
FROM (
    SELECT epoch, number, kind, events FROM window_counts
) AS counted
FULL JOIN (
    SELECT epoch, number, kind, sum(row_count) AS lines
    FROM window_files
    GROUP BY epoch, number, kind
) AS noted USING (epoch, number, kind)
JOIN windows USING (epoch, number)
WHERE windows.sealed_at < $1
GROUP BY kind
ORDER BY kind
