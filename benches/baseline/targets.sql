-- What receipts are about: :messages messages of the last 30 days, and a table that numbers them.
INSERT INTO messages (id, subscriber_id, campaign_id, campaign_type, sender, gateway, body, encoding,
                      code_units, segments, outcome, status, test, api_key_id, recorded_at)
SELECT uuidv7_at(at), gen_random_uuid(), 1 + n % 500, 'type-' || n % 10, '43720', 'kannel',
       'Hello! The autumn sale has begun: https://go.example/f7VRmRG8A7', 'gsm7', 63, 1, 'recorded', 'recorded', false,
       '00000000-0000-7000-8000-000000000001', at
FROM (SELECT n, now() - interval '30 days' * (1 - n / :messages::float) AS at
      FROM generate_series(0, :messages - 1) AS n) AS drawn;
CREATE TABLE targets (n bigint PRIMARY KEY, id uuid NOT NULL);
INSERT INTO targets SELECT row_number() OVER () - 1, id FROM messages;
VACUUM ANALYZE;
