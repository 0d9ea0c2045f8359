-- Standing wishes are read on from where a reader came to. By the time of recording that loses some: it is
-- drawn before the wish is written, which may be much later (a spool, a lock), when readers are past it.

-- 1. A change's place in the order in which readers see changes. It is given to what is committed, by the
--    readers themselves: a writer would give places in another order than it commits.
CREATE SEQUENCE opt_out_positions AS bigint;
COMMENT ON SEQUENCE opt_out_positions IS 'Places of changes of standing wishes; gaps are harmless.';
ALTER TABLE opt_outs ADD COLUMN position bigint;
COMMENT ON COLUMN opt_outs.position IS 'The last change''s place among all; null = no reader has seen it yet.';
COMMENT ON COLUMN opt_outs.changed_at IS 'When the last change was recorded; it may have been written later.';
CREATE UNIQUE INDEX opt_outs_position_key ON opt_outs (position);
CREATE INDEX opt_outs_unread_idx ON opt_outs (changed_at, subscriber_id, sender) WHERE position IS NULL;

-- 2. A change takes the place away. A trigger, since servers of the version before know none.
CREATE FUNCTION opt_outs_forget_position() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    NEW.position := NULL;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION opt_outs_forget_position IS 'Of a standing wish that changed.';
CREATE TRIGGER opt_outs_forget_position BEFORE UPDATE OF changed_at ON opt_outs
    FOR EACH ROW EXECUTE FUNCTION opt_outs_forget_position();
