-- The messages that were there before and that these windows are about, as they are now: those that
-- changed since they were last folded as that change left them.
CREATE OR REPLACE TEMP TABLE older_deltas AS
FROM deltas WHERE message_id NOT IN (SELECT event_id FROM new_message);

CREATE OR REPLACE TEMP TABLE found AS
SELECT message_id, {state} FROM message_changes
WHERE message_id IN (SELECT message_id FROM older_deltas);

-- The others, where they stand.
CREATE OR REPLACE TEMP TABLE sought AS
SELECT message_id, message_recorded_at FROM older_deltas
WHERE message_id NOT IN (SELECT message_id FROM found);

{places}
-- Their ids come from there: of all columns they take longest to read.
INSERT INTO found
SELECT older.message_id, {state}
FROM messages JOIN older ON messages.rowid = older.place;
