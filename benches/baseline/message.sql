-- A message with its subscriber, one link and its event, in one transaction: as a campaign tool would
-- write it that knows its campaign already.
\set subscriber random(1, 1000000)
\set campaign random(1, 500)
BEGIN;
INSERT INTO subscribers (id, number, country)
VALUES (uuidv7_at(now()), '+43664' || lpad((:subscriber)::text, 7, '0'), 'AT') ON CONFLICT (number) DO NOTHING;
SELECT id AS subscriber_id FROM subscribers WHERE number = '+43664' || lpad((:subscriber)::text, 7, '0') \gset
SELECT count(*) FROM opt_outs WHERE subscriber_id = :subscriber_id AND sender IN ('43720', '') AND opted_out;
WITH message AS (
    INSERT INTO messages (id, subscriber_id, campaign_id, campaign_type, sender, gateway, body, encoding,
                          code_units, segments, outcome, status, test, api_key_id, recorded_at)
    VALUES (uuidv7_at(now()), :subscriber_id, :campaign, 'type-7', '43720', 'kannel',
            'Hello! The autumn sale has begun: https://go.example/f7VRmRG8A7', 'gsm7', 63, 1, 'recorded', 'recorded', false,
            '00000000-0000-7000-8000-000000000001', now())
    RETURNING id, recorded_at
), link AS (
    INSERT INTO links (number, message_id, position, code, short_domain, target_url)
    SELECT nextval('link_numbers'), id, 0, 'f7VRmRG8A7', 'https://go.example/', 'https://shop.example/autumn/1234567'
    FROM message
)
INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
SELECT 1, id, 1, recorded_at,
       '{"schema_version":1,"kind":"message","event_id":"01a206de-135e-711b-9eaf-bdd406aa2805","occurred_at":"2026-11-23T05:25:47.005655Z","time_source":"server","recorded_at":"2026-11-23T05:25:47.005655Z","subscriber_id":"01a206de-135e-711b-9eaf-bdd406aa2805","message_id":"01a206de-135e-711b-9eaf-bdd406aa2805","message_recorded_at":"2026-11-23T05:25:47.005655Z","campaign":"campaign-17","campaign_type":"type-7","sender":"43720","country":"AT","gateway":"kannel","outcome":"recorded","encoding":"gsm7","code_units":63,"segments":1,"links":[{"link_id":17,"code":"f7VRmRG8A7","position":0,"target_url":"https://shop.example/autumn/1234567"}],"api_key_id":"00000000-0000-7000-8000-000000000001"}'
FROM message;
COMMIT;
