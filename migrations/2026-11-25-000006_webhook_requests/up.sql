-- Gateways' webhooks as they arrived, for some days: what could not be read is set aside here, and
-- what was read wrongly can be read again once a mapping is corrected.

-- 1. A fixed ring of children, one a day of arrival; the same as the outbox's. A child is emptied by
--    TRUNCATE once every row in it is older than the time that requests are kept: no row is ever
--    updated or deleted, and no child made or dropped at run time. Requests are kept for 30 days at
--    most, so that a child has some days to be emptied before its turn comes again.
CREATE TABLE webhook_requests (
    slot           smallint    NOT NULL,
    gateway        text        NOT NULL,
    id             uuid        NOT NULL,
    route          text        NOT NULL,
    method         text        NOT NULL,
    path_and_query text        NOT NULL,
    headers        jsonb       NOT NULL,
    body           bytea       NOT NULL,
    arrived_at     timestamptz NOT NULL,
    refused        jsonb,
    CONSTRAINT webhook_requests_pkey PRIMARY KEY (gateway, id, slot),
    CONSTRAINT webhook_requests_route_check CHECK (route IN ('receipts', 'inbound')),
    CONSTRAINT webhook_requests_refused_check CHECK (jsonb_typeof(refused) = 'array')
) PARTITION BY LIST (slot);
CREATE INDEX webhook_requests_refused_idx ON webhook_requests (gateway, id) WHERE refused IS NOT NULL;
DO $$
BEGIN
    FOR slot IN 0..35 LOOP
        EXECUTE format('CREATE TABLE webhook_requests_%s PARTITION OF webhook_requests FOR VALUES IN (%s)
            WITH (autovacuum_enabled = false)', slot, slot);
    END LOOP;
END
$$;
COMMENT ON TABLE webhook_requests IS 'Verified webhooks as they arrived, kept for some days; written in the transaction of their facts. They hold numbers and texts of people, and no secret that proved them.';
COMMENT ON COLUMN webhook_requests.slot IS 'The child of the ring, by the day of arrival: days since 1970 modulo 36.';
COMMENT ON COLUMN webhook_requests.gateway IS 'Whose.';
COMMENT ON COLUMN webhook_requests.id IS 'UUIDv7, drawn at arrival.';
COMMENT ON COLUMN webhook_requests.route IS 'receipts or inbound: which of the gateway''s two URLs was called.';
COMMENT ON COLUMN webhook_requests.method IS 'GET or POST.';
COMMENT ON COLUMN webhook_requests.path_and_query IS 'As it arrived, without the parameters that prove the caller (secret, sig, …).';
COMMENT ON COLUMN webhook_requests.headers IS 'The few headers that reading needs, by name in lower case; never an authorization or a signature.';
COMMENT ON COLUMN webhook_requests.body IS 'The raw body.';
COMMENT ON COLUMN webhook_requests.arrived_at IS 'When it arrived.';
COMMENT ON COLUMN webhook_requests.refused IS 'Items that could not be read: [{"index", "faults": [{"field", "message"}]}], no index if it is the call as a whole; null = all were read.';
