-- Events of the staged lines that the warehouse knows. Event ids are UUIDv7, so the literal range lets the scan of
-- {known} pass over all other times.
CREATE OR REPLACE TEMP TABLE known_{kind} AS
SELECT event_id FROM staging_{kind}
WHERE event_id IN (
    SELECT {id} FROM {known} WHERE {id} BETWEEN '{first}'::UUID AND '{last}'::UUID
)
