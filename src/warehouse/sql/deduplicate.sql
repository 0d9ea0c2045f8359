-- The staged lines that are new: the first of each event id, unless the warehouse knows the event.
-- Event ids are UUIDv7, so the literal range lets the scan of {known} pass over all other times.
CREATE OR REPLACE TEMP TABLE new_{kind} AS
SELECT *
FROM staging_{kind} AS line
WHERE NOT EXISTS (
    SELECT 1 FROM {known} AS known
    WHERE known.{id} = line.event_id
      AND known.{id} BETWEEN '{first}'::UUID AND '{last}'::UUID
)
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY file_path) = 1;
