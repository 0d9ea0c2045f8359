-- People look at verdicts on subscribers' texts, and overturn them.

-- 1. What a person decided about an inbound message. The machine's own verdict stays as it is: its event
--    says the same for ever.
ALTER TABLE inbound_messages ADD COLUMN reviewed_intent text;
COMMENT ON COLUMN inbound_messages.reviewed_intent IS 'What a person decided that it asks for (stop, start, help, none), which stands before intent; null = nobody did.';

-- 2. What waits for a person, and nothing else: few rows, whatever the table holds.
CREATE INDEX inbound_messages_review_idx ON inbound_messages (id)
    WHERE intent = 'possible_stop' AND reviewed_intent IS NULL;

-- 3. Every such decision, by whom and when.
CREATE TABLE inbound_verdicts (
    inbound_id uuid        NOT NULL,
    id         uuid        NOT NULL,
    intent     text        NOT NULL,
    overturned text        NOT NULL,
    reason     text,
    actor      text        NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT inbound_verdicts_pkey PRIMARY KEY (inbound_id, id),
    CONSTRAINT inbound_verdicts_intent_check CHECK (intent IN ('stop', 'start', 'help', 'none'))
);
COMMENT ON TABLE inbound_verdicts IS 'What people decided about inbound messages; the last one stands.';
COMMENT ON COLUMN inbound_verdicts.inbound_id IS 'About which.';
COMMENT ON COLUMN inbound_verdicts.id IS 'UUIDv7; also the event_id of the wish that follows, if one does.';
COMMENT ON COLUMN inbound_verdicts.intent IS 'What it asks for: stop, start, help, none.';
COMMENT ON COLUMN inbound_verdicts.overturned IS 'What stood before.';
COMMENT ON COLUMN inbound_verdicts.reason IS 'Why, in words.';
COMMENT ON COLUMN inbound_verdicts.actor IS 'Who: an API key''s id.';
COMMENT ON COLUMN inbound_verdicts.decided_at IS 'When.';

-- 4. A second STOP changes nothing that stands; but it is why the wish stands when the first one is found
--    to have been none.
ALTER TABLE opt_outs ADD COLUMN repeated_at timestamptz;
COMMENT ON COLUMN opt_outs.repeated_at IS 'From when on the last wish holds that said the same again, by other words than the one that made it stand; null = none did.';
