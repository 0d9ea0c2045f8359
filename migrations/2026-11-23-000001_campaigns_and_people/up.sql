-- Who sends, who receives, and who may ask: the small tables that everything else names.

-- 1. API keys. Only a hash is stored; the key itself is shown once.
CREATE TABLE api_keys (
    id         uuid        NOT NULL,
    name       text        NOT NULL,
    key_hash   bytea       NOT NULL,
    key_prefix text        NOT NULL,
    roles      text[]      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
    CONSTRAINT api_keys_key_hash_check CHECK (octet_length(key_hash) = 32),
    CONSTRAINT api_keys_roles_check
        CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['campaign', 'gateway', 'report', 'admin'])
);
COMMENT ON TABLE api_keys IS 'Bearer keys of the HTTP API.';
COMMENT ON COLUMN api_keys.id IS 'UUIDv7; named in the lake as api_key_id.';
COMMENT ON COLUMN api_keys.name IS 'What the operator called it.';
COMMENT ON COLUMN api_keys.key_hash IS 'SHA-256 of the key. Keys hold 256 random bits, so a fast hash is enough.';
COMMENT ON COLUMN api_keys.key_prefix IS 'The first characters of the key, to tell keys apart in a list.';
COMMENT ON COLUMN api_keys.roles IS 'What it may do: campaign, gateway, report, admin.';
COMMENT ON COLUMN api_keys.created_at IS 'When it was made.';
COMMENT ON COLUMN api_keys.revoked_at IS 'From when on it is refused.';

-- 2. Secrets that must live and be restored together with the rows they belong to.
CREATE TABLE ledger_secrets (
    name  text  NOT NULL,
    value bytea NOT NULL,
    CONSTRAINT ledger_secrets_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE ledger_secrets IS 'Keys of the ledger itself. They live here so that a backup holds them: without the short-code key every link ever sent is broken.';
COMMENT ON COLUMN ledger_secrets.name IS 'What it is for: short_code_key.';
COMMENT ON COLUMN ledger_secrets.value IS 'The secret bytes.';

-- 3. Subscribers.
CREATE TABLE subscribers (
    id         uuid        NOT NULL,
    number     text        NOT NULL,
    country    text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT subscribers_pkey PRIMARY KEY (id),
    CONSTRAINT subscribers_number_key UNIQUE (number)
);
COMMENT ON TABLE subscribers IS 'Persons, by number. The lake knows only the random id.';
COMMENT ON COLUMN subscribers.id IS 'Random UUID (v4): tells nothing about the number.';
COMMENT ON COLUMN subscribers.number IS 'E.164.';
COMMENT ON COLUMN subscribers.country IS 'ISO 3166-1 alpha-2, if the number belongs to a country.';
COMMENT ON COLUMN subscribers.created_at IS 'When this number was first seen.';

-- 4. Campaigns. Messages copy the type, so that a change counts for later messages only.
CREATE TABLE campaigns (
    id                 bigint      GENERATED ALWAYS AS IDENTITY,
    name               text        NOT NULL,
    campaign_type      text        NOT NULL,
    title              text        NOT NULL,
    short_domain       text,
    link_expires_after_seconds bigint,
    fallback_url       text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT campaigns_pkey PRIMARY KEY (id),
    CONSTRAINT campaigns_name_key UNIQUE (name)
);
COMMENT ON TABLE campaigns IS 'What messages belong to.';
COMMENT ON COLUMN campaigns.id IS 'Internal number.';
COMMENT ON COLUMN campaigns.name IS 'The name in the API and in reports.';
COMMENT ON COLUMN campaigns.campaign_type IS 'The label by which campaigns are compared.';
COMMENT ON COLUMN campaigns.title IS 'The name that people read.';
COMMENT ON COLUMN campaigns.short_domain IS 'Host of its short URLs; null = the public base.';
COMMENT ON COLUMN campaigns.link_expires_after_seconds IS 'How long its links lead somewhere; null = for ever.';
COMMENT ON COLUMN campaigns.fallback_url IS 'Where an expired link leads instead of 410.';
COMMENT ON COLUMN campaigns.created_at IS 'When it was first put.';
COMMENT ON COLUMN campaigns.updated_at IS 'When it was last changed.';

-- 5. Standing wishes: one row a subscriber and scope, overwritten by each later wish.
CREATE TABLE opt_outs (
    subscriber_id   uuid        NOT NULL,
    sender          text        NOT NULL,
    opted_out       boolean     NOT NULL,
    source          text        NOT NULL,
    source_event_id uuid,
    reason          text,
    actor           text,
    effective_at    timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    CONSTRAINT opt_outs_pkey PRIMARY KEY (subscriber_id, sender),
    CONSTRAINT opt_outs_subscriber_id_fkey FOREIGN KEY (subscriber_id) REFERENCES subscribers (id),
    CONSTRAINT opt_outs_source_check CHECK (source IN ('keyword', 'gateway', 'api'))
);
CREATE INDEX opt_outs_changed_at_idx ON opt_outs (changed_at, subscriber_id, sender);
COMMENT ON TABLE opt_outs IS 'Each subscriber''s standing wish; its history is the opt_out events.';
COMMENT ON COLUMN opt_outs.subscriber_id IS 'Whose wish.';
COMMENT ON COLUMN opt_outs.sender IS 'About messages from this sender; * = from anyone here.';
COMMENT ON COLUMN opt_outs.opted_out IS 'False after an opt-in.';
COMMENT ON COLUMN opt_outs.source IS 'How the wish reached us: keyword, gateway, api.';
COMMENT ON COLUMN opt_outs.source_event_id IS 'The inbound or receipt that said so.';
COMMENT ON COLUMN opt_outs.reason IS 'Why, in words.';
COMMENT ON COLUMN opt_outs.actor IS 'Who: an API key''s id, a gateway''s name.';
COMMENT ON COLUMN opt_outs.effective_at IS 'From when on it holds.';
COMMENT ON COLUMN opt_outs.changed_at IS 'When this row was written; the cursor of GET /v1/opt-outs?since=.';
