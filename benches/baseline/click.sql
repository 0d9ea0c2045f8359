-- A click and its event, in one transaction.
\set number random(0, 999999)
\set age random(0, 2592000)
WITH click AS (
    INSERT INTO clicks (message_id, id, link_number, verdict, ip, user_agent, recorded_at)
    VALUES (uuidv7_at(now() - :age * interval '1 second'), uuidv7_at(now()), :number, 'human', '203.0.113.7',
            'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
            now())
    RETURNING id, recorded_at
)
INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
SELECT 1, id, 5, recorded_at,
       '{"schema_version":1,"kind":"click","event_id":"01a206de-135e-711b-9eaf-bdd406aa2805","occurred_at":"2026-11-23T05:25:47.005655Z","time_source":"server","recorded_at":"2026-11-23T05:25:47.005655Z","subscriber_id":"01a206de-135e-711b-9eaf-bdd406aa2805","message_id":"01a206de-135e-711b-9eaf-bdd406aa2805","message_recorded_at":"2026-11-23T05:25:47.005655Z","campaign":"campaign-17","campaign_type":"type-7","sender":"43720","country":"AT","gateway":"kannel","link_id":17,"code":"f7VRmRG8A7","target_url":"https://shop.example/autumn/1234567","verdict":"human","verdict_reasons":[],"ruleset":"clicks-1","user_agent":"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1","device":"smartphone","os":"iPhone","browser":"Safari","ip_prefix":"203.0.113.0/24"}'
FROM click;
