-- Fills a ledger with the messages of the link numbers {from} to {to} (less one), spread evenly over the last
-- 30 days, each with a link; their codes stand in the table seed_codes. Nothing of it is in the outbox: it
-- is history.

-- 1. Campaigns, and subscribers of four messages each; a subscriber's id tells its number. No load sends
--    to them, so that those whom it sends to are as new in a large ledger as in a small one.
INSERT INTO campaigns (name, campaign_type, title)
SELECT 'campaign-' || n, 'type-' || n % 10, 'Campaign ' || n FROM generate_series(1, 500) AS n
ON CONFLICT DO NOTHING;
INSERT INTO subscribers (id, number, country)
SELECT md5('subscriber ' || n)::uuid, '+43676' || lpad(n::text, 7, '0'), 'AT'
FROM generate_series({from} / 4, {to} / 4) AS n
ON CONFLICT DO NOTHING;

-- 2. Messages; a message's id tells its number, so that links find it.
CREATE OR REPLACE FUNCTION seed_id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (left(uuidv7_floor(timestamptz '{begun}' - interval '30 days' * ({to} - n) / {count})::text, 14)
            || '7' || substr(md5(n::text), 1, 3) || '-8' || substr(md5(n::text), 4, 3) || '-'
            || substr(md5(n::text), 7, 12))::uuid
$$;
INSERT INTO messages (id, subscriber_id, campaign_id, campaign_type, sender, gateway, body, encoding,
                      code_units, segments, outcome, status, test, api_key_id, recorded_at)
SELECT seed_id(n), md5('subscriber ' || n / 4)::uuid, 1 + n % 500, 'type-' || (1 + n % 500) % 10, '43720', 'kannel',
       'Hello! The autumn sale has begun: https://go.example/f7VRmRG8A7', 'gsm7', 63, 1, 'recorded',
       'recorded', false, '00000000-0000-7000-8000-000000000001',
       timestamptz '{begun}' - interval '30 days' * ({to} - n) / {count}
FROM generate_series({from}, {to} - 1) AS n;

-- 3. Links.
INSERT INTO links (number, message_id, position, code, short_domain, target_url)
SELECT number, seed_id(number), 0, code, 'http://127.0.0.1/', 'https://shop.example/autumn/' || number
FROM seed_codes;
SELECT setval('link_numbers', {to});
