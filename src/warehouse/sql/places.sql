-- Where messages stand, of whom {sought} has ids and times: first by their times, a column that takes an eighth of
-- their ids' time to look through, then only where those stand. DuckDB takes few places as a filter of the scan and
-- passes by the rest of the table (`dynamic_or_filter_threshold`). Messages of one batch share a time, so the ids have
-- the last word; materialized, since else they are looked for before the places are, and that in all of the table.
CREATE OR REPLACE TEMP TABLE places AS
SELECT rowid AS place FROM messages
WHERE message_recorded_at IN (SELECT message_recorded_at FROM {sought});

CREATE OR REPLACE TEMP TABLE older AS
WITH near AS MATERIALIZED (
    SELECT rowid AS place, message_id FROM messages
    WHERE rowid IN (SELECT place FROM places)
)
FROM near WHERE message_id IN (SELECT message_id FROM {sought});
