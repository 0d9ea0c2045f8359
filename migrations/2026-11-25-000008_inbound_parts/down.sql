COMMENT ON COLUMN opt_outs.source_event_id IS 'The inbound or receipt that said so.';
ALTER TABLE inbound_messages DROP COLUMN complete;
DROP TABLE inbound_parts;
