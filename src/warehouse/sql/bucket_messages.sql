-- Messages as their buckets see them. {messages} says where they are, and with which sign each counts: 1,
-- or -1 for what it counted before.
CREATE OR REPLACE TEMP VIEW bucket_messages AS
SELECT bucket_key, bucket, campaign, campaign_type, gateway, sender, country, suppressed, status,
       has_link, human_clicks, clicks, replies, opt_outs, evidence, sign,
       latency_slot(message_recorded_at, delivered_at) AS deliver_slot,
       latency_slot(message_recorded_at, human_click_at) AS click_slot
FROM {messages}
WHERE NOT test;
