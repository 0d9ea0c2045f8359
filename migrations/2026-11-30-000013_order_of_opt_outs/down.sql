DROP TRIGGER opt_outs_forget_position ON opt_outs;
DROP FUNCTION opt_outs_forget_position;
DROP INDEX opt_outs_unread_idx;
DROP INDEX opt_outs_position_key;
ALTER TABLE opt_outs DROP COLUMN position;
DROP SEQUENCE opt_out_positions;
COMMENT ON COLUMN opt_outs.changed_at IS 'When this row was written; the cursor of GET /v1/opt-outs?since=.';
