-- Messages and everything that happens to them.
--
-- All of it is partitioned by message id. The ids are UUIDv7, so a range of ids is a range of time,
-- and one quarter's messages with their links, submissions, receipts and clicks can be detached
-- together once they are verified in the lake. Every statement that looks a message up by id
-- touches one partition.
--
-- There are no foreign keys between the growing tables. Each would cost a look-up and a row lock a
-- fact, and would tie partitions together that are to be detached; the recorder writes a fact only
-- for a message that it has read.

-- 1. The first UUIDv7 of an instant: the bounds of the partitions.
CREATE FUNCTION uuidv7_floor(instant timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (lpad(to_hex((extract(epoch FROM instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;
COMMENT ON FUNCTION uuidv7_floor IS 'The smallest UUIDv7 of an instant (RFC 9562, 5.7: the first 48 bits are Unix milliseconds).';

-- 2. Messages.
CREATE TABLE messages (
    id               uuid        NOT NULL,
    subscriber_id    uuid        NOT NULL,
    campaign_id      bigint      NOT NULL,
    campaign_type    text        NOT NULL,
    sender           text        NOT NULL,
    gateway          text,
    client_reference text,
    body             text        NOT NULL,
    encoding         text        NOT NULL,
    code_units       integer     NOT NULL,
    segments         integer     NOT NULL,
    outcome          text        NOT NULL,
    status           text        NOT NULL,
    test             boolean     NOT NULL,
    api_key_id       uuid        NOT NULL,
    recorded_at      timestamptz NOT NULL,
    CONSTRAINT messages_pkey PRIMARY KEY (id),
    CONSTRAINT messages_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT messages_outcome_check CHECK (outcome IN ('recorded', 'suppressed')),
    CONSTRAINT messages_encoding_check CHECK (encoding IN ('gsm7', 'ucs2')),
    CONSTRAINT messages_status_check CHECK (status IN ('recorded', 'accepted', 'queued', 'sent',
        'unknown', 'delivered', 'undelivered', 'failed', 'rejected', 'expired', 'canceled'))
) PARTITION BY RANGE (id);
CREATE INDEX messages_subscriber_id_idx ON messages (subscriber_id, id);
COMMENT ON TABLE messages IS 'Outbound SMS, one row a recipient, suppressed ones included.';
COMMENT ON COLUMN messages.id IS 'UUIDv7; also the event_id of its log line.';
COMMENT ON COLUMN messages.subscriber_id IS 'To whom.';
COMMENT ON COLUMN messages.campaign_id IS 'Its campaign.';
COMMENT ON COLUMN messages.campaign_type IS 'The campaign''s type when it was recorded.';
COMMENT ON COLUMN messages.sender IS 'From whom: E.164, short code or name.';
COMMENT ON COLUMN messages.gateway IS 'The gateway it is meant for, if the caller said so.';
COMMENT ON COLUMN messages.client_reference IS 'The caller''s own name for it.';
COMMENT ON COLUMN messages.body IS 'The rendered text, short URLs in place.';
COMMENT ON COLUMN messages.encoding IS 'gsm7 or ucs2.';
COMMENT ON COLUMN messages.code_units IS 'Septets or UTF-16 units.';
COMMENT ON COLUMN messages.segments IS 'SMS segments.';
COMMENT ON COLUMN messages.outcome IS 'recorded, or suppressed because of an opt-out.';
COMMENT ON COLUMN messages.status IS 'Delivery status: a function of its submissions and receipts.';
COMMENT ON COLUMN messages.test IS 'Never counted in a report.';
COMMENT ON COLUMN messages.api_key_id IS 'Who asked for it.';
COMMENT ON COLUMN messages.recorded_at IS 'When it was recorded.';
-- No index on campaign_id: campaigns are never deleted, and no query asks for a campaign's messages
-- (that is what the warehouse is for).

-- 3. Links: found by number, which the short code is a permutation of.
CREATE SEQUENCE link_numbers AS bigint MINVALUE 0 START 0;
COMMENT ON SEQUENCE link_numbers IS 'Numbers of links; gaps are harmless.';
CREATE TABLE links (
    number      bigint      NOT NULL,
    message_id  uuid        NOT NULL,
    position    smallint    NOT NULL,
    code        text        NOT NULL,
    short_domain text       NOT NULL,
    target_url  text        NOT NULL,
    fallback_url text,
    expires_at  timestamptz,
    CONSTRAINT links_pkey PRIMARY KEY (number)
) PARTITION BY RANGE (number);
CREATE INDEX links_message_id_idx ON links (message_id);
COMMENT ON TABLE links IS 'Tracked URLs, one row a URL in a message.';
COMMENT ON COLUMN links.number IS 'From link_numbers; the code is a keyed permutation of it.';
COMMENT ON COLUMN links.message_id IS 'The one message it stands in.';
COMMENT ON COLUMN links.position IS 'Its place among the message''s links, from 0.';
COMMENT ON COLUMN links.code IS 'The short code that was sent.';
COMMENT ON COLUMN links.short_domain IS 'Host (and port) of the short URL.';
COMMENT ON COLUMN links.target_url IS 'Where it leads.';
COMMENT ON COLUMN links.fallback_url IS 'Where it leads once expired; null = 410.';
COMMENT ON COLUMN links.expires_at IS 'When it expires; null = never.';

-- 4. Submissions.
CREATE TABLE submissions (
    message_id         uuid        NOT NULL,
    fingerprint        uuid        NOT NULL,
    id                 uuid        NOT NULL,
    gateway            text        NOT NULL,
    gateway_message_id text,
    outcome            text        NOT NULL,
    error_code         text,
    submitted_at       timestamptz,
    recorded_at        timestamptz NOT NULL,
    CONSTRAINT submissions_pkey PRIMARY KEY (message_id, fingerprint),
    CONSTRAINT submissions_outcome_check CHECK (outcome IN ('accepted', 'refused', 'canceled'))
) PARTITION BY RANGE (message_id);
CREATE INDEX submissions_gateway_message_id_idx ON submissions (gateway_message_id, gateway)
    WHERE gateway_message_id IS NOT NULL;
COMMENT ON TABLE submissions IS 'Hand-overs of messages to gateways.';
COMMENT ON COLUMN submissions.message_id IS 'What was handed over.';
COMMENT ON COLUMN submissions.fingerprint IS 'Hash of gateway, its id and the outcome: the same report twice is one row.';
COMMENT ON COLUMN submissions.id IS 'UUIDv7, the event_id.';
COMMENT ON COLUMN submissions.gateway IS 'To whom.';
COMMENT ON COLUMN submissions.gateway_message_id IS 'The id that the gateway gave, in canonical form.';
COMMENT ON COLUMN submissions.outcome IS 'accepted, refused or canceled.';
COMMENT ON COLUMN submissions.error_code IS 'The gateway''s own code.';
COMMENT ON COLUMN submissions.submitted_at IS 'When, by the caller''s clock.';
COMMENT ON COLUMN submissions.recorded_at IS 'When it was recorded here.';

-- 5. Receipts whose message is known.
CREATE TABLE receipts (
    message_id         uuid        NOT NULL,
    fingerprint        uuid        NOT NULL,
    id                 uuid        NOT NULL,
    gateway            text        NOT NULL,
    gateway_message_id text,
    status             text        NOT NULL,
    raw_status         text        NOT NULL,
    error_code         text,
    error_class        text,
    synthetic          boolean     NOT NULL,
    segment_number     integer,
    gateway_time       timestamptz,
    recorded_at        timestamptz NOT NULL,
    CONSTRAINT receipts_pkey PRIMARY KEY (message_id, fingerprint)
) PARTITION BY RANGE (message_id);
COMMENT ON TABLE receipts IS 'Delivery receipts, append-only; one row however often a gateway repeats it.';
COMMENT ON COLUMN receipts.message_id IS 'What it is about.';
COMMENT ON COLUMN receipts.fingerprint IS 'Hash of gateway, its id, segment, raw status, error code and gateway time.';
COMMENT ON COLUMN receipts.id IS 'UUIDv7, the event_id and receipt_id.';
COMMENT ON COLUMN receipts.gateway IS 'Who reported.';
COMMENT ON COLUMN receipts.gateway_message_id IS 'The gateway''s id for the message, in canonical form.';
COMMENT ON COLUMN receipts.status IS 'The status in our words.';
COMMENT ON COLUMN receipts.raw_status IS 'The status in the gateway''s words.';
COMMENT ON COLUMN receipts.error_code IS 'The gateway''s own code.';
COMMENT ON COLUMN receipts.error_class IS 'Our class of it.';
COMMENT ON COLUMN receipts.synthetic IS 'The gateway''s own guess after long silence.';
COMMENT ON COLUMN receipts.segment_number IS 'The segment it is about; null = the whole message.';
COMMENT ON COLUMN receipts.gateway_time IS 'When, by the gateway''s clock.';
COMMENT ON COLUMN receipts.recorded_at IS 'When it was recorded here.';

-- 6. Receipts that came before anything told which message they are about. Rows leave when they are
--    matched; the event was written when they came.
CREATE TABLE parked_receipts (
    fingerprint        uuid        NOT NULL,
    id                 uuid        NOT NULL,
    gateway            text        NOT NULL,
    gateway_message_id text,
    claimed_message_id uuid,
    status             text        NOT NULL,
    raw_status         text        NOT NULL,
    error_code         text,
    error_class        text,
    synthetic          boolean     NOT NULL,
    segment_number     integer,
    gateway_time       timestamptz,
    recorded_at        timestamptz NOT NULL,
    CONSTRAINT parked_receipts_pkey PRIMARY KEY (fingerprint)
);
CREATE INDEX parked_receipts_gateway_message_id_idx ON parked_receipts (gateway_message_id, gateway);
COMMENT ON TABLE parked_receipts IS 'Receipts whose message is not yet known; a submission that names the same gateway id takes them in.';
COMMENT ON COLUMN parked_receipts.fingerprint IS 'As in receipts.';
COMMENT ON COLUMN parked_receipts.id IS 'UUIDv7, the event_id and receipt_id.';
COMMENT ON COLUMN parked_receipts.gateway IS 'Who reported.';
COMMENT ON COLUMN parked_receipts.gateway_message_id IS 'The gateway''s id for the message, in canonical form.';
COMMENT ON COLUMN parked_receipts.claimed_message_id IS 'The message id that the callback named, if it named one that is not here.';
COMMENT ON COLUMN parked_receipts.status IS 'The status in our words.';
COMMENT ON COLUMN parked_receipts.raw_status IS 'The status in the gateway''s words.';
COMMENT ON COLUMN parked_receipts.error_code IS 'The gateway''s own code.';
COMMENT ON COLUMN parked_receipts.error_class IS 'Our class of it.';
COMMENT ON COLUMN parked_receipts.synthetic IS 'The gateway''s own guess after long silence.';
COMMENT ON COLUMN parked_receipts.segment_number IS 'The segment it is about; null = the whole message.';
COMMENT ON COLUMN parked_receipts.gateway_time IS 'When, by the gateway''s clock.';
COMMENT ON COLUMN parked_receipts.recorded_at IS 'When it was recorded here.';

-- 7. Clicks.
CREATE TABLE clicks (
    message_id  uuid        NOT NULL,
    id          uuid        NOT NULL,
    link_number bigint      NOT NULL,
    verdict     text        NOT NULL,
    ip          inet,
    user_agent  text,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT clicks_pkey PRIMARY KEY (message_id, id),
    CONSTRAINT clicks_verdict_check CHECK (verdict IN ('human', 'bot', 'suspect'))
) PARTITION BY RANGE (message_id);
COMMENT ON TABLE clicks IS 'Visits to short URLs.';
COMMENT ON COLUMN clicks.message_id IS 'The link''s message.';
COMMENT ON COLUMN clicks.id IS 'UUIDv7, the event_id.';
COMMENT ON COLUMN clicks.link_number IS 'The link.';
COMMENT ON COLUMN clicks.verdict IS 'human, bot or suspect.';
COMMENT ON COLUMN clicks.ip IS 'The visitor''s address; the lake holds only its network.';
COMMENT ON COLUMN clicks.user_agent IS 'The browser''s own words.';
COMMENT ON COLUMN clicks.recorded_at IS 'When it was recorded.';

-- 8. Inbound messages, partitioned by their own id, since many belong to no message. A unique key
--    over all partitions is not to be had, so what was seen lately stands in a table of its own.
CREATE TABLE inbound_messages (
    id                 uuid        NOT NULL,
    gateway            text        NOT NULL,
    gateway_message_id text,
    subscriber_id      uuid        NOT NULL,
    sender             text        NOT NULL,
    message_id         uuid,
    body               text        NOT NULL,
    intent             text        NOT NULL,
    intent_reason      text,
    received_at        timestamptz,
    recorded_at        timestamptz NOT NULL,
    CONSTRAINT inbound_messages_pkey PRIMARY KEY (id),
    CONSTRAINT inbound_messages_intent_check
        CHECK (intent IN ('stop', 'start', 'help', 'possible_stop', 'none'))
) PARTITION BY RANGE (id);
CREATE INDEX inbound_messages_message_id_idx ON inbound_messages (message_id)
    WHERE message_id IS NOT NULL;
COMMENT ON TABLE inbound_messages IS 'Messages from subscribers.';
COMMENT ON COLUMN inbound_messages.id IS 'UUIDv7, the event_id and inbound_id.';
COMMENT ON COLUMN inbound_messages.gateway IS 'Where it came in.';
COMMENT ON COLUMN inbound_messages.gateway_message_id IS 'The gateway''s id for it.';
COMMENT ON COLUMN inbound_messages.subscriber_id IS 'From whom.';
COMMENT ON COLUMN inbound_messages.sender IS 'The platform''s number that it was sent to.';
COMMENT ON COLUMN inbound_messages.message_id IS 'The last message sent to that subscriber by that sender.';
COMMENT ON COLUMN inbound_messages.body IS 'The text.';
COMMENT ON COLUMN inbound_messages.intent IS 'What it asks for: stop, start, help, possible_stop, none.';
COMMENT ON COLUMN inbound_messages.intent_reason IS 'The rule that decided.';
COMMENT ON COLUMN inbound_messages.received_at IS 'When, by the gateway''s clock.';
COMMENT ON COLUMN inbound_messages.recorded_at IS 'When it was recorded here.';

CREATE TABLE seen_facts (
    fingerprint uuid        NOT NULL,
    seen_at     timestamptz NOT NULL,
    CONSTRAINT seen_facts_pkey PRIMARY KEY (fingerprint)
);
CREATE INDEX seen_facts_seen_at_idx ON seen_facts (seen_at);
COMMENT ON TABLE seen_facts IS 'Inbound messages and wishes of late, so that a repetition is recognised; old rows are pruned.';
COMMENT ON COLUMN seen_facts.fingerprint IS 'Of an inbound: hash of gateway and its id, or of gateway, numbers, text and gateway time where it gives none. Of a wish over the API: its id.';
COMMENT ON COLUMN seen_facts.seen_at IS 'When it was recorded.';

-- 9. Idempotency keys with the answers they stand for.
CREATE TABLE idempotency_keys (
    api_key_id   uuid        NOT NULL,
    key          text        NOT NULL,
    payload_hash bytea       NOT NULL,
    status       smallint    NOT NULL,
    body         text        NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (api_key_id, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
COMMENT ON TABLE idempotency_keys IS 'Answers already given, by the caller''s Idempotency-Key; old rows are pruned.';
COMMENT ON COLUMN idempotency_keys.api_key_id IS 'Whose key: two callers may use the same.';
COMMENT ON COLUMN idempotency_keys.key IS 'As the caller chose it.';
COMMENT ON COLUMN idempotency_keys.payload_hash IS 'SHA-256 of the call and its payload: the same key for another payload is refused.';
COMMENT ON COLUMN idempotency_keys.status IS 'HTTP status of the answer.';
COMMENT ON COLUMN idempotency_keys.body IS 'The answer, to be given again.';
COMMENT ON COLUMN idempotency_keys.created_at IS 'When it was given.';

-- 10. The partitions: a quarter of a year each for ids, 2^27 numbers each for links, and a default
--     that keeps inserts going should someone forget to add more.
DO $$
DECLARE
    parent text;
    first  timestamptz;
    next   timestamptz;
BEGIN
    FOREACH parent IN ARRAY ARRAY['messages', 'submissions', 'receipts', 'clicks', 'inbound_messages'] LOOP
        FOR first IN SELECT generate_series('2026-01-01 00:00+00'::timestamptz, '2030-10-01 00:00+00', '3 months') LOOP
            next := first + interval '3 months';
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                parent || '_' || to_char(first AT TIME ZONE 'UTC', 'YYYY"q"Q'), parent,
                uuidv7_floor(first), uuidv7_floor(next));
        END LOOP;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', parent || '_default', parent);
    END LOOP;
    FOR part IN 0..31 LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF links FOR VALUES FROM (%s) TO (%s)',
            'links_' || lpad(part::text, 2, '0'), part * (1::bigint << 27), (part + 1) * (1::bigint << 27));
    END LOOP;
    CREATE TABLE links_default PARTITION OF links DEFAULT;
END
$$;
