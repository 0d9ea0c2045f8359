-- A receipt of a message, matched by our id and ranked: the message's row is locked, the receipt and its
-- event are written, and the status is set if it ranks higher.
-- (A word after a colon would be taken for a variable, in texts as well.)
\set n random(0, :messages - 1)
\set status random(1, 3)
BEGIN;
SELECT id AS message_id FROM targets WHERE n = :n \gset
SELECT status FROM messages WHERE id = :message_id FOR UPDATE;
WITH receipt AS (
    INSERT INTO receipts (message_id, fingerprint, id, gateway, gateway_message_id, status, raw_status, synthetic,
                          gateway_time, recorded_at)
    VALUES (:message_id, gen_random_uuid(), uuidv7_at(now()), 'kannel', 'fid-1234567',
            (ARRAY['delivered', 'undelivered', 'sent'])[:status::int], :status::text, false, now(), now())
    RETURNING id, recorded_at
)
INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
SELECT 1, id, 3, recorded_at,
       '{"schema_version":1,"kind":"receipt","event_id":"01a206de-135e-711b-9eaf-bdd406aa2805","occurred_at":"2026-11-23T05:25:47.005655Z","time_source":"gateway","recorded_at":"2026-11-23T05:25:47.005655Z","subscriber_id":"01a206de-135e-711b-9eaf-bdd406aa2805","message_id":"01a206de-135e-711b-9eaf-bdd406aa2805","message_recorded_at":"2026-11-23T05:25:47.005655Z","campaign":"campaign-17","campaign_type":"type-7","sender":"43720","country":"AT","gateway":"kannel","gateway_message_id":"fid-1234567","status":"delivered","raw_status":"1","synthetic": false}'
FROM receipt;
UPDATE messages SET status = (ARRAY['delivered', 'undelivered', 'sent'])[:status::int]
WHERE id = :message_id
  AND array_position(ARRAY['recorded', 'accepted', 'queued', 'sent', 'undelivered', 'delivered'], status)
    < array_position(ARRAY['recorded', 'accepted', 'queued', 'sent', 'undelivered', 'delivered'],
                     (ARRAY['delivered', 'undelivered', 'sent'])[:status::int]);
COMMIT;
