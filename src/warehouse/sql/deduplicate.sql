-- Leaves the staged lines whose event the warehouse does not know. Few are known, so these are deleted: copying
-- the others took as much memory again. Event ids are UUIDv7, so the literal range lets the scan of {known}
-- pass over all other times.
DELETE FROM staging_{kind}
WHERE event_id IN (
    SELECT {id} FROM {known} WHERE {id} BETWEEN '{first}'::UUID AND '{last}'::UUID
);
