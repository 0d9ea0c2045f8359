-- What these windows make of older messages stands in the place of what others made of them. It is appended: to
-- change messages of weeks is to read, log and later rewrite nearly all blocks of their table.
DELETE FROM message_changes WHERE message_id IN (SELECT message_id FROM changes);
INSERT INTO message_changes BY NAME FROM changes;
