-- The limit's tables: textrail's own as they stood when the goals were set, with their indexes and
-- partitions, and none of what came later. They are frozen, and so are the statements beside them:
-- whatever becomes of textrail's SQL, it is measured against this.

CREATE FUNCTION uuidv7_floor(instant timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (lpad(to_hex((extract(epoch FROM instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- A UUID of version 7 of an instant.
CREATE FUNCTION uuidv7_at(instant timestamptz) RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN (left(uuidv7_floor(instant)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid;

CREATE TABLE subscribers (
    id         uuid        PRIMARY KEY,
    number     text        NOT NULL UNIQUE,
    country    text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE campaigns (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text   NOT NULL UNIQUE,
    campaign_type text   NOT NULL,
    title         text   NOT NULL
);

CREATE TABLE opt_outs (
    subscriber_id uuid NOT NULL REFERENCES subscribers,
    sender        text NOT NULL,
    opted_out     boolean NOT NULL,
    PRIMARY KEY (subscriber_id, sender)
);

CREATE TABLE messages (
    id               uuid        PRIMARY KEY,
    subscriber_id    uuid        NOT NULL,
    campaign_id      bigint      NOT NULL REFERENCES campaigns,
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
    recorded_at      timestamptz NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX messages_subscriber_id_idx ON messages (subscriber_id, id);

CREATE SEQUENCE link_numbers AS bigint MINVALUE 0 START 0 CACHE 1;
CREATE TABLE links (
    number       bigint   PRIMARY KEY,
    message_id   uuid     NOT NULL,
    position     smallint NOT NULL,
    code         text     NOT NULL,
    short_domain text     NOT NULL,
    target_url   text     NOT NULL,
    fallback_url text,
    expires_at   timestamptz
) PARTITION BY RANGE (number);
CREATE INDEX links_message_id_idx ON links (message_id);

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
    PRIMARY KEY (message_id, fingerprint)
) PARTITION BY RANGE (message_id);

CREATE TABLE clicks (
    message_id  uuid        NOT NULL,
    id          uuid        NOT NULL,
    link_number bigint      NOT NULL,
    verdict     text        NOT NULL,
    ip          inet,
    user_agent  text,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, id)
) PARTITION BY RANGE (message_id);

CREATE TABLE outbox (
    slot        smallint    NOT NULL DEFAULT ((extract(epoch FROM clock_timestamp())::bigint / 3600) % 8),
    epoch       integer     NOT NULL,
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    event_id    uuid        NOT NULL,
    kind        smallint    NOT NULL,
    recorded_at timestamptz NOT NULL,
    line        text        NOT NULL
) PARTITION BY LIST (slot);
CREATE INDEX outbox_xid_id_idx ON outbox (xid, id);

DO $$
DECLARE
    parent text;
    first  timestamptz;
    next   timestamptz;
BEGIN
    FOREACH parent IN ARRAY ARRAY['messages', 'receipts', 'clicks'] LOOP
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
    FOR slot IN 0..7 LOOP
        EXECUTE format('CREATE TABLE outbox_%s PARTITION OF outbox FOR VALUES IN (%s)
            WITH (autovacuum_enabled = false)', slot, slot);
    END LOOP;
END
$$;

INSERT INTO campaigns (name, campaign_type, title)
SELECT 'campaign-' || n, 'type-' || n % 10, 'Campaign ' || n FROM generate_series(1, 500) AS n;
