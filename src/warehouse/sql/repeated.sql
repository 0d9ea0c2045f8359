-- Of an event that the staged lines tell several times, leaves the first line.
DELETE FROM staging_{kind}
WHERE rowid IN (
    SELECT line
    FROM (
        SELECT rowid AS line,
               row_number() OVER (PARTITION BY event_id ORDER BY file, rowid) AS place
        FROM staging_{kind}
        WHERE event_id IN (
            SELECT event_id FROM staging_{kind} GROUP BY event_id HAVING count(*) > 1
        )
    )
    WHERE place > 1
);
