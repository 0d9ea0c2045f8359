-- The tables of a generation beyond the facts, whose columns come from `event::fields`.

-- One row a message, test messages included. No primary key: on 24 M rows it cost 0.9 GB and made
-- bulk loads 1.8 times slower. Appended in time order, so that `hour` prunes.
CREATE TABLE IF NOT EXISTS messages (
    -- A load reads the ids of older messages here and there: compressed (to two thirds) they take four times
    -- as long.
    message_id          UUID NOT NULL USING COMPRESSION uncompressed,
    message_recorded_at TIMESTAMPTZ NOT NULL,
    hour                TIMESTAMPTZ NOT NULL,
    bucket              TIMESTAMPTZ NOT NULL,
    -- `bucket_key_of` the bucket and the five dimensions.
    bucket_key          UBIGINT NOT NULL,
    subscriber_id       UUID,
    campaign            VARCHAR,
    campaign_type       VARCHAR,
    sender              VARCHAR,
    country             VARCHAR,
    -- As the message's line names it; else, from `gateway_declared` false, as submissions and
    -- receipts do.
    gateway             VARCHAR,
    gateway_declared    BOOLEAN NOT NULL,
    test                BOOLEAN NOT NULL,
    client_reference    VARCHAR,
    suppressed          BOOLEAN NOT NULL,
    suppression_reason  VARCHAR,
    encoding            VARCHAR NOT NULL,
    code_units          BIGINT NOT NULL,
    segments            BIGINT NOT NULL,
    api_key_id          UUID,
    has_link            BOOLEAN NOT NULL,
    status              VARCHAR NOT NULL,
    -- The winning receipt or submission; null while there is none.
    evidence            STRUCT("key" BIGINT, coded INTEGER, error_code VARCHAR,
                               error_class VARCHAR, gateway VARCHAR),
    -- Whether a receipt named a segment: the status then comes from the facts, segment by segment.
    segmented           BOOLEAN NOT NULL,
    delivered_at        TIMESTAMPTZ,
    human_click_at      TIMESTAMPTZ,
    clicks              BIGINT NOT NULL,
    human_clicks        BIGINT NOT NULL,
    replies             BIGINT NOT NULL,
    opt_outs            BIGINT NOT NULL,
    first_event_at      TIMESTAMPTZ,
    last_event_at       TIMESTAMPTZ
);

-- Messages as later loads left them, until they are folded into `messages` (`duck/fold.rs`): one row a message at
-- most, with all that a load reads and changes of it. Every load looks into all of it.
CREATE TABLE IF NOT EXISTS message_changes AS
SELECT message_id, message_recorded_at, bucket, bucket_key, campaign, campaign_type, sender, country, gateway,
       gateway_declared, test, suppressed, has_link, status, evidence, segmented, delivered_at,
       human_click_at, clicks, human_clicks, replies, opt_outs, first_event_at, last_event_at
FROM messages LIMIT 0;

-- Receipts that another receipt of their message corrects: they stay as facts and count no longer.
-- Few, so that every load can look into all of it.
CREATE TABLE IF NOT EXISTS corrected_receipts (
    receipt_id          UUID NOT NULL,
    message_id          UUID NOT NULL
);

-- The unique URLs of all messages.
CREATE TABLE IF NOT EXISTS links (
    link_id             BIGINT NOT NULL,
    message_id          UUID NOT NULL,
    message_recorded_at TIMESTAMPTZ NOT NULL,
    code                VARCHAR NOT NULL,
    short_domain        VARCHAR NOT NULL,
    target_url          VARCHAR NOT NULL,
    expires_at          TIMESTAMPTZ
);

-- What events whose message has not come will change in it: rows like those of `deltas`, several
-- a message at most. The events themselves are in the fact tables.
CREATE TABLE IF NOT EXISTS orphan_events (
    message_id          UUID NOT NULL,
    message_recorded_at TIMESTAMPTZ NOT NULL,
    evidence            STRUCT("key" BIGINT, coded INTEGER, error_code VARCHAR,
                               error_class VARCHAR, gateway VARCHAR),
    gateway             VARCHAR,
    segmented           BOOLEAN NOT NULL,
    delivered_at        TIMESTAMPTZ,
    human_click_at      TIMESTAMPTZ,
    clicks              BIGINT NOT NULL,
    human_clicks        BIGINT NOT NULL,
    replies             BIGINT NOT NULL,
    opt_outs            BIGINT NOT NULL,
    first_event_at      TIMESTAMPTZ,
    last_event_at       TIMESTAMPTZ,
    events              BIGINT NOT NULL
);

-- The buckets that reports read: 15 minutes of the messages' recorded time by the dimensions. Test
-- messages never enter. All is counted in messages, but for the four counts of events.
CREATE TABLE IF NOT EXISTS message_stats (
    bucket_key          UBIGINT NOT NULL,
    bucket              TIMESTAMPTZ NOT NULL,
    campaign            VARCHAR,
    campaign_type       VARCHAR,
    gateway             VARCHAR,
    sender              VARCHAR,
    country             VARCHAR,
    messages            BIGINT NOT NULL,
    suppressed          BIGINT NOT NULL,
    recorded            BIGINT NOT NULL,
    accepted            BIGINT NOT NULL,
    queued              BIGINT NOT NULL,
    sent                BIGINT NOT NULL,
    unknown             BIGINT NOT NULL,
    delivered           BIGINT NOT NULL,
    undelivered         BIGINT NOT NULL,
    failed              BIGINT NOT NULL,
    rejected            BIGINT NOT NULL,
    expired             BIGINT NOT NULL,
    canceled            BIGINT NOT NULL,
    delivered_with_link BIGINT NOT NULL,
    delivered_clicked   BIGINT NOT NULL,
    unique_clicks       BIGINT NOT NULL,
    -- Counts of events.
    clicks              BIGINT NOT NULL,
    human_clicks        BIGINT NOT NULL,
    replies             BIGINT NOT NULL,
    opt_outs            BIGINT NOT NULL,
    -- Messages by `latency_slot`; null = none.
    deliver_slots       MAP(UTINYINT, UBIGINT),
    click_slots         MAP(UTINYINT, UBIGINT)
);

-- The same by whole hours and by whole days of UTC: most reports need no finer ones.
CREATE TABLE IF NOT EXISTS hourly_stats AS FROM message_stats LIMIT 0;
CREATE TABLE IF NOT EXISTS daily_stats AS FROM message_stats LIMIT 0;

-- What loads changed in them since they were last folded (`duck/fold.rs`), of quarters of an hour: rows to be
-- added to theirs, several a bucket, whose numbers may be negative. Reports read these, too.
CREATE TABLE IF NOT EXISTS bucket_changes AS
SELECT *, deliver_slots AS deliver_slots_less, click_slots AS click_slots_less
FROM message_stats LIMIT 0;

-- The quarters of an hour's messages that ended otherwise than delivered, by what went wrong.
CREATE TABLE IF NOT EXISTS error_stats (
    bucket_key          UBIGINT NOT NULL,
    bucket              TIMESTAMPTZ NOT NULL,
    campaign            VARCHAR,
    campaign_type       VARCHAR,
    gateway             VARCHAR,
    sender              VARCHAR,
    country             VARCHAR,
    error_gateway       VARCHAR,
    status              VARCHAR NOT NULL,
    error_class         VARCHAR,
    error_code          VARCHAR,
    messages            BIGINT NOT NULL
);

-- What loads changed in them.
CREATE TABLE IF NOT EXISTS error_changes AS FROM error_stats LIMIT 0;

-- One row: by what rules the buckets were counted (`duck/recount.rs`).
CREATE TABLE IF NOT EXISTS buckets_counted (
    rules               VARCHAR NOT NULL
);

-- The note that a window was loaded; commits with its rows.
CREATE TABLE IF NOT EXISTS loaded_windows (
    epoch               INTEGER NOT NULL,
    number              BIGINT NOT NULL,
    -- The first number that its manifest accounts for: itself, or the first of the empty windows
    -- just before it.
    first_number        BIGINT NOT NULL,
    boundary            TIMESTAMPTZ NOT NULL,
    sealed_at           TIMESTAMPTZ NOT NULL,
    manifest_key        VARCHAR NOT NULL,
    loaded_at           TIMESTAMPTZ NOT NULL
);

-- The same for each of its files. lines = loaded + duplicates + quarantined.
CREATE TABLE IF NOT EXISTS loaded_files (
    epoch               INTEGER NOT NULL,
    number              BIGINT NOT NULL,
    kind                VARCHAR NOT NULL,
    part                INTEGER NOT NULL,
    file_key            VARCHAR NOT NULL,
    lines               BIGINT NOT NULL,
    loaded              BIGINT NOT NULL,
    duplicates          BIGINT NOT NULL,
    quarantined         BIGINT NOT NULL,
    text_bytes          BIGINT NOT NULL,
    text_sha256         VARCHAR NOT NULL,
    object_sha256       VARCHAR NOT NULL
);

-- Lines that could not be loaded. The line may hold anything but NUL, so it is text as far as it is
-- UTF-8; the object under `_quarantine/` says more.
CREATE TABLE IF NOT EXISTS quarantined_lines (
    epoch               INTEGER NOT NULL,
    number              BIGINT NOT NULL,
    kind                VARCHAR NOT NULL,
    part                INTEGER NOT NULL,
    file_key            VARCHAR NOT NULL,
    line_number         BIGINT NOT NULL,
    reason              VARCHAR NOT NULL,
    line                VARCHAR NOT NULL,
    quarantined_at      TIMESTAMPTZ NOT NULL,
    -- How many lines of its file it stands for: more than one where the file's end is missing.
    lines               BIGINT DEFAULT 1
);
-- Files of earlier versions lack it.
ALTER TABLE quarantined_lines ADD COLUMN IF NOT EXISTS lines BIGINT DEFAULT 1;

-- Windows that were tried and could not be loaded: a manifest told of them, so the reports are not
-- complete without them. A row leaves with the load of its window.
CREATE TABLE IF NOT EXISTS stopped_windows (
    epoch               INTEGER NOT NULL,
    number              BIGINT NOT NULL,
    manifest_key        VARCHAR NOT NULL,
    stopped_at          TIMESTAMPTZ NOT NULL
);

-- One row: the last window up to which none is missing.
CREATE TABLE IF NOT EXISTS progress (
    epoch               INTEGER NOT NULL,
    number              BIGINT NOT NULL,
    boundary            TIMESTAMPTZ NOT NULL,
    manifest_key        VARCHAR NOT NULL
);

-- One row: what this generation is.
CREATE TABLE IF NOT EXISTS generation (
    name                VARCHAR NOT NULL,
    -- Of the statements that made it: another version's may differ (`duck/rules.rs`).
    rules               VARCHAR NOT NULL,
    made_by             VARCHAR NOT NULL,
    made_at             TIMESTAMPTZ NOT NULL,
    -- A rebuild is `gathering` lines into the fact tables, then `deriving` messages and buckets from
    -- them; after that it is `whole`, as one that was loaded window by window always is.
    state               VARCHAR NOT NULL,
    -- While deriving: messages recorded before this are made.
    derived_before      TIMESTAMPTZ
);
-- Files of earlier versions lack it. Those versions refuse a file that has it: they would load past what stands in
-- `message_changes`, of which they do not know.
ALTER TABLE generation ADD COLUMN IF NOT EXISTS appends_changes BOOLEAN DEFAULT true;
