-- Lines that tell of an event once more, of those that do so in one load: all but the first.
CREATE OR REPLACE TEMP TABLE repeated_{kind} AS
SELECT file, line
FROM lines_{kind}
WHERE event_id IN (SELECT event_id FROM lines_{kind} GROUP BY event_id HAVING count(*) > 1)
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY file, line) > 1
