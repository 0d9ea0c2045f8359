-- Fills a ledger with the messages of the link numbers {from} to {to} (less one), spread evenly over the last
-- 30 days, each with a link. Their codes stand in the table seed_codes. Nothing of it is in the outbox: it
-- is history.

-- 1. Campaigns, and subscribers of four messages each; a subscriber's id tells its number. No load sends
--    to them, so that those whom it sends to are as new in a large ledger as in a small one; and none may have
--    drawn their numbers before, or they would keep its ids, and the messages here be of nobody.
INSERT INTO campaigns (name, campaign_type, title)
SELECT 'campaign-' || n, 'type-' || n % 10, 'Campaign ' || n FROM generate_series(1, 500) AS n
ON CONFLICT DO NOTHING;
INSERT INTO subscribers (id, number, country)
SELECT md5('subscriber ' || n)::uuid, '+43680' || lpad(n::text, 7, '0'), 'AT'
FROM generate_series({from} / 4, {to} / 4) AS n
ON CONFLICT DO NOTHING;

-- 2. Each link's message: its time, and an id of that millisecond (UUIDv7), drawn once for both tables.
CREATE UNLOGGED TABLE seed_messages AS
SELECT number, code, recorded_at,
       (lpad(to_hex(floor(extract(epoch FROM recorded_at) * 1000)::bigint), 12, '0') || '7' || left(random, 3)
        || '8' || right(random, 15))::uuid AS message_id
FROM (
    SELECT number, code, md5(number::text) AS random,
           timestamptz '{begun}' - interval '30 days' * ({to} - number) / {count} AS recorded_at
    FROM seed_codes
) AS timed;

-- 3. Messages. What they refer to is there: it is not looked up for each.
SET LOCAL session_replication_role = replica;
INSERT INTO messages (id, subscriber_id, campaign_id, campaign_type, sender, gateway, body, encoding,
                      code_units, segments, outcome, status, test, api_key_id, recorded_at)
SELECT message_id, md5('subscriber ' || number / 4)::uuid, 1 + number % 500, 'type-' || (1 + number % 500) % 10,
       '43720', 'kannel', 'Hello! The autumn sale has begun: https://go.example/f7VRmRG8A7', 'gsm7', 63, 1,
       'recorded', 'recorded', false, '00000000-0000-7000-8000-000000000001', recorded_at
FROM seed_messages;

-- 4. Links.
INSERT INTO links (number, message_id, position, code, short_domain, target_url)
SELECT number, message_id, 0, code, 'http://127.0.0.1/', 'https://shop.example/autumn/' || number
FROM seed_messages;
SELECT setval('link_numbers', {to});
