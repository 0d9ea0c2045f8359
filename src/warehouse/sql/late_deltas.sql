-- Changes that only the load itself knows, to be added to those of its own lines: of receipts that it settled,
-- and of earlier events whose message comes with these windows.
CREATE OR REPLACE TEMP TABLE late AS
WITH effects AS (
    {settled}
    UNION ALL BY NAME
    FROM orphan_events WHERE message_id IN (SELECT event_id FROM new_message)
)
FROM effects
UNION ALL BY NAME
FROM deltas WHERE message_id IN (SELECT message_id FROM effects);

DELETE FROM deltas WHERE message_id IN (SELECT message_id FROM late);

INSERT INTO deltas {deltas};

DELETE FROM orphan_events WHERE message_id IN (SELECT event_id FROM new_message);
