-- Leaves the staged lines that are new. Few are not, so these are deleted: copying the others took as
-- much memory again, and a window function over whole lines several times that.

-- Lines whose event the warehouse knows. Event ids are UUIDv7, so the literal range lets the scan of
-- {known} pass over all other times.
DELETE FROM staging_{kind}
WHERE event_id IN (
    SELECT {id} FROM {known} WHERE {id} BETWEEN '{first}'::UUID AND '{last}'::UUID
);

-- Of an event that these windows tell several times, all lines but the first.
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

CREATE OR REPLACE TEMP VIEW new_{kind} AS FROM staging_{kind};
