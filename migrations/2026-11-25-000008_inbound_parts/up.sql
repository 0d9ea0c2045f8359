-- Parts of subscribers' texts that wait for the others (3GPP TS 23.040, 9.2.3.24.1). Some gateways hand
-- in parts; a text becomes one inbound message, with its event, when it is whole or when its time is up.

-- 1. The parts. Nothing refers to one: a part is no fact yet, and leaves in the transaction in which its
--    text becomes one.
CREATE TABLE inbound_parts (
    gateway            text        NOT NULL,
    subscriber_id      uuid        NOT NULL,
    sender             text        NOT NULL,
    reference          text        NOT NULL,
    total              smallint    NOT NULL,
    number             smallint    NOT NULL,
    id                 uuid        NOT NULL,
    gateway_message_id text,
    body               text        NOT NULL,
    gateway_intent     text,
    received_at        timestamptz,
    recorded_at        timestamptz NOT NULL,
    waiting_since      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT inbound_parts_pkey PRIMARY KEY (gateway, subscriber_id, sender, reference, total, number),
    CONSTRAINT inbound_parts_subscriber_id_fkey FOREIGN KEY (subscriber_id) REFERENCES subscribers (id),
    CONSTRAINT inbound_parts_number_check CHECK (number BETWEEN 1 AND total AND total BETWEEN 2 AND 255)
);
CREATE INDEX inbound_parts_waiting_since_idx ON inbound_parts (waiting_since);
COMMENT ON TABLE inbound_parts IS 'Parts of subscribers'' texts that wait for the others.';
COMMENT ON COLUMN inbound_parts.gateway IS 'Where it came in.';
COMMENT ON COLUMN inbound_parts.subscriber_id IS 'From whom.';
COMMENT ON COLUMN inbound_parts.sender IS 'The platform''s number that it was sent to.';
COMMENT ON COLUMN inbound_parts.reference IS 'What the parts of one text share. 8 or 16 bits, so it comes again.';
COMMENT ON COLUMN inbound_parts.total IS 'Parts of the text.';
COMMENT ON COLUMN inbound_parts.number IS 'Its place, from 1.';
COMMENT ON COLUMN inbound_parts.id IS 'UUIDv7; the text''s, if none before it in the text has come.';
COMMENT ON COLUMN inbound_parts.gateway_message_id IS 'The gateway''s id for it.';
COMMENT ON COLUMN inbound_parts.body IS 'Its text.';
COMMENT ON COLUMN inbound_parts.gateway_intent IS 'The gateway''s own verdict.';
COMMENT ON COLUMN inbound_parts.received_at IS 'When, by the gateway''s clock.';
COMMENT ON COLUMN inbound_parts.recorded_at IS 'When a server took it.';
COMMENT ON COLUMN inbound_parts.waiting_since IS 'When it came here, by PostgreSQL''s clock: it may have been in a spool before.';

-- 2. Whether all of a text came. A constant default: no row is written anew.
ALTER TABLE inbound_messages ADD COLUMN complete boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN inbound_messages.complete IS 'Whether all its parts came in time.';

-- 3. What else makes a wish stand.
COMMENT ON COLUMN opt_outs.source_event_id IS 'The inbound, receipt or submission that said so.';
