-- Those whose events tell another time than their own line: by id alone. {hours} prunes.
INSERT INTO found
SELECT message_id, {state} FROM messages
WHERE {hours}
  AND message_id IN (SELECT message_id FROM older_deltas
                     WHERE message_id NOT IN (SELECT message_id FROM found));
